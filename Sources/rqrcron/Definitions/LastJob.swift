import RQWire
import RedisBridge
import RedisCron

/// The newest job of a definition that RQ still has.
struct LastJob: Sendable {
    /// Why a job was queued.
    enum Cause: Sendable {
        /// A run of the schedule, planned for this time.
        case planned(Timestamp)
        /// `rqrcron trigger` or `enqueue()`.
        case triggered
    }

    let id: RQJobID
    /// As RQ has it: queued, started, finished, failed and so on.
    let status: String
    /// When it was queued; nil where its hash does not say.
    let enqueued: Timestamp?
    let cause: Cause
    /// Why it failed, where RQ keeps that.
    private(set) var failure: RQJobFailure?

    /// Planned times that are looked for: the jobs of older ones are likely to have expired.
    private static let depth = 20

    /// Finds the last job of the schedule by the ids that the planned times give, and the one that was triggered last by
    /// what its definition remembers; the newer of the two is the last one.
    ///
    /// - Returns: nil when there is none.
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
        for time in times.previous(depth, before: job.nextEnqueueTime ?? SystemClock.now()) {
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

    /// Reads a job; nil when RQ has it no more.
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
