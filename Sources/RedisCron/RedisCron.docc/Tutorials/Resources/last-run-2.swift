import RedisCron

let connection = try RedisCronConnection(url: "redis://localhost:6379/0")
let last = try await connection.runs(of: "nightly", limit: 1).first

switch last?.outcome {
case .finished: print("it succeeded, after \(last?.duration ?? .zero)")
case let outcome?: print("it did not: \(outcome), \(last?.error ?? "without an exception")")
case nil: print(last == nil ? "no run is recorded" : "it is not over yet")
}
