import RedisCron

let connection = try RedisCronConnection(url: "redis://localhost:6379/0")
