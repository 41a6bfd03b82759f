import RQWire

/// A command that a scheduler, or those who edit and list definitions, cannot do without.
///
/// `RESTORE`, `WAIT` and those that only look at a server's settings are not among them: there is a way without.
struct NeededCommand: Sendable, Hashable {
    /// What it is needed for.
    let purpose: String
    /// The command, with arguments like those that it is sent with; the first word is its name.
    let words: [String]
    /// Whether it changes something.
    let isWrite: Bool

    /// The name.
    var name: String { words[0] }

    private init(_ purpose: String, _ words: String..., isWrite: Bool = false) {
        self.purpose = purpose
        self.words = words
        self.isWrite = isWrite
    }

    /// All of them, on the keys that they are used on.
    static func all(on keys: RQKeys) -> [NeededCommand] {
        let definition = keys.cronJob("id")
        let job = keys.jobPrefix + "id"
        let (queue, scheduler) = (keys.queue("q"), keys.cronScheduler("name"))
        return [
            NeededCommand("every change", "EVALSHA", "", "1", keys.lock),
            NeededCommand("every change", "SCRIPT", "LOAD", ""),
            NeededCommand("every script", "TYPE", definition),
            NeededCommand("the lock", "GET", keys.lock),
            NeededCommand("the lock and every edit", "SET", keys.lock, "", isWrite: true),
            NeededCommand("the lock", "PEXPIRE", keys.lock, "1", isWrite: true),
            NeededCommand("saying how long the lock lasts", "PTTL", keys.lock),
            NeededCommand("releasing the lock and deleting definitions", "DEL", keys.lock, isWrite: true),
            NeededCommand("queueing jobs and listing definitions", "EXISTS", job),
            NeededCommand("queueing jobs", "HGET", definition, "enabled"),
            NeededCommand("queueing jobs and every edit", "HSET", job, "status", "", isWrite: true),
            NeededCommand("every edit", "HDEL", definition, "timezone", isWrite: true),
            NeededCommand("reading definitions", "HGETALL", definition),
            NeededCommand("naming who holds the lock", "HMGET", scheduler, "pid"),
            NeededCommand("the scheduler's registry entry and jobs with a ttl", "EXPIRE", job, "1", isWrite: true),
            NeededCommand("the index of definitions", "ZADD", keys.cronJobs, "0", "id", isWrite: true),
            NeededCommand("the index of definitions", "ZREM", keys.cronJobs, "id", isWrite: true),
            NeededCommand("the index of definitions", "ZSCORE", keys.cronJobs, "id"),
            NeededCommand("queueing jobs", "ZMSCORE", keys.cronJobs, "id"),
            NeededCommand("finding what is due", "ZRANGEBYSCORE", keys.cronJobs, "-inf", "0"),
            NeededCommand("listing schedulers", "ZRANGE", keys.cronSchedulers, "0", "-1"),
            NeededCommand("listing definitions", "ZSCAN", keys.cronJobs, "0"),
            NeededCommand("listing definitions", "SCAN", "0"),
            NeededCommand("queueing jobs", "SADD", keys.queues, "q", isWrite: true),
            NeededCommand("queueing jobs", "RPUSH", queue, "id", isWrite: true),
            NeededCommand("telling schedulers of edits", "PUBLISH", keys.events, ""),
            NeededCommand("hearing of edits at once", "SUBSCRIBE", keys.events),
            NeededCommand("noticing that the events channel is dead", "PING"),
        ]
    }

    /// Those that only definitions with an overlap policy or a limit need.
    static func governing(on keys: RQKeys) -> [NeededCommand] {
        let (queue, scheduled) = (keys.queue("q"), keys.scheduled(queue: "q"))
        let purpose = "overlap policies and limits"
        return [
            NeededCommand(purpose, "HMGET", keys.cronJob("id"), "open_runs"),
            NeededCommand(purpose, "ZCOUNT", keys.executionsPrefix + "id", "0", "1"),
            NeededCommand(purpose, "ZSCORE", scheduled, "id"),
            NeededCommand(purpose, "LLEN", queue),
            NeededCommand(purpose, "LPOS", queue, "id"),
            NeededCommand(purpose, "LREM", queue, "0", "id", isWrite: true),
            NeededCommand(purpose, "PUBLISH", keys.pubsub(worker: "name"), ""),
        ]
    }

    /// Those with which it is recorded what becomes of runs: without them the schedule goes on, and nothing is recorded.
    static func recording(on keys: RQKeys) -> [NeededCommand] {
        let (runs, refusals, definition) = (keys.runs(of: "id"), keys.refusals(of: "id"), keys.cronJob("id"))
        let purpose = "recording what becomes of runs"
        return [
            NeededCommand(purpose, "RPUSH", keys.runLog, "entry", isWrite: true),
            NeededCommand(purpose, "LRANGE", keys.runLog, "0", "1"),
            NeededCommand(purpose, "LINDEX", keys.runLog, "0"),
            NeededCommand(purpose, "LLEN", keys.runLog),
            NeededCommand(purpose, "LTRIM", keys.runLog, "0", "1", isWrite: true),
            NeededCommand(purpose, "RPUSH", keys.recentRuns, "runs", isWrite: true),
            NeededCommand(purpose, "LREM", keys.recentRuns, "1", "runs", isWrite: true),
            NeededCommand(purpose, "ZADD", keys.openRuns, "0", "run", isWrite: true),
            NeededCommand(purpose, "ZRANGEBYLEX", keys.openRuns, "-", "+"),
            NeededCommand(purpose, "ZREM", keys.openRuns, "run", isWrite: true),
            NeededCommand(purpose, "ZLEXCOUNT", keys.watchedRuns, "-", "+"),
            NeededCommand(purpose, "ZREMRANGEBYLEX", keys.watchedRuns, "-", "-", isWrite: true),
            NeededCommand(purpose, "HMGET", definition, "id"),
            NeededCommand(purpose, "LPUSH", runs, "run", isWrite: true),
            NeededCommand(purpose, "LREM", runs, "1", "run", isWrite: true),
            NeededCommand(purpose, "LSET", refusals, "0", "times", isWrite: true),
            NeededCommand(purpose, "ZADD", keys.runIndex, "0", "id", isWrite: true),
            NeededCommand(purpose, "INCRBY", keys.runTotal, "1", isWrite: true),
        ]
    }

    /// Those with which a batch is written.
    static func queueing(on keys: RQKeys) -> [NeededCommand] {
        let names: Set = ["HSET", "EXPIRE", "ZADD", "ZREM", "SADD", "RPUSH"]
        return all(on: keys).filter { names.contains($0.name) }
    }

    /// What a command is needed for.
    ///
    /// - Parameter name: In upper case.
    static func purpose(of name: String) -> String {
        switch name {
        case "AUTH": return "logging in"
        case "SELECT": return "every database but 0"
        case "CLIENT": return "the client name in the URL"
        case "WAIT": return "waiting for replicas (--wait-replicas)"
        case "LPUSH": return "queueing jobs at the front"
        case "ZCOUNT", "LLEN", "LPOS", "LREM": return "overlap policies"
        case "LRANGE", "LINDEX", "LTRIM", "LSET", "ZRANGEBYLEX", "ZLEXCOUNT", "ZREMRANGEBYLEX", "INCRBY":
            return "recording what becomes of runs"
        case "XREVRANGE": return "showing why a job failed"
        default: return all.first { $0.name == name }?.purpose ?? "rqrcron"
        }
    }

    private static let all = all(on: RQKeys())
}
