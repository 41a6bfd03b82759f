import RQWire
import RedisBridge
import RedisCron

/// The newest job of a definition that RQ still has.
struct LastJob: Sendable {
    let id: RQJobID
    /// As RQ has it: queued, started, finished, failed and so on.
    let status: String
    let planned: Timestamp
    /// Why it failed, where RQ keeps that.
    let failure: RQJobFailure?

    /// Planned times that are looked for: the jobs of older ones are likely to have expired.
    private static let depth = 20

    /// Finds the job by the ids that the planned times give.
    ///
    /// - Returns: nil when there is none.
    init?(of job: RedisCronJob, times: ScheduleTimes?, keys: RQKeys, client: RedisClient) async throws {
        guard let times, job.latestEnqueueTime != nil else { return nil }
        for time in times.previous(Self.depth, before: job.nextEnqueueTime ?? SystemClock.now()) {
            let id = RQJobID.planned(definition: job.id, at: time)
            guard let status = try await client.send(RedisCommand("HGET", keys.job(id), "status")).string else {
                continue
            }
            self.id = id
            self.status = status
            planned = time
            failure = status == "failed" ? try await Self.failure(of: id, keys: keys, client: client) : nil
            return
        }
        return nil
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
        return "\(id) \(status)\(reason), planned for \(planned.wireFormat)"
    }
}
