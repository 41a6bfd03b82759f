import RQWire
import RedisCronTesting
import Testing

@testable import RedisCron

/// Policies in an app's tests: runs are open until the test ends them.
@Suite struct TestSchedulerPolicyTests {
    private static let call = CallSpec("app.tasks.sync", queue: "mail")

    private func scheduler(
        _ policy: RunPolicy, _ schedule: ScheduleSpec = .every(.seconds(60))
    ) throws -> TestScheduler {
        let scheduler = try TestScheduler(at: Timestamp(parsing: "2026-03-28T00:00:00Z"))
        try scheduler.register(id: "sync", call: Self.call, schedule: schedule, policy: policy)
        return scheduler
    }

    private func minutes(_ runs: [TestScheduler.Run]) -> [String] {
        runs.map { String($0.planned.wireFormat.dropFirst(11).prefix(5)) }
    }

    @Test func `a planned time is skipped while a run is open, and each is told once`() async throws {
        let scheduler = try scheduler(RunPolicy(overlap: .skip))
        let first = try #require(try await scheduler.advance(by: .zero).first)
        #expect(try await scheduler.advance(by: .seconds(180)).isEmpty)
        #expect(scheduler.refused.map(\.reason) == [.overlap, .overlap, .overlap])
        #expect(scheduler.refused.map(\.count) == [1, 1, 1])
        try scheduler.start(jobID: first.jobID)
        #expect(try await scheduler.advance(by: .seconds(60)).isEmpty)
        try scheduler.finish(jobID: first.jobID)
        #expect(minutes(try await scheduler.advance(by: .seconds(60))) == ["00:05"])
        #expect(scheduler.refused.count == 4)
    }

    @Test func `a planned time waits for the run that is open`() async throws {
        let scheduler = try scheduler(RunPolicy(overlap: .wait))
        let first = try #require(try await scheduler.advance(by: .zero).first)
        #expect(try await scheduler.advance(by: .seconds(90)).isEmpty)
        try scheduler.fail(jobID: first.jobID)
        let runs = try await scheduler.advance(by: .seconds(15))
        #expect(minutes(runs) == ["00:01"])
        #expect(runs.allSatisfy { $0.enqueuedAt > $0.planned })
        #expect(scheduler.refused.isEmpty)
    }

    @Test func `a queued run is replaced, and one that runs is told to stop`() async throws {
        let scheduler = try scheduler(RunPolicy(overlap: .replace))
        let first = try #require(try await scheduler.advance(by: .zero).first)
        let second = try #require(try await scheduler.advance(by: .seconds(60)).first)
        #expect(scheduler.events == [.replaced(id: "sync", jobID: first.jobID, .removed)])
        #expect(throws: RedisCronError.self) { try scheduler.finish(jobID: first.jobID) }
        try scheduler.start(jobID: second.jobID)
        #expect(throws: RedisCronError.self) { try scheduler.start(jobID: second.jobID) }
        #expect(try await scheduler.advance(by: .seconds(60)).count == 1)
        #expect(scheduler.events.last == .replaced(id: "sync", jobID: second.jobID, .stopped))
        try scheduler.finish(jobID: second.jobID)
        #expect(throws: RedisCronError.self) { try scheduler.fail(jobID: second.jobID) }
    }

    @Test func `a limit finishes the definition, and it is deleted when it said`() async throws {
        let scheduler = try scheduler(RunPolicy(maxRuns: 2, deleteAfter: .seconds(600)))
        #expect(try await scheduler.advance(by: .seconds(300)).count == 2)
        #expect(scheduler.jobs.map(\.isFinished) == [true])
        #expect(scheduler.events == [.finished(id: "sync", .limit(runs: 2))])
        try await scheduler.advance(by: .seconds(600))
        #expect(scheduler.jobs.isEmpty)
        #expect(scheduler.events.last == .deletedFinished(id: "sync"))
    }

    @Test func `an end finishes it, and jitter and exclusions count`() async throws {
        let end = try Timestamp(parsing: "2026-03-28T00:30:00Z")
        let scheduler = try scheduler(
            RunPolicy(),
            .cron("*/5 * * * *", timeZone: "UTC", through: end, excluding: ["10-19 * * * *"], jitter: .seconds(30)))
        let runs = try await scheduler.advance(by: .seconds(3600))
        #expect(minutes(runs) == ["00:05", "00:20", "00:25", "00:30"])
        #expect(runs.allSatisfy { $0.enqueuedAt >= $0.planned && $0.enqueuedAt < $0.planned + .seconds(30) })
        #expect(scheduler.events == [.finished(id: "sync", .ended)])
    }

