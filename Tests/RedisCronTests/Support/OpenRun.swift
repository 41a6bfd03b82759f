import TestSupport

/// An open run of a definition, as scripts get it, with the job made by hand.
struct OpenRun {
    /// The present of the tests, in Unix seconds: 2026-01-01T00:00:00Z.
    static let now = 1_767_225_600
    /// The present in RQ's wire format.
    static let nowText = "2026-01-01T00:00:00.000001Z"
    /// 30 s, 60 s, 100 s, 1,000 s and 2,000 s ago.
    static let halfAMinuteAgo = "2025-12-31T23:59:30.000001Z"
    static let minuteAgo = "2025-12-31T23:59:00.000001Z"
    static let whileAgo = "2025-12-31T23:58:20.000001Z"
    static let limitAgo = "2025-12-31T23:43:20.000001Z"
    static let longAgo = "2025-12-31T23:26:40.000001Z"

    var job = "prev"
    var queue = "metrics"
    var mark = ""

    var key: String { "rq:job:\(job)" }
    var executions: String { "rq:executions:\(job)" }
    var list: String { "rq:queue:\(queue)" }
    var intermediate: String { "rq:queue:\(queue):intermediate" }
    var scheduled: String { "rq:scheduled:\(queue)" }
    var results: String { "rq:results:\(job)" }

    var keys: [any CommandPart] { [key, executions, results] }

    func arguments(among queues: [String]) -> [any CommandPart] {
        [(queues.firstIndex(of: queue) ?? 0) + 1, mark]
    }

    /// The queues of runs, each once.
    static func queues(of runs: [OpenRun]) -> [String] {
        var queues: [String] = []
        for run in runs where !queues.contains(run.queue) { queues.append(run.queue) }
        return queues
    }

    static func keys(ofQueue queue: String) -> [any CommandPart] {
        let run = OpenRun(queue: queue)
        return [run.list, run.intermediate, run.scheduled]
    }

    /// The run as an element of `open_runs`.
    var entry: String { mark.isEmpty ? #"["\#(job)","\#(queue)"]"# : #"["\#(job)","\#(queue)","\#(mark)"]"# }

    /// A hash with this status and these further fields.
    @discardableResult
    func make(_ status: String, _ fields: [String: String] = [:], on server: RedisServer) throws -> OpenRun {
        // In one order: a dictionary has another one each time, and the bytes of the hash would follow it.
        let pairs = fields.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
        try server.command(["HSET", key, "status", status, "origin", queue] + pairs)
        return self
    }

    /// Queued 100 s ago and in its list.
    @discardableResult
    func makeQueued(on server: RedisServer) throws -> OpenRun {
        try make("queued", ["enqueued_at": Self.whileAgo], on: server)
        try server.command("RPUSH", list, job)
        return self
    }

    /// Popped 100 s ago by a worker on several queues, which holds the id nowhere.
    @discardableResult
    func makeLost(on server: RedisServer) throws -> OpenRun {
        try make("queued", ["enqueued_at": Self.whileAgo], on: server)
    }

    /// At work, with heartbeats.
    @discardableResult
    func makeRunning(on server: RedisServer, _ status: String = "started") throws -> OpenRun {
        let times = ["enqueued_at": Self.longAgo, "started_at": Self.whileAgo, "last_heartbeat": Self.halfAMinuteAgo]
        try make(status, times.merging(["worker_name": "w1"]) { old, _ in old }, on: server)
        try makeExecution(on: server)
        return self
    }

    /// An execution of a worker that lives.
    func makeExecution(on server: RedisServer, until score: Int = OpenRun.now + 60) throws {
        try server.command("ZADD", executions, score, "e1")
    }

    /// Due to be queued by RQ's scheduler.
    @discardableResult
    func makeScheduled(on server: RedisServer, at score: Int = OpenRun.now + 30) throws -> OpenRun {
        try make("scheduled", ["enqueued_at": Self.longAgo], on: server)
        try server.command("ZADD", scheduled, score, job)
        return self
    }

    func exists(on server: RedisServer) throws -> Bool {
        try server.command("EXISTS", key).integer == 1
    }
}
