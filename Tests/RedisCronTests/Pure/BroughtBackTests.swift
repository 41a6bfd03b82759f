import Cron
import RQWire
import Testing

@testable import RedisCron

/// A finished definition that an edit gives further runs goes on from the present.
@Suite struct BroughtBackTests {
    private let now = Timestamp.newYear + .seconds(100_000)

    /// An interval of 300 s that ran last at the new year and finished then.
    private func finished(_ change: (inout CronJobHash) -> Void) -> RedisCronJob {
        let hash = CronJobHash.example {
            $0.latestEnqueueTime = .newYear
            $0.nextEnqueueTime = .finished
            change(&$0)
        }
        return RedisCronJob(StoredDefinition(written: hash), connection: nil)
    }

    private func saved(_ job: RedisCronJob) throws -> RedisCronJob {
        try job.saving(event: .updated, newOnly: false, now: now, zone: .utc).saved
    }

    @Test func `another limit, end or interval brings it back on its grid, and makes up for nothing`() throws {
        var limited = finished {
            $0.policy.maxRuns = 2
            $0.state.runCount = 2
        }
        #expect(try saved(limited).isFinished)
        limited.policy.maxRuns = 3
        #expect(try saved(limited).nextEnqueueTime == now + .seconds(200))
        limited.policy.maxRuns = nil
        #expect(try saved(limited).nextEnqueueTime == now + .seconds(200))

        var ended = finished { $0.schedule.endTime = .newYear }
        #expect(try saved(ended).isFinished)
        ended.schedule = .every(.seconds(300), through: now + .seconds(100))
        #expect(try saved(ended).isFinished)
        ended.schedule = .every(.seconds(300), through: now + .seconds(200))
        #expect(try saved(ended).nextEnqueueTime == now + .seconds(200))
        ended.schedule = .every(.seconds(70_000), through: now + .seconds(100_000))
        #expect(try saved(ended).nextEnqueueTime == .newYear + .seconds(140_000))
    }

    @Test func `exclusions put its grid off, but an end before its next time does not`() throws {
        var ended = finished {
            $0.schedule.endTime = .newYear
            $0.latestEnqueueTime = .newYear + .seconds(50 * 60)
        }
        // The end of each hour, and it is 46 minutes and 40 seconds past.
        let lateMinutes = "45-59 * * * *"
        ended.schedule = .every(.seconds(3_600), through: now + .seconds(3_000), excluding: [lateMinutes])
        #expect(try saved(ended).nextEnqueueTime == .newYear + .seconds(28 * 3_600))
        ended.schedule = .every(.seconds(3_600), through: now + .seconds(100), excluding: [lateMinutes])
        #expect(try saved(ended).isFinished)
    }

    @Test func `registering it again without end and limit does the same`() throws {
        let stored = StoredDefinition(
            written: .example {
                $0.latestEnqueueTime = .newYear
                $0.nextEnqueueTime = .finished
                $0.policy.maxRuns = 1
                $0.state.runCount = 1
            })
        for registrar in [Registrar.file, .caller(isCountReset: false)] {
            var job = try RedisCronJob(
                id: "metric:pm25", call: CallSpec("app.tasks.rebuild", queue: "metrics"),
                schedule: .every(.seconds(300)))
            try job.adopt(stored, enabled: nil, by: registrar, now: now, defaultZone: .utc)
            #expect(try saved(job).nextEnqueueTime == now + .seconds(200))
        }
    }
}
