import RQWire

extension ResultCheck {
    /// Breaks one thing after the other in a right result, makes sure that the check sees it, and mends it.
    ///
    /// - Parameters:
    ///   - time: what every next time lies after.
    ///   - ids: some of the jobs, for Python to read back.
    /// - Throws: when a check passes that should not.
    static func proveItself(
        on loaded: LoadedWorkload, after time: Timestamp, ids: [String], interpreter: String?
    ) throws {
        let control = loaded.server.control
        let keys = Workload.keys
        let check = ResultCheck("a damaged result", loaded)
        let definition = loaded.workload.count / 2
        let id = loaded.workload.id(definition)
        guard let job = ids.first.map({ keys.jobPrefix + $0 }) else { return }

        func prove(
            _ damage: String, _ check: () throws -> Void, breaking: () throws -> Void, mending: () throws -> Void
        ) throws {
            try breaking()
            var isSeen = false
            do { try check() } catch { isSeen = true }
            try mending()
            guard isSeen else { throw BenchmarkError("the check does not see \(damage)") }
        }
        try prove(
            "a missing job", { try check.checkJobs() },
            breaking: { try control.command("RENAME", job, "elsewhere") },
            mending: { try control.command("RENAME", "elsewhere", job) })
        let queue = keys.queue(loaded.workload.queue(0))
        try prove(
            "a job that is queued twice", { try check.checkJobs() },
            breaking: { try control.command("LPUSH", queue, "twice") }, mending: { try control.command("LPOP", queue) })
        let next = try control.command("HGET", keys.cronJob(id), "next_enqueue_time").text
        try prove(
            "a next time that did not move in the hash", { try check.checkSchedules(after: time) },
            breaking: { try control.command("HSET", keys.cronJob(id), "next_enqueue_time", time.wireFormat) },
            mending: { try control.command("HSET", keys.cronJob(id), "next_enqueue_time", next) })
        let score = try control.command("ZSCORE", keys.cronJobs, id).text
        try prove(
            "a next time that did not move in the index", { try check.checkSchedules(after: time) },
            breaking: { try control.command("ZADD", keys.cronJobs, LoadedWorkload.score(time), id) },
            mending: { try control.command("ZADD", keys.cronJobs, score, id) })
        try prove(
            "a run that was not recorded", { try check.checkRunLog() },
            breaking: { try control.command("LMOVE", keys.runLog, "elsewhere", "LEFT", "LEFT") },
            mending: { try control.command("LMOVE", "elsewhere", keys.runLog, "LEFT", "LEFT") })
        guard let interpreter else { return }
        let timeout = try control.command("HGET", job, "timeout").text
        try prove(
            "a job that says something else than its definition", { try readBack(ids, of: loaded, with: interpreter) },
            breaking: { try control.command("HSET", job, "timeout", "17") },
            mending: { try control.command("HSET", job, "timeout", timeout) })
    }
}
