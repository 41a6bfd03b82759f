import TestSupport
import Testing

@testable import RedisCron

/// The rules of docs/rq-jobs.md with jobs made by hand; `JobStateInteropTests` holds them against real workers.
@Suite(.timeLimit(.minutes(1)))
struct LookAtRunsScriptTests {
    private func look(_ server: RedisServer, _ runs: [OpenRun]) throws -> [String] {
        let times: [any CommandPart] = [OpenRun.now, OpenRun.minuteAgo, OpenRun.limitAgo, "rq:job:", runs.count]
        let queues = OpenRun.queues(of: runs)
        let reply = try server.run(
            CronScript.lookAtRuns, keys: runs.flatMap(\.keys) + queues.flatMap(OpenRun.keys(ofQueue:)),
            times + runs.flatMap { $0.arguments(among: queues) } + queues as [any CommandPart])
        let words = reply.strings
        return stride(from: 0, to: words.count, by: 3).map { words[$0..<$0 + 3].joined(separator: " ") }
    }

    private func look(_ server: RedisServer, _ run: OpenRun = OpenRun()) throws -> String? {
        let before = try server.dump()
        let verdict = try look(server, [run]).first?.trimmed
        #expect(try server.dump() == before)
        return verdict
    }

    @Test(arguments: ["finished", "failed", "stopped"])
    func `a run that ended is over, even with an execution that was left behind`(status: String) async throws {
        try await withRedis { server async throws in
            try OpenRun().make(status, on: server)
            #expect(try look(server) == "over \(status)")
            try OpenRun().makeExecution(on: server)
            #expect(try look(server) == "over \(status)")
        }
    }

    @Test func `without a hash or a status a run is over, unless an execution lives`() async throws {
        try await withRedis { server async throws in
            #expect(try look(server) == "over")
            try OpenRun().makeExecution(on: server)
            #expect(try look(server) == "open")
            try server.command("HSET", OpenRun().key, "last_heartbeat", OpenRun.halfAMinuteAgo)
            #expect(try look(server) == "open")
            try OpenRun().makeExecution(on: server, until: OpenRun.now)
            #expect(try look(server) == "over")
        }
    }

    @Test(arguments: ["queued", "started", "canceled", "scheduled", "deferred"])
    func `with a live execution a run is open whatever its status`(status: String) async throws {
        try await withRedis { server async throws in
            try OpenRun().make(status, on: server)
            try OpenRun().makeExecution(on: server, until: OpenRun.now + 1)
            #expect(try look(server) == "open \(status)")
        }
    }

    @Test func `a started run is open until nothing was heard of it for 1,000 s`() async throws {
        try await withRedis { server async throws in
            try OpenRun().make("started", ["last_heartbeat": OpenRun.whileAgo], on: server)
            #expect(try look(server) == "open started")
            try OpenRun().make("started", ["last_heartbeat": OpenRun.limitAgo], on: server)
            #expect(try look(server) == "over started")
            try OpenRun().make("started", ["started_at": OpenRun.whileAgo], on: server)
            #expect(try look(server) == "open started")
        }
    }

    @Test func `a queued run is open while it is young or in a list`() async throws {
        try await withRedis { server async throws in
            let run = OpenRun()
            try run.make("queued", ["enqueued_at": OpenRun.halfAMinuteAgo], on: server)
            #expect(try look(server) == "open queued")
            try run.make("queued", ["enqueued_at": OpenRun.minuteAgo], on: server)
            #expect(try look(server) == "suspect queued")
            try server.command("RPUSH", run.intermediate, "other", run.job)
            #expect(try look(server) == "open queued")
            try server.command("DEL", run.intermediate)
            try server.command("RPUSH", run.list, "other", run.job)
            #expect(try look(server) == "open queued")
        }
    }

    @Test(arguments: [(1_000, "suspect queued"), (1_001, "open queued")])
    func `a list that is too long to be searched counts as one that has it`(length: Int, verdict: String) async throws {
        try await withRedis { server async throws in
            try OpenRun().makeLost(on: server)
            try server.command(["RPUSH", OpenRun().list] + (0..<length).map { "other-\($0)" })
            #expect(try look(server) == verdict)
        }
    }

    @Test func `a canceled run is over, or suspect where a worker has popped it`() async throws {
        try await withRedis { server async throws in
            try OpenRun().make("canceled", on: server)
            #expect(try look(server) == "over canceled")
            try server.command("RPUSH", OpenRun().intermediate, "prev")
            #expect(try look(server) == "suspect canceled")
        }
    }

