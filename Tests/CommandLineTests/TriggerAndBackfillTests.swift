import RQWire
import RedisCron
import TestSupport
import Testing

@testable import rqrcron

@Suite(.timeLimit(.minutes(2))) struct TriggerAndBackfillTests {
    private func succeed(_ words: [String], on server: RedisServer) async throws -> String {
        let ending = try await Rqrcron.run(words, on: server)
        try #require(ending.status == 0, "\(words): \(ending.errors)")
        return ending.output
    }

    private static let register = [
        "register", "a", "--func", "m.f", "--queue", "q", "--cron", "0 7 * * *", "--timezone", "UTC",
    ]

    private static func jobID(_ day: String, _ suffix: String = "") -> String {
        RQJobID.named(definition: "a", "2026-06-\(day)T07:00:00.000000Z\(suffix)").description
    }

    @Test func `trigger obeys the overlap policy, and another one where it is given`() async throws {
        try await withRedis { server in
            _ = try await succeed(Self.register + ["--overlap", "skip"], on: server)
            _ = try await succeed(["trigger", "a"], on: server)
            let refused = try await Rqrcron.run(["trigger", "a", "none"], on: server)
            #expect(refused.status == 1 && refused.output == "")
            #expect(
                refused.errors.hasPrefix(
                    "rqrcron: a: not queued, because an earlier run is queued or running; job 'none'"),
                "\(refused.errors)")
            for policy in ["wait", "skip"] {
                #expect(try await Rqrcron.run(["trigger", "a", "--overlap", policy], on: server).status == 1)
            }
            _ = try await succeed(["trigger", "a", "--overlap", "allow"], on: server)
            #expect(try server.command("LLEN", "rq:queue:q").integer == 2)
            let last = try await succeed(["trigger", "a", "--overlap", "replace"], on: server)
            #expect(try server.command("LRANGE", "rq:queue:q", 0, -1).strings.map { "\($0)\n" } == [last])
            let wrong = try await Rqrcron.run(["trigger", "a", "--overlap", "never"], on: server)
            #expect(wrong.status == 2 && wrong.errors.contains("--overlap is one of allow, skip, wait, replace"))
        }
    }

    @Test func `another policy than allow holds for a definition that keeps no track of its runs`() async throws {
        try await withRedis { server in
            _ = try await succeed(Self.register, on: server)
            let first = try await succeed(["trigger", "a", "--overlap", "skip"], on: server)
            for policy in ["skip", "wait"] {
                #expect(try await Rqrcron.run(["trigger", "a", "--overlap", policy], on: server).status == 1)
            }
            let second = try await succeed(["trigger", "a", "--overlap", "replace"], on: server)
            #expect(try server.command("LRANGE", "rq:queue:q", 0, -1).strings.map { "\($0)\n" } == [second])
            #expect(first != second)
            try server.command("LPOP", "rq:queue:q")
            try server.command("HSET", "rq:job:\(second.dropLast())", "status", "finished")
            _ = try await succeed(["trigger", "a", "--overlap", "skip"], on: server)
            try server.command("DEL", "rq:queue:q")
            try server.command("HDEL", "rq:cron_job:a", "triggered_job")

            // One of the schedule.
            let planned = Timestamp(unixSeconds: Timestamp.now.unixSeconds / 86_400 * 86_400 - 86_400 + 7 * 3_600)
            let old = (planned - .seconds(86_400)).wireFormat
            try server.command("HSET", "rq:cron_job:a", "created_at", old, "latest_enqueue_time", planned.wireFormat)
            let id = RQJobID.named(definition: "a", planned.wireFormat).description
            try server.command(
                "HSET", "rq:job:\(id)", "status", "queued", "origin", "q", "enqueued_at", Timestamp.now.wireFormat)
            try server.command("RPUSH", "rq:queue:q", id)
            #expect(try await Rqrcron.run(["trigger", "a", "--overlap", "skip"], on: server).status == 1)
        }
    }

    @Test func `a key that was said before prints the same id and queues nothing`() async throws {
        try await withRedis { server in
            _ = try await succeed(Self.register, on: server)
            let first = try await Rqrcron.run(["trigger", "a", "--key", "monday"], on: server)
            #expect(first.output == "\(RQJobID.named(definition: "a", "trigger|monday"))\n" && first.errors == "")
            let second = try await Rqrcron.run(["trigger", "a", "--key", "monday"], on: server)
            #expect(second.output == first.output && second.status == 0)
            #expect(second.errors == "rqrcron: a: a run with the key 'monday' was queued before; nothing was done\n")
            #expect(try server.command("LLEN", "rq:queue:q").integer == 1)
            _ = try await succeed(["trigger", "a", "--key", "tuesday"], on: server)
            #expect(try server.command("LLEN", "rq:queue:q").integer == 2)
        }
    }

    @Test func `backfill queues what has left no trace, and a dry run says what would be done`() async throws {
        try await withRedis { server in
            _ = try await succeed(Self.register + ["--exclude", "2026-06-04"], on: server)
            try server.command("HSET", "rq:job:\(Self.jobID("01"))", "status", "finished")
            try server.command("HSET", "rq:job:\(Self.jobID("02"))", "status", "failed")
            let range = ["2026-06-01T00:00:00Z", "2026-06-05T09:00:00+02:00"]
            let dry = try await succeed(["backfill", "a"] + range + ["--dry-run"], on: server)
            #expect(
                dry == """
                    2026-06-01T07:00:00.000000Z  leave alone, \(Self.jobID("01")) is finished
                    2026-06-02T07:00:00.000000Z  leave alone, \(Self.jobID("02")) is failed; --failed queues it again
                    2026-06-03T07:00:00.000000Z  queue as \(Self.jobID("03"))
                    2026-06-05T07:00:00.000000Z  queue as \(Self.jobID("05"))
                    2 to queue, 2 left alone

                    """)
            #expect(try server.command("EXISTS", "rq:queue:q").integer == 0)

            #expect(try await succeed(["backfill", "a"] + range, on: server) == "2 queued, 2 left alone\n")
            #expect(try server.command("LRANGE", "rq:queue:q", 0, -1).strings == [Self.jobID("03"), Self.jobID("05")])
            #expect(try await succeed(["backfill", "a"] + range, on: server) == "0 queued, 4 left alone\n")
            let failed = try await succeed(["backfill", "a"] + range + ["--failed"], on: server)
            #expect(failed == "1 queued, 3 left alone\n")
            let last = try server.command("LINDEX", "rq:queue:q", -1).string
            #expect(last == Self.jobID("02", "|2"))
        }
    }

    @Test func `what is beyond the limit is said`() async throws {
        try await withRedis { server in
            _ = try await succeed(Self.register, on: server)
            let ending = try await succeed(
                ["backfill", "a", "2026-06-01T00:00:00Z", "2026-06-09T00:00:00Z", "--limit", "2", "--rate", "50"],
                on: server)
            #expect(
                ending == """
                    2 queued, 0 left alone
                    There are more after 2 planned times: go on from 2026-06-03T07:00:00.000000Z, or give a higher --limit

                    """)
        }
    }

    @Test func `an interrupted backfill says how far it came`() async throws {
        try await withRedis { server in
            _ = try await succeed(Self.register + ["--overlap", "skip"], on: server)
            let backfill = try Rqrcron.start(
                ["backfill", "a", "2026-06-01T00:00:00Z", "2026-06-09T00:00:00Z"], on: server)
            // The second one waits for the first, which nobody runs.
            try await eventually("the first run") { try server.command("LLEN", "rq:queue:q").integer == 1 }
            try await Task.sleep(for: .milliseconds(300))
            backfill.send(signal: 2)
            try await backfill.waitForOutput(containing: "interrupted after 2026-06-01T07:00:00.000000Z")
            #expect(try await backfill.waitUntilExit() == .exited(1))
            #expect(backfill.errors.contains("planned time 1 of 8, with 1 queued; go on with: rqrcron backfill a "))
            #expect(try server.command("LLEN", "rq:queue:q").integer == 1)
        }
    }

    @Test func `with an overlap policy runs follow each other, unless overlap is allowed`() async throws {
        try await withRedis { server in
            _ = try await succeed(Self.register + ["--overlap", "skip"], on: server)
            let range = ["2026-06-01T00:00:00Z", "2026-06-03T12:00:00Z", "--rate", "50"]
            let backfill = try Rqrcron.start(["backfill", "a"] + range, on: server)
            for day in ["01", "02", "03"] {
                try await eventually("run \(day)") {
                    try server.command("LRANGE", "rq:queue:q", 0, -1).strings == [Self.jobID(day)]
                }
                try server.command("LPOP", "rq:queue:q")
                try server.command("HSET", "rq:job:\(Self.jobID(day))", "status", "finished")
            }
            #expect(try await backfill.waitUntilExit() == .exited(0))
            try server.command("FLUSHALL")
            _ = try await succeed(Self.register + ["--overlap", "skip"], on: server)
            _ = try await succeed(["backfill", "a"] + range + ["--overlap", "allow"], on: server)
            #expect(try server.command("LLEN", "rq:queue:q").integer == 3)
        }
    }

    @Test(arguments: [
        (["yesterday", "2026-06-01T00:00:00Z"], "FROM takes a time such as"),
        (["2026-06-01T00:00:00Z", "2026-06-01"], "TO takes a time such as"),
        (["2026-06-01T00:00:00Z"], "TO is missing"),
        (["2026-06-02T00:00:00Z", "2026-06-01T00:00:00Z"], "is before FROM"),
        (["2026-06-02T00:00:00Z", "9000-06-01T00:00:00Z"], "TO must not be after the present"),
        (["2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z", "--limit", "0"], "--limit must be from 1 to 1000000, not 0"),
        (["2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z", "--rate", "0"], "--rate takes a number of runs a second"),
        (
            ["2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z", "--overlap", "skip"],
            "--overlap is one of allow, not 'skip'"
        ),
    ])
    func `a backfill that makes no sense is refused`(words: [String], reason: String) async throws {
        let ending = try await Rqrcron.run(["backfill", "a"] + words)
        #expect(ending.status == 2)
        #expect(ending.errors.contains(reason), "\(ending.errors)")
    }
}
