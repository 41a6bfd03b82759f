import Cron
import RQWire
import RedisBridge

extension RedisStore {
    func publishedZone() async throws -> String? {
        try await client.send(RedisCommand("GET", keys.timeZone)).string
    }

    func planAnew(afterZone previous: String?) async throws -> Int {
        let former = previous.flatMap { try? ZoneRules(notation: $0) }
        var count = 0
        for page in try await index() {
            for case .job(let job) in try await connection.read(page.map(\.id)) {
                try Task.checkCancellation()
                if try await planAnew(job, former: former) { count += 1 }
            }
        }
        return count
    }

    /// Plans one definition anew if its next run is no time of its schedule in our zone, and was one in the former.
    private func planAnew(_ job: RedisCronJob, former: ZoneRules?) async throws -> Bool {
        let now = Timestamp.now
        guard job.enabled, job.definition.usesDefaultTimeZone, let next = job.nextEnqueueTime,
            PlanAudit.isAhead(next, of: now), !isTime(next, of: job, in: zone),
            former.map({ isTime(next, of: job, in: $0) }) ?? true
        else { return false }
        var edited = job
        edited.nextEnqueueTime = try edited.nextRun(after: now, defaultTimeZone: zone)
        do {
            try await edited.save(event: .updated, newOnly: false, zone: zone, tries: 1)
            return true
        } catch let error as RedisCronError where error.code == .editConflict || error.code == .noSuchJob {
            // Whoever changed it meanwhile read it in our zone, which is published already.
            return false
        }
    }

    private func isTime(_ next: Timestamp, of job: RedisCronJob, in zone: ZoneRules) -> Bool {
        guard let plan = try? DefinitionCheck(job.definition).plan(defaultZone: zone) else { return true }
        return PlanAudit(job.definition, plan: plan, now: next).isOnGrid(next)
    }
}
