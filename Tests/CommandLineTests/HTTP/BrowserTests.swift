import Foundation
import TestSupport
import Testing

@testable import rqrcron

/// The page in a real browser, as people use it.
///
/// What is tried is in `Tests/python/page_checks.py`.
@Suite(
    .timeLimit(.minutes(8)), .enabled(if: HTTPListener.isBuilt, "this build has no HTTP"),
    .enabled(if: BrowserPrograms.areExpected, "no Chromium with chromedriver, or no .venv-page: run `make deps`"))
struct BrowserTests {
    private static let queues = ["orders", "payments", "media", "feeds", "mail", "search", "finance", "database"]

    /// With `REDISCRON_PICTURES` it takes the pictures of the docs instead, into that folder: `make screenshots`.
    @Test func `the page works in a browser`() async throws {
        let programs = try #require(BrowserPrograms.found, "Chromium is missing: run `make deps`")
        try await withRedis { server in
            try await withTemporaryDirectory { directory in
                let scheduler = try Rqrcron.start(
                    ["run", "--apply", "\(PythonEnvironment.scripts)/page_samples.cron"], on: server)
                defer { scheduler.kill() }
                try await scheduler.waitForOutput(containing: "leads")
                // In a process of its own, so that it goes on while the scheduler stands still.
                let page = try await WritablePage("serve", on: server, in: directory)
                defer { page.process.kill() }
                let site = try await WritablePage(
                    "serve", ["--key-prefix", "{one}", "--key-prefix", "{other}"], on: server, in: directory)
                defer { site.process.kill() }
                let workers = try startWorkers(on: server)
                defer { for worker in workers { worker.kill() } }
                let settings = [
                    "page": page.address + "/", "site": site.address + "/", "redis": server.url,
                    "token": WritablePage.token,
                    "program": Rqrcron.path,
                    "scheduler": String(scheduler.pid), "chromium": programs.chromium, "driver": programs.driver,
                    "pictures": ProcessInfo.processInfo.environment["REDISCRON_PICTURES"] ?? "",
                ]
                try await check(settings, in: directory)
            }
        }
    }

    /// RQ's own workers: several, because some samples overlap.
    private func startWorkers(on server: RedisServer) throws -> [TestSupport.ChildProcess] {
        let python = try PythonEnvironment()
        return try (0..<3).map { _ in
            try python.start(["-m", "rq.cli", "worker", "--quiet", "-u", server.url] + Self.queues)
        }
    }

    private func check(_ settings: [String: String], in directory: TemporaryDirectory) async throws {
        let text = String(decoding: try JSONEncoder().encode(settings), as: UTF8.self)
        let checks = try TestSupport.ChildProcess(
            BrowserPrograms.python, ["\(PythonEnvironment.scripts)/page_checks.py", text],
            environment: [
                "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1",
                // The browser keeps what it keeps where it is removed with the test.
                "TMPDIR": directory.path, "HOME": directory.path,
            ])
        defer { checks.kill() }
        let outcome = try await checks.waitUntilExit(within: .seconds(420))
        #expect(outcome == .exited(0), "\(checks.output)\(checks.errors)")
    }
}
