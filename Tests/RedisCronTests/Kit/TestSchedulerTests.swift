import RQWire
import RedisCronTesting
import Testing

@testable import RedisCron

/// The kit as an app's tests use it: definitions in, runs between two instants out.
@Suite struct TestSchedulerTests {
    private static let call = CallSpec("app.tasks.report", queue: "mail", args: ["pm25"])

    private func scheduler(at start: String = "2026-03-28T00:00:00Z", zone: String = "UTC") throws -> TestScheduler {
        try TestScheduler(at: Timestamp(parsing: start), timeZone: zone)
    }

    private func times(_ runs: [TestScheduler.Run]) -> [String] {
        runs.map { String($0.planned.wireFormat.prefix(19)) }
    }

    @Test func `an expression runs at its local times, also when clocks change`() async throws {
        let scheduler = try scheduler(zone: "Europe/Berlin")
        try scheduler.register(id: "report", call: Self.call, schedule: .cron("0 7 * * *"))
        let runs = try await scheduler.advance(by: .seconds(3 * 86_400))
        #expect(times(runs) == ["2026-03-28T06:00:00", "2026-03-29T05:00:00", "2026-03-30T05:00:00"])
        #expect(runs.allSatisfy { $0.id == "report" && $0.call == Self.call && $0.enqueuedAt == $0.planned })
        #expect(scheduler.now == (try Timestamp(parsing: "2026-03-31T00:00:00Z")))
        #expect(runs.first?.description == "2026-03-28T06:00:00.000000Z report")
    }

    @Test func `an interval runs at once and then on its grid, and the end counts`() async throws {
        let scheduler = try scheduler()
        try scheduler.register(id: "a", call: Self.call, schedule: .every(.seconds(600)))
        let runs = try await scheduler.advance(by: .seconds(1200))
        #expect(times(runs) == ["2026-03-28T00:00:00", "2026-03-28T00:10:00", "2026-03-28T00:20:00"])
        #expect(try await scheduler.advance(by: .seconds(599)).isEmpty)
        #expect(try await scheduler.advance(to: scheduler.now - .seconds(60)).isEmpty)
        #expect(try await scheduler.advance(by: .seconds(1)).count == 1)
    }

    @Test func `what was missed while no scheduler ran is made up for once`() async throws {
        let scheduler = try scheduler()
        try scheduler.register(id: "hourly", call: Self.call, schedule: .cron("30 * * * *"))
        #expect(try await scheduler.advance(by: .seconds(3600)).count == 1)
        scheduler.stop(until: try Timestamp(parsing: "2026-03-28T09:10:00Z"))
        let runs = try await scheduler.advance(by: .seconds(1800))
        #expect(times(runs) == ["2026-03-28T01:30:00", "2026-03-28T09:30:00"])
        #expect(runs.first?.enqueuedAt == (try Timestamp(parsing: "2026-03-28T09:10:00Z")))
    }

    @Test func `definitions are edited, switched and deleted between two instants`() async throws {
        let scheduler = try scheduler()
        try scheduler.apply([
            CronJobDeclaration(id: "a", call: Self.call, schedule: .every(.seconds(60))),
            CronJobDeclaration(id: "b", call: Self.call, schedule: .cron("*/1 * * * *"), enabled: false),
        ])
        #expect(scheduler.jobs.map(\.id) == ["a", "b"])
        #expect(try await scheduler.advance(by: .seconds(60)).map(\.id) == ["a", "a"])
        try scheduler.setEnabled(true, id: "b")
        try scheduler.register(id: "a", call: CallSpec("app.other", queue: "q"), schedule: .every(.seconds(120)))
        // What was missed while it was off runs once.
        let runs = try await scheduler.advance(by: .seconds(120))
        #expect(runs.filter { $0.id == "b" }.count == 3)
        #expect(runs.filter { $0.id == "a" }.map(\.call.functionName) == ["app.other"])
        #expect(scheduler.delete(id: "a"))
        #expect(!scheduler.delete(id: "a"))
        try scheduler.setEnabled(false, id: "b")
        #expect(try await scheduler.advance(by: .seconds(3600)).isEmpty)
    }

    @Test func `a first run is that of a new definition, within its exclusions`() async throws {
        let scheduler = try scheduler()
        var declaration = CronJobDeclaration(
            id: "a", call: Self.call, schedule: .every(.seconds(7 * 3600), excluding: ["2026-03-28"]),
            firstRun: try Timestamp(parsing: "2026-03-28T06:00:00Z"))
        try scheduler.apply([declaration])
        #expect(scheduler.jobs.first?.nextEnqueueTime == (try Timestamp(parsing: "2026-03-29T03:00:00Z")))
        declaration.firstRun = try Timestamp(parsing: "2026-04-01T00:00:00Z")
        try scheduler.apply([declaration])
        #expect(scheduler.jobs.first?.nextEnqueueTime == (try Timestamp(parsing: "2026-03-29T03:00:00Z")))
        (declaration.id, declaration.schedule) = ("b", .cron("* * * * *"))
        let error = #expect(throws: RedisCronError.self) { try scheduler.apply([declaration]) }
        #expect(error?.field == "first_run")
    }

    @Test func `what Redis would not be given is refused here too`() throws {
        let error = #expect(throws: RedisCronError.self) {
            try scheduler().register(id: "a", call: Self.call, schedule: .cron("61 * * * *"))
        }
        #expect(error?.code == .invalidDefinition && error?.field == "cron")
        #expect(throws: RedisCronError.self) { try scheduler(zone: "Mars/Olympus") }
        #expect(throws: RedisCronError.self) { try scheduler().setEnabled(true, id: "nobody") }
    }

    @Test func `a quarter of a definition is the times of its expression, day by day`() async throws {
        let scheduler = try scheduler(zone: "America/Santiago")
        let job = try scheduler.register(id: "a", call: Self.call, schedule: .cron("15 */6 * * mon-fri"))
        var expected: [Timestamp] = []
        var time = scheduler.now
        let end = scheduler.now + .seconds(90 * 86_400)
        while let next = try job.nextRun(after: time, defaultTimeZone: "America/Santiago"), next <= end {
            expected.append(next)
            time = next
        }
        #expect(try await scheduler.advance(to: end).map(\.planned) == expected)
        #expect(expected.count > 200)
    }
}
