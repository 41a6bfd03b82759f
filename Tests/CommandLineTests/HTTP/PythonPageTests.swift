import Foundation
import TestSupport
import Testing

@testable import rqrcron

/// `docs/python.md`, run as it stands beside a scheduler, with rq-rediscron from PyPI.
@Suite(.timeLimit(.minutes(3)), .enabled(if: HTTPListener.isBuilt, "this build has no HTTP"))
struct PythonPageTests {
    @Test func `every example of the page does what it says`() async throws {
        let page = try String(contentsOfFile: "\(PackageRoot.path)/docs/python.md", encoding: .utf8)
        let blocks = page.components(separatedBy: "```python\n").dropFirst().compactMap {
            $0.components(separatedBy: "\n```").first
        }
        #expect(blocks.count == page.components(separatedBy: "\n```python").count - 1)
        try await withTemporaryDirectory { directory in
            try await withRedis { server in
                let served = try await WritablePage("run", on: server, in: directory)
                defer { served.process.kill() }
                var script = blocks.joined(separator: "\n\n")
                for (standard, here) in [
                    ("redis://localhost:6379/0", server.url), ("http://127.0.0.1:8600", served.address),
                    ("/etc/rqrcron/token", served.tokenFile),
                ] {
                    #expect(script.contains(standard))
                    script.replace(standard, with: here)
                }
                let output = try await PythonEnvironment().run(["-"], input: script)
                try await expectDone(on: server, output: output.split(separator: "\n").map(String.init))
                #expect(try await served.process.terminate() == .exited(0))
            }
        }
    }

    /// Holds what stands in Redis, and what the examples printed, against what the page says.
    private func expectDone(on server: RedisServer, output: [String]) async throws {
        func field(_ id: String, _ name: String) throws -> String? {
            try server.command("HGET", "rq:cron_job:\(id)", name).string
        }
        // By rq-rediscron. The file of the last example does not have it, and leaves it alone: it came from elsewhere.
        #expect(try field("metric:pm25", "interval") == "600" && field("metric:pm25", "enabled") == "1")
        // By rq-rediscron with fields that it does not know: the scheduler obeys them.
        #expect(try field("import-orders", "overlap") == "skip")
        try await eventually("the first run of import-orders") {
            try field("import-orders", "open_runs")?.isEmpty == false
        }
        let job = try #require(try server.command("LINDEX", "rq:queue:imports", 0).string)
        #expect(try server.command("HGET", "rq:job:\(job)", "description").string == "orders of the shop")
        #expect(try server.command("HGET", "rq:job:\(job)", "retries_left").string == "3")
        let nightly = try #require(try field("nightly-report", "next_enqueue_time"))
        #expect(nightly.contains("T00:00:00") || nightly.contains("T01:00:00"), "02:00 in Berlin: \(nightly)")
        // By HTTP.
        #expect(try field("mail:digest", "cron") == "0 7 * * mon-fri")
        #expect(try server.command("LLEN", "rq:queue:mail").integer == 1)
        let next = try #require(try field("mail:digest", "next_enqueue_time"))
        #expect(output.contains(next), "\(output)")
        #expect(output.contains("trigger still open "), "\(output)")
        #expect(output.contains { $0.hasPrefix("422 cron ") }, "\(output)")
        #expect(output.last == "2 would be created")
        for id in ["metric:pm10", "metric:no2"] { #expect(try field(id, "interval") == "300") }
    }
}