    @Test func `runs that fail in a row pause it, and resuming makes up for nothing`() async throws {
        let scheduler = try scheduler(RunPolicy(pauseAfterFailures: 2))
        for _ in 0..<2 {
            for run in try await scheduler.advance(by: .seconds(60)) { try scheduler.fail(jobID: run.jobID) }
        }
        #expect(try await scheduler.advance(by: .seconds(600)).isEmpty)
        #expect(scheduler.events == [.paused(id: "sync", note: "2 runs in a row failed")])
        let job = try #require(scheduler.jobs.first)
        #expect(!job.enabled && job.isPaused(at: scheduler.now) && job.pauseNote == "2 runs in a row failed")
        try scheduler.resume(id: "sync")
        #expect(minutes(try await scheduler.advance(by: .seconds(60))) == ["00:12", "00:13"])
        #expect(scheduler.refused.isEmpty)
    }

    @Test func `a pause ends by itself, or when it is resumed`() async throws {
        let scheduler = try scheduler(RunPolicy())
        try await scheduler.advance(by: .zero)
        try scheduler.pause(id: "sync", until: scheduler.now + .seconds(150), note: "move")
        #expect(minutes(try await scheduler.advance(by: .seconds(240))) == ["00:03", "00:04"])
        try scheduler.pause(id: "sync")
        #expect(try await scheduler.advance(by: .seconds(600)).isEmpty)
        try scheduler.setEnabled(true, id: "sync")
        #expect(minutes(try await scheduler.advance(by: .seconds(60))) == ["00:14", "00:15"])
        #expect(throws: RedisCronError.self) { try scheduler.pause(id: "sync", until: scheduler.now) }
        #expect(throws: RedisCronError.self) { try scheduler.pause(id: "nobody") }
        #expect(throws: RedisCronError.self) { try scheduler.resume(id: "nobody") }
    }

    @Test(arguments: [(RunPolicy.CatchUp.one, 1, [4]), (.all, 5, []), (.skip, 1, [4])])
    func `an outage is made up for as the policy says`(
        _ catchUp: RunPolicy.CatchUp, count: Int, missed: [Int]
    ) async throws {
        let scheduler = try scheduler(RunPolicy(catchUp: catchUp))
        try await scheduler.advance(by: .zero)
        scheduler.stop(until: scheduler.now + .seconds(330))
        #expect(try await scheduler.advance(by: .zero).count == count)
        #expect(scheduler.refused.map(\.count) == missed)
    }

    @Test func `records tell what became of runs and which times were refused`() async throws {
        let scheduler = try scheduler(RunPolicy(overlap: .skip))
        let first = try await scheduler.advance(by: .zero)[0]
        try scheduler.start(jobID: first.jobID)
        #expect(try await scheduler.advance(by: .seconds(120)).isEmpty)
        var records = try await scheduler.runs(of: "sync")
        #expect(records.map(\.result) == [.skipped, .queued])
        #expect(records.map(\.why) == [.overlap, nil])
        #expect(records.map(\.count) == [2, 1])
        #expect(records[1].isOpen && records[1].jobID == first.jobID)

        try scheduler.fail(jobID: first.jobID)
        let end = scheduler.now
        let second = try await scheduler.advance(by: .seconds(60))[0]
        try scheduler.finish(jobID: second.jobID)
        records = try await scheduler.runs(of: "sync")
        #expect(records.map(\.outcome) == [.finished, nil, .failed])
        #expect(records[2].started == first.enqueuedAt && records[2].ended == end && records[2].attempts == 1)
        #expect(records[2].planned == first.planned && records[2].reason == .schedule && !records[2].isInferred)

        scheduler.delete(id: "sync")
        await #expect(throws: RedisCronError.self) { try await scheduler.runs(of: "sync") }
        try scheduler.register(id: "sync", call: Self.call, schedule: .every(.seconds(60)))
        #expect(try await scheduler.runs(of: "sync").isEmpty)
    }

    @Test func `a definition keeps as many records as it says`() async throws {
        let scheduler = try scheduler(RunPolicy(history: 2))
        for _ in 0..<5 {
            for run in try await scheduler.advance(by: .seconds(60)) { try scheduler.finish(jobID: run.jobID) }
        }
        #expect(try await scheduler.runs(of: "sync").map(\.outcome) == [.finished, .finished])
    }
}
