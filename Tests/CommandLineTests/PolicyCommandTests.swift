import RQWire
import RedisCron
import TestSupport
import Testing

@testable import rqrcron

/// The options of `register` that say more about a schedule, and what is shown of such definitions.
@Suite(.timeLimit(.minutes(2))) struct PolicyCommandTests {
    private func succeed(_ words: [String], on server: RedisServer, input: String = "") async throws -> String {
        let ending = try await Rqrcron.run(words, on: server, input: input)
        try #require(ending.status == 0, "\(words): \(ending.errors)")
        return ending.output
    }

    private static let interval = ["register", "a", "--func", "m.f", "--queue", "q", "--interval", "3600"]
    private static let cron = [
        "register", "b", "--func", "m.f", "--queue", "q", "--cron", "0 7 * * *", "--timezone", "UTC",
    ]

    private static let options: [(words: [String], field: String, value: String, shown: String)] = [
        (["--overlap", "wait"], "overlap", "wait", "overlap      wait"),
        (["--jitter", "60"], "jitter", "60", "jitter       up to 60 s"),
        (["--catchup", "all"], "catchup", "all", "catchup      all"),
        (["--catchup-window", "900"], "catchup_window", "900", "window       900 s"),
        (
            ["--start", "2026-01-01T01:00:00+01:00"], "start_time", "2026-01-01T00:00:00.000000Z",
            "start        2026-01-01T00:00:00.000000Z"
        ),
        (
            ["--end", "9000-01-01T00:00:00Z"], "end_time", "9000-01-01T00:00:00.000000Z",
            "end          9000-01-01T00:00:00.000000Z"
        ),
        (["--max-runs", "7"], "max_runs", "7", "max runs     7"),
        (
            ["--exclude", "* * * * sun", "--exclude", "2026-12-24/2027-01-02"], "exclude",
            #"["* * * * sun","2026-12-24/2027-01-02"]"#, "exclude      * * * * sun; 2026-12-24/2027-01-02"
        ),
        (["--pause-after-failures", "3"], "pause_after_failures", "3", "pause after  3 failures in a row"),
        (["--delete-after", "60"], "delete_after", "60", "delete after 60 s"),
        (["--history", "5"], "history", "5", "history      5 runs"),
    ]

    @Test func `every option reaches hash, show and JSON, and goes with the definition`() async throws {
        try await withRedis { server in
            _ = try await succeed(Self.cron + Self.options.flatMap(\.words), on: server)
            let hash = try server.command("HGETALL", "rq:cron_job:b").textFields
            let sheet = try await succeed(["show", "b"], on: server)
            let json = try await succeed(["info", "--json"], on: server)
            for option in Self.options {
                #expect(hash[option.field] == option.value, "\(option.field)")
                #expect(sheet.contains("\n\(option.shown)\n"), "\(option.shown) is not in \(sheet)")
                #expect(json.contains("\"\(option.field)\": ") && !json.contains("\"\(option.field)\": null"))
            }
            #expect(sheet.contains("\nstate        enabled, 0 of 7 runs\n"))
            for format in ["json", "crontab"] {
                let file = try await succeed(["export", "--format", format], on: server)
                let again = try await succeed(["apply", "-"], on: server, input: file)
                #expect(again == "Plan: 0 to create, 0 to change, 0 to delete, 1 unchanged.\n")
            }
            _ = try await succeed(Self.cron, on: server)
            let plain = try server.command("HGETALL", "rq:cron_job:b").textFields
            for option in Self.options { #expect(plain[option.field] == nil, "\(option.field)") }
            let bare = try await succeed(["show", "b"], on: server)
            for option in Self.options { #expect(!bare.contains("\n\(option.shown.prefix(13))")) }
        }
    }

    @Test(arguments: [
        (["--overlap", "never"], "--overlap"), (["--catchup", "two"], "--catchup"),
        (["--jitter", "0"], "--jitter must be from 1 to 86400 s"),
        (["--jitter", "3600"], "jitter: must be shorter than the interval"),
        (["--start", "2026-01-01"], "--start"), (["--end", "2020-01-01T00:00:00Z"], "end_time: "),
        (["--history", "1001"], "--history must be from 0 to 1000"),
        (["--exclude", "2026-13-01"], "exclude: "), (["--max-runs", "0"], "--max-runs must be at least 1"),
        (["--exclude", "* * * * *"], "exclude: leaves no time"),
        (["--catchup", "all", "--overlap", "skip"], "catchup: all does not go with overlap skip"),
    ])
    func `a bad option is named, and nothing is written`(words: [String], reason: String) async throws {
        try await withRedis { server in
            let ending = try await Rqrcron.run(Self.interval + words, on: server)
            #expect(ending.status != 0)
            #expect(ending.errors.contains(reason), "\(ending.errors)")
            #expect(try server.command("DBSIZE").integer == 0)
        }
    }

    @Test func `a definition that has had its runs is finished until its count is reset`() async throws {
        try await withRedis { server in
            _ = try await succeed(Self.interval + ["--max-runs", "2"], on: server)
            try server.command("HSET", "rq:cron_job:a", "run_count", "2")
            let limited = Self.interval + ["--max-runs", "2"]
            #expect(
                try await succeed(limited, on: server) == "registered a: every 3600s, finished: 2 of 2 runs\n")
            let sheet = try await succeed(["show", "a"], on: server)
            #expect(sheet.contains("\nstate        finished: 2 of 2 runs\n") && sheet.contains("\nnext         none\n"))
            #expect(sheet.contains("\nnext times   none, it is finished: 2 of 2 runs\n"), "\(sheet)")
            #expect(!sheet.contains("no further time"))
            let wide = try await succeed(["info", "--wide"], on: server)
            #expect(wide.contains("  finished: 2 of 2 runs  -  "), "\(wide)")
            let next = try await Rqrcron.run(["next", "--id", "a"], on: server)
            #expect(next.errors == "rqrcron: a has no next time: it is finished: 2 of 2 runs\n")
            #expect(try await succeed(["enable", "a"], on: server) == "enabled a; it is finished: 2 of 2 runs\n")
            #expect(try server.command("ZCARD", "rq:cron_jobs").integer == 0)

            let anew = try await succeed(limited + ["--reset-count"], on: server)
            #expect(anew.hasPrefix("registered a: every 3600s, enabled, 0 of 2 runs, next "), "\(anew)")
            #expect(try server.command("ZCARD", "rq:cron_jobs").integer == 1)
        }
    }

    @Test func `what is to be deleted once it has finished, and never finishes, is warned of`() async throws {
        try await withRedis { server in
            let message =
                "delete_after: without end_time or max_runs the definition never finishes, so it is never deleted"
            let registered = try await Rqrcron.run(Self.interval + ["--delete-after", "60"], on: server)
            #expect(registered.status == 0)
            let option = message.replacing("delete_after", with: "delete-after")
            #expect(registered.errors == "rqrcron: warning: --\(option)\n")
            let doctor = try await Rqrcron.run(["doctor"], on: server)
            #expect(doctor.output.contains("notice   definition 'a': \(message)\n"), "\(doctor.output)")

            let file = "b  every 1h  q  m.f()  delete_after=60\nc  every 1h  q  m.f()  delete_after=60 max_runs=1\n"
            let applied = try await Rqrcron.run(["apply", "-"], on: server, input: file)
            #expect(applied.status == 0)
            #expect(applied.errors == "rqrcron: warning: standard input: line 1: job 'b': \(message)\n")

            for bound in [["--max-runs", "1"], ["--end", "9000-01-01T00:00:00Z"]] {
                let bounded = try await Rqrcron.run(Self.interval + ["--delete-after", "60"] + bound, on: server)
                #expect(bounded.status == 0 && bounded.errors.isEmpty, "\(bounded.errors)")
            }
            let again = try await Rqrcron.run(["doctor"], on: server)
            #expect(!again.output.contains("definition 'a': "), "\(again.output)")
        }
    }

    @Test func `the plan says how many runs a new definition makes up for at once`() async throws {
        try await withRedis { server in
            let first = Timestamp.now - .seconds(7_230)
            let file = """
                all     every 1h  q  m.f()  first_run='\(first)' catchup="all"
                window  every 1h  q  m.f()  first_run='\(first)' catchup="all" catchup_window=3700
                many    every 1s  q  m.f()  first_run='\(first)' catchup="all"
                one     every 1h  q  m.f()  first_run='\(first)'
                off     every 1h  q  m.f()  first_run='\(first)' catchup="all" enabled=false
                now     every 1h  q  m.f()  catchup="all"

                """
            let applied = try await succeed(["apply", "-"], on: server, input: file)
            let lines = applied.split(separator: "\n").filter { $0.contains(" at once") }
            let reason = "runs at once: its first run is in the past, and catchup is all"
            #expect(
                lines == [
                    "  all makes up for 3 \(reason)", "  window makes up for 2 \(reason)",
                    "  many makes up for 1000 \(reason)",
                ])
            let again = try await succeed(["apply", "-"], on: server, input: file)
            #expect(again == "Plan: 0 to create, 0 to change, 0 to delete, 6 unchanged.\n")
        }
    }

    @Test func `apply writes a campaign that is over, and says so`() async throws {
        try await withRedis { server in
            let file = "CRON_TZ = UTC\nz  0 7 * * *  q  m.f()  end_time='2020-01-01T00:00:00Z'\n"
            let applied = try await succeed(["apply", "-"], on: server, input: file)
            #expect(
                applied == """
                    + z  0 7 * * *  m.f  q
                      z is finished: it has no run left
                    Plan: 1 to create, 0 to change, 0 to delete, 0 unchanged.
                    Applied.

                    """)
            let sheet = try await succeed(["show", "z"], on: server)
            #expect(sheet.contains("\nstate        finished: no time left before its end\n"))
            let again = try await succeed(["apply", "-"], on: server, input: file)
            #expect(again == "Plan: 0 to create, 0 to change, 0 to delete, 1 unchanged.\n")
        }
    }

    @Test func `an end and exclusions hold for a first run that is put off`() async throws {
        try await withRedis { server in
            let file = """
                over   every 1h  q  m.f()  first_run='2019-12-01T00:00:00Z' end_time='2020-01-01T00:00:00Z'
                late   every 1h  q  m.f()  first_run='9000-12-01T00:00:00Z' end_time='9000-01-01T00:00:00Z'
                moves  every 7h  q  m.f()  first_run='9000-01-01T06:00:00Z' exclude=['9000-01-01'] timezone=UTC
                """
            let applied = try await succeed(["apply", "-"], on: server, input: file)
            for id in ["over", "late"] {
                #expect(applied.contains("\n  \(id) is finished: it has no run left\n"), "\(applied)")
            }
            let next = try server.command("HGET", "rq:cron_job:moves", "next_enqueue_time").string
            #expect(next == "9000-01-02T03:00:00.000000Z")
            #expect(try server.command("ZRANGE", "rq:cron_jobs", 0, -1).strings == ["moves"])
            let again = try await succeed(["apply", "-"], on: server, input: file)
            #expect(again == "Plan: 0 to create, 0 to change, 0 to delete, 3 unchanged.\n")
            let none = "none every 1h q m.f() first_run='9999-12-30T00:00:00Z' exclude=['9999-12-30/9999-12-31']"
            let refused = try await Rqrcron.run(["apply", "-"], on: server, input: none)
            #expect(refused.status != 0 && refused.errors.contains("exclude: leaves no time"), "\(refused.errors)")
        }
    }

    @Test func `an interval that is there is judged by its own grid`() async throws {
        try await withRedis { server in
            // A new one would be due now, which is excluded; so would each that follows. It begins when it may.
            let now = Timestamp.now.unixSeconds
            let excluded = [now, now + 60].map { "* \($0 / 3600 % 24) * * *" }
            let words = Self.interval.map { $0 == "3600" ? "86400" : $0 } + excluded.flatMap { ["--exclude", $0] }
            _ = try await succeed(words + ["--timezone", "UTC"], on: server)
            let first = try #require(try server.command("HGET", "rq:cron_job:a", "next_enqueue_time").string)
            let end = Timestamp(unixSeconds: ((now + 60) / 3600 + 1) * 3600)
            #expect(first >= end.wireFormat && first < (end + .seconds(1)).wireFormat, "\(first)")
            let doctor = try await Rqrcron.run(["doctor", "--json"], on: server)
            #expect(!doctor.output.contains(#""subject": "a""#), "\(doctor.output)")
            let same = try await succeed(["apply", "-"], on: server, input: try await succeed(["export"], on: server))
            #expect(same == "Plan: 0 to create, 0 to change, 0 to delete, 1 unchanged.\n")
            _ = try await succeed(["delete", "a"], on: server)

            let other = Timestamp(unixSeconds: (now / 3600 + 12) * 3600)
            let file = """
                a  every 1d  q  m.f()  timezone=UTC first_run='\(other)' exclude=["\(excluded.joined(separator: "\", \""))"]

                """
            _ = try await succeed(["apply", "-"], on: server, input: file)
            let next = try server.command("HGET", "rq:cron_job:a", "next_enqueue_time").string
            #expect(next == other.wireFormat)
            let again = try await succeed(["apply", "-"], on: server, input: file)
            #expect(again == "Plan: 0 to create, 0 to change, 0 to delete, 1 unchanged.\n")
            _ = try await succeed(words + ["--timezone", "UTC", "--overlap", "skip"], on: server)
            #expect(try server.command("HGET", "rq:cron_job:a", "next_enqueue_time").string == next)
            let refused = try await Rqrcron.run(words + ["--exclude", "* * * * *"], on: server)
            #expect(refused.errors.contains("exclude: leaves no time"), "\(refused.errors)")
            // No line of a file that has such a definition is applied.
            let wrong = "b every 1d q m.f()\n" + file.replacing("exclude=[", with: "exclude=[\"* * * * *\", ")
            let ending = try await Rqrcron.run(["apply", "-"], on: server, input: wrong)
            #expect(ending.errors.contains("line 2: job 'a': exclude: leaves no time"), "\(ending.errors)")
            #expect(try server.command("EXISTS", "rq:cron_job:b").integer == 0)
        }
    }

    @Test func `an end that has passed is refused for a definition that nobody can read, too`() async throws {
        try await withRedis { server in
            try server.command("HSET", "rq:cron_job:a", "id", "a", "interval", "often")
            let refused = try await Rqrcron.run(Self.interval + ["--end", "2020-01-01T00:00:00Z"], on: server)
            #expect(refused.status == 1 && refused.errors.contains("end_time: 2020-01-01"), "\(refused.errors)")
            #expect(try server.command("HGET", "rq:cron_job:a", "interval").string == "often")
        }
    }

    @Test func `next shows times as they will run`() async throws {
        try await withRedis { server in
            let words = [
                "--jitter", "60", "--max-runs", "4", "--exclude", "9000-01-02", "--start", "9000-01-01T00:00:00Z",
            ]
            _ = try await succeed(Self.cron + words, on: server)
            try server.command("HSET", "rq:cron_job:b", "run_count", "1")
            let times = try await succeed(["next", "--id", "b", "-n", "9"], on: server)
            let days = ["01", "03", "04"].map {
                "9000-01-\($0)T07:00:00.000000Z to 9000-01-\($0)T07:01:00.000000Z\n"
            }
            #expect(times == days.joined())
            let one = try await succeed(["next", "--id", "b", "-n", "9", "--from", "9000-01-03T12:00:00Z"], on: server)
            #expect(one == days[2])
            let calendar = try await succeed(
                ["next", "--id", "b", "--calendar", "--from", "9000-01-03T12:00:00Z"], on: server)
            #expect(
                calendar.contains(" 1 1   2 .   3 1   4 1   5 .") && calendar.hasSuffix("\n3 runs\n"), "\(calendar)")
            let sheet = try await succeed(["show", "b"], on: server)
            let lines = sheet.split(separator: "\n")
            let start = try #require(lines.firstIndex { $0.hasPrefix("next times") })
            #expect(lines[start].contains("  9000-01-01T07:00:00.000000Z to 9000-01-01T07:01:00.000000Z  in "))
            #expect(lines[start + 3].hasPrefix("warning "))
        }
    }

    @Test func `nothing runs before the run that is planned`() async throws {
        try await withRedis { server in
            _ = try await succeed(Self.interval, on: server)
            try server.command("HSET", "rq:cron_job:a", "next_enqueue_time", "9000-01-01T00:00:00.5Z")
            let times = try await succeed(["next", "--id", "a", "-n", "2"], on: server)
            #expect(times == "9000-01-01T00:00:00.500000Z\n9000-01-01T01:00:00.500000Z\n")
        }
    }

    @Test func `next takes start, end and exclusions of an expression`() async throws {
        let words = [
            "next", "0 7 * * *", "--timezone", "UTC", "--from", "2026-12-20T00:00:00Z", "-n", "9", "--start",
            "2026-12-22T00:00:00Z", "--end", "2026-12-28T07:00:00Z", "--exclude", "2026-12-24/2026-12-26", "--exclude",
            "* * 23 * *",
        ]
        let ending = try await Rqrcron.run(words)
        #expect(
            ending.output
                == ["22", "27", "28"].map { "2026-12-\($0)T07:00:00.000000Z\n" }.joined(), "\(ending.errors)")
        let wrong = try await Rqrcron.run(["next", "0 7 * * *", "--exclude", "2026-13-01"])
        #expect(wrong.status == 1 && wrong.errors.hasPrefix("rqrcron: --exclude: "), "\(wrong.errors)")
        let misplaced = try await Rqrcron.run(["next", "--id", "a", "--end", "2026-12-28T07:00:00Z"])
        #expect(misplaced.status == 2 && misplaced.errors.contains("go with an expression"), "\(misplaced.errors)")
    }

    @Test func `a run that waits for earlier ones is not overdue`() async throws {
        try await withRedis { server in
            _ = try await succeed(Self.interval + ["--overlap", "wait"], on: server)
            try server.command(
                "HSET", "rq:cron_job:a", "next_enqueue_time", "2026-01-01T00:00:00.000000Z", "waiting_since",
                "2026-01-01T00:00:01.000000Z")
            let sheet = try await succeed(["show", "a"], on: server)
            #expect(sheet.contains("\nstate        waits since 2026-01-01T00:00:01.000000Z for earlier runs\n"))
            #expect(!sheet.contains("it was due"))
        }
    }

    @Test func `retries that nobody brings back are told when they matter`() async throws {
        try await withRedis { server in
            let retrying = Self.interval + ["--retry", "2", "--retry-intervals", "10", "--overlap", "skip"]
            let warned = try await Rqrcron.run(retrying, on: server)
            #expect(
                warned.errors.hasPrefix(
                    "rqrcron: warning: job 'a': it retries after a pause, and no worker of queue 'q' was started "),
                "\(warned.errors)")
            let file = try await succeed(["export"], on: server).replacing("\"max\": 2", with: "\"max\": 3")
            let applied = try await Rqrcron.run(["apply", "-"], on: server, input: file)
            #expect(applied.errors.contains("warning: job 'a': it retries after a pause"), "\(applied)")
            try server.command("SET", "rq:scheduler-lock:q", "worker", "EX", "60")
            #expect(try await Rqrcron.run(retrying, on: server).errors == "")
            try server.command("DEL", "rq:scheduler-lock:q")
            #expect(
                try await Rqrcron.run(Self.interval + ["--retry", "2", "--overlap", "skip"], on: server).errors == "")
            #expect(try await Rqrcron.run(retrying.dropLast(2), on: server).errors == "")
        }
    }
}
