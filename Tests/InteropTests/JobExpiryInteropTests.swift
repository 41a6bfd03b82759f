import RQWire
import TestSupport
import Testing

/// When Redis removes a job that was tried again: docs/rq-jobs.md says so, and what is concluded of a job that is gone rests on it.
@Suite(.timeLimit(.minutes(2)))
struct JobExpiryInteropTests {
    @Test(arguments: PythonEnvironment.Edition.allCases)
    func `a requeue and a retry set the ttl anew, and a requeue without a ttl leaves the expiry of the failure`(
        _ edition: PythonEnvironment.Edition
    ) async throws {
        let steps = try await withRedis { server in
            let output = try await PythonEnvironment(edition).run(
                ["\(PythonEnvironment.scripts)/rq_expiries.py", server.socketURL])
            return try output.split(separator: "\n").filter { $0.hasPrefix("{") }.map { line in
                let object = try #require(try JSONValue(parsing: Array(line.utf8)).object)
                return (name: try #require(object["step"]?.string), ttl: try #require(object["ttl"]?.int))
            }
        }
        #expect(steps.map(\.name) == Self.expected.map(\.name))
        for (step, expected) in zip(steps, Self.expected) {
            // A slow machine takes some seconds between a step and the question.
            let range = expected.ttl < 0 ? -1...(-1) : (expected.ttl - 20)...expected.ttl
            #expect(range.contains(step.ttl), "\(step.name): \(step.ttl)")
        }
    }

    private static let expected: [(name: String, ttl: Int)] = [
        ("queued", 1_000), ("failed", 60), ("requeued", 1_000), ("requeued by the registry", 1_000),
        ("queued without a ttl", -1), ("requeued without a ttl", 60), ("retried at once", 1_000),
        ("retry scheduled", 1_000), ("retry brought back", 1_000),
    ]
}
