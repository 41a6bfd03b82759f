import RQWire
import RedisCron
import TestSupport
import Testing

@testable import rqrcron

/// `pause` and `resume`, and how a paused definition is shown.
@Suite(.timeLimit(.minutes(2))) struct PauseCommandTests {
    private func succeed(_ words: [String], on server: RedisServer, input: String = "") async throws -> String {
        let ending = try await Rqrcron.run(words, on: server, input: input)
        try #require(ending.status == 0, "\(words): \(ending.errors)")
        return ending.output
    }

    private static let register = [
        "register", "a", "--func", "m.f", "--queue", "q", "--cron", "0 7 * * *", "--timezone", "UTC",
    ]

    @Test func `a pause without an end disables the definition, and resume plans it from the present`() async throws {
        try await withRedis { server in
            _ = try await succeed(Self.register, on: server)
            #expect(try await succeed(["pause", "a", "--note", "database move"], on: server) == "paused a\n")
            let hash = try server.command("HGETALL", "rq:cron_job:a").textFields
            #expect(hash["enabled"] == "0" && hash["pause_note"] == "database move" && hash["paused_at"] != nil)
            #expect(try server.command("ZCARD", "rq:cron_jobs").integer == 0)
            // As Python prints it.
            #expect(try await succeed(["info"], on: server).contains("a  0 7 * * *  disabled  2"))
            let wide = try await succeed(["info", "--wide"], on: server)
            #expect(wide.contains("  paused: database move  "), "\(wide)")
            #expect(wide.contains("1 scheduled jobs total, 1 paused\n"))
            let sheet = try await succeed(["show", "a"], on: server)
            #expect(sheet.contains("\nstate        paused: database move\n"))
            #expect(sheet.contains("\nnext times   none, it is paused: database move\n"))
            let json = try await succeed(["show", "a", "--json"], on: server)
            #expect(json.contains(#""pause_note": "database move""#) && json.contains(#""paused_until": null"#))
            let next = try await Rqrcron.run(["next", "--id", "a"], on: server)
            #expect(next.status == 1)
            #expect(next.errors == "rqrcron: a has no next time: it is paused: database move\n")

            #expect(try await succeed(["resume", "a"], on: server) == "resumed a\n")
            let resumed = try server.command("HGETALL", "rq:cron_job:a").textFields
            #expect(resumed["enabled"] == "1" && resumed["paused_at"] == nil && resumed["pause_note"] == nil)
            #expect(try server.command("ZCARD", "rq:cron_jobs").integer == 1)
        }
    }

    @Test func `a pause with an end moves the next run, and all commands show the times from then on`() async throws {
        try await withRedis { server in
            _ = try await succeed(Self.register, on: server)
            let year = Timestamp.now.wireFormat.prefix(4)
            let end = "\((Int(year) ?? 0) + 1)-03-01T08:00:00+01:00"
            let until = "\((Int(year) ?? 0) + 1)-03-01T07:00:00.000000Z"
            let paused = try await succeed(["pause", "a", "--until", end, "--note", "winter"], on: server)
            #expect(paused == "paused a until \(until)\n")
            let hash = try server.command("HGETALL", "rq:cron_job:a").textFields
            #expect(hash["enabled"] == "1" && hash["next_enqueue_time"] == until && hash["paused_until"] == until)
            let sheet = try await succeed(["show", "a"], on: server)
            #expect(sheet.contains("\nstate        paused until \(until): winter\n"), "\(sheet)")
            #expect(sheet.contains("\nnext times   \((Int(year) ?? 0) + 1)-03-01 07:00:00 +00:00  \(until)  in "))
            #expect(!sheet.contains("it skips times"))
            #expect(try await succeed(["next", "--id", "a"], on: server) == "\(until)\n")
            let registered = try await succeed(Self.register, on: server)
            #expect(registered == "registered a: 0 7 * * *, paused until \(until): winter, next \(until)\n")
        }
    }

    @Test func `what is disabled during or after a pause with an end is disabled, not paused`() async throws {
        try await withRedis { server in
            for isOver in [false, true] {
                _ = try await succeed(Self.register, on: server)
                let next = try #require(try server.command("HGET", "rq:cron_job:a", "next_enqueue_time").string)
                _ = try await succeed(
                    ["pause", "a", "--until", "9000-01-01T00:00:00Z", "--note", "winter"], on: server)
                if isOver {
                    // Nothing takes the end of a pause away.
                    let end = "2020-01-01T00:00:00.000000Z"
                    try server.command("HSET", "rq:cron_job:a", "paused_until", end, "next_enqueue_time", next)
                }
                _ = try await succeed(["disable", "a"], on: server)
                let sheet = try await succeed(["show", "a"], on: server)
                #expect(sheet.contains("\nstate        disabled\n") && !sheet.contains("winter"), "\(sheet)")
                #expect(
                    try await succeed(["info", "--wide"], on: server).contains("1 scheduled jobs total, 1 disabled\n"))
                // Whoever applies the file elsewhere gets it disabled too.
                let file = try await succeed(["export"], on: server)
                #expect(file.contains(#""enabled": false"#), "\(file)")
                let applied = try await succeed(["apply", "-"], on: server, input: file)
                #expect(applied == "Plan: 0 to create, 0 to change, 0 to delete, 1 unchanged.\n")
                let again = try await Rqrcron.run(["pause", "a", "--until", "9000-01-01T00:00:00Z"], on: server)
                #expect(again.status == 1 && again.errors.contains("enabled: is off"), "\(again.errors)")
                _ = try await succeed(["enable", "a"], on: server)
                let hash = try server.command("HGETALL", "rq:cron_job:a").textFields
                #expect(hash["enabled"] == "1" && hash["paused_at"] == nil && hash["paused_until"] == nil)
                #expect(hash["next_enqueue_time"].map { $0 < "9000" } == true)
                try server.command("FLUSHALL")
            }
        }
    }

    @Test(arguments: [
        (["--until", "tomorrow"], 2, "--until takes a time such as 2026-06-03T05:40:00Z"),
        (["--until", "2026-06-03T05:40:00"], 2, "--until takes a time such as 2026-06-03T05:40:00Z"),
        (["--until", "2020-01-01T00:00:00Z"], 1, "paused_until: must be later than now, not 2020-01-01"),
    ])
    func `a bad end is named, and nothing is written`(words: [String], status: Int32, reason: String) async throws {
        try await withRedis { server in
            _ = try await succeed(Self.register, on: server)
            let before = try server.command("HGETALL", "rq:cron_job:a").textFields
            let ending = try await Rqrcron.run(["pause", "a"] + words, on: server)
            #expect(ending.status == status)
            #expect(ending.errors.contains(reason), "\(ending.errors)")
            #expect(try server.command("HGETALL", "rq:cron_job:a").textFields == before)
        }
    }

    @Test func `apply leaves a pause alone and says so`() async throws {
        try await withRedis { server in
            _ = try await succeed(Self.register, on: server)
            _ = try await succeed(["pause", "a"], on: server)
            let file = "CRON_TZ = UTC\na  0 7 * * *  q  m.f()  enabled=true\n"
            let applied = try await succeed(["apply", "-"], on: server, input: file)
            #expect(
                applied == """
                      a is paused: enabled is left alone until it is resumed
                    Plan: 0 to create, 0 to change, 0 to delete, 1 unchanged.

                    """)
            #expect(try server.command("HGET", "rq:cron_job:a", "enabled").string == "0")
            let file2 = try await succeed(["export"], on: server)
            #expect(!file2.contains("enabled") && !file2.contains("paused"), "\(file2)")
            _ = try await succeed(["enable", "a"], on: server)
            #expect(try server.command("HEXISTS", "rq:cron_job:a", "paused_at").integer == 0)
        }
    }

    @Test func `a failure for one definition does not stop the others`() async throws {
        try await withRedis { server in
            _ = try await succeed(Self.register, on: server)
            for command in ["pause", "resume"] {
                let ending = try await Rqrcron.run([command, "none", "a"], on: server)
                #expect(ending.status == 1)
                #expect(ending.output == "\(command)d a\n")
                #expect(ending.errors.contains("job 'none': no such definition in Redis"))
            }
        }
    }
}
