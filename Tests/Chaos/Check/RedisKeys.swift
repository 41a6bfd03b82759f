/// The names of keys as the wire contract has them.
enum RedisKeys {
    static let index = "rq:cron_jobs"
    static let updateMarker = "rq:cron_jobs:last_update"
    static let lock = "rq:cron_jobs:lock"
    static let definitionPrefix = "rq:cron_job:"
    static let jobPrefix = "rq:job:"
    static let executionsPrefix = "rq:executions:"
    static let queuePrefix = "rq:queue:"
    static let workerChannelPrefix = "rq:pubsub:"
    static let runLog = "rq:cron_runs_log"
    static let recentRuns = "rq:cron_runs_recent"
    static let openRuns = "rq:cron_runs_open"
    static let watchedRuns = "rq:cron_runs_watched"
    static let runIndex = "rq:cron_runs_index"
    static let runTotal = "rq:cron_runs_total"
    static let runsPrefix = "rq:cron_runs:"
    static let refusalsPrefix = "rq:cron_runs_refused:"
    /// The consumer's own list, and with `:last` what it read last.
    static let taken = "rq:chaos:taken"
    /// The jobs at work, by the time at which they end.
    static let working = "rq:chaos:working"
    /// What the run writes before the keys go to another node of a cluster; the number of the move follows.
    static let movePrefix = "rq:chaos:move:"

    /// That key under the prefix with a hash tag, which puts all keys into one slot of a cluster.
    static func tagged(_ key: String) -> String { "{rq}" + key.dropFirst(2) }

    /// The key as this page names it, from one that may have the prefix with a hash tag.
    static func untagged(_ key: String) -> String { key.hasPrefix("{rq}:") ? "rq" + key.dropFirst(4) : key }

    /// The definition whose key it is.
    static func definition(_ key: String) -> String? { name(key, after: definitionPrefix) }

    /// The job whose key it is.
    static func job(_ key: String) -> String? { name(key, after: jobPrefix) }

    /// The job whose set of executions it is.
    static func executions(_ key: String) -> String? { name(key, after: executionsPrefix) }

    /// The queue whose key it is.
    static func queue(_ key: String) -> String? { name(key, after: queuePrefix) }

    private static func name(_ key: String, after prefix: String) -> String? {
        key.hasPrefix(prefix) ? String(key.dropFirst(prefix.count)) : nil
    }
}

extension LoggedCommand {
    /// The definition whose hash is written.
    var definition: String? {
        name == "HSET" || name == "HMSET" ? arguments.first.flatMap(RedisKeys.definition) : nil
    }

    /// The job whose hash is written.
    var job: String? {
        name == "HSET" || name == "HMSET" ? arguments.first.flatMap(RedisKeys.job) : nil
    }

    /// The entries of a `ZADD`.
    var scores: [(id: String, score: WireTime)] {
        let pairs = arguments.dropFirst().drop { ["NX", "XX", "GT", "LT", "CH"].contains($0.uppercased()) }
        return stride(from: pairs.startIndex, to: pairs.endIndex - 1, by: 2).compactMap { index in
            Double(pairs[index]).map { (pairs[index + 1], WireTime(unixSeconds: $0)) }
        }
    }
}

extension LoggedStep {
    /// Whether a job goes into one of RQ's queues, or its hash is made.
    var queuesJobs: Bool {
        commands.contains { command in
            (command.name == "RPUSH" || command.name == "LPUSH")
                && command.arguments.first.flatMap(RedisKeys.queue) != nil
                || command.job != nil && command.hashFields["created_at"] != nil
        }
    }

    /// The run outside of a schedule that it queues: the job, as the definition remembers it.
    var trigger: (definition: String, job: String)? {
        for command in commands {
            if let id = command.definition, let job = command.hashFields["triggered_job"] { return (id, job) }
        }
        return nil
    }

    /// Whether nothing of a definition is written but its times and the state of its runs, which only ticks do.
    var movesSchedulesOnly: Bool {
        let writes = commands.filter { $0.definition != nil }
        return !writes.isEmpty && writes.allSatisfy { Set($0.hashFields.keys).isSubset(of: LoggedStep.tickFields) }
    }

    /// The fields that it takes out of a definition.
    func removedFields(of id: String) -> [String] {
        commands.flatMap { command in
            command.name == "HDEL" && command.arguments.first.flatMap(RedisKeys.definition) == id
                ? Array(command.arguments.dropFirst()) : []
        }
    }

    /// What ticks and triggers write of a definition.
    static let tickFields: Set<String> = [
        "latest_enqueue_time", "next_enqueue_time", "last_planned_time", "open_runs", "run_count", "waiting_since",
        "triggered_job",
    ]
}
