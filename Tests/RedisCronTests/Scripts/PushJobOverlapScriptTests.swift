import TestSupport
import Testing

@testable import RedisCron

/// Triggers and backfilled runs of definitions that have an overlap policy.
@Suite(.timeLimit(.minutes(1)))
struct PushJobOverlapScriptTests {
    private typealias Answer = GovernedBatch.Answer

    private struct Push {
        var flags = ""
        var overlap = "skip"
        var read: String?
        var isRecorded = true
        var refusesTwice = false
        /// What the log of runs says behind the outcome; empty to note nothing.
        var logged = ""
        var runs: [OpenRun] = []

        var openRuns: String { read ?? (runs.isEmpty ? "" : GovernedBatch.Job.list(runs)) }

        func send(to server: RedisServer) throws -> Answer {
            let keys: [any CommandPart] = [
                "rq:queues", "rq:queue:metrics", "rq:job:new", "rq:cron_job:a", "rq:cron_runs_log",
            ]
            var arguments: [any CommandPart] = ["new", "", flags, overlap, openRuns]
            arguments += [isRecorded ? OpenRun(job: "new").entry : "", refusesTwice ? "1" : ""]
            arguments += [OpenRun.now, OpenRun.minuteAgo, OpenRun.limitAgo, "rq:pubsub:", logged, runs.count]
            let queues = OpenRun.queues(of: runs)
            arguments.append(queues.count)
            arguments += runs.flatMap { $0.arguments(among: queues) } + queues as [any CommandPart]
            arguments += ["status", "queued", "origin", "metrics"]
            let reply = try server.run(
                CronScript.pushJob, keys: keys + runs.flatMap(\.keys) + queues.flatMap(OpenRun.keys(ofQueue:)),
                arguments)
            if let code = reply.string { return Answer(codes: code) }
            let parts = reply.array.map { $0.string ?? $0.integer.map(String.init) ?? "" }
            return Answer(codes: parts.first, told: Array(parts.dropFirst()))
        }
    }

    /// Writes the definition with these open runs, and pushes.
    private func push(_ push: Push, on server: RedisServer, fields: [String] = []) throws -> Answer {
        try server.command(["HSET", "rq:cron_job:a", "id", "a"] + fields)
        if !push.openRuns.isEmpty { try server.command("HSET", "rq:cron_job:a", "open_runs", push.openRuns) }
        return try push.send(to: server)
    }

    @Test(arguments: ["", "skip", "wait", "replace"])
    func `a run is recorded with those that are kept`(overlap: String) async throws {
        try await withRedis { server async throws in
            #expect(try push(Push(overlap: overlap), on: server) == "+")
            #expect(try server.field("open_runs") == #"[["new","metrics"]]"#)
            #expect(try server.field("triggered_job") == "new")
            #expect(try server.waiting() == ["new"])
        }
    }

    @Test func `what need not be asked joins the open runs unseen`() async throws {
        try await withRedis { server async throws in
            let runs = [OpenRun(mark: "stop:5"), OpenRun(job: "new"), OpenRun(job: "gone", queue: "b/c")]
            #expect(try push(Push(overlap: "", runs: runs), on: server) == "+")
            #expect(
                try server.field("open_runs")
                    == #"[["prev","metrics","stop:5"],["gone","b\/c"],["new","metrics"]]"#)
        }
    }

    @Test func `a definition of which nothing is asked is not read`() async throws {
        try await withRedis { server async throws in
            #expect(try push(Push(overlap: "", read: "", isRecorded: false), on: server) == "+")
            try server.command("HSET", "rq:cron_job:a", "open_runs", "changed")
            #expect(try Push(overlap: "", isRecorded: false).send(to: server) == "+")
            #expect(try server.field("open_runs") == "changed")
        }
    }

    @Test(arguments: ["skip", "wait"])
    func `an open run refuses, and nothing is queued`(overlap: String) async throws {
        try await withRedis { server async throws in
            let run = try OpenRun().makeRunning(on: server)
            #expect(try push(Push(overlap: overlap, runs: [run]), on: server) == "o")
            #expect(try server.command("EXISTS", "rq:job:new", "rq:queue:metrics", "rq:queues").integer == 0)
            #expect(try server.field("triggered_job") == nil)
            try run.make("failed", on: server)
            #expect(try push(Push(overlap: overlap, runs: [run]), on: server) == "+")
            #expect(try server.field("open_runs") == #"[["new","metrics"]]"#)
        }
    }

    @Test func `a suspect refuses and is marked`() async throws {
        try await withRedis { server async throws in
            let run = try OpenRun().makeLost(on: server)
            #expect(try push(Push(runs: [run]), on: server) == "o")
            #expect(try server.field("open_runs") == #"[["prev","metrics","suspect:\#(OpenRun.now)"]]"#)
        }
    }

