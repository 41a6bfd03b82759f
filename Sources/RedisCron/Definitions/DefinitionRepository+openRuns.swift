import Cron
import RQWire
import RedisBridge

/// Finds the runs of a definition that keeps no track of them.
extension DefinitionRepository {
    /// The runs of a definition that may be open, of those that are known and those of which RQ's jobs tell; see ``OpenRun/joined(_:with:)``.
    ///
    /// - Parameters:
    ///   - known: Those that are known, the oldest first.
    ///   - zone: The zone that counts where the definition names none.
    ///   - most: Among how many planned times RQ's jobs are looked for.
    func openRuns(
        of definition: CronJobHash, knowing known: [OpenRun], defaultZone zone: ZoneRules, among most: Int
    ) async throws -> [OpenRun] {
        OpenRun.joined(known, with: try await openRunsByJobs(of: definition, defaultZone: zone, among: most))
    }

    /// Jobs that are looked at in one round trip.
    private static let jobsAtOnce = 100

    /// The runs of a definition that may be open, by RQ's jobs: the oldest first, and behind them the last one outside of the schedule.
    ///
    /// The id of a job follows from its planned time. The last one was queued at `latest_enqueue_time`, and its planned time is the last
    /// one before, unless it was late. So planned times are looked at from there on back, until the job is found that says the same time.
    ///
    /// - Parameters:
    ///   - zone: The zone that counts where the definition names none.
    ///   - most: How many planned times are looked at.
    private func openRunsByJobs(
        of definition: CronJobHash, defaultZone zone: ZoneRules, among most: Int
    ) async throws -> [OpenRun] {
        var open: [OpenRun] = []
        func look(at ids: [RQJobID]) async throws -> Set<[UInt8]> {
            let commands = ids.map { RedisCommand("HMGET", keys.job($0), "status", "enqueued_at") }
            let jobs = try await client.pipeline(commands) { _, reply throws(RedisError) in
                try reply.elementsIfList()
            }
            for (id, fields) in zip(ids, jobs) where fields.first.map(Self.isOver) == false {
                open.append(OpenRun(jobID: id.description, queue: definition.call.queueName))
            }
            return Set(jobs.compactMap(\.last))
        }

        let triggered = try await client.send(
            RedisCommand("HGET", keys.cronJob(definition.id), Self.triggeredJobField)
        ).string
        if let id = triggered.flatMap({ RQJobID($0) }) { _ = try await look(at: [id]) }
        if let latest = definition.latestEnqueueTime {
            let plan = try DefinitionCheck(definition).plan(defaultZone: zone)
            let latestText = Array(latest.wireFormat.utf8)
            for page in plan.times(most, queuedNotAfter: latest, of: definition).pages(of: Self.jobsAtOnce) {
                let ids = page.map { RQJobID.planned(definition: definition.id, at: $0) }
                if try await look(at: ids).contains(latestText) { break }
            }
        }
        return open.prefix(OpenRun.most).reversed()
    }

    /// Whether a job of that status needs no further look; one that is gone has none.
    private static func isOver(_ status: [UInt8]) -> Bool {
        ["", "finished", "failed", "stopped"].contains(String(decoding: status, as: UTF8.self))
    }
}

extension OpenRun {
    /// Runs that are known and runs that were found, each once, the newest as many as a definition remembers.
    ///
    /// The order is that of those that were found, with what is known of each: in which queue it is, and what a script noted. Those that
    /// were not found stand before them. They are runs outside of the schedule before the last one of these, or older than the planned times
    /// that were looked at.
    static func joined(_ known: [OpenRun], with found: [OpenRun]) -> [OpenRun] {
        let foundIDs = Set(found.map(\.jobID))
        let byID = Dictionary(known.map { ($0.jobID, $0) }) { _, last in last }
        let all = known.filter { !foundIDs.contains($0.jobID) } + found.map { byID[$0.jobID] ?? $0 }
        return all.suffix(most)
    }
}

extension RunPlan {
    /// The planned times for which a run may have been queued until an instant, the latest first, and before them the one that stands.
    fileprivate func times(_ most: Int, queuedNotAfter latest: Timestamp, of definition: CronJobHash) -> [Timestamp] {
        let standing = definition.gridTime ?? definition.createdAt
        let first = standing.flatMap { $0 <= .now ? $0 : nil }
        let rest = times(
            most, before: latest + .microseconds(1), from: latest - .seconds(5 * 31_557_600),
            anchor: standing ?? latest)
        return (first.map { [$0] } ?? []) + rest.filter { $0 != first }
    }
}
