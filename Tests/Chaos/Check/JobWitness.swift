/// The runs of definitions with an overlap policy, as their hashes in Redis say what became of them.
struct JobWitness: Sendable {
    private var hashes: [String: [String: String]] = [:]
    /// The scores of what stands in the job's set of executions.
    private var executions: [String: [String: WireTime]] = [:]
    private var runs: [String: [String]] = [:]

    /// A worker that has not been heard of for so many seconds is dead.
    private static let patience: Int64 = 1_000
    /// How many seconds a job that is queued counts as open by its hash alone; later it has to be looked for in its queue.
    private static let youth: Int64 = 60

    /// Begins to follow a run that is queued.
    mutating func follow(_ job: String, of definition: String) {
        runs[definition, default: []].append(job)
        hashes[job] = [:]
    }

    /// Forgets the runs of a definition that is deleted: no other one under its id knows of them.
    mutating func forget(_ definition: String) {
        for job in runs.removeValue(forKey: definition) ?? [] {
            hashes[job] = nil
            executions[job] = nil
        }
    }

    mutating func apply(_ command: LoggedCommand) {
        switch command.name {
        case "HSET", "HMSET":
            if let job = command.job, hashes[job] != nil {
                hashes[job]?.merge(command.hashFields) { _, new in new }
            }
        case "ZADD":
            guard let job = command.arguments.first.flatMap(RedisKeys.executions), hashes[job] != nil else { return }
            for (execution, score) in command.scores { executions[job, default: [:]][execution] = score }
        case "ZREM":
            guard let job = command.arguments.first.flatMap(RedisKeys.executions) else { return }
            for execution in command.arguments.dropFirst() { executions[job]?[execution] = nil }
        case "DEL", "UNLINK":
            for key in command.arguments {
                if let job = RedisKeys.job(key), hashes[job] != nil { hashes[job] = [:] }
                if let job = RedisKeys.executions(key) { executions[job] = nil }
            }
        default: break
        }
    }

    /// The runs of a definition that are queued or running, by the rules of the page on RQ's jobs as far as a hash and its
    /// executions tell.
    func openRuns(of definition: String, at now: WireTime) -> [String] {
        (runs[definition] ?? []).filter { isOpen($0, at: now) }
    }

    /// Whether a run that is open is one that no worker has started, and that may be taken out of its queue.
    func isQueued(_ job: String, at now: WireTime) -> Bool {
        hashes[job]?["status"] == "queued" && !isLive(job, at: now)
    }

    /// Whether a worker is at it, so that it can be told to stop.
    func isRunning(_ job: String, at now: WireTime) -> Bool {
        hashes[job]?["status"] == "started" && isLive(job, at: now)
    }

    private func isLive(_ job: String, at now: WireTime) -> Bool {
        executions[job]?.values.contains { $0 > now } == true
    }

    /// Whether a run may be open: as ``openRuns(of:at:)``, and a queued one may be in its queue still.
    func mayHaveOpenRun(_ definition: String, at now: WireTime) -> Bool {
        (runs[definition] ?? []).contains { isOpen($0, at: now) || hashes[$0]?["status"] == "queued" }
    }

    private func isOpen(_ job: String, at now: WireTime) -> Bool {
        let hash = hashes[job] ?? [:]
        func isYounger(_ field: String, than seconds: Int64) -> Bool {
            WireTime(hash[field] ?? "").map { $0 > now.advanced(bySeconds: -seconds) } ?? false
        }
        let status = hash["status"]
        if ["finished", "failed", "stopped"].contains(status) { return false }
        if isLive(job, at: now) { return true }
        switch status {
        case "started":
            return isYounger("last_heartbeat", than: Self.patience) || isYounger("started_at", than: Self.patience)
        case "queued": return isYounger("enqueued_at", than: Self.youth)
        default: return false
        }
    }
}