    @Test func `replace takes out, stops, or asks for another look`() async throws {
        try await withRedis { server async throws in
            let runs = [try OpenRun().makeQueued(on: server), try OpenRun(job: "running").makeRunning(on: server)]
            #expect(
                try push(Push(overlap: "replace", runs: runs), on: server)
                    == Answer(codes: "+", told: ["1", "removed", "prev", "1", "unheard", "running"]))
            #expect(
                try server.field("open_runs")
                    == #"[["running","metrics","stop:\#(OpenRun.now)"],["new","metrics"]]"#)
            #expect(try server.waiting() == ["new"])
            let moving = OpenRun(job: "moving")
            try moving.make("queued", ["enqueued_at": OpenRun.halfAMinuteAgo], on: server)
            #expect(try push(Push(overlap: "replace", runs: [moving]), on: server) == "w")
            #expect(try server.waiting() == ["new"])
        }
    }

    @Test(arguments: ["", "skip"])
    func `a definition that changed or went away is read again`(overlap: String) async throws {
        try await withRedis { server async throws in
            try server.command("HSET", "rq:cron_job:a", "open_runs", #"[["x","y"]]"#)
            #expect(try Push(overlap: overlap).send(to: server) == "s")
            try server.command("DEL", "rq:cron_job:a")
            #expect(try Push(overlap: overlap).send(to: server) == "s")
            try server.command("SET", "rq:cron_job:a", "x")
            #expect(try Push(overlap: overlap).send(to: server) == "s")
            #expect(try server.command("EXISTS", "rq:job:new").integer == 0)
        }
    }

    @Test func `a run in another queue is noted there, and read again`() async throws {
        try await withRedis { server async throws in
            let run = try OpenRun().make("queued", ["origin": "b", "enqueued_at": OpenRun.whileAgo], on: server)
            #expect(try push(Push(runs: [run]), on: server) == "s")
            #expect(try server.field("open_runs") == #"[["prev","b"]]"#)
        }
    }

    @Test func `said twice with one key, it is queued once`() async throws {
        try await withRedis { server async throws in
            #expect(try push(Push(refusesTwice: true), on: server) == "+")
            let before = try server.dump()
            #expect(try Push(read: "whatever", refusesTwice: true).send(to: server) == "d")
            #expect(try server.dump() == before)
            #expect(try push(Push(overlap: "", read: "", isRecorded: false), on: server) == "+")
        }
    }

    @Test func `at the front it is the next that a worker pops`() async throws {
        try await withRedis { server async throws in
            try server.command("RPUSH", "rq:queue:metrics", "old")
            #expect(try push(Push(flags: "f"), on: server) == "+")
            #expect(try server.waiting() == ["new", "old"])
        }
    }

    @Test func `failures are counted where they are bounded, so that the next tick pauses`() async throws {
        try await withRedis { server async throws in
            let run = try OpenRun().make("failed", on: server)
            #expect(try push(Push(runs: [run]), on: server) == "+")
            #expect(try server.field("failure_count") == nil)
            let bounded = ["pause_after_failures", "5", "failure_count", "1"]
            #expect(try push(Push(runs: [run]), on: server, fields: bounded) == "+")
            #expect(try server.field("failure_count") == "2")
        }
    }

    @Test func `more searches than one script may make are not begun`() async throws {
        try await withRedis { server async throws in
            try server.command("RPUSH", OpenRun().list, "x")
            try server.command("RPUSH", OpenRun().intermediate, "x")
            let runs = try (0..<11).map { try OpenRun(job: "prev-\($0)").makeLost(on: server) }
            try server.command("HSET", "rq:cron_job:a", "open_runs", GovernedBatch.Job.list(runs))
            let before = try server.dump()
            #expect(try Push(runs: runs).send(to: server) == "h")
            #expect(try server.dump() == before)
        }
    }

    @Test(arguments: ["hmget", "hdel", "lpos", "lrem", "zcount", "publish", "lpush", "exists"])
    func `a right that is missing stops it before it writes anything`(command: String) async throws {
        try await withRedis { server async throws in
            let run = try OpenRun().makeQueued(on: server)
            try server.command("HSET", "rq:cron_job:a", "open_runs", GovernedBatch.Job.list([run]))
            try server.command("ACL", "SETUSER", "default", "-\(command)")
            let before = try server.dump()
            let push = Push(flags: "f", overlap: "replace", refusesTwice: true, runs: [run])
            let error = #expect(throws: SupportError.self) { try push.send(to: server) }
            #expect(error?.description.contains(command.uppercased()) == true)
            #expect(try server.dump() == before)
        }
    }
}
