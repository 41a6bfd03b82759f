import Cron
import RQWire
import Testing

@testable import RedisCron

@Suite struct PlanAuditTests {
    private let now = Timestamp.newYear + .seconds(3600 * 12 + 1)

    private func audit(
        interval: Duration? = nil, cron: String? = nil, latest: Timestamp? = .newYear
    ) throws -> PlanAudit {
        let hash = CronJobHash.example(interval: interval, cron: cron) { $0.latestEnqueueTime = latest }
        return PlanAudit(hash, plan: try DefinitionCheck(hash).plan(defaultZone: .utc), now: now)
    }

    @Test func `of an interval every time within one is plausible, and none beyond`() throws {
        let audit = try audit(interval: .seconds(300))
        for seconds in [-86_400, 0, 1, 300, 310] { #expect(audit.isPlausible(now + .seconds(seconds)), "\(seconds)") }
        for seconds in [311, 8 * 3600] { #expect(!audit.isPlausible(now + .seconds(seconds)), "\(seconds)") }
    }

    @Test func `of an expression only its next time is plausible, and what is due`() throws {
        let audit = try audit(cron: "0 * * * *")
        let next = Timestamp.newYear + .seconds(13 * 3600)
        #expect(audit.isPlausible(next))
        #expect(audit.isPlausible(now - .seconds(77)))
        for seconds in [-3600 + 60, 60, 3600] { #expect(!audit.isPlausible(next + .seconds(seconds)), "\(seconds)") }
        #expect(audit.isOnGrid(next + .seconds(3600)))
        #expect(!audit.isOnGrid(next + .microseconds(1)))
    }

    @Test func `a first run is explained by itself, whenever it is`() throws {
        let audit = try audit(interval: .seconds(300), latest: nil)
        #expect(audit.isPlausible(now + .seconds(86_400 * 365)))
        #expect(audit.skippedTime(before: now + .seconds(86_400 * 365)) == nil)
        #expect(try self.audit(cron: "0 * * * *", latest: nil).skippedTime(before: now + .seconds(86_400)) != nil)
    }

    @Test func `a last run that is to come was queued under a clock that was ahead`() throws {
        #expect(try !audit(interval: .seconds(60), latest: now + .seconds(10)).ranUnderClockAhead)
        #expect(try audit(interval: .seconds(60), latest: now + .seconds(11)).ranUnderClockAhead)
        var job = RedisCronJob(
            StoredDefinition(
                written: .example(interval: .seconds(60)) { $0.latestEnqueueTime = now + .seconds(8 * 3600) }),
            connection: nil)
        #expect(try job.nextRun(after: now, defaultZone: .utc) == now + .seconds(60))
        job.latestEnqueueTime = now - .seconds(20)
        #expect(try job.nextRun(after: now, defaultZone: .utc) == now + .seconds(40))
    }
}
