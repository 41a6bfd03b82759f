import Foundation
import TestSupport
import Testing

@testable import rqrcron

@Suite(.timeLimit(.minutes(2))) struct RunCommandTests {
    private func register(_ id: String, every seconds: Int, on server: RedisServer) async throws {
        let made = try await Rqrcron.run(
            ["register", id, "--func", "app.tasks.rebuild", "--queue", "q", "--interval", String(seconds)], on: server)
        try #require(made.status == 0, "\(made.errors)")
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func `a signal stops the scheduler in order`(signal: Int32) async throws {
        try await withRedis { server in
            let process = try Rqrcron.start(["run", "--name", "me", "--lock-ttl", "77"], on: server)
            try await process.waitForOutput(containing: "me took the lock and leads")
            #expect(try server.command("TTL", "rq:cron_jobs:lock").integer ?? 0 > 60)
            #expect(try server.command("TTL", "rq:cron_jobs:lock").integer ?? 99 <= 77)
            try await register("a", every: 100, on: server)
            try await process.waitForOutput(containing: "enqueued 'a' to 'q'")
            #expect(try server.command("LLEN", "rq:queue:q").integer == 1)
            process.send(signal: signal)
            #expect(try await process.waitUntilExit() == .exited(0))
            #expect(try server.command("EXISTS", "rq:cron_jobs:lock", "rq:cron_schedulers").integer == 0)
            #expect(process.output == "")
        }
    }

    @Test func `a signal is not missed, however early it comes`() async throws {
        try await withRedis { server in
            for start in 0..<80 {
                let process = try Rqrcron.start(["run", "--standby", "--name", "s\(start)"], on: server)
                defer { process.kill() }
                // Spread over the first moments of the process, wherever it is by then.
                try await Task.sleep(for: .microseconds(250 * start))
                process.send(signal: SIGTERM)
                let outcome = try await process.waitUntilExit()
                #expect(outcome == .exited(0) || outcome == .killed(by: SIGTERM))
            }
        }
    }

    @Test func `a second scheduler fails, or stands by and takes over`() async throws {
        try await withRedis { server in
            let first = try Rqrcron.start(["run", "--name", "first"], on: server)
            try await first.waitForOutput(containing: "first took the lock")
            let refused = try await Rqrcron.run(["run", "--name", "second"], on: server)
            #expect(refused.status == 1)
            #expect(refused.errors.contains("rqrcron run --standby"))
            #expect(refused.errors.contains("scheduler 'first' (process \(first.pid) on "))
            #expect(refused.errors.contains(", its lock lasts 1"), "\(refused.errors)")
            #expect(try server.command("ZRANGE", "rq:cron_schedulers", 0, -1).strings == ["first"])
            let second = try Rqrcron.start(["run", "--name", "second", "--standby"], on: server)
            try await second.waitForOutput(containing: "second stands by")
            #expect(try await first.terminate() == .exited(0))
            try await second.waitForOutput(containing: "second took the lock")
            #expect(try await second.terminate() == .exited(0))
        }
    }

    @Test func `a lock without a registry entry or an expiry is reported with what is known about it`() async throws {
        try await withRedis { server in
            try server.command("SET", "rq:cron_jobs:lock", "a:b\u{1B}[31m:0123", "EX", 100)
            let brief = try await Rqrcron.run(["run"], on: server).errors
            #expect(brief.contains("scheduler 'a:b\\u{1B}[31m' (its lock lasts "), "\(brief)")
            try server.command("SET", "rq:cron_jobs:lock", "alone")
            let lasting = try await Rqrcron.run(["run"], on: server).errors
            #expect(lasting.contains("scheduler 'alone' (its lock does not expire)"), "\(lasting)")
            #expect(lasting.contains("rqrcron doctor --repair"))
            #expect(lasting.split(separator: "\n").count == 1)
        }
    }

    @Test func `a scheduler that the server refuses says so in one line`() async throws {
        try await withRedis(RedisServer.Configuration(password: "secret")) { server in
            let refused = try await Rqrcron.run(["run", "-u", "redis://127.0.0.1:\(server.port)/0"], on: nil)
            #expect(refused.status == 1)
            #expect(refused.errors.split(separator: "\n").count == 1, "\(refused.errors)")
            #expect(refused.errors.contains("wants a password"))
        }
    }

    @Test func `the log's level and format are obeyed`() async throws {
        // A server without persistence would cause a warning.
        try await withRedis(RedisServer.Configuration(appendOnly: true)) { server in
            let quiet = try Rqrcron.start(["run", "--log-level", "error", "--name", "quiet"], on: server)
            try await eventually("the lock to be taken") {
                try server.command("EXISTS", "rq:cron_jobs:lock").integer == 1
            }
            #expect(try await quiet.terminate() == .exited(0))
            #expect(quiet.errors == "")

            let json = try Rqrcron.start(["run", "--log-format", "json", "--name", "\"j\"\u{1B}"], on: server)
            try await json.waitForOutput(containing: "took the lock")
            #expect(try await json.terminate() == .exited(0))
            for line in json.errors.split(separator: "\n") {
                let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                #expect(object?["level"] as? String == "info")
                #expect((object?["message"] as? String)?.isEmpty == false)
                #expect((object?["time"] as? String)?.hasSuffix("Z") == true)
            }
        }
    }

    @Test func `the serializer and the time zone reach the jobs`() async throws {
        try await withRedis { server in
            try await register("a", every: 100, on: server)
            let made = try await Rqrcron.run(
                ["register", "b", "--func", "m.f", "--queue", "q", "--cron", "0 7 * * *"], on: server,
                environment: ["TZ": "UTC"])
            #expect(made.output.hasSuffix("T07:00:00.000000Z\n"))
            try server.command("ZADD", "rq:cron_jobs", 1, "b")
            try server.command("HSET", "rq:cron_job:b", "next_enqueue_time", "1970-01-01T00:00:01.000000Z")
            let process = try Rqrcron.start(
                ["run", "--serializer", "json", "--timezone", "Asia/Kolkata", "--max-sleep", "0.5"], on: server,
                environment: ["TZ": "UTC"])
            try await eventually("both jobs") { try server.command("LLEN", "rq:queue:q").integer == 2 }
            #expect(try await process.terminate() == .exited(0))
            let next = try server.command("HGET", "rq:cron_job:b", "next_enqueue_time").string
            #expect(next?.hasSuffix("T01:30:00.000000Z") == true)
            let jobs = try server.command("LRANGE", "rq:queue:q", 0, -1).strings
            let data = try server.command("HGET", "rq:job:\(jobs[0])", "data").bytes ?? []
            #expect(
                try await PythonEnvironment().run(
                    [
                        "-c", "import sys,zlib,json; print(json.loads(zlib.decompress(bytes.fromhex(sys.argv[1])))[0])",
                        data.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(),
                    ]).hasSuffix("\n"))
        }
    }

    @Test(arguments: [[], ["--rq-history"]])
    func `definitions are listed for RQ only on request`(options: [String]) async throws {
        try await withRedis { server in
            try await register("a", every: 100, on: server)
            let process = try Rqrcron.start(["run", "--name", "s"] + options, on: server)
            try await eventually("the job") { try server.command("LLEN", "rq:queue:q").integer == 1 }
            func listed() throws -> String? { try server.command("HGET", "rq:cron_scheduler:s", "cron_jobs").string }
            if options.isEmpty {
                #expect(try listed() == "[]")
            } else {
                try await eventually("the definition") { try listed()?.contains(#""name":"a""#) == true }
            }
            #expect(try await process.terminate() == .exited(0))
        }
    }

    @Test func `a signal that arrives twice at once still stops in order; a later one ends at once`()
        async throws
    {
        try await withRedis { server in
            let doubled = try Rqrcron.start(["run"], on: server)
            try await doubled.waitForOutput(containing: "took the lock")
            doubled.send(signal: SIGINT)
            doubled.send(signal: SIGTERM)
            #expect(try await doubled.waitUntilExit() == .exited(0))
            #expect(try server.command("EXISTS", "rq:cron_jobs:lock").integer == 0)

            let stuck = try Rqrcron.start(["run"], on: server)
            try await stuck.waitForOutput(containing: "took the lock")
            server.pause()
            defer { server.resume() }
            stuck.send(signal: SIGINT)
            // The lock cannot be released now, and a second signal does not wait for that.
            try await eventually("the second signal to end it") {
                stuck.send(signal: SIGTERM)
                return stuck.outcome != nil
            }
            #expect(stuck.outcome == .killed(by: SIGTERM))
        }
    }

    @Test func `a terminal that closes twice does not cut the orderly stop short`() async throws {
        try await withRedis { server in
            let process = try Rqrcron.start(["run"], on: server)
            try await process.waitForOutput(containing: "took the lock")
            server.pause()
            process.send(signal: SIGHUP)
            // After the time in which a second signal counts as an echo of the first.
            let start = ContinuousClock.now
            try await eventually("a second of hanging up") {
                process.send(signal: SIGHUP)
                return ContinuousClock.now - start > TerminationSignals.echo * 2
            }
            #expect(process.outcome == nil)
            server.resume()
            #expect(try await process.waitUntilExit() == .exited(0))
            #expect(try server.command("EXISTS", "rq:cron_jobs:lock", "rq:cron_schedulers").integer == 0)
        }
    }

    @Test func `under nohup a closed terminal does not stop the scheduler`() async throws {
        try await withRedis { server in
            let process = try TestSupport.ChildProcess(
                "sh", ["-c", "trap '' HUP; exec '\(Rqrcron.path)' run -u '\(server.url)'"])
            defer { process.kill() }
            try await process.waitForOutput(containing: "took the lock")
            process.send(signal: SIGHUP)
            try await register("a", every: 100, on: server)
            try await process.waitForOutput(containing: "enqueued 'a' to 'q'")
            #expect(process.outcome == nil)
            #expect(try await process.terminate() == .exited(0))
        }
    }

    @Test(arguments: ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
    func `a connection does not take the number of a closed standard stream`(closing: String) async throws {
        try await withRedis { server in
            try await register("a", every: 100, on: server)
            let process = try TestSupport.ChildProcess(
                "sh", ["-c", "exec '\(Rqrcron.path)' run -u '\(server.url)' \(closing)"])
            defer { process.kill() }
            try await eventually("the job") { try server.command("LLEN", "rq:queue:q").integer == 1 }
            #expect(try await process.terminate() == .exited(0))
        }
    }
}
