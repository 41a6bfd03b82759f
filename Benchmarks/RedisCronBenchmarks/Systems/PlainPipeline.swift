import RQWire

/// The baseline: what RQ and rq-rediscron send for one run, sent by a plain C client in a deep pipeline.
///
/// No script, no fence, no lock, nothing read first, nothing computed.
struct PlainPipeline {
    /// How much of what Python sends.
    enum Extent {
        /// The very commands of `Queue.enqueue` and `set_enqueue_time`, job by job.
        case asPython
        /// The fewest with the same effect. A job takes one HSET, and one of the two fields of its definition that change; the
        /// queues, the index and RQ's set of queues are written once for 200 jobs. No update marker, no event.
        case least
    }

    /// Jobs that share what can be shared.
    private static let jobsOfGroup = 200

    private let commands = PreparedCommands()
    private let extent: Extent
    private let workload: Workload

    /// Makes the commands of a pass for the definitions that are planned for that hour.
    init(_ workload: Workload, _ extent: Extent, hour: Timestamp) {
        self.workload = workload
        self.extent = extent
        var generator = SystemRandomNumberGenerator()
        let next = hour + workload.period
        let now = workload.passTime(inHour: hour)
        for start in stride(from: 0, to: workload.count, by: Self.jobsOfGroup) {
            let jobs = (start..<min(start + Self.jobsOfGroup, workload.count)).map { index in
                Job(
                    index: index, id: RQJobID.random(using: &generator), payload: workload.payload(index),
                    next: workload.plannedTime(index, inHour: next), now: now)
            }
            switch extent {
            case .asPython: for job in jobs { append(job) }
            case .least: append(jobs)
            }
        }
        commands.finish()
    }

    /// In commands.
    private var groupSize: Int {
        switch extent {
        case .asPython: 1_000  // Fewer and more were slower.
        case .least: max(1, commands.count * Self.jobsOfGroup / workload.count)
        }
    }

    /// - Parameter overlapped: whether a group is sent before the one before it is answered.
    func run(on address: ServerAddress, overlapped: Bool) throws {
        try commands.run(on: address, groupSize: groupSize, groupsInFlight: overlapped ? 2 : 1)
    }

    private struct Job {
        let index: Int
        let id: RQJobID
        let payload: JobPayload
        let next: Timestamp
        let now: Timestamp

        var key: [UInt8] { Array(Workload.keys.job(id).utf8) }
        var queueKey: [UInt8] { Array(Workload.keys.queuePrefix.utf8) + payload.origin }
        var fields: [([UInt8], [UInt8])] {
            RQJobHash.fields(payload: payload, createdAt: now, enqueuedAt: now).map { (Array($0.field.utf8), $0.value) }
        }
    }

    private func append(_ job: Job) {
        let keys = Workload.keys
        let fields = job.fields
        append("SADD", [Array(keys.queues.utf8), job.queueKey])
        append("HSET", [job.key] + pairs(fields.prefix(1)))
        append("HSET", [job.key] + pairs(fields.dropFirst()))
        appendExpiry(of: job)
        append("RPUSH", [job.queueKey, job.id.bytes])
        appendDefinition(of: job) { _ in true }
        let id = workload.id(job.index)
        append("ZADD", [keys.cronJobs, LoadedWorkload.score(job.next), id].map { Array($0.utf8) })
        append("SET", [keys.lastUpdate, LoadedWorkload.score(job.now)].map { Array($0.utf8) })
        append("PUBLISH", [keys.events, #"{"event":"updated","job_id":"\#(id)"}"#].map { Array($0.utf8) })
    }

    private func append(_ jobs: [Job]) {
        let keys = Workload.keys
        var queues: [[UInt8]: [[UInt8]]] = [:]
        for job in jobs {
            append("HSET", [job.key] + pairs(job.fields[...]))
            appendExpiry(of: job)
            appendDefinition(of: job) { $0 == .latestEnqueueTime || $0 == .nextEnqueueTime }
            queues[job.queueKey, default: []].append(job.id.bytes)
        }
        for (queue, ids) in queues { append("RPUSH", [queue] + ids) }
        append("SADD", [Array(keys.queues.utf8)] + queues.keys)
        append(
            "ZADD",
            [Array(keys.cronJobs.utf8)]
                + jobs.flatMap { [LoadedWorkload.score($0.next), workload.id($0.index)].map { Array($0.utf8) } })
    }

    private func appendExpiry(of job: Job) {
        if let ttl = job.payload.ttl { append("EXPIRE", [job.key, Array(String(ttl).utf8)]) }
    }

    private func appendDefinition(of job: Job, _ isWritten: (CronJobHash.Field) -> Bool) {
        var definition = workload.definition(job.index, next: job.next)
        definition.latestEnqueueTime = job.now
        let changes = definition.encode().filter { isWritten($0.field) }.map { (Array($0.field.name.utf8), $0.value) }
        append("HSET", [Array(Workload.keys.cronJob(workload.id(job.index)).utf8)] + pairs(changes[...]))
    }

    private func append(_ name: String, _ arguments: [[UInt8]]) {
        commands.append([Array(name.utf8)] + arguments)
    }

    private func pairs(_ fields: ArraySlice<([UInt8], [UInt8])>) -> [[UInt8]] {
        fields.flatMap { [$0.0, $0.1] }
    }
}
