import RQWire
import RedisBridge
import RedisCron

/// The newest job of a definition that RQ still has, where nobody records what becomes of its runs.
struct LastJob: Sendable {
    /// Why a job was enqueued.
    enum Cause: Sendable {
        /// By the schedule, for this time.
        case planned(Timestamp)
        /// By `rqrcron trigger` or `enqueue()`.
        case triggered
    }

    let id: RQJobID
    /// RQ's status: queued, started, finished, failed and so on.
    let status: String
    /// When it was enqueued; nil if its hash does not say.
    let enqueued: Timestamp?
    let cause: Cause
    /// Why it failed, if RQ has the reason.
    private(set) var failure: RQJobFailure?

    /// How many planned times are tried; jobs of older ones have most likely expired.
    private static let depth = 20

    /// Finds the newest job.
    ///
    /// A job of the schedule has an id that follows from its planned time. The definition stores the id of the job that was
    /// triggered last. The newer of the two is the last job.
    ///
    /// - Returns: nil if there is none.
    static func find(
        of job: RedisCronJob, times: ScheduleTimes?, keys: RQKeys, client: RedisClient
    ) async throws -> LastJob? {
        let planned = try await lastPlanned(of: job, times: times, keys: keys, client: client)
        let triggered = try await lastTriggered(of: job, keys: keys, client: client)
        guard var last = [planned, triggered].compactMap({ $0 }).max(by: isOlder) else { return nil }
        if last.status == "failed" { last.failure = try await failure(of: last.id, keys: keys, client: client) }
        return last
    }

    private static func isOlder(_ one: LastJob, than other: LastJob) -> Bool {
        guard let first = one.enqueued, let second = other.enqueued else { return one.enqueued == nil }
        return first < second
    }

    private static func lastPlanned(
        of job: RedisCronJob, times: ScheduleTimes?, keys: RQKeys, client: RedisClient
    ) async throws -> LastJob? {
        guard let times, job.latestEnqueueTime != nil else { return nil }
        for time in times.previous(depth, before: times.pending ?? Timestamp.now) {
            let id = RQJobID.planned(definition: job.id, at: time)
            if let last = try await LastJob(id, .planned(time), keys: keys, client: client) { return last }
        }
        return nil
    }

    private static func lastTriggered(
        of job: RedisCronJob, keys: RQKeys, client: RedisClient
    ) async throws -> LastJob? {
        let field = DefinitionRepository.triggeredJobField
        let text = try await client.send(RedisCommand("HGET", keys.cronJob(job.id), field)).string
        guard let id = text.flatMap({ RQJobID($0) }) else { return nil }
        return try await LastJob(id, .triggered, keys: keys, client: client)
    }

    /// Reads a job; nil if RQ no longer has it.
    private init?(_ id: RQJobID, _ cause: Cause, keys: RQKeys, client: RedisClient) async throws {
        let fields = try await client.send(RedisCommand("HMGET", keys.job(id), "status", "enqueued_at")).array
        guard let fields, fields.count == 2, let status = fields[0].string else { return nil }
        self.id = id
        self.status = status
        self.cause = cause
        enqueued = fields[1].string.flatMap { try? Timestamp(parsing: $0) }
    }

    private static func failure(of id: RQJobID, keys: RQKeys, client: RedisClient) async throws -> RQJobFailure? {
        let reply = try await client.send(
            RedisCommand("XREVRANGE", keys.results(id), "+", "-", "COUNT", 1))
        let fields = reply.array?.first?.array?.last?.array ?? []
        for index in stride(from: 0, to: fields.count - 1, by: 2)
        where fields[index].string == RQJobFailure.field {
            return fields[index + 1].bytes.flatMap(RQJobFailure.init)
        }
        return nil
    }

    /// One line for people.
    var text: String {
        let reason = failure.map { " (\($0.reason))" } ?? ""
        let cause =
            switch cause {
            case .planned(let time): "planned for \(time.wireFormat)"
            case .triggered: "triggered" + (enqueued.map { " at \($0.wireFormat)" } ?? "")
            }
        return "\(id) \(status)\(reason), \(cause)"
    }
}
