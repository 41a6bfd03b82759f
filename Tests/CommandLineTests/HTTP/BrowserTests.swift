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
    private static let token = "Hmv1cC2rKzGv0S4ZkPzq8yWn"
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
                let page = try await startPage(in: directory, on: server)
                defer { page.kill() }
                let url = try #require(page.errors.firstMatch(of: /the page is at (http:\/\/\S+)/)).1
                let workers = try startWorkers(on: server)
                defer { for worker in workers { worker.kill() } }
                let settings = [
                    "page": String(url), "redis": server.url, "token": Self.token, "program": Rqrcron.path,
                    "scheduler": String(scheduler.pid), "chromium": programs.chromium, "driver": programs.driver,
                    "pictures": ProcessInfo.processInfo.environment["REDISCRON_PICTURES"] ?? "",
                ]
                try await check(settings, in: directory)
            }
        }
    }

    /// The page in a process of its own, so that it goes on while the scheduler stands still.
    private func startPage(in directory: TemporaryDirectory, on server: RedisServer) async throws
        -> TestSupport.ChildProcess
    {
        let file = "\(directory.path)/token"
        try Self.token.write(toFile: file, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
        let page = try Rqrcron.start(
            ["serve", "--http", "127.0.0.1:0", "--http-actions", "--http-token-file", file], on: server)
        try await page.waitForOutput(containing: "the page is at http")
        return page
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
