import Foundation
import TestSupport
import Testing

/// Edits definitions through rq-rediscron, in a process of its own; see `Tests/python/chaos_editor.py`.
struct PythonEditor: Sendable {
    private let process: TestSupport.ChildProcess

    /// Starts it and waits until its definitions stand.
    init(topology: any Topology, seed: UInt64, pause: Duration, definitions: [ChaosDefinition]) async throws {
        let own = definitions.filter { $0.owner == .python }.map(\.id).joined(separator: ",")
        let shared = definitions.filter { $0.owner == .both }.map(\.id).joined(separator: ",")
        process = try PythonEnvironment(.rq3).start(
            [
                "\(PythonEnvironment.scripts)/chaos_editor.py", topology.editorURL, String(seed),
                String(Double(pause / .milliseconds(1)) / 1_000), own, shared,
                topology.keyPrefix,
            ], environment: ["TZ": "UTC"])
        try await process.waitForOutput(containing: "registered\n", within: .seconds(120))
    }

    /// Asks it to end, and returns what Redis acknowledged to it.
    ///
    /// - Throws: ``SupportError`` when it failed.
    func finish() async throws -> [AcknowledgedEdit] {
        process.send(signal: SIGTERM)
        let outcome = try await process.waitUntilExit(within: .seconds(90))
        guard outcome == .exited(0), process.output.hasSuffix("over\n") else {
            throw SupportError("the Python editor ended with \(outcome):\n\(process.errors.suffix(2_000))")
        }
        return try process.output.split(separator: "\n").filter { $0.hasPrefix("{") }.map { line in
            try JSONDecoder().decode(Line.self, from: Data(line.utf8)).edit
        }
    }

    func kill() {
        process.kill()
    }

    private struct Line: Decodable {
        var id: String
        var revision: Int
        var exists: Bool
        var enabled: Bool?

        var edit: AcknowledgedEdit {
            AcknowledgedEdit(definition: id, revision: revision, exists: exists, isEnabled: enabled)
        }
    }
}
