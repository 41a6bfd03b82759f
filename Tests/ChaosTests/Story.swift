import Chaos

/// Writes a history by hand, as schedulers and editors that keep all promises would make it, so that a test can spoil it
/// in one place.
struct Story {
    private(set) var steps: [LoggedStep] = []
    private var fields: [String: [String: String]] = [:]
    /// All that was queued, as a consumer would take it.
    private(set) var taken: [TakenJob] = []
    private(set) var edits: [AcknowledgedEdit] = []

    /// Noon of a day, and so many seconds.
    static func noon(_ seconds: Double) -> WireTime {
        WireTime(unixSeconds: 1_767_182_400 + seconds)
    }

    /// What the check finds, the end included.
    func violations(settledAt settled: WireTime? = nil) -> [Violation] {
        var check = HistoryCheck()
        for step in steps { check.take(step) }
        check.conclude(edits)
        if let settled { check.conclude(settledAt: settled) }
        check.conclude(taken)
        return check.violations
    }

    /// Their kinds, each once.
    func kinds(settledAt settled: WireTime? = nil) -> Set<Violation.Kind> {
        Set(violations(settledAt: settled).map(\.kind))
    }

    mutating func step(_ commands: LoggedCommand...) {
        steps.append(LoggedStep(commands))
    }

    // MARK: Editors

    /// Registers a definition anew, by an interval unless a cron expression is given.
    mutating func create(_ id: String, interval: Int = 1, cron: String? = nil, at time: WireTime, next: WireTime? = nil)
    {
        fields[id] = [
            "id": id, "func_name": "app.tasks.rebuild", "queue_name": "q", "args": "[\"\(id)\",1]",
            "interval": cron == nil ? String(interval) : "", "cron": cron ?? "", "latest_enqueue_time": "",
            "next_enqueue_time": next?.description ?? "", "created_at": time.description,
            "updated_at": time.description, "enabled": "1",
        ]
        write(id, fields[id] ?? [:], score: next ?? time)
        edits.append(AcknowledgedEdit(definition: id, revision: 1, isEnabled: true))
    }

    /// Gives a definition another revision.
    mutating func edit(_ id: String, revision: Int, at time: WireTime, also others: [String: String] = [:]) {
        write(
            id, ["args": "[\"\(id)\",\(revision)]", "updated_at": time.description].merging(others) { $1 }, score: nil)
        edits.append(
            AcknowledgedEdit(definition: id, revision: revision, isEnabled: fields[id]?["enabled"] == "1"))
    }

    mutating func delete(_ id: String) {
        fields[id] = nil
        step(
            LoggedCommand("DEL", ["rq:cron_job:\(id)"]), LoggedCommand("ZREM", ["rq:cron_jobs", id]),
            LoggedCommand("SET", ["rq:cron_jobs:last_update", "1"]))
        edits.append(AcknowledgedEdit(definition: id, revision: 1, exists: false))
    }

    private mutating func write(_ id: String, _ changes: [String: String], score: WireTime?) {
        fields[id, default: [:]].merge(changes) { $1 }
        var commands = [hset("rq:cron_job:\(id)", changes)]
        if let score { commands.append(LoggedCommand("ZADD", ["rq:cron_jobs", score.seconds, id])) }
        commands.append(LoggedCommand("SET", ["rq:cron_jobs:last_update", "1"]))
        steps.append(LoggedStep(commands))
    }

    // MARK: Ticks

    /// What a tick may do wrong.
    struct Blunder {
        var skipsJob = false
        var skipsHash = false
        var skipsPush = false
        var pushesTwice = false
        var next: WireTime?
        var score: WireTime?
        var queue: String?
        var revision: Int?
        var consumerMisses = false
    }

    /// Queues the run of `planned` at `time` and moves the schedule to `next`.
    mutating func tick(_ id: String, planned: WireTime, at time: WireTime, next: WireTime, _ blunder: Blunder = .init())
    {
        let job = PlannedJobID.of(id, at: planned)
        let queue = blunder.queue ?? fields[id]?["queue_name"] ?? "q"
        let args = blunder.revision.map { "[\"\(id)\",\($0)]" } ?? fields[id]?["args"] ?? "[\"\(id)\",1]"
        let revision = args.split(separator: ",").last?.dropLast() ?? ""
        let times = ["latest_enqueue_time": time.description, "next_enqueue_time": (blunder.next ?? next).description]
        var commands: [LoggedCommand] = []
        if !blunder.skipsJob, !blunder.skipsHash {
            commands.append(
                hset(
                    "rq:job:\(job)",
                    [
                        "status": "queued", "created_at": time.description, "enqueued_at": time.description,
                        "data": "x",
                        "origin": queue, "description": "app.tasks.rebuild('\(id)', \(revision))", "timeout": "180",
                    ]))
        }
        commands.append(hset("rq:cron_job:\(id)", times))
        if !blunder.skipsJob, !blunder.skipsPush {
            let jobs = [String](repeating: job, count: blunder.pushesTwice ? 2 : 1)
            commands.append(LoggedCommand("RPUSH", ["rq:queue:\(queue)"] + jobs))
            if !blunder.consumerMisses { taken += jobs.map { TakenJob(id: $0, isWhole: true) } }
        }
        commands.append(LoggedCommand("ZADD", ["rq:cron_jobs", (blunder.score ?? blunder.next ?? next).seconds, id]))
        fields[id]?.merge(times) { $1 }
        steps.append(LoggedStep(commands))
    }

    private func hset(_ key: String, _ fields: [String: String]) -> LoggedCommand {
        LoggedCommand("HSET", [key] + fields.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] })
    }
}

extension WireTime {
    fileprivate var seconds: String { String(Double(microseconds) / 1_000_000) }
}
