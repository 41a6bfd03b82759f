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

    @Test func `show prints the last and next times, the last job and warnings`() async throws {
        try await withRedis { server in
            try await makeTwo(server)
            let first = try await Rqrcron.run(["show", "a"], on: server)
            #expect(first.output.contains("\nlast job     none left in RQ\n"))
            #expect(first.output.contains("\nwarning      no scheduler is running; start one with: rqrcron run\n"))

            let scheduler = try Rqrcron.start(["run"], on: server)
            try await scheduler.waitForOutput(containing: "enqueued 'a'")
            let second = try await Rqrcron.run(["show", "a"], on: server)
            let job = try #require(try server.command("LRANGE", "rq:queue:q", 0, -1).strings.first)
            #expect(second.output.contains("\nlast job     \(job) queued, planned for 2"), "\(second.output)")
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

    @Test func `show prints why the last job failed, and the serializer that the worker needs`() async throws {
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
            let unread = try await Rqrcron.run(["show", "unread"], on: server)
            #expect(unread.output.contains(" failed (rq.exceptions.DeserializationError), planned for "))
            #expect(
                unread.output.contains("\nwarning      its worker uses another serializer than the scheduler; "))
            let fails = try await Rqrcron.run(["show", "fails"], on: server)
            #expect(fails.output.contains(" failed (ValueError: Invalid attribute name: missing), "), "\(fails.output)")
            #expect(!fails.output.contains("warning"))
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

    @Test func `an interval has no times before its creation`() async throws {
        try await withRedis { server in
            try await makeTwo(server)
            let fresh = try await Rqrcron.run(["show", "a"], on: server)
            #expect(fresh.output.contains("\nlast times   none, it has never run\n"))
            try server.command(
                "HSET", "rq:cron_job:a", "created_at", "2026-01-01T00:00:00.000000Z", "latest_enqueue_time",
                "2026-01-02T00:00:00.000000Z", "next_enqueue_time", "2026-01-02T00:01:40.000000Z")
            let old = try await Rqrcron.run(["show", "a"], on: server)
            let lines = old.output.split(separator: "\n")
            let start = try #require(lines.firstIndex { $0.hasPrefix("last times") })
            #expect(lines[start...].prefix(5).allSatisfy { $0.hasSuffix(" ago") }, "\(old.output)")
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
            let table = WideTable(
                jobs: jobs, queues: [], now: Timestamp.now, style: TextStyle(isColored: false), columns: columns,
                zone: nil)
            let lines = table.text.split(separator: "\n").dropLast()
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
