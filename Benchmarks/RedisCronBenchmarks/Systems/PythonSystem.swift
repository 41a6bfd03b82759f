import Foundation
import ProcessSpawn

/// A Python system, measured by a script of its own that prints what it found.
struct PythonSystem {
    /// The systems that `python_systems.py` knows.
    enum Name: String, CaseIterable {
        case rqRedisCron = "rq-rediscron"
        case rqCron = "rq-cron"
        case enqueueMany = "enqueue-many"
    }

    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// The interpreter with rq and rq-rediscron, if there is one.
    static var interpreter: String? {
        let path = ProcessInfo.processInfo.environment["REDISCRON_PYTHON"] ?? "\(root)/.venv/bin/python"
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }

    /// Runs a script of `Benchmarks/python` to its end and decodes what it printed.
    static func run<Answer: Decodable>(
        _ interpreter: String, _ script: String, _ arguments: [String], input: String = ""
    ) throws -> Answer {
        let variables = ProcessInfo.processInfo.environment.merging(["PYTHONPATH": "\(root)/Tests/python"]) { $1 }
        let program = Spawn(
            interpreter, ["\(root)/Benchmarks/python/\(script)"] + arguments,
            environment: variables.map { "\($0.key)=\($0.value)" }, descriptors: [STDERR_FILENO: STDERR_FILENO])
        let (outcome, output) = try program.run(input: input)
        guard outcome == .exited(0) else { throw BenchmarkError("\(script) failed: \(outcome)") }
        return try JSONDecoder().decode(Answer.self, from: Data(output))
    }

    /// Measures a system; the script has checked the result.
    static func measure(
        _ name: Name, with interpreter: String, on server: BenchmarkServer, jobs: Int
    ) throws -> Sample {
        try run(interpreter, "python_systems.py", [name.rawValue, server.socketPath, String(jobs)])
    }
}
