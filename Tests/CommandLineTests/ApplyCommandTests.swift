import Foundation
import TestSupport
import Testing

@testable import rqrcron

@Suite(.timeLimit(.minutes(2))) struct ApplyCommandTests {
    private let json = """
        {"source": "metrics", "jobs": [
          {"id": "metric:pm25", "func": "app.tasks.rebuild", "queue": "metrics", "interval": 300, "args": ["pm25", 1.0]},
          {"id": "report", "func": "app.tasks.nap", "queue": "mail", "cron": "R 7 * * mon-fri", "enabled": false}
        ]}
        """

    private func apply(
        _ text: String, _ words: [String] = [], on server: RedisServer
    ) async throws -> Rqrcron.Ending {
        try await Rqrcron.run(["apply", "-"] + words, on: server, input: text)
    }

    private func snapshot(_ server: RedisServer) throws -> [String: [String: String]] {
        var hashes: [String: [String: String]] = [:]
        for key in try server.command("KEYS", "rq:cron_job:*").strings where !key.hasSuffix(":jobs") {
            hashes[key] = try server.command("HGETALL", key).textFields
        }
        return hashes
    }

    @Test func `declared definitions are created, and applying again changes nothing`() async throws {
        try await withRedis { server in
            let dry = try await apply(json, ["--dry-run"], on: server)
            let plan = """
                + metric:pm25  every 300s  app.tasks.rebuild  metrics
                + report  R 7 * * mon-fri  app.tasks.nap  mail
                Plan (source metrics): 2 to create, 0 to change, 0 to delete, 0 unchanged.

                """
            #expect(dry.output == plan)
            #expect(try server.command("DBSIZE").integer == 0)

            let first = try await apply(json, on: server)
            #expect(first.status == 0, "\(first.errors)")
            #expect(first.output == plan + "Applied.\n")
            let made = try snapshot(server)
            #expect(made["rq:cron_job:metric:pm25"]?["args"] == "[\"pm25\",1.0]")
            #expect(made["rq:cron_job:report"]?["enabled"] == "0")
            #expect(made["rq:cron_job:report"]?["source"] == "metrics")
            #expect(try await Rqrcron.run(["show", "report"], on: server).output.contains("\nsource       metrics\n"))
            let listed = try await Rqrcron.run(["info", "--json"], on: server).output
            #expect(listed.split(separator: "\"source\": \"metrics\"", omittingEmptySubsequences: false).count == 3)
            let marker = try server.command("GET", "rq:cron_jobs:last_update")

            let second = try await apply(json, on: server)
            #expect(second.output == "Plan (source metrics): 0 to create, 0 to change, 0 to delete, 2 unchanged.\n")
            #expect(try snapshot(server) == made)
            #expect(try server.command("GET", "rq:cron_jobs:last_update") == marker)
        }
    }

    @Test func `changes are shown with old and new values, and nothing else is written`() async throws {
        try await withRedis { server in
            _ = try await apply(json, on: server)
            // Undeclared things stay: a definition that was disabled by hand, and a field of another program.
            try server.command("HSET", "rq:cron_job:metric:pm25", "enabled", "0", "note", "mine")
            let before = try snapshot(server)
            let changed = json.replacingOccurrences(of: "300", with: "600").replacingOccurrences(of: "1.0", with: "1")
            let ending = try await apply(changed, on: server)
            #expect(
                ending.output == """
                    ~ metric:pm25
                        args: ["pm25",1.0] -> ["pm25",1]
                        interval: 300 -> 600
                    Plan (source metrics): 0 to create, 1 to change, 0 to delete, 1 unchanged.
                    Applied.

                    """)
            let after = try snapshot(server)
            let hash = try #require(after["rq:cron_job:metric:pm25"])
            #expect(hash["enabled"] == "0")
            #expect(hash["note"] == "mine")
            #expect(hash["created_at"] == before["rq:cron_job:metric:pm25"]?["created_at"])
            #expect(after["rq:cron_job:report"] == before["rq:cron_job:report"])
        }
    }

    @Test func `pruning deletes definitions of the same source, and nothing else`() async throws {
        try await withRedis { server in
            _ = try await apply(json, on: server)
            _ = try await apply("hand every 5m q m.f()", on: server)
            _ = try await apply("other every 5m q m.f()", ["--source", "other"], on: server)
            try server.command("ZADD", "rq:cron_job:native:jobs", 1, "x")
            let kept = try await apply("hand2 every 5m q m.f()", ["--source", "metrics"], on: server)
            #expect(kept.output.contains("1 to create, 0 to change, 0 to delete"))

            let ending = try await apply(
                "SOURCE = metrics\nmetric:pm25 every 300s metrics app.tasks.rebuild('pm25', 1.0)",
                ["--prune"], on: server)
            #expect(
                ending.output
                    == """
                    - hand2
                    - report
                    Plan (source metrics): 0 to create, 0 to change, 2 to delete, 1 unchanged.
                    Applied.

                    """)
            let left = try snapshot(server).keys.sorted()
            #expect(left == ["rq:cron_job:hand", "rq:cron_job:metric:pm25", "rq:cron_job:other"])
            #expect(try server.command("EXISTS", "rq:cron_job:native:jobs").integer == 1)

            let nameless = try await apply("x every 5m q m.f()", ["--prune"], on: server)
            #expect(nameless.status == 2)
            #expect(nameless.errors.contains("--prune needs a source"))
        }
    }

    @Test func `a wrong line is named and nothing is applied`() async throws {
        try await withRedis { server in
            for (text, message) in [
                ("a every 5m q m.f()\nb 61 * * * * q m.f()", "line 2: job 'b': cron: "),
                ("a every 5m q m.f()\n\nb every 5m q f()", "line 3: "),
                ("a @daily q m.f() first_run='2026-06-03T05:40:00Z'", "line 1: job 'a': first_run: "),
                ("a every 5m q m.f()\nb:jobs every 5m q m.f()", "line 2: job 'b:jobs': id: "),
                ("a every 5m q m.f()\nCRON_TZ=Europe/Berlin 0 9 * * * q m.f()", "line 2: CRON_TZ is a line of its own"),
                ("CRON_TZ = Europe/Berlin\tb 0 9 * * * q m.f()", "line 1: CRON_TZ is a line of its own"),
                (
                    "{\"jobs\": [\n{\"id\": \"a\", \"func\": \"m.f\", \"queue\": \"q\", \"intreval\": 1}]}",
                    "line 2: job 'a': intreval: "
                ),
            ] {
                let ending = try await apply(text, on: server)
                #expect(ending.status == 1)
                #expect(ending.errors.hasPrefix("rqrcron: standard input: "))
                #expect(ending.errors.contains(message), "\(ending.errors)")
                #expect(try server.command("DBSIZE").integer == 0)
            }
        }
    }

    @Test func `an expression in AWS's form is accepted with a warning by every command`() async throws {
        try await withRedis { server in
            // There is no note about an unpublished zone either.
            try server.command("SET", "rq:cron_jobs:timezone", "UTC")
            let part = "the sixth column is for seconds, so this runs 60 times in each minute that it names"
            let applied = try await apply("a 10 1 * * ? * q m.f()\nb @daily q m.f()", ["--dry-run"], on: server)
            #expect(applied.status == 0)
            #expect(applied.errors.hasPrefix("rqrcron: warning: standard input: line 1: job 'a': cron: \(part)"))
            #expect(applied.errors.split(separator: "\n").count == 1)
            let many = (0..<7).map { "a\($0) 10 1 * * ? * q m.f()\n" }.joined()
            let seven = try await apply(many, ["--dry-run"], on: server)
            #expect(seven.errors.split(separator: "\n").count == 6)
            #expect(seven.errors.hasSuffix("rqrcron: warning: and 2 more like these\n"))
            let made = try await Rqrcron.run(
                ["register", "a", "--func", "m.f", "--queue", "q", "--cron", "10 1 * * ? *"], on: server)
            #expect(made.status == 0)
            #expect(made.errors.hasPrefix("rqrcron: warning: --cron: \(part)"), "\(made.errors)")
            let next = try await Rqrcron.run(["next", "10 1 * * ? *"])
            #expect(next.status == 0)
            #expect(next.errors.hasPrefix("rqrcron: warning: \(part)"), "\(next.errors)")
            #expect(try await Rqrcron.run(["next", "10 1 * * ?"]).errors == "")
        }
    }

    @Test func `a worker gets the values of a file as Python reads them`() async throws {
        try await withRedis { server in
            let text = "a every 5m q m.f((1), ('a'), {'k': (2)}, 'a\\/b', .5, 1_000, 0x1f, (3,), r'\\d', 'x' 'y')"
            let applied = try await apply(text, on: server)
            #expect(applied.status == 0, "\(applied.errors)")
            let args = try server.command("HGET", "rq:cron_job:a", "args").string
            #expect(args == #"[1,"a",{"k":2},"a\\/b",0.5,1000,31,[3],"\\d","xy"]"#)
        }
    }

    @Test func `several files of one source belong together`() async throws {
        try await withTemporaryDirectory { directory in
            let files = ["one", "two"].map { "\(directory.path)/\($0)" }
            for (file, id) in zip(files, ["a", "b"]) {
                try "SOURCE = s\n\(id) every 5m q m.f()\n".write(toFile: file, atomically: true, encoding: .utf8)
            }
            try await withRedis { server in
                let ending = try await Rqrcron.run(["apply", "--prune"] + files, on: server)
                #expect(ending.output.contains("Plan (source s): 2 to create, 0 to change, 0 to delete, 0 unchanged."))
                let twice = try await Rqrcron.run(["apply", files[0], files[0]], on: server)
                #expect(twice.status == 1)
                #expect(twice.errors.contains("line 2: job 'a' is also in \(files[0])"))
                let missing = try await Rqrcron.run(["apply", "\(directory.path)/three"], on: server)
                #expect(missing.status == 1)
                #expect(missing.errors.contains("cannot read \(directory.path)/three"))
            }
        }
    }

    @Test func `ids that look alike but differ are two definitions`() async throws {
        try await withRedis { server in
            let text = "a\u{301} every 5s q m.f()\n\u{e1} every 5s q m.f()\n"
            let applied = try await apply(text, on: server)
            #expect(applied.output.contains("2 to create"), "\(applied.errors)")
            let pruned = try await apply("\u{e1} every 5s q m.f()\n", ["--source", "s", "--prune"], on: server)
            #expect(pruned.output.contains(" 0 to delete"), "\(pruned.output)")
        }
    }

    @Test(arguments: ["json", "crontab"])
    func `definitions in another tool's form are exported and applied without a change`(format: String) async throws {
        try await withRedis { server in
            _ = try await apply(json, on: server)
            try server.command("HDEL", "rq:cron_job:metric:pm25", "result_ttl", "failure_ttl", "kwargs")
            try server.command("HSET", "rq:cron_job:metric:pm25", "enabled", "01", "meta", " { } ", "interval", "+300")
            try server.command("HSET", "rq:cron_job:report", "result_ttl", "")
            let before = try snapshot(server)
            let exported = try await Rqrcron.run(["export", "--format", format], on: server)
            let again = try await apply(exported.output, on: server)
            #expect(again.output == "Plan: 0 to create, 0 to change, 0 to delete, 2 unchanged.\n", "\(again.output)")
            #expect(try snapshot(server) == before)
        }
    }

    @Test(arguments: ["json", "crontab"])
    func `applying an export changes nothing`(format: String) async throws {
        try await withRedis { server in
            _ = try await apply(json, on: server)
            let made = try await Rqrcron.run(
                [
                    "register", "odd \"name\"", "--func", "m.f", "--queue", "q q", "--interval", "7", "--args",
                    "[NaN, -Infinity, \"é\\ud83d\\ude00'\\n\", {\"k\": [1e400]}, 123456789012345678901234567890]",
                    "--kwargs", "{\"meta\": 1, \"not a name\": 2}", "--meta", "{\"m\": null}", "--job-timeout", "-1",
                    "--result-ttl", "0", "--ttl", "3", "--failure-ttl", "4",
                ], on: server)
            #expect(made.status == 0, "\(made.errors)")
            let before = try snapshot(server)
            let exported = try await Rqrcron.run(["export", "--format", format], on: server)
            #expect(exported.status == 0)
            let again = try await apply(exported.output, on: server)
            #expect(again.output == "Plan: 0 to create, 0 to change, 0 to delete, 3 unchanged.\n", "\(exported.output)")
            #expect(try snapshot(server) == before)

            // And it creates the same definitions in an empty Redis.
            try server.command("FLUSHALL")
            _ = try await apply(exported.output, on: server)
            let copy = try snapshot(server)
            for (key, hash) in before {
                for field in ["func_name", "queue_name", "args", "kwargs", "meta", "interval", "cron", "enabled"] {
                    #expect(copy[key]?[field] == hash[field], "\(key) \(field)")
                }
            }
        }
    }

    @Test func `every change is announced once`() async throws {
        try await withRedis { server in
            let listener = try server.connect()
            try listener.command("SUBSCRIBE", "rq:cron_jobs:events")
            _ = try await apply(json, on: server)
            _ = try await apply(json, on: server)
            _ = try await apply(json.replacingOccurrences(of: "300", with: "400"), on: server)
            _ = try await apply("x every 5m q m.f()", ["--prune", "--source", "metrics"], on: server)
            var seen: [String: Int] = [:]
            for _ in 0..<6 {
                let message = try listener.readReply().array.last?.string ?? ""
                seen[message, default: 0] += 1
            }
            #expect(
                seen == [
                    "{\"event\":\"created\",\"job_id\":\"metric:pm25\"}": 1,
                    "{\"event\":\"created\",\"job_id\":\"report\"}": 1,
                    "{\"event\":\"updated\",\"job_id\":\"metric:pm25\"}": 1,
                    "{\"event\":\"created\",\"job_id\":\"x\"}": 1,
                    "{\"event\":\"deleted\",\"job_id\":\"metric:pm25\"}": 1,
                    "{\"event\":\"deleted\",\"job_id\":\"report\"}": 1,
                ])
        }
    }
}
