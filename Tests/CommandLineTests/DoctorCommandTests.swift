import RQWire
import TestSupport
import Testing

@testable import RedisCron
@testable import rqrcron

@Suite(.timeLimit(.minutes(1)))
struct DoctorCommandTests {
    /// A server that keeps its data, with one definition whose index entry was lost.
    private func withLostEntry(_ body: (RedisServer) async throws -> Void) async throws {
        try await withRedis(RedisServer.Configuration(appendOnly: true)) { server in
            let made = try await Rqrcron.run(
                ["register", "a", "--func", "m.f", "--queue", "q", "--cron", "0 0 1 1 *", "--timezone", "UTC"],
                on: server)
            #expect(made.status == 0, "\(made.errors)")
            try server.command("ZREM", "rq:cron_jobs", "a")
            // There is a leader.
            try server.command("SET", "rq:cron_jobs:lock", "somebody", "EX", "100")
            try await body(server)
        }
    }

    @Test func `anything that keeps a job from running is an error with status 1, and --repair fixes it`() async throws
    {
        try await withLostEntry { server in
            let sick = try await Rqrcron.run(["doctor"], on: server)
            #expect(sick.status == 1)
            #expect(
                sick.output == """
                    error    index 'a': it is enabled and not indexed, so it never runs
                    notice   worker 'q': no worker reads this queue: its jobs wait until one does
                    1 error, 1 notice; 1 can be repaired with: rqrcron doctor --repair

                    """)
            #expect(sick.errors == "")
            #expect(try server.command("ZCARD", "rq:cron_jobs").integer == 0)

            let mended = try await Rqrcron.run(["doctor", "--repair"], on: server)
            #expect(mended.status == 0)
            #expect(mended.output.hasPrefix("fixed    index 'a'"))
            #expect(mended.output.hasSuffix("1 notice, 1 fixed\n"))
            #expect(try server.command("ZCARD", "rq:cron_jobs").integer == 1)

            let healthy = try await Rqrcron.run(["doctor"], on: server)
            #expect(healthy.status == 0)
            #expect(healthy.output.hasSuffix("\n1 notice\n"))
        }
    }

    @Test func `--json has the same findings for scripts`() async throws {
        try await withLostEntry { server in
            let ending = try await Rqrcron.run(["doctor", "--json"], on: server)
            #expect(ending.status == 1)
            guard case .object(let object) = try JSONValue(parsing: ending.output),
                case .array(let findings)? = object["findings"], case .object(let first)? = findings.first
            else {
                Issue.record("\(ending.output)")
                return
            }
            #expect(object["healthy"] == false)
            #expect(first["check"] == "index")
            #expect(first["subject"] == "a")
            #expect(first["repairable"] == true)
            #expect(first["repaired"] == false)
        }
    }

    @Test func `a repair that is denied is reported after the findings`() async throws {
        try await withLostEntry { server in
            try server.command(
                "ACL", "SETUSER", "reader", "on", ">word", "~rq:*", "+@all", "-@write", "-@scripting")
            let url = "redis://reader:word@127.0.0.1:\(server.port)/0"
            let ending = try await Rqrcron.run(["doctor", "--repair", "--url", url])
            #expect(ending.status == 1)
            #expect(ending.output.hasPrefix("error    index 'a'"), "\(ending.output)")
            #expect(ending.errors.contains("denies it"), "\(ending.errors)")
        }
    }

    @Test func `a lock that a killed scheduler left behind is reported`() async throws {
        try await withRedis { server in
            let scheduler = try Rqrcron.start(["run"], on: server)
            try await scheduler.waitForOutput(containing: "took the lock")
            let sound = try await Rqrcron.run(["doctor"], on: server)
            #expect(!sound.output.contains("lock"), "\(sound.output)")
            scheduler.kill()
            try await scheduler.waitUntilExit()
            let left = try await Rqrcron.run(["doctor"], on: server)
            #expect(
                left.output.contains("holds the lock, and no process \(scheduler.pid) is seen on this machine"),
                "\(left.output)")
        }
    }

    @Test func `a second diagnosis replaces what was not repaired`() {
        var report = DoctorReport()
        report.entries = [
            DoctorReport.Entry(finding: Finding(.error, .index, "mended"), isRepaired: true),
            DoctorReport.Entry(finding: Finding(.error, .index, "in order by now"), isRepaired: false),
        ]
        report.renew(with: [Finding(.warning, .lock, "new")])
        #expect(report.entries.map(\.finding.message) == ["mended", "new"])
        #expect(report.entries.map(\.isRepaired) == [true, false])
    }

    @Test func `of many findings of one kind, the first twenty are shown and the rest counted`() {
        var report = DoctorReport()
        report.entries = (1...25).map { _ in
            DoctorReport.Entry(finding: Finding(.warning, .index, "odd"), isRepaired: false)
        }
        let text = report.text(style: TextStyle(isColored: false))
        #expect(text.split(separator: "\n").count == 22)
        #expect(text.contains("index: 5 more like these"))
        #expect(text.hasSuffix("25 warnings\n"))
    }
}
