import RQWire
import RedisBridge
import RedisCron
import TestSupport
import Testing

@testable import rqrcron

@Suite(.timeLimit(.minutes(1))) struct ShowAndInfoTests {
    private func makeTwo(_ server: RedisServer) async throws {
        for words in [
            ["a", "--interval", "100", "--queue", "q"],
            ["b", "--cron", "0 7 * * *", "--timezone", "Asia/Kolkata", "--queue", "r", "--disabled"],
        ] {
            let made = try await Rqrcron.run(["register", "--func", "m.f"] + words, on: server)
            #expect(made.status == 0, "\(made.errors)")
        }
    }

    @Test func `info --json has every field, and the unreadable definitions`() async throws {
        try await withRedis { server in
            try await makeTwo(server)
            try server.command("HSET", "rq:cron_job:bad", "id", "bad")
            let ending = try await Rqrcron.run(["info", "--json"], on: server)
            guard case .object(let object) = try JSONValue(parsing: ending.output),
                case .array(let jobs)? = object["jobs"], case .array(let unreadable)? = object["unreadable"],
                case .object(let second) = jobs[1]
            else {
                Issue.record("\(ending.output)")
                return
            }
            #expect(jobs.count == 2)
            #expect(unreadable.count == 1)
            #expect(second["id"] == "b")
            #expect(second["timezone"] == "Asia/Kolkata")
            #expect(second["enabled"] == false)
            let filtered = try await Rqrcron.run(["info", "--json", "q"], on: server)
            #expect(filtered.output.contains("\"id\": \"a\""))
            #expect(!filtered.output.contains("\"id\": \"b\""))
        }
    }

    @Test func `info --wide has a countdown, and no colours without a terminal`() async throws {
        try await withRedis { server in
            try await makeTwo(server)
            let later = Timestamp(microseconds: Timestamp.now.microseconds + 3_600_000_000 * 5)
            try server.command("HSET", "rq:cron_job:a", "next_enqueue_time", later.wireFormat)
            let ending = try await Rqrcron.run(["info", "--wide"], on: server)
            let lines = ending.output.split(separator: "\n")
            #expect(lines[0].hasPrefix("ID  SCHEDULE    ZONE          STATE     NEXT"))
            #expect(lines[1].contains("in 5h") || lines[1].contains("in 4h 59m"))
            #expect(lines[2].contains("07:00:00 +05:30"))
            #expect(lines[3] == "2 scheduled jobs total, 1 disabled")
            // A disabled definition is not due, although the plain listing says so, like Python.
            try server.command("HSET", "rq:cron_job:a", "next_enqueue_time", "", "enabled", 0)
            let disabled = try await Rqrcron.run(["info", "--wide", "q"], on: server).output.split(separator: "\n")
            #expect(disabled[1].contains("disabled  -  "), "\(disabled)")
            #expect(!ending.output.contains("\u{1B}"))
        }
    }

    @Test func `show prints the last runs, the next times and warnings`() async throws {
        try await withRedis { server in
            try await makeTwo(server)
            let first = try await Rqrcron.run(["show", "a"], on: server)
            #expect(first.output.contains("\nlast runs    none, it has never run\n"))
            #expect(!first.output.contains("last job"))
            #expect(first.output.contains("\nwarning      no scheduler is running; start one with: rqrcron run\n"))

            let scheduler = try Rqrcron.start(["run"], on: server)
            try await scheduler.waitForOutput(containing: "enqueued 'a'")
            let second = try await Rqrcron.run(["show", "a"], on: server)
            #expect(
                second.output.contains(/\nlast runs    20\d\d-[- :\d]+ \+00:00  … queued for [\d.]+s\n/),
                "\(second.output)")
            #expect(!second.output.contains("last job"))
            #expect(!second.output.contains("warning"))
            let next = try #require(try server.command("HGET", "rq:cron_job:a", "next_enqueue_time").string)
            let lines = second.output.split(separator: "\n")
            let start = try #require(lines.firstIndex { $0.hasPrefix("next times") })
            #expect(lines[start].contains(next))
            #expect(lines[start...].prefix(5).allSatisfy { $0.contains("  in ") })
            let off = try await Rqrcron.run(["show", "b"], on: server)
            #expect(off.output.contains("\nnext times   none, it is disabled\n"))
            #expect(try await scheduler.terminate() == .exited(0))
        }
    }

    @Test func `show warns about an overdue definition`() async throws {
        try await withRedis { server in
            try await makeTwo(server)
            try server.command("HSET", "rq:cron_job:a", "next_enqueue_time", "2026-01-01T00:00:00.000000Z")
            let ending = try await Rqrcron.run(["show", "a"], on: server)
            #expect(ending.output.contains(/\nwarning      it was due \d+d.* ago and has not been enqueued\n/))
        }
    }

    @Test func `show prints why the last run failed, and the serializer that the worker needs`() async throws {
        try await withRedis { server in
            for (id, function) in [("unread", "app.tasks.nap"), ("fails", "app.tasks.missing")] {
                let made = try await Rqrcron.run(
                    ["register", id, "--func", function, "--queue", id, "--interval", "1000"], on: server)
                #expect(made.status == 0, "\(made.errors)")
            }
            let scheduler = try Rqrcron.start(["run"], on: server)
            try await eventually("both jobs") {
                try server.command("EXISTS", "rq:queue:unread", "rq:queue:fails").integer == 2
            }
            for words in [["--serializer", "json", "unread"], ["fails"]] {
                try await PythonEnvironment().run(["-m", "rq.cli", "worker", "-u", server.url, "--burst"] + words)
            }
            func shown(_ id: String) async throws -> String {
                var output = ""
                try await eventually("the outcome of \(id)", within: .seconds(30)) {
                    output = try await Rqrcron.run(["show", id], on: server).output
                    return output.contains("✗ failed")
                }
                return output
            }
            let unread = try await shown("unread")
            #expect(unread.contains(/✗ failed after [\d.]+s: rq.exceptions.DeserializationError/), "\(unread)")
            #expect(unread.contains("\nwarning      its worker uses another serializer than the scheduler; "))
            let fails = try await shown("fails")
            #expect(fails.contains(/✗ failed after [\d.]+s: ValueError: Invalid attribute name: missing\n/), "\(fails)")
            #expect(!fails.contains("warning"))
            #expect(try await scheduler.terminate() == .exited(0))
        }
    }

    /// Follows the advice of `show` to the letter.
    @Test(arguments: PythonEnvironment.Edition.allCases)
    func `the serializer that show advises works for us and for workers of every RQ`(
        edition: PythonEnvironment.Edition
    ) async throws {
        try await withRedis { server in
            let name = "rq.serializers.JSONSerializer"
            let made = try await Rqrcron.run(
                ["register", "a", "--func", "app.tasks.nap", "--queue", "q", "--interval", "1000", "--args", "[0]"],
                on: server)
            #expect(made.status == 0, "\(made.errors)")
            let wrong = try await Rqrcron.run(["trigger", "a", "-S", "rq.serializers.DefaultSerializer"], on: server)
            #expect(wrong.status == 0, "\(wrong.errors)")
            let worker = ["-m", "rq.cli", "worker", "-u", server.url, "--burst", "-S", name, "q"]
            try await PythonEnvironment(edition).run(worker)
            let advised = try await Rqrcron.run(["show", "a"], on: server)
            #expect(advised.output.contains(" failed (rq.exceptions.DeserializationError), "), "\(advised.output)")
            #expect(advised.output.contains("start both with -S \(name), or both without"), "\(advised.output)")
            let job = try await Rqrcron.run(["trigger", "a", "-S", name], on: server)
            try await PythonEnvironment(edition).run(worker)
            #expect(try server.command("HGET", "rq:job:\(job.output.dropLast())", "status").string == "finished")
        }
    }

    @Test func `show and info --wide have the last runs`() async throws {
        try await withRedis { server in
            try await makeTwo(server)
            let plain = try await Rqrcron.run(["info", "--wide"], on: server).output
            #expect(!plain.contains("OUTCOME"))
            let at = Timestamp.now - .seconds(40)
            let run = TrackedRun(
                definition: DefinitionID("a"), jobID: .planned(definition: "a", at: at), planned: at, at: at,
                reason: .backfill, terms: RunTerms(queue: "q", resultTTL: 500, failureTTL: nil, ttl: nil, retries: 1),
                history: nil)
            var ending = RunEnding(.lost)
            (ending.started, ending.ended, ending.attempts) = (at + .seconds(1), at + .seconds(13.3), 2)
            try server.command("LPUSH", "rq:cron_runs:a", EndedRun(run, ending).bytes)
            let open = TrackedRun(
                definition: DefinitionID("b"), jobID: .random(), planned: nil, at: at, reason: .trigger,
                terms: run.terms,
                history: nil)
            try server.command("ZADD", "rq:cron_runs_open", 0, open.member)
            let shown = try await Rqrcron.run(["show", "a"], on: server).output
            #expect(shown.contains(/\nlast runs    [-+ :\d]+  ✗ lost after 12\.3s, 2 attempts, backfill\n/), "\(shown)")
            let wide = try await Rqrcron.run(["info", "--wide"], on: server).output.split(separator: "\n")
            #expect(wide[0].contains("LAST   OUTCOME   TOOK   QUEUE"), "\(wide)")
            #expect(
                wide[1].contains("  ✗ lost    12.3s  q  ") && wide[2].contains(#/  … queued  [\d.ms ]+  r  /#),
                "\(wide)")
            // What another scheduler did is not told as a success.
            try server.command("HSET", "rq:cron_job:a", "latest_enqueue_time", Timestamp.now.wireFormat)
            #expect(try await Rqrcron.run(["info", "--wide"], on: server).output.contains("? unknown"))
            try server.command("HSET", "rq:cron_job:a", "history", "0")
            try server.command("DEL", "rq:cron_runs:a")
            let none = try await Rqrcron.run(["show", "a"], on: server).output
            #expect(none.contains("\nlast runs    none recorded, its history is 0\n"), "\(none)")
        }
    }

    @Test(arguments: [20, 40, 60, 80, 100, 120, 140, 200])
    func `info --wide is never wider than the terminal`(columns: Int) async throws {
        try await withRedis { server in
            for words in [
                ["metric:pm25:\u{4F60}\u{597D}", "--interval", "300", "--queue", "metrics"],
                [
                    "report of the whole month", "--cron", "*/15 8-17 * * mon-fri", "--timezone", "America/New_York",
                    "--queue", "mail",
                ],
            ] {
                let made = try await Rqrcron.run(
                    ["register", "--func", "app.tasks.reports.monthly.rebuild"] + words, on: server)
                #expect(made.status == 0, "\(made.errors)")
            }
            let connection = try RedisCronConnection(url: RedisURL(server.url))
            let jobs = try await connection.allJobs()
            await connection.close()
            var table = WideTable(now: Timestamp.now, style: TextStyle(isColored: false), columns: columns)
            for job in jobs { table.add(job, lastRun: nil, zone: nil) }
            let text = try OutputBuffer.text { try table.write(to: &$0) }
            let lines = text.split(separator: "\n").dropLast()
            #expect(lines.count == 3)
            for line in lines { #expect(TextWidth.of(String(line)) <= columns, "\(line)") }
            // The more room, the more columns.
            let titles = lines[0].split(separator: " ")
            #expect(titles.first == "ID")
            #expect(titles.contains("IN"))
            if columns <= 60 { #expect(!titles.contains("NEXT")) }
            if columns >= 120 { #expect(titles.contains("NEXT")) }
            if columns >= 140 { #expect(titles.contains("ZONE")) }
        }
    }
}
