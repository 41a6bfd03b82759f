import Foundation
import TestSupport
import Testing

@testable import rqrcron

/// Requests that schemathesis makes from the API's own description, right ones and wrong ones, and the answers against that.
@Suite(.timeLimit(.minutes(20)), .enabled(if: HTTPListener.isBuilt, "this build has no HTTP"))
struct APIFuzzTests {
    /// `REDISCRON_API_SECONDS`: how long requests are made; `make api-fuzz` sets it.
    private static let seconds = ProcessInfo.processInfo.environment["REDISCRON_API_SECONDS"].flatMap { Int($0) } ?? 45

    /// The program that `make deps` installs, unless `REDISCRON_SCHEMATHESIS` names another.
    private static let program =
        ProcessInfo.processInfo.environment["REDISCRON_SCHEMATHESIS"]
        ?? "\(PackageRoot.path)/.venv-api/bin/schemathesis"

    @Test(.seeded) func `no answer contradicts the description, and none is an error of the server`() async throws {
        var generator = SeededGenerator.ofTest()
        let seed = UInt32.random(in: 0 ... .max, using: &generator)
        let token = String(repeating: "0123456789abcdef", count: 2)
        try await withTemporaryDirectory { directory in
            let file = "\(directory.path)/token"
            try token.write(toFile: file, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
            try await withRedis { server in
                let process = try Rqrcron.start(
                    ["run", "--http", "127.0.0.1:0", "--http-actions", "--http-token-file", file], on: server)
                defer { process.kill() }
                try await process.waitForOutput(containing: "leads")
                let address = try #require(process.errors.firstMatch(of: /http:\/\/127\.0\.0\.1:[0-9]+/)).output
                let run = try TestSupport.ChildProcess(
                    Self.program,
                    [
                        "--config-file", "\(PythonEnvironment.scripts)/schemathesis.toml", "run",
                        "\(address)/api/openapi.json", "-H", "Authorization: Bearer \(token)", "--checks", "all",
                        // A definition may make no sense though each of its fields is as described: that is 422, and described.
                        "--exclude-checks", "positive_data_acceptance",
                        // Never ends: it has tests of its own.
                        "--exclude-path", "/api/events", "--max-time", String(Self.seconds), "--seed", String(seed),
                        "--no-color",
                    ], directory: directory.path)
                defer { run.kill() }
                let outcome = try await run.waitUntilExit(within: .seconds(Self.seconds + 240))
                #expect(outcome == .exited(0), "\(run.output.suffix(20_000))\(run.errors.suffix(2_000))")
                let count = run.output.firstMatch(of: /([0-9]+) generated/).flatMap { Int($0.1) } ?? 0
                #expect(count >= Self.seconds * 10, "\(count) requests:\n\(run.output.suffix(2_000))")
                #expect(try await process.terminate() == .exited(0))
            }
        }
    }
}
