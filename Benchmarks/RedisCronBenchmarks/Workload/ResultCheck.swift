import RQWire
import RedisCron

/// Looks at what a system left behind before its figures count.
struct ResultCheck {
    private let loaded: LoadedWorkload
    private let keys = Workload.keys
    private let system: String

    init(_ system: String, _ loaded: LoadedWorkload) {
        self.system = system
        self.loaded = loaded
    }

    /// Every queue has its length, every job of it a hash of that queue, and no id occurs twice.
    ///
    /// - Parameters:
    ///   - sample: how many ids are returned.
    ///   - passes: how many passes have left their jobs in the queues; looked at are those of the last one.
    /// - Returns: some of the ids, for Python to read back.
    /// - Throws: what is wrong.
    @discardableResult
    func checkJobs(sample: Int = 0, passes: Int = 1) throws -> [String] {
        let workload = loaded.workload
        var seen: Set<String> = []
        var sampled: [String] = []
        for queue in 0..<loaded.workload.queueCount {
            let name = loaded.workload.queue(queue)
            let wanted = workload.count(inQueue: queue)
            let length = try loaded.server.control.command("LLEN", keys.queue(name)).integer
            try require(length == wanted * passes, "\(name) holds \(length) jobs, not \(wanted * passes)")
            let ids = try loaded.server.control.command("LRANGE", keys.queue(name), String(-wanted), "-1").list.map(
                \.text)
            let expected = ["queued", name]
            var buffer = CommandBuffer()
            for start in stride(from: 0, to: ids.count, by: 1000) {
                for id in ids[start..<min(start + 1000, ids.count)] {
                    buffer.append(command: "HMGET", keys.jobPrefix + id, "status", "origin")
                }
                for reply in try loaded.server.control.send(buffer) {
                    try require(reply.list.map(\.text) == expected, "a job in \(name) says \(reply.list.map(\.text))")
                }
                buffer.removeAll()
            }
            seen.formUnion(ids)
            sampled += ids.prefix(sample / loaded.workload.queueCount)
        }
        try require(seen.count == workload.count, "\(seen.count) different jobs, not \(workload.count)")
        return sampled
    }

    /// The log of runs tells of each job that waits in a queue, once, and of no other.
    ///
    /// - Parameter isKept: whether runs are recorded; otherwise there is no log.
    func checkRunLog(isKept: Bool = true) throws {
        let control = loaded.server.control
        let entries = try control.command("LRANGE", keys.runLog, "0", "-1").list
        guard isKept else { return try require(entries.isEmpty, "runs are in a log that nobody wants") }
        var told: [String] = []
        for entry in entries {
            guard case .bytes(let bytes) = entry, let entry = RunLogEntry(bytes) else {
                throw BenchmarkError("\(system) left an entry of the log that cannot be read")
            }
            for line in entry.lines {
                if case .queued(let run) = line { told.append(run.jobID.description) }
            }
        }
        var queued: Set<String> = []
        for queue in 0..<loaded.workload.queueCount {
            queued.formUnion(
                try control.command("LRANGE", keys.queue(loaded.workload.queue(queue)), "0", "-1").list.map(\.text))
        }
        try require(told.count == queued.count, "the log tells of \(told.count) runs, not of \(queued.count)")
        try require(queued == Set(told), "the log tells of other runs than were queued")
    }

    /// So many runs of each definition are recorded as having ended like that, each of another job.
    func checkRecords(_ outcome: RunOutcome, count: Int) throws {
        var jobs: Set<String> = []
        let ids = (0..<loaded.workload.count).map(loaded.workload.id)
        for start in stride(from: 0, to: ids.count, by: 1000) {
            let page = ids[start..<min(start + 1000, ids.count)]
            var buffer = CommandBuffer()
            for id in page { buffer.append(command: "LRANGE", keys.runs(of: id), "0", "-1") }
            for (id, reply) in zip(page, try loaded.server.control.send(buffer)) {
                let runs = reply.list.compactMap { entry -> EndedRun? in
                    if case .bytes(let bytes) = entry { EndedRun(bytes) } else { nil }
                }
                let isRight = runs.count == count && runs.allSatisfy { $0.ending.outcome == outcome }
                try require(isRight, "\(id) has \(runs.count) runs recorded: \(runs.map(\.ending.outcome))")
                for run in runs { jobs.insert(run.jobID(of: DefinitionID(id))) }
            }
        }
        try require(
            jobs.count == ids.count * count, "\(jobs.count) different jobs are recorded, not \(ids.count * count)")
    }

    /// Every next time lies after `time`, in the hash and in the index alike.
    func checkSchedules(after time: Timestamp) throws {
        let control = loaded.server.control
        let score = LoadedWorkload.score(time)
        let moved = try control.command("ZCOUNT", keys.cronJobs, "(\(score)", "+inf").integer
        try require(moved == loaded.workload.count, "\(moved) of \(loaded.workload.count) schedules moved")
        for start in stride(from: 0, to: loaded.workload.count, by: 1000) {
            var buffer = CommandBuffer()
            let range = start..<min(start + 1000, loaded.workload.count)
            for index in range {
                let id = loaded.workload.id(index)
                buffer.append(command: "HGET", keys.cronJob(id), "next_enqueue_time")
                buffer.append(command: "ZSCORE", keys.cronJobs, id)
            }
            let replies = try control.send(buffer)
            for (offset, index) in range.enumerated() {
                let inHash = try Timestamp(parsing: replies[offset * 2].text)
                let inIndex = Timestamp(score: Double(replies[offset * 2 + 1].text) ?? 0)
                try require(
                    inHash == inIndex,
                    "\(loaded.workload.id(index)) is next at \(inHash) by its hash, at \(inIndex) by the index")
            }
        }
    }

    private func require(_ holds: Bool, _ otherwise: @autoclosure () -> String) throws {
        if !holds { throw BenchmarkError("\(system) left a wrong result behind: \(otherwise())") }
    }
}
