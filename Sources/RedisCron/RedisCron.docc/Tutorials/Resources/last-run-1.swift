import RedisCron

let connection = try RedisCronConnection(url: "redis://localhost:6379/0")
let last = try await connection.runs(of: "nightly", limit: 1).first
