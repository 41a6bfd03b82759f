import RQWire
import TestSupport
import Testing

@testable import rqrcron

@Suite(.timeLimit(.minutes(2))) struct DefinitionCommandTests {
    private func succeed(_ words: [String], on server: RedisServer) async throws -> String {
        let ending = try await Rqrcron.run(words, on: server)
        try #require(ending.status == 0, "\(words): \(ending.errors)")
        #expect(ending.errors == "")
        return ending.output
    }

    @Test func `every option of register reaches its field`() async throws {
        try await withRedis { server in
            let words = [
                "register", "a", "--func", "app.tasks.rebuild", "--queue", "metrics", "--cron", "0 7 * * *",
                "--timezone",
                "Europe/Berlin", "--args", "[1, 1.0, \"é\"]", "--kwargs", "{\"deep\": true}", "--meta", "{\"a\": null}",
                "--job-timeout", "60", "--result-ttl", "0", "--ttl", "5", "--failure-ttl", "-1", "--description",
                "Nightly: é", "--disabled",
            ]
            #expect(try await succeed(words, on: server).hasPrefix("registered a: 0 7 * * *, disabled, next 2"))
            let hash = try server.command("HGETALL", "rq:cron_job:a").textFields
            let expected = [
                "func_name": "app.tasks.rebuild", "queue_name": "metrics", "cron": "0 7 * * *", "interval": "",
                "timezone": "Europe/Berlin", "args": "[1,1.0,\"\\u00e9\"]", "kwargs": "{\"deep\":true}",
                "meta": "{\"a\":null}", "job_timeout": "60", "result_ttl": "0", "ttl": "5", "failure_ttl": "-1",
                "enabled": "0", "description": "Nightly: é",
            ]
            for (field, value) in expected { #expect(hash[field] == value, "\(field)") }
            #expect(try server.command("ZSCORE", "rq:cron_jobs", "a") == .null)
        }
    }

    @Test func `a description is listed, exported, sent with the job, and goes with its definition`() async throws {
        try await withRedis { server in
            let register = ["register", "a", "--func", "m.f", "--queue", "q", "--interval", "9"]
            _ = try await succeed(register + ["--description", "nightly"], on: server)
            #expect(try await succeed(["show", "a"], on: server).contains("\ndescription  nightly\n"))
            #expect(try await succeed(["info", "--json"], on: server).contains("\"description\": \"nightly\""))
            let job = try await succeed(["trigger", "a"], on: server).split(separator: "\n").joined()
            #expect(try server.command("HGET", "rq:job:\(job)", "description").string == "nightly")
            for format in ["json", "crontab"] {
                let file = try await succeed(["export", "--format", format], on: server)
                #expect(file.contains("nightly"))
                let again = try await Rqrcron.run(["apply", "-"], on: server, input: file)
                #expect(again.output == "Plan: 0 to create, 0 to change, 0 to delete, 1 unchanged.\n", "\(again)")
            }
            _ = try await succeed(register + ["--description", "weekly"], on: server)
            #expect(try server.command("HGET", "rq:cron_job:a", "description").string == "weekly")
            _ = try await succeed(register, on: server)
            #expect(try server.command("HGET", "rq:cron_job:a", "description").string ?? "" == "")
            #expect(try await succeed(["show", "a"], on: server).contains("\ndescription  the call\n"))
        }
    }

    @Test func `several definitions are triggered at once, and show prints the job`() async throws {
        try await withRedis { server in
            for id in ["a", "b"] {
                let made = try await Rqrcron.run(
                    ["register", id, "--func", "m.f", "--queue", "q", "--interval", "1000"], on: server)
                #expect(made.status == 0, "\(made.errors)")
            }
            let ending = try await Rqrcron.run(["trigger", "a", "none", "b"], on: server)
            #expect(ending.status == 1)
            #expect(ending.errors.contains("job 'none': no such definition in Redis"), "\(ending.errors)")
            let jobs = ending.output.split(separator: "\n").map(String.init)
            #expect(try server.command("LRANGE", "rq:queue:q", 0, -1).strings == jobs)
            try #require(jobs.count == 2)
            for (id, job) in zip(["a", "b"], jobs) {
                let queued = try #require(try server.command("HGET", "rq:job:\(job)", "enqueued_at").string)
                let shown = try await Rqrcron.run(["show", id], on: server)
                #expect(
                    shown.output.contains("\nlast job     \(job) queued, triggered at \(queued)\n"), "\(shown.output)")
            }
            // The last job is the newer of the triggered one and the planned one.
            let scheduler = try Rqrcron.start(["run"], on: server)
            try await eventually("both are queued") { try server.command("LLEN", "rq:queue:q").integer == 4 }
            #expect(try await scheduler.terminate() == .exited(0))
            let planned = try await Rqrcron.run(["show", "a"], on: server)
            #expect(planned.output.contains(" queued, planned for "), "\(planned.output)")
            let again = try await Rqrcron.run(["trigger", "a"], on: server)
            let shown = try await Rqrcron.run(["show", "a"], on: server)
            #expect(shown.output.contains("\nlast job     \(again.output.dropLast()) queued, triggered at "))
            // When RQ no longer has it, the one before is the last.
            try server.command("DEL", "rq:job:\(again.output.dropLast())")
            let expired = try await Rqrcron.run(["show", "a"], on: server)
            #expect(expired.output.contains(" queued, planned for "), "\(expired.output)")
        }
    }

    @Test func `a definition is disabled, enabled, triggered, shown and deleted`() async throws {
        try await withRedis { server in
            _ = try await succeed(
                ["register", "a", "--func", "app.tasks.rebuild", "--queue", "q", "--interval", "100"], on: server)
            _ = try await succeed(["register", "b", "--func", "m.f", "--queue", "q", "--interval", "5"], on: server)
            #expect(try await succeed(["disable", "a", "b"], on: server) == "disabled a\ndisabled b\n")
            #expect(try server.command("HGET", "rq:cron_job:b", "enabled").string == "0")
            #expect(try await succeed(["enable", "a"], on: server) == "enabled a\n")
            #expect(try server.command("HGET", "rq:cron_job:a", "enabled").string == "1")

            var expected = try server.command("HGETALL", "rq:cron_job:a").textFields
            let job = try await succeed(["trigger", "a"], on: server)
            let id = try #require(job.split(separator: "\n").first)
            #expect(try server.command("LRANGE", "rq:queue:q", 0, -1).strings == [String(id)])
            // The schedule does not change. Only the id of the triggered job is stored.
            expected["triggered_job"] = String(id)
            #expect(try server.command("HGETALL", "rq:cron_job:a").textFields == expected)

            let text = try await succeed(["show", "a"], on: server)
            #expect(text.contains("function     app.tasks.rebuild\n"))
            #expect(text.contains("schedule     every 100s\n"))
            guard case .object(let shown) = try JSONValue(parsing: await succeed(["show", "a", "--json"], on: server))
            else {
                Issue.record("no object")
                return
            }
            #expect(shown["interval"] == 100)
            #expect(shown["cron"] == nil as JSONValue)
            #expect(shown["source"] == nil as JSONValue)
            #expect(shown["created_at"] == .string(expected["created_at"] ?? ""))

            #expect(try await succeed(["delete", "b", "a"], on: server) == "deleted b\ndeleted a\n")
            #expect(try server.command("EXISTS", "rq:cron_job:a", "rq:cron_job:b", "rq:cron_jobs").integer == 0)
        }
    }

    @Test func `a missing id does not stop the change of the others`() async throws {
        try await withRedis { server in
            _ = try await succeed(["register", "a", "--func", "m.f", "--queue", "q", "--interval", "5"], on: server)
            for (command, done) in [("disable", "disabled"), ("enable", "enabled"), ("delete", "deleted")] {
                let ending = try await Rqrcron.run([command, "none", "a"], on: server)
                #expect(ending.status == 1)
                #expect(ending.output == "\(done) a\n")
                #expect(
                    ending.errors
                        == "rqrcron: job 'none': no such definition in Redis; list them all with: rqrcron info\n")
            }
            for command in ["show", "trigger"] {
                let ending = try await Rqrcron.run([command, "none"], on: server)
                #expect(ending.status == 1)
                #expect(ending.errors.contains("no such definition in Redis"))
            }
        }
    }

    @Test func `a key that is not a definition is not deleted, and the message says what to do`() async throws {
        try await withRedis { server in
            try server.command("SET", "rq:cron_job:text", "x")
            try server.command("HSET", "rq:cron_job:a:jobs", "id", "a:jobs")
            try server.command("ZADD", "rq:cron_job:b:jobs", 1, "job")
            let deleted = try await Rqrcron.run(["delete", "text", "a:jobs", "b:jobs"], on: server)
            #expect(deleted.status == 1)
            #expect(deleted.output == "deleted a:jobs\n")
            #expect(deleted.errors.contains("job 'text': its key rq:cron_job:text holds no hash"), "\(deleted.errors)")
            #expect(try server.command("EXISTS", "rq:cron_job:text", "rq:cron_job:b:jobs").integer == 2)
            let words = ["register", "text", "--func", "m.f", "--queue", "q", "--interval", "1"]
            let registered = try await Rqrcron.run(words, on: server)
            #expect(registered.status == 1)
            #expect(registered.errors.contains("look with: rqrcron doctor"), "\(registered.errors)")
            try server.command("HSET", "rq:cron_job:bad", "id", "bad")
            let shown = try await Rqrcron.run(["show", "bad"], on: server)
            #expect(
                shown.errors.hasSuffix("; register it again, or delete it with: rqrcron delete\n"), "\(shown.errors)")
        }
    }

    @Test func `a definition that cannot be read is named and can be deleted`() async throws {
        try await withRedis { server in
            try server.command("HSET", "rq:cron_job:bad", "id", "bad", "func_name", "m.f", "interval", "soon")
            let info = try await Rqrcron.run(["info"], on: server)
            #expect(info.status == 0)
            #expect(info.output.contains("\n1 definition cannot be read:\n  bad: "))
            let shown = try await Rqrcron.run(["show", "bad"], on: server)
            #expect(shown.status == 1)
            #expect(shown.errors.hasPrefix("rqrcron: job 'bad', "))
            #expect(try await succeed(["delete", "bad"], on: server) == "deleted bad\n")
            #expect(try server.command("EXISTS", "rq:cron_job:bad").integer == 0)
        }
    }

    @Test func `a refused registration leaves nothing behind`() async throws {
        try await withRedis { server in
            for words in [
                ["--func", "nodots", "--interval", "5"], ["--func", "m.f", "--cron", "61 * * * *"],
                ["--func", "m.f", "--interval", "5", "--job-timeout", "0"],
                ["--func", "m.f", "--cron", "* * * * *", "--timezone", "No/Where"],
            ] {
                let ending = try await Rqrcron.run(["register", "a", "--queue", "q"] + words, on: server)
                #expect(ending.status != 0)
                #expect(try server.command("DBSIZE").integer == 0)
            }
        }
    }
}
