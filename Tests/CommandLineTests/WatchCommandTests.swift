import RQWire
import TestSupport
import Testing

@testable import rqrcron

@Suite(.timeLimit(.minutes(1))) struct WatchCommandTests {
    @Test func `watch prints one line per edit and per enqueue`() async throws {
        try await withRedis { server in
            let watch = try Rqrcron.start(["watch"], on: server)
            let json = try Rqrcron.start(["watch", "--json"], on: server)
            try await eventually("both to listen") {
                try server.command("PUBSUB", "NUMSUB", "rq:cron_jobs:events").array.last?.integer == 2
            }
            let scheduler = try Rqrcron.start(["run"], on: server)
            try await scheduler.waitForOutput(containing: "took the lock")
            let made = try await Rqrcron.run(
                ["register", "a", "--func", "m.f", "--queue", "q", "--interval", "1"], on: server)
            #expect(made.status == 0)
            try await watch.waitForOutput(containing: "enqueued a to q as ")
            try await json.waitForOutput(containing: "\"event\": \"enqueued\"")
            for command in ["disable", "enable", "delete"] {
                _ = try await Rqrcron.run([command, "a"], on: server)
            }
            try await watch.waitForOutput(containing: "deleted  a\n")
            let output = watch.output
            for event in ["created  a\n", "disabled a\n", "enabled  a\n"] {
                #expect(output.contains(event), "\(output)")
            }

            let jobs = try server.command("LRANGE", "rq:queue:q", 0, -1).strings
            let named = output.split(separator: "\n").filter { $0.contains("enqueued") }
            #expect(!named.isEmpty)
            for line in named { #expect(jobs.contains { line.contains(" as \($0), next 2") }, "\(line)") }
            for line in json.output.split(separator: "\n") {
                guard case .object(let object) = try JSONValue(parsing: String(line)) else {
                    Issue.record("\(line)")
                    continue
                }
                #expect(object["id"] == "a")
            }
            #expect(try await scheduler.terminate() == .exited(0))
            #expect(try await watch.terminate() == .exited(0))
            #expect(try await json.terminate() == .exited(0))
            #expect(watch.errors == "")
        }
    }

    @Test(arguments: [["--jitter", "3", "--interval", "8"], ["--overlap", "wait", "--interval", "1"]])
    func `watch names the job of a run that came later than planned`(options: [String]) async throws {
        try await withRedis { server in
            let watch = try Rqrcron.start(["watch"], on: server)
            try await eventually("it to listen") {
                try server.command("PUBSUB", "NUMSUB", "rq:cron_jobs:events").array.last?.integer == 1
            }
            let scheduler = try Rqrcron.start(["run"], on: server)
            try await scheduler.waitForOutput(containing: "took the lock")
            let made = try await Rqrcron.run(["register", "a", "--func", "m.f", "--queue", "q"] + options, on: server)
            #expect(made.status == 0, "\(made.errors)")
            try await eventually("the first job") { try server.command("LLEN", "rq:queue:q").integer == 1 }
            let first = try #require(try server.command("LPOP", "rq:queue:q").string)
            // The second one of `wait` is late by now.
            try await Task.sleep(for: .seconds(2))
            try server.command("HSET", "rq:job:\(first)", "status", "finished")
            try await eventually("the second job", within: .seconds(20)) {
                try server.command("LLEN", "rq:queue:q").integer ?? 0 >= 1
            }
            let second = try #require(try server.command("LINDEX", "rq:queue:q", 0).string)
            try await watch.waitForOutput(containing: "enqueued a to q as \(second), next 2")
            #expect(try await scheduler.terminate() == .exited(0))
        }
    }

    @Test func `watch prints what became of runs`() async throws {
        try await withRedis { server in
            let watch = try Rqrcron.start(["watch"], on: server)
            let json = try Rqrcron.start(["watch", "--json"], on: server)
            try await eventually("both to listen") {
                try server.command("PUBSUB", "NUMSUB", "rq:cron_jobs:events").array.last?.integer == 2
            }
            let scheduler = try Rqrcron.start(["run"], on: server)
            for (id, function) in [("good", "app.tasks.nap"), ("bad", "app.tasks.missing")] {
                let made = try await Rqrcron.run(
                    ["register", id, "--func", function, "--queue", "q", "--interval", "1000", "--args", "[0]"],
                    on: server)
                #expect(made.status == 0, "\(made.errors)")
            }
            try await eventually("both jobs") { try server.command("LLEN", "rq:queue:q").integer == 2 }
            try await PythonEnvironment().run(["-m", "rq.cli", "worker", "-u", server.url, "--burst", "q"])
            for output in [" ended    good ✓ finished in ", " ended    bad ✗ failed after "] {
                try await eventually(output, within: .seconds(30)) { watch.output.contains(output) }
            }
            #expect(watch.output.contains(#/failed after [\d.]+s: ValueError: Invalid attribute name: missing, job /#))
            try await eventually("JSON", within: .seconds(30)) { json.output.contains("\"outcome\": \"failed\"") }
            #expect(!watch.output.contains("\u{1B}"))
            #expect(try await scheduler.terminate() == .exited(0))
            #expect(try await watch.terminate() == .exited(0))
            #expect(try await json.terminate() == .exited(0))
        }
    }

    @Test func `watch continues after a Redis outage`() async throws {
        try await withRedis { server in
            let watch = try Rqrcron.start(["watch"], on: server)
            try await eventually("it to listen") {
                try server.command("PUBSUB", "NUMSUB", "rq:cron_jobs:events").array.last?.integer == 1
            }
            await server.kill()
            try await watch.waitForOutput(containing: "will continue when it answers")
            try await server.restart()
            try await watch.waitForOutput(containing: "events in between were missed")
            let made = try await Rqrcron.run(
                ["register", "a", "--func", "m.f", "--queue", "q", "--cron", "@daily"], on: server)
            #expect(made.status == 0)
            try await watch.waitForOutput(containing: "created  a\n")
            #expect(try await watch.terminate() == .exited(0))
        }
    }

    @Test func `a server that is still loading its data is not reported as back, although it accepts subscriptions`()
        async throws
    {
        let slow = ["key-load-delay 20000", "loading-process-events-interval-bytes 1024"]
        try await withRedis(RedisServer.Configuration(lines: slow)) { server in
            let watch = try Rqrcron.start(["watch"], on: server)
            try await eventually("it to listen") {
                try server.command("PUBSUB", "NUMSUB", "rq:cron_jobs:events").array.last?.integer == 1
            }
            try server.pipeline((0..<100).map { ["SET", "filler:\($0)", String(repeating: "x", count: 2000)] })
            try server.command("SAVE")
            try await server.restart()
            try await watch.waitForOutput(containing: "events in between were missed")
            #expect(try await watch.terminate() == .exited(0))
            #expect(watch.errors.split(separator: "\n").count == 2, "\(watch.errors)")
        }
    }

    @Test func `edits in another database are not shown`() async throws {
        try await withRedis { server in
            let other = ["RQ_REDIS_URL": "redis://127.0.0.1:\(server.port)/1"]
            for (id, environment) in [("a", [:]), ("a", other), ("b", [:])] {
                let made = try await Rqrcron.run(
                    ["register", id, "--func", "m.f", "--queue", "q", "--cron", "@daily"], on: server,
                    environment: environment)
                #expect(made.status == 0, "\(made.errors)")
            }
            // As if the last edit were long ago.
            try server.command("HSET", "rq:cron_job:a", "updated_at", "2026-01-01T00:00:00.000000Z")
            let watch = try Rqrcron.start(["watch"], on: server)
            try await eventually("it to listen") {
                try server.command("PUBSUB", "NUMSUB", "rq:cron_jobs:events").array.last?.integer == 1
            }
            for command in ["disable", "enable", "delete"] {
                #expect(try await Rqrcron.run([command, "a"], environment: other).status == 0)
            }
            let made = try await Rqrcron.run(
                ["register", "c", "--func", "m.f", "--queue", "q", "--cron", "@daily"], environment: other)
            #expect(made.status == 0)
            // An edit in this database right after them.
            #expect(try await Rqrcron.run(["disable", "b"], on: server).status == 0)
            try await watch.waitForOutput(containing: "disabled b\n")
            #expect(watch.output.split(separator: "\n").count == 1, "\(watch.output)")
            #expect(try server.command("EXISTS", "rq:cron_job:a").integer == 1)
            #expect(try await watch.terminate() == .exited(0))
        }
    }

    @Test func `a due entry that leaves its score is noticed once`() {
        var window = DueWindow()
        let (a, b, c) = ([UInt8](arrayLiteral: 1), [UInt8](arrayLiteral: 2), [UInt8](arrayLiteral: 3))
        #expect(window.update([(a, 10), (b, 11), (c, 20)], now: 9).isEmpty)
        #expect(window.update([(a, 10), (b, 11), (c, 20)], now: 10.5).isEmpty)
        // One moved on, one is gone, and an editor moved one that was not due.
        let gone = window.update([(a, 15), (c, 21)], now: 12)
        #expect(gone == [DueWindow.Departure(id: a, score: 10), DueWindow.Departure(id: b, score: 11)])
        #expect(window.update([(a, 15), (c, 21)], now: 14).isEmpty)
    }

    @Test func `an announced definition may have run before its entry was seen, unless it is still due`() {
        var window = DueWindow()
        let (a, b, c) = ([UInt8](arrayLiteral: 1), [UInt8](arrayLiteral: 2), [UInt8](arrayLiteral: 3))
        let gone = window.update([(a, 30), (b, 9)], now: 10, announced: [a: 9.5, b: 9.5, c: 9.6])
        #expect(gone == [DueWindow.Departure(id: a, score: 8.5), DueWindow.Departure(id: c, score: 8.6)])
        #expect(window.update([(a, 30)], now: 11) == [DueWindow.Departure(id: b, score: 9)])
    }

    @Test func `the first run of a definition is shown too, once`() async throws {
        try await withRedis { server in
            let scheduler = try Rqrcron.start(["run"], on: server)
            try await scheduler.waitForOutput(containing: "took the lock")
            let watch = try Rqrcron.start(["watch"], on: server)
            try await eventually("it to listen") {
                try server.command("PUBSUB", "NUMSUB", "rq:cron_jobs:events").array.last?.integer == 2
            }
            for id in ["a", "b", "c"] {
                let made = try await Rqrcron.run(
                    ["register", id, "--func", "m.f", "--queue", "q", "--interval", "3600"], on: server)
                #expect(made.status == 0)
            }
            for id in ["a", "b", "c"] { try await watch.waitForOutput(containing: "enqueued \(id) to q as ") }
            #expect(try await Rqrcron.run(["delete", "a", "b", "c"], on: server).status == 0)
            for id in ["a", "b", "c"] { try await watch.waitForOutput(containing: "deleted  \(id)\n") }
            #expect(watch.output.split(separator: "\n").count { $0.contains("enqueued") } == 3, "\(watch.output)")
            #expect(try await watch.terminate() == .exited(0))
            #expect(try await scheduler.terminate() == .exited(0))
        }
    }
}