    @Test func `a scheduled run is open until RQ's scheduler is 1,000 s late`() async throws {
        try await withRedis { server async throws in
            try OpenRun().makeScheduled(on: server)
            #expect(try look(server) == "open scheduled")
            try OpenRun().makeScheduled(on: server, at: OpenRun.now - 999)
            #expect(try look(server) == "open scheduled")
            try OpenRun().makeScheduled(on: server, at: OpenRun.now - 1_000)
            #expect(try look(server) == "over scheduled")
            try server.command("ZREM", OpenRun().scheduled, "prev")
            #expect(try look(server) == "suspect scheduled")
        }
    }

    @Test(arguments: ["deferred", "rate_limited", "ready_to_enqueue"])
    func `a run that waits for others is open`(status: String) async throws {
        try await withRedis { server async throws in
            try OpenRun().make(status, on: server)
            #expect(try look(server) == "open \(status)")
        }
    }

    @Test func `a status that RQ does not have is over`() async throws {
        try await withRedis { server async throws in
            try OpenRun().make("odd", on: server)
            #expect(try look(server) == "over odd")
        }
    }

    @Test(arguments: ["queued", "canceled", "scheduled"])
    func `a run in another queue is named with that queue`(status: String) async throws {
        try await withRedis { server async throws in
            try OpenRun().make(status, ["origin": "other", "enqueued_at": OpenRun.whileAgo], on: server)
            #expect(try look(server) == "elsewhere \(status) other")
        }
    }

    @Test(arguments: [(0, "suspect"), (14, "suspect"), (15, "over"), (900, "over"), (-5, "suspect")])
    func `a suspect is over at a second look after 15 s`(age: Int, verdict: String) async throws {
        try await withRedis { server async throws in
            let run = OpenRun(mark: "suspect:\(OpenRun.now - age)")
            try run.makeLost(on: server)
            #expect(try look(server, run) == "\(verdict) queued")
        }
    }

    @Test(arguments: ["suspect:", "suspect:x", "suspect:1.5", "odd", "stop:1"])
    func `a mark of another kind is none`(mark: String) async throws {
        try await withRedis { server async throws in
            let run = OpenRun(mark: mark)
            try run.makeLost(on: server)
            #expect(try look(server, run) == "suspect queued")
        }
    }

    @Test(arguments: [
        (OpenRun().executions, "suspect queued"), (OpenRun().list, "suspect queued"),
        (OpenRun().intermediate, "suspect queued"), (OpenRun().scheduled, "suspect queued"), (OpenRun().key, "over"),
    ])
    func `a key of another type counts as an empty one`(key: String, verdict: String) async throws {
        try await withRedis { server async throws in
            try OpenRun().makeLost(on: server)
            try server.command("SET", key, "x")
            #expect(try look(server) == verdict)
        }
    }

    @Test(arguments: [OpenRun().scheduled, OpenRun().intermediate])
    func `a registry or intermediate list of another type has nothing`(key: String) async throws {
        try await withRedis { server async throws in
            try server.command("SET", key, "x")
            try OpenRun().make("scheduled", on: server)
            #expect(try look(server) == "suspect scheduled")
            try OpenRun().make("canceled", on: server)
            #expect(try look(server) == "over canceled")
        }
    }

    @Test(arguments: ["hget", "hmget", "zcount", "llen", "lpos", "zscore"])
    func `a right that is missing is an error and no verdict`(command: String) async throws {
        try await withRedis { server async throws in
            try OpenRun().makeQueued(on: server)
            try server.command("ACL", "SETUSER", "default", "-\(command)")
            let error = #expect(throws: SupportError.self) { try look(server, [OpenRun()]) }
            #expect(error?.description.contains(command.uppercased()) == true)
        }
    }

    @Test func `more than twenty searches of one script are left for the next`() async throws {
        try await withRedis { server async throws in
            let runs = (0..<12).map { OpenRun(job: "run-\($0)") }
            for run in runs { try run.makeLost(on: server) }
            try server.command("RPUSH", OpenRun().list, "other")
            try server.command("RPUSH", OpenRun().intermediate, "other")
            try server.command("CONFIG", "RESETSTAT")
            let verdicts = try look(server, runs)
            #expect(verdicts == Array(repeating: "suspect queued ", count: 10) + ["later queued ", "later queued "])
            #expect(try server.calls("lpos") == 20)
        }
    }
}

extension String {
    /// Without spaces at its end.
    fileprivate var trimmed: String { String(reversed().drop { $0 == " " }.reversed()) }
}

extension RedisServer {
    /// How often a command was called since the statistics were last reset.
    func calls(_ command: String) throws -> Int {
        let statistics = try self.command("INFO", "commandstats").string ?? ""
        let line = statistics.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_\(command):") }
        return try #require(Int(line?.firstMatch(of: /calls=(\d+)/)?.1 ?? "0"))
    }
}
