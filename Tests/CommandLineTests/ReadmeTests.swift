import Foundation
import TestSupport
import Testing

/// The sessions in README.md and docs/schedules.md are real output and can be pasted.
@Suite(.timeLimit(.minutes(2))) struct ReadmeTests {
    /// One command of the session, with the output in README.
    private struct Exchange {
        let command: String
        var output: [String] = []
    }

    private func session(of page: String) throws -> [Exchange] {
        let readme = try String(contentsOfFile: "\(PackageRoot.path)/\(page)", encoding: .utf8)
        var exchanges: [Exchange] = []
        for block in readme.components(separatedBy: "```console\n").dropFirst() {
            let text = block.components(separatedBy: "\n```")[0]
            for line in text.components(separatedBy: "\n") {
                if line.hasPrefix("$ ") {
                    exchanges.append(Exchange(command: String(line.dropFirst(2))))
                } else if !exchanges.isEmpty {
                    exchanges[exchanges.count - 1].output.append(line)
                }
            }
        }
        return exchanges
    }

    /// A line without what differs between runs: job ids, times, and the widths of their columns.
    private static func essence(_ line: String) -> String {
        line.replacing(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, with: "UUID")
            .replacing(/[0-9]+/, with: "0").replacing(/\ +/, with: " ")
    }

    @Test(arguments: [("README.md", 8), ("docs/schedules.md", 18)])
    func `the session of a page prints what the page shows`(page: String, atLeast: Int) async throws {
        let exchanges = try session(of: page)
        #expect(exchanges.count >= atLeast)
        try await withTemporaryDirectory { home in
            let programs = [
                URL(fileURLWithPath: Rqrcron.path).deletingLastPathComponent().path,
                URL(fileURLWithPath: try PythonEnvironment().interpreter).deletingLastPathComponent().path,
            ]
            let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
            var environment = [
                "HOME": home.path, "PATH": (programs + [path]).joined(separator: ":"), "PYTHONUNBUFFERED": "1",
            ]
            let scheduler = try Rqrcron.start(
                ["run", "--embedded", "\(home.path)/rqrcron-demo"], environment: environment)
            try await scheduler.waitForOutput(containing: "took the lock")
            if page != "README.md" {
                environment["RQ_REDIS_URL"] = String(try #require(scheduler.output.split(separator: "\n").first))
            }
            let mark = "--- next ---"
            let script = exchanges.map { "\($0.command) 2>&1\nprintf '%s\\n' '\(mark)'\n" }.joined()
            let shell = try TestSupport.ChildProcess(
                "sh", ["-c", script], environment: environment, directory: PackageRoot.path)
            defer { shell.kill() }
            #expect(try await shell.waitUntilExit(within: .seconds(60)) == .exited(0))
            #expect(shell.errors == "")
            let outputs = shell.output.components(separatedBy: "\(mark)\n").dropLast()
            #expect(outputs.count == exchanges.count)
            for (exchange, output) in zip(exchanges, outputs) {
                let shown = exchange.output.map(Self.essence)
                let printed = output.components(separatedBy: "\n").dropLast().map(Self.essence)
                #expect(printed == shown, "\(exchange.command)")
            }
            #expect(try await scheduler.terminate() == .exited(0))
        }
    }
}
