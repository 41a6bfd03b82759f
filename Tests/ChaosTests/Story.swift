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

    /// The next run of a definition that is finished.
    static let finished = WireTime(microseconds: 253_402_300_799_999_999)

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
    ///
    /// - Parameters:
    ///   - score: When it is due, where that is not when it is planned.
    ///   - policy: Fields that limit its runs.
    mutating func create(
        _ id: String, interval: Int = 1, cron: String? = nil, at time: WireTime, next: WireTime? = nil,
        score: WireTime? = nil, policy: [String: String] = [:]
    ) {
        fields[id] = [
            "id": id, "func_name": "app.tasks.rebuild", "queue_name": "q", "args": "[\"\(id)\",1]",
            "interval": cron == nil ? String(interval) : "", "cron": cron ?? "", "latest_enqueue_time": "",
            "next_enqueue_time": next?.description ?? "", "created_at": time.description,
            "updated_at": time.description, "enabled": "1",
        ].merging(policy) { $1 }
        write(id, fields[id] ?? [:], score: score ?? next ?? time)
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
        /// Jobs that it takes out of their queue, for this run to replace them.
        var replaces: [String] = []
        /// What it writes of the definition besides the times.
        var fields: [String: String] = [:]
    }

    /// Queues the run of `planned` at `time` and moves the schedule to `next`.
    mutating func tick(_ id: String, planned: WireTime, at time: WireTime, next: WireTime, _ blunder: Blunder = .init())
    {
        let job = PlannedJobID.of(id, at: planned)
        let queue = blunder.queue ?? fields[id]?["queue_name"] ?? "q"
        let args = blunder.revision.map { "[\"\(id)\",\($0)]" } ?? fields[id]?["args"] ?? "[\"\(id)\",1]"
        let revision = args.split(separator: ",").last?.dropLast() ?? ""
        let moved = blunder.next ?? next
        let times = ["latest_enqueue_time": time.description, "next_enqueue_time": moved.description]
            .merging(blunder.fields) { $1 }
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
        for former in blunder.replaces {
            commands.append(LoggedCommand("LREM", ["rq:queue:\(queue)", "-1", former]))
            commands.append(LoggedCommand("DEL", ["rq:job:\(former)", "rq:results:\(former)"]))
            taken.removeAll { $0.id == former }
        }
        if !blunder.skipsJob, !blunder.skipsPush {
            let jobs = [String](repeating: job, count: blunder.pushesTwice ? 2 : 1)
            commands.append(LoggedCommand("RPUSH", ["rq:queue:\(queue)"] + jobs))
            if !blunder.consumerMisses { taken += jobs.map { TakenJob(id: $0, isWhole: true) } }
        }
        commands.append(
            moved == Self.finished
                ? LoggedCommand("ZREM", ["rq:cron_jobs", id])
                : LoggedCommand("ZADD", ["rq:cron_jobs", (blunder.score ?? moved).seconds, id]))
        fields[id]?.merge(times) { $1 }
        steps.append(LoggedStep(commands))
    }

    /// Queues a run outside of the schedule.
    ///
    /// - Parameter moved: Where the schedule goes with it, which it must not.
    mutating func trigger(
        _ id: String, job: String, at time: WireTime, queue: String = "q", movingTo moved: WireTime? = nil
    ) {
        let revision = (fields[id]?["args"] ?? "").split(separator: ",").last?.dropLast() ?? "1"
        steps.append(
            LoggedStep([
                hset(
                    "rq:job:\(job)",
                    [
                        "status": "queued", "created_at": time.description, "enqueued_at": time.description,
                        "data": "x", "origin": queue, "description": "app.tasks.rebuild('\(id)', \(revision))",
                        "timeout": "180",
                    ]), LoggedCommand("RPUSH", ["rq:queue:\(queue)", job]),
                hset(
                    "rq:cron_job:\(id)",
                    ["triggered_job": job].merging(moved.map { ["next_enqueue_time": $0.description] } ?? [:]) { $1 }),
            ]))
        taken.append(TakenJob(id: job, isWhole: true))
    }

    /// Moves the schedule without a run.
    mutating func refuse(_ id: String, next: WireTime) {
        steps.append(
            LoggedStep([
                hset("rq:cron_job:\(id)", ["next_enqueue_time": next.description]),
                LoggedCommand("ZADD", ["rq:cron_jobs", next.seconds, id]),
            ]))
    }

    // MARK: Workers

    /// What a worker writes of the run of `planned`.
    mutating func work(_ id: String, planned: WireTime, _ fields: [String: String], execution score: WireTime? = nil) {
        let job = PlannedJobID.of(id, at: planned)
        var commands = [hset("rq:job:\(job)", fields)]
        if let score { commands.append(LoggedCommand("ZADD", ["rq:executions:\(job)", score.seconds, "x"])) }
        steps.append(LoggedStep(commands))
    }

    private func hset(_ key: String, _ fields: [String: String]) -> LoggedCommand {
        LoggedCommand("HSET", [key] + fields.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] })
    }
}

extension WireTime {
    fileprivate var seconds: String { String(Double(microseconds) / 1_000_000) }
}
