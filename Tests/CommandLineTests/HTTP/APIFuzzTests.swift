import Foundation
import TestSupport
import Testing

@testable import rqrcron

/// Requests that schemathesis makes from the API's own description, right ones and wrong ones, and the answers against that.
///
/// They are the same in each run, as far as the answers are: their number is bounded, not their time. `make api-fuzz` makes others, for
/// as long as it is told.
@Suite(.timeLimit(.minutes(20)), .enabled(if: HTTPListener.isBuilt, "this build has no HTTP"))
struct APIFuzzTests {
    /// `REDISCRON_API_SECONDS`: how long requests are made from a seed of their own; `make api-fuzz` sets it.
    private static let seconds = ProcessInfo.processInfo.environment["REDISCRON_API_SECONDS"].flatMap { Int($0) }
    /// How many requests are made of each operation in each way, where no time is given.
    private static let examples = 60

    /// The program that `make deps` installs, unless `REDISCRON_SCHEMATHESIS` names another.
    private static let program =
        ProcessInfo.processInfo.environment["REDISCRON_SCHEMATHESIS"]
        ?? "\(PackageRoot.path)/.venv-api/bin/schemathesis"

    @Test(.seeded) func `no answer contradicts the description, and none is an error of the server`() async throws {
        // With a bounded number of requests the seed is one that all runs share.
        let seed = Self.seconds == nil ? 2026 : UInt32(truncatingIfNeeded: SeededGenerator.ofTest().seed)
        let amount = Self.seconds.map { ["--max-time", String($0)] } ?? ["--max-examples", String(Self.examples)]
        try await withTemporaryDirectory { directory in
            try await withRedis { server in
                let page = try await WritablePage("run", ["--http-show-arguments"], on: server, in: directory)
                defer { page.process.kill() }
                let run = try TestSupport.ChildProcess(
                    Self.program,
                    [
                        "--config-file", "\(PythonEnvironment.scripts)/schemathesis.toml", "run",
                        "\(page.address)/api/openapi.json", "-H", "Authorization: Bearer \(WritablePage.token)",
                        "--checks", "all",
                        // A definition may make no sense though each of its fields is as described: that is 422, and described.
                        "--exclude-checks", "positive_data_acceptance",
                        // Never ends: it has tests of its own.
                        "--exclude-path", "/api/events", "--seed", String(seed), "--generation-database", "none",
                        "--suppress-health-check", "all", "--request-timeout", "120", "--report", "har",
                        "--report-har-path", "\(directory.path)/requests.har", "--no-color",
                    ] + amount,
                    environment: [
                        "SCHEMATHESIS_HOOKS": "\(PythonEnvironment.scripts)/schemathesis_hooks.py",
                        "REDISCRON_AUTHORIZATION": "Bearer \(WritablePage.token)", "PYTHONDONTWRITEBYTECODE": "1",
                    ], directory: directory.path)
                defer { run.kill() }
                let outcome = try await run.waitUntilExit(within: .seconds((Self.seconds ?? 360) + 240))
                #expect(
                    outcome == .exited(0), "seed \(seed): \(run.output.suffix(20_000))\(run.errors.suffix(2_000))")
                let answers = try Self.answers(in: "\(directory.path)/requests.har")
                let count = answers.values.reduce(0) { $0 + $1.values.reduce(0, +) }
                #expect(count >= Self.seconds.map { $0 * 10 } ?? 1_500, "\(count) requests")
                for operation in Self.operations {
                    let reached = answers[operation, default: [:]].filter { (200..<300).contains($0.key) }
                    #expect(
                        !reached.isEmpty, "\(operation) never did what it is for: \(answers[operation, default: [:]])")
                }
                #expect(try await page.process.terminate() == .exited(0))
            }
        }
    }

    private static let operations = [
        "GET /api/jobs", "GET /api/jobs/{id}", "PUT /api/jobs/{id}", "DELETE /api/jobs/{id}",
        "GET /api/jobs/{id}/status",
        "POST /api/jobs/{id}/trigger", "POST /api/jobs/{id}/pause", "POST /api/jobs/{id}/resume",
        "GET /api/jobs/{id}/runs",
        "GET /api/runs", "POST /api/apply", "GET /api/health",
    ]

    private struct Archive: Decodable {
        struct Log: Decodable { let entries: [Entry] }
        struct Entry: Decodable {
            struct Request: Decodable { let method, url: String }
            struct Response: Decodable { let status: Int }
            let request: Request
            let response: Response
        }
        let log: Log
    }

    /// How often each operation was answered with each status.
    private static func answers(in file: String) throws -> [String: [Int: Int]] {
        let archive = try JSONDecoder().decode(Archive.self, from: Data(contentsOf: URL(fileURLWithPath: file)))
        var answers: [String: [Int: Int]] = [:]
        for entry in archive.log.entries {
            let path = entry.request.url.prefix { $0 != "?" }.replacing(/^https?:\/\/[^\/]*/, with: "")
                .replacing(/^\/api\/jobs\/[^\/]+/, with: "/api/jobs/{id}")
            answers["\(entry.request.method) \(path)", default: [:]][entry.response.status, default: 0] += 1
        }
        return answers
    }
}
