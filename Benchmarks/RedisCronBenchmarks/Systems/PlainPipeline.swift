import RQWire

/// The baseline: what RQ and rq-rediscron send for one run, sent by a plain C client in a deep pipeline.
///
/// The commands are those of `Queue.enqueue` and `set_enqueue_time`. No script, no fence, no lock, nothing read first,
/// nothing computed.
struct PlainPipeline {
    /// How much of what Python sends.
    enum Extent {
        /// The very commands.
        case asPython
        /// The least with the same effect: one HSET for the job instead of two, the two fields of the definition that
        /// changed instead of all, no update marker, no event.
        case least
    }

    /// Commands sent before the replies to as many others are read; fewer and more were slower.
    private static let depth = 1_000

    private let commands = PreparedCommands()
    private let socketPath: String

    init(_ loaded: LoadedWorkload, extent: Extent, hour: Timestamp) {
        socketPath = loaded.server.socketPath
        let now = hour + .seconds(1860)
        var generator = SystemRandomNumberGenerator()
        for index in 0..<loaded.workload.count {
            let job = Job(
                id: RQJobID.random(using: &generator), payload: loaded.workload.payload(index),
                next: loaded.workload.plannedTime(index, inHour: hour + .seconds(3600)), now: now)
            append(job, index, loaded.workload, extent)
        }
        commands.finish()
    }

    func run() throws {
        try commands.run(on: socketPath, depth: Self.depth)
    }

    private struct Job {
        let id: RQJobID
        let payload: JobPayload
        let next: Timestamp
        let now: Timestamp
    }

    private func append(_ job: Job, _ index: Int, _ workload: Workload, _ extent: Extent) {
        let keys = Workload.keys
        let key = Array(keys.job(job.id).utf8)
        let queueKey = Array(keys.queuePrefix.utf8) + job.payload.origin
        let fields = RQJobHash.fields(payload: job.payload, createdAt: job.now, enqueuedAt: job.now)
            .map { (Array($0.field.utf8), $0.value) }
        append("SADD", [Array(keys.queues.utf8), queueKey])
        switch extent {
        case .asPython:
            append("HSET", [key] + pairs(fields.prefix(1)))
            append("HSET", [key] + pairs(fields.dropFirst()))
        case .least:
            append("HSET", [key] + pairs(fields[...]))
        }
        if let ttl = job.payload.ttl { append("EXPIRE", [key, Array(String(ttl).utf8)]) }
        append("RPUSH", [queueKey, job.id.bytes])

        let id = workload.id(index)
        var definition = workload.definition(index, next: job.next)
        definition.latestEnqueueTime = job.now
        let written = definition.encode().filter { field, _ in
            extent == .asPython || field == .latestEnqueueTime || field == .nextEnqueueTime
        }
        let changes = written.map { (Array($0.field.name.utf8), $0.value) }
        append("HSET", [Array(keys.cronJob(id).utf8)] + pairs(changes[...]))
        append("ZADD", [keys.cronJobs, LoadedWorkload.score(job.next), id].map { Array($0.utf8) })
        if extent == .asPython {
            append("SET", [keys.lastUpdate, LoadedWorkload.score(job.now)].map { Array($0.utf8) })
            append("PUBLISH", [keys.events, #"{"event":"updated","job_id":"\#(id)"}"#].map { Array($0.utf8) })
        }
    }

    private func append(_ name: String, _ arguments: [[UInt8]]) {
        commands.append([Array(name.utf8)] + arguments)
    }

    private func pairs(_ fields: ArraySlice<([UInt8], [UInt8])>) -> [[UInt8]] {
        fields.flatMap { [$0.0, $0.1] }
    }
}
