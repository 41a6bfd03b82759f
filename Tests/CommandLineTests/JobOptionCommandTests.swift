import RQWire
import RedisCron
import TestSupport
import Testing

@testable import rqrcron

/// RQ's own options of a job, from the command line to the job.
@Suite(.timeLimit(.minutes(2))) struct JobOptionCommandTests {
    private func succeed(_ words: [String], on server: RedisServer) async throws -> String {
        let ending = try await Rqrcron.run(words, on: server)
        try #require(ending.status == 0, "\(words): \(ending.errors)")
        #expect(ending.errors == "")
        return ending.output
    }

    private static let register = ["register", "a", "--func", "m.f", "--queue", "q", "--interval", "9"]

    private static let options = [
        "--retry", "3", "--retry-intervals", "10,60", "--on-success", "m.done", "--on-failure", "m.failed",
        "--on-stopped", "m.stopped", "--webhook", "https://example.com/hook?token=secret", "--webhook",
        "http://other/", "--at-front", "--planned-time-arg", "at",
    ]

    private static let shown = """
        retry        3 times, after 10, 60 s
        on success   m.done
        on failure   m.failed
        on stopped   m.stopped
        webhooks     finished: POST https://example.com/hook?…; failed: POST https://example.com/hook?…; \
        finished: POST http://other/; failed: POST http://other/
        at front     yes
        planned time passed as at

        """

    @Test func `every option reaches hash, show, JSON and job`() async throws {
        try await withRedis { server in
            _ = try await succeed(Self.register + Self.options, on: server)
            let hash = try server.command("HGETALL", "rq:cron_job:a").textFields
            #expect(hash["retry"] == #"{"max":3,"intervals":[10,60]}"#)
            #expect(hash["on_success"] == "m.done" && hash["on_failure"] == "m.failed")
            #expect(hash["on_stopped"] == "m.stopped" && hash["at_front"] == "1" && hash["planned_time_arg"] == "at")
            let webhooks = try JSONValue(parsing: hash["webhooks"] ?? "").array ?? []
            #expect(webhooks.count == 4)
            #expect(
                webhooks.first?.description
                    == #"{"url": "https://example.com/hook?token=secret", "job_status": "finished", "method": "POST", "#
                    + #""headers": null, "timeout": 10}"#)
            let sheet = try await succeed(["show", "a"], on: server)
            #expect(sheet.contains(Self.shown), "\(sheet)")
            #expect(!sheet.contains("secret"))
            let info = try await succeed(["info", "--json"], on: server)
            #expect(info.contains(#""retry": {"max": 3, "intervals": [10, 60]}, "on_success": "m.done""#))
            #expect(info.contains(#""at_front": true, "planned_time_arg": "at""#))

            let id = try await succeed(["trigger", "a"], on: server).split(separator: "\n").joined()
            let job = try server.command("HGETALL", "rq:job:\(id)").textFields
            #expect(job["retries_left"] == "3" && job["retry_intervals"] == "[10, 60]")
            #expect(job["success_callback_name"] == "m.done" && job["success_callback_timeout"] == "60")
            #expect(job["webhooks"]?.hasPrefix(#"[{"url": "https://example.com/hook?token=secret", "#) == true)
            let passed = try #require(job["description"]?.wholeMatch(of: /m\.f\(at='(.+Z)'\)/)?.1)
            #expect(try Timestamp(parsing: String(passed)) > Timestamp.now - .seconds(60))
        }
    }

    @Test func `a definition without options shows and writes none of them`() async throws {
        try await withRedis { server in
            _ = try await succeed(Self.register + Self.options, on: server)
            _ = try await succeed(Self.register, on: server)
            let hash = try server.command("HGETALL", "rq:cron_job:a").textFields
            for field in [
                "retry", "on_success", "on_failure", "on_stopped", "webhooks", "at_front", "planned_time_arg",
            ] {
                #expect(hash[field] ?? "" == "", "\(field)")
            }
            #expect(try await !succeed(["show", "a"], on: server).contains("retry"))
            let info = try await succeed(["info", "--json"], on: server)
            #expect(info.contains(#""retry": null"#) && info.contains(#""webhooks": null, "at_front": null"#))
            let id = try await succeed(["trigger", "a"], on: server).split(separator: "\n").joined()
            let job = try server.command("HGETALL", "rq:job:\(id)").textFields
            #expect(job["retries_left"] == nil && job["webhooks"] == nil && job["success_callback_timeout"] == nil)
            #expect(job["success_callback_name"] == "")
        }
    }

    @Test(arguments: ["json", "crontab"])
    func `what is exported changes nothing when it is applied, and makes the same of nothing`(
        format: String
    ) async throws {
        try await withRedis { server in
            _ = try await succeed(Self.register + Self.options, on: server)
            let hash = try server.command("HGETALL", "rq:cron_job:a").textFields
            let file = try await succeed(["export", "--format", format], on: server)
            let again = try await Rqrcron.run(["apply", "-"], on: server, input: file)
            #expect(again.output == "Plan: 0 to create, 0 to change, 0 to delete, 1 unchanged.\n", "\(again)")
            try server.command("FLUSHALL")
            let anew = try await Rqrcron.run(["apply", "-"], on: server, input: file)
            #expect(anew.status == 0, "\(anew)")
            let made = try server.command("HGETALL", "rq:cron_job:a").textFields
            for field in CronJobHash.Field.spec.map(\.name) { #expect(made[field] == hash[field], "\(field)") }
        }
    }

    @Test func `a plan tells what changes, without secrets`() async throws {
        try await withRedis { server in
            _ = try await succeed(Self.register + Self.options, on: server)
            func plan(_ options: String) async throws -> String {
                let line =
                    "a every 9s q m.f() at_front=true planned_time_arg='at' on_success='m.done' on_failure='m.failed' "
                return try await Rqrcron.run(["apply", "--dry-run", "-"], on: server, input: line + options + "\n")
                    .output
            }
            let other = try await plan(
                """
                on_stopped='m.other' retry={'max': 1} \
                webhooks=[{"url": "https://example.com/hook?token=secret2", "job_status": "failed"}]
                """)
            #expect(other.contains("    retry: {\"max\":3,\"intervals\":[10,60]} -> {\"max\":1}\n"), "\(other)")
            #expect(other.contains("    on_stopped: m.stopped -> m.other\n"))
            #expect(other.contains(" -> failed: GET https://example.com/hook?…\n") && !other.contains("secret"))
            let none = try await plan("")
            #expect(none.contains("http://other/ -> none\n") && none.contains("    on_stopped: m.stopped -> none\n"))

            let webhook = ["--webhook", "https://example.com/hook?token=secret"]
            _ = try await succeed(Self.register + webhook, on: server)
            let file = try await succeed(["export"], on: server).replacing("secret", with: "secret2")
            let hidden = try await Rqrcron.run(["apply", "--dry-run", "-"], on: server, input: file).output
            #expect(hidden.contains("(what changed is not shown)\n") && !hidden.contains("secret"), "\(hidden)")
        }
    }

    @Test(arguments: [
        (["--retry", "0"], "--retry must be at least 1, not 0"), (["--retry", "x"], "--retry takes a whole number"),
        (["--retry-intervals", "10"], "--retry-intervals is given without --retry"),
        (["--retry", "1", "--retry-intervals", "10,,5"], "--retry-intervals takes whole seconds with commas"),
        (["--retry", "1", "--retry-intervals", "-1"], "--retry-intervals takes whole seconds with commas"),
        (["--on-success", "done"], "on_success: got 'done', expected a function's dotted name"),
        (["--webhook", "ftp://secret"], "--webhook must begin with http:// or https://"),
        (
            ["--webhook", "https://a/", "--webhook", "https://user:secret@a/"],
            "--webhook must hold no user and password"
        ),
        (["--at-front=1"], "--at-front takes no value"),
        (["--planned-time-arg", "class"], "planned_time_arg: got 'class', expected the name of a keyword argument"),
        (["--planned-time-arg", "at", "--kwargs", #"{"at": 1}"#], "planned_time_arg: is 'at', which kwargs has too"),
    ])
    func `a bad option is named with its reason, and nothing is written`(
        words: [String], reason: String
    ) async throws {
        try await withRedis { server in
            let ending = try await Rqrcron.run(Self.register + words, on: server)
            #expect(ending.status != 0)
            #expect(ending.errors.contains(reason), "\(ending.errors)")
            #expect(!ending.errors.contains("secret"))
            #expect(try server.command("DBSIZE").integer == 0)
        }
    }

    @Test(arguments: [
        (#""retry": 3"#, #"retry: must be an object such as {"max": 3, "intervals": [10, 60]}, not 3"#),
        (#""retry": {"max": 0}"#, "retry: max must be at least 1, not 0"),
        (#""on_failure": 1"#, "on_failure: must be a text, not 1"),
        (#""at_front": 2"#, "at_front: must be true or false"),
        (#""at_front": 0"#, "at_front: must be true or false"),
        (
            #""webhooks": [{"url": "http://secret", "job_status": "started"}]"#,
            "entry 1: job_status must be finished or failed"
        ),
        (
            #""webhooks": [{"url": "http://u:secret@h", "job_status": "failed"}]"#,
            "webhooks: entry 1: url must hold no user and password"
        ),
        (#""webhooks": "http://secret""#, "webhooks: must be an array of objects"),
    ])
    func `a bad key of a file is named with its reason, and nothing is written`(
        key: String, reason: String
    ) async throws {
        try await withRedis { server in
            let file = #"{"jobs": [{"id": "a", "func": "m.f", "queue": "q", "interval": 9, \#(key)}]}"#
            let ending = try await Rqrcron.run(["apply", "-"], on: server, input: file)
            #expect(ending.status != 0)
            #expect(ending.errors.contains(reason), "\(ending.errors)")
            #expect(!ending.errors.contains("secret"))
            #expect(try server.command("DBSIZE").integer == 0)
        }
    }
}
