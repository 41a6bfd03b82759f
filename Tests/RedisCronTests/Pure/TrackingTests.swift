import Cron
import RQWire
import Testing

@testable import RedisCron

/// An edit that gives a definition an overlap policy remembers the run that the schedule queued last.
@Suite struct TrackingTests {
    private typealias Run = RQWire.OpenRun

    private let now = Timestamp.newYear + .seconds(1_000)

    private func openRuns(
        _ change: (inout CronJobHash) -> Void, then edit: (inout RedisCronJob) -> Void
    ) throws -> (runs: [Run], expectedNext: [UInt8]?) {
        var hash = CronJobHash.example()
        hash.latestEnqueueTime = .newYear + .seconds(902)
        hash.nextEnqueueTime = .newYear + .seconds(1_200)
        change(&hash)
        var job = RedisCronJob(StoredDefinition(written: hash), connection: nil)
        edit(&job)
        let (saved, write) = try job.saving(event: .updated, newOnly: false, now: now, zone: .utc)
        return (Run.list(saved.definition.state.openRuns), write.expectedNext)
    }

    private func run(_ planned: Timestamp) -> Run {
        let example = CronJobHash.example()
        return Run(
            jobID: RQJobID.planned(definition: example.id, at: planned).description, queue: example.queueName)
    }

    @Test func `the last run of an interval is remembered, and a tick in between is not overlooked`() throws {
        let (runs, expected) = try openRuns { _ in
        } then: {
            $0.policy.overlap = .skip
        }
        #expect(runs == [run(.newYear + .seconds(900))])
        #expect(expected == Array("2026-01-01T00:20:00.000000Z".utf8))
    }

    @Test func `so is that of an expression, where the schedule changes as well`() throws {
        let (runs, _) = try openRuns {
            ($0.interval, $0.cron) = (nil, "*/5 * * * *")
        } then: { job in
            job.policy.overlap = .wait
            job.schedule = .every(.seconds(7))
        }
        #expect(runs == [run(.newYear + .seconds(900))])
    }

    @Test func `so is that of an interval that has had its runs`() throws {
        let (runs, _) = try openRuns {
            ($0.policy.maxRuns, $0.state.runCount, $0.nextEnqueueTime) = (3, 3, .finished)
        } then: {
            $0.policy.overlap = .skip
        }
        #expect(runs == [run(.newYear + .seconds(900))])
    }

    @Test func `a definition that never ran has none, and one that kept track keeps what it knows`() throws {
        #expect(
            try openRuns {
                $0.latestEnqueueTime = nil
            } then: {
                $0.policy.overlap = .skip
            }.runs == [])
        let known = Run(jobID: "job", queue: "q")
        let kept = try openRuns {
            $0.policy.overlap = .wait
            $0.state.openRuns = OpenRuns(of: [known]).bytes
        } then: {
            $0.policy.overlap = .skip
        }
        #expect(kept.runs == [known])
    }

    @Test func `an edit back to allow forgets them`() throws {
        let forgotten = try openRuns {
            $0.policy.overlap = .skip
            $0.state.openRuns = OpenRuns(of: [Run(jobID: "job", queue: "q")]).bytes
        } then: {
            $0.policy.overlap = .allow
        }
        #expect(forgotten.runs == [])
    }
}
