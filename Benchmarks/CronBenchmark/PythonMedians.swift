import Foundation
import ProcessSpawn

/// croniter's and RQ's medians, in nanoseconds, measured by the same machine in the same run.
struct PythonMedians {
    let parse: Double
    let next: Double
    /// RQ's `get_next_enqueue_time`, which parses at each call.
    let nextByRQ: Double

    /// Runs the reference on all expressions, and returns an entry for each.
    ///
    /// - Throws: with a sentence when there is no Python with croniter and RQ.
    static func measure(_ cases: [BenchmarkCase]) throws -> (version: String, medians: [PythonMedians]) {
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
        let python = ProcessInfo.processInfo.environment["REDISCRON_PYTHON"] ?? "\(root)/.venv/bin/python"
        guard FileManager.default.isExecutableFile(atPath: python) else {
            throw Failure(description: "no Python with croniter at \(python): run `make deps`, or set REDISCRON_PYTHON")
        }
        let questions = try cases.map { question in
            try JSONSerialization.data(withJSONObject: [question.zone, question.base, question.expression])
        }
        let program = Spawn(
            python, ["\(root)/Tests/python/cron_reference.py", "--benchmark"],
            descriptors: [STDERR_FILENO: STDERR_FILENO])
        let (outcome, output) = try program.run(
            input: questions.map { String(decoding: $0, as: UTF8.self) + "\n" }.joined())
        let text = String(decoding: output, as: UTF8.self)

        let lines = text.split(separator: "\n")
        let medians = lines.dropFirst().compactMap { line -> PythonMedians? in
            let numbers = line.split(separator: " ").compactMap { Double($0) }
            return numbers.count == 3 ? PythonMedians(parse: numbers[0], next: numbers[1], nextByRQ: numbers[2]) : nil
        }
        guard outcome == .exited(0), let version = lines.first, medians.count == cases.count else {
            throw Failure(description: "the Python side of the benchmark failed: \(outcome)")
        }
        return (String(version), medians)
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }
}
