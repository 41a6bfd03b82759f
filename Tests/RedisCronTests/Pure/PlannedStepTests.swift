import Cron
import RQWire
import Testing

@testable import RedisCron

/// What a planned time that has come leads to; see ``PreparedDefinition/step(planned:now:clock:)``.
@Suite struct PlannedStepTests {
    /// A definition that is planned for each full minute, from 00:00 of the first of January.
    private static func minutely(
        _ policy: RunPolicy = RunPolicy(), _ change: (inout CronJobHash) -> Void = { _ in }
    ) throws -> PreparedDefinition {
        try .example(
            .example(cron: "* * * * *") {
                $0.policy = policy
                $0.nextEnqueueTime = .newYear
                change(&$0)
            })
    }

    private static func at(_ minute: Int, _ second: Int = 0) -> Timestamp {
        .newYear + .seconds(minute * 60 + second)
    }

    private static func queue(_ next: Int?) -> PlannedStep {
        PlannedStep(step: .queue, next: next.map { at($0) })
    }

    private static func refuse(_ reason: RefusalReason, _ next: Int?) -> PlannedStep {
        PlannedStep(step: .refuse(reason), next: next.map { at($0) })
    }

    /// One row: what becomes of the time of 00:00 at a minute and second.
    struct Row: Sendable {
        let policy: RunPolicy
        let minute: Int
        let second: Int
        let step: PlannedStep

        init(_ catchUp: RunPolicy.CatchUp, window: Int? = nil, at minute: Int, _ step: PlannedStep) {
            self.init(catchUp, window: window, at: minute, 30, step)
        }

        init(_ catchUp: RunPolicy.CatchUp, window: Int? = nil, at minute: Int, _ second: Int, _ step: PlannedStep) {
            policy = RunPolicy(catchUp: catchUp, catchUpWindow: window.map { .seconds($0) })
            (self.minute, self.second, self.step) = (minute, second, step)
        }
    }

    private static let rows = [
        // In time: the same under each policy.
        Row(.one, at: 0, queue(1)), Row(.all, at: 0, queue(1)), Row(.skip, at: 0, queue(1)),
        Row(.all, window: 60, at: 0, queue(1)),
        // One run for all that were missed.
        Row(.one, at: 10, queue(11)), Row(.one, at: 10_000, queue(10_001)),
        // A window: the newest one inside instead.
        Row(.one, window: 120, at: 2, 0, queue(3)), Row(.one, window: 120, at: 2, refuse(.missed, 2)),
        Row(.one, window: 120, at: 10, refuse(.missed, 10)), Row(.one, window: 10, at: 10, refuse(.missed, 11)),
        Row(.one, window: 10, at: 10, 10, refuse(.missed, 10)), Row(.one, window: 10, at: 10, 11, refuse(.missed, 11)),
        // Every one, oldest first.
        Row(.all, at: 1, queue(1)), Row(.all, at: 999, queue(1)), Row(.all, at: 1_000, refuse(.missed, 1)),
        Row(.all, at: 10_000, refuse(.missed, 9_001)),
        Row(.all, window: 600, at: 10, 0, queue(1)), Row(.all, window: 600, at: 20, refuse(.missed, 11)),
        Row(.all, window: 20, at: 20, refuse(.missed, 21)), Row(.all, window: 30, at: 20, refuse(.missed, 20)),
        Row(.all, window: 86_400, at: 10_000, refuse(.missed, 9_001)),
        // None, but for what a fail-over takes.
        Row(.skip, at: 3, 0, queue(4)), Row(.skip, at: 3, 1, refuse(.missed, 3)),
        Row(.skip, at: 10, refuse(.missed, 10)), Row(.skip, window: 10, at: 10, refuse(.missed, 11)),
    ]

    @Test(arguments: rows)
    func `each policy makes up for what it should`(row: Row) throws {
        let definition = try Self.minutely(row.policy)
        let now = Self.at(row.minute, row.second)
        #expect(definition.step(planned: Self.at(0), now: now, clock: .agrees) == row.step, "\(row)")
    }

    @Test func `an interval obeys as an expression does`() throws {
        for row in Self.rows {
            let definition = try PreparedDefinition.example(
                .example(interval: .seconds(60)) {
                    $0.policy = row.policy
                    $0.nextEnqueueTime = .newYear
                })
            let now = Self.at(row.minute, row.second)
            #expect(definition.step(planned: Self.at(0), now: now, clock: .agrees) == row.step, "\(row)")
        }
    }

    @Test func `the window of skip is at least one and a half lock times`() {
        #expect(Governance.skipWindow(lockTTL: .seconds(10)) == .seconds(180))
        #expect(Governance.skipWindow(lockTTL: .seconds(120)) == .seconds(180))
        #expect(Governance.skipWindow(lockTTL: .seconds(600)) == .seconds(900))
    }

    // MARK: Times that somebody else planned

    @Test func `a pause holds what is planned before its end`() throws {
        let definition = try Self.minutely { $0.state.pausedUntil = Self.at(10, 30) }
        #expect(definition.step(planned: Self.at(0), now: Self.at(0), clock: .unknown) == Self.refuse(.paused, 11))
        #expect(definition.step(planned: Self.at(11), now: Self.at(11), clock: .unknown) == Self.queue(12))
        // Its end itself is outside.
        let whole = try Self.minutely { $0.state.pausedUntil = Self.at(10) }
        #expect(whole.step(planned: Self.at(0), now: Self.at(0), clock: .unknown) == Self.refuse(.paused, 10))
        #expect(whole.step(planned: Self.at(10), now: Self.at(10), clock: .unknown) == Self.queue(11))
    }

    @Test func `what lies outside start and end is refused, what lies on them is run`() throws {
        let definition = try Self.minutely {
            $0.schedule.startTime = Self.at(5)
            $0.schedule.endTime = Self.at(10)
        }
        func step(_ minute: Int) -> PlannedStep? {
            definition.step(planned: Self.at(minute), now: Self.at(minute), clock: .unknown)
        }
        #expect(step(0) == Self.refuse(.excluded, 5))
        #expect(step(5) == Self.queue(6))
        #expect(step(9) == Self.queue(10))
        #expect(step(10) == Self.queue(nil))
        #expect(step(11) == Self.refuse(.ended, nil))
    }

    @Test func `what is excluded is refused, and the next one is not`() throws {
        for catchUp in RunPolicy.CatchUp.allCases {
            let definition = try Self.minutely(RunPolicy(catchUp: catchUp)) {
                $0.schedule.exclusions = ["0-4 0 * * *", "10-19 0 * * *"]
            }
            let step = definition.step(planned: Self.at(0), now: Self.at(0), clock: .unknown)
            #expect(step == Self.refuse(.excluded, 5))
            let queued = definition.step(planned: Self.at(9), now: Self.at(9), clock: .unknown)
            #expect(queued == Self.queue(20))
        }
    }

    @Test func `a pause comes before the end, and the end before the window`() throws {
        let definition = try Self.minutely(RunPolicy(catchUpWindow: .seconds(10))) {
            $0.state.pausedUntil = Self.at(5)
            $0.schedule.endTime = Self.at(7)
            $0.schedule.exclusions = ["6 * * * *"]
        }
        func step(_ minute: Int, _ now: Timestamp) -> PlannedStep? {
            definition.step(planned: Self.at(minute), now: now, clock: .agrees)
        }
        #expect(step(0, Self.at(30)) == Self.refuse(.paused, 5))
        #expect(step(8, Self.at(30)) == Self.refuse(.ended, nil))
        #expect(step(6, Self.at(30)) == Self.refuse(.excluded, nil))
        #expect(step(5, Self.at(30)) == Self.refuse(.missed, nil))
        #expect(step(5, Self.at(5, 10)) == Self.queue(7))
    }

    // MARK: Clocks

    @Test func `clocks are compared before more than one run is made up for, one is given up, or it finishes`() throws {
        let ending: (inout CronJobHash) -> Void = { $0.schedule.endTime = Self.at(20) }
        let rows: [(RunPolicy.CatchUp, ends: Bool, minute: Int, asks: Bool)] = [
            (.one, false, 0, false), (.one, false, 10, false), (.all, false, 0, false), (.all, false, 1, true),
            (.skip, false, 0, false), (.skip, false, 10, true), (.one, true, 0, false), (.one, true, 10, false),
            (.one, true, 30, true), (.all, true, 30, true),
        ]
        for row in rows {
            let definition = try Self.minutely(RunPolicy(catchUp: row.0)) { if row.ends { ending(&$0) } }
            let now = Self.at(row.minute, 30)
            let step = definition.step(planned: Self.at(0), now: now, clock: .unknown)
            #expect((step == nil) == row.asks, "\(row)")
            if let step { #expect(step == definition.step(planned: Self.at(0), now: now, clock: .agrees)) }
        }
        // Its last time, on which it finishes by the schedule and not by the clock.
        let last = try Self.minutely(RunPolicy(), ending)
        #expect(last.step(planned: Self.at(20), now: Self.at(20), clock: .unknown) == Self.queue(nil))
    }

    @Test func `with a clock that differs one run is made up for, and nothing finishes`() throws {
        for catchUp in RunPolicy.CatchUp.allCases {
            let definition = try Self.minutely(RunPolicy(catchUp: catchUp))
            let step = definition.step(planned: Self.at(0), now: Self.at(5_000, 30), clock: .differs)
            #expect(step == Self.queue(5_001))
        }
        let ending = try Self.minutely { $0.schedule.endTime = Self.at(20) }
        #expect(ending.step(planned: Self.at(0), now: Self.at(30), clock: .differs) == Self.queue(1))
        #expect(ending.step(planned: Self.at(20), now: Self.at(30), clock: .differs) == Self.queue(nil))
    }

    // MARK: Jitter

    @Test func `late and missed are said of due times`() throws {
        let definition = try Self.minutely(RunPolicy(catchUpWindow: .seconds(10))) { $0.schedule.jitter = .seconds(50) }
        let due = definition.plan.dueTime(of: Self.at(0))
        #expect(due > Self.at(0, 1))
        let inTime = due + .seconds(10)
        #expect(definition.step(planned: Self.at(0), now: inTime, clock: .agrees)?.step == .queue)
        let late = definition.step(planned: Self.at(0), now: inTime + .microseconds(1), clock: .agrees)
        #expect(late?.step == .refuse(.missed))
        // The one that is due next, though it is planned before the present.
        let second = definition.plan.dueTime(of: Self.at(1))
        let between = definition.step(planned: Self.at(0), now: second - .microseconds(1), clock: .agrees)
        #expect(between?.next == Self.at(1))
    }

    @Test func `all makes up for what is due, and leaves what is not due yet`() throws {
        let definition = try Self.minutely(RunPolicy(catchUp: .all)) { $0.schedule.jitter = .seconds(59) }
        var planned = Self.at(0)
        let now = definition.plan.dueTime(of: Self.at(5))
        for minute in 0...5 {
            #expect(planned == Self.at(minute))
            let step = definition.step(planned: planned, now: now, clock: .agrees)
            #expect(step == Self.queue(minute + 1))
            planned = try #require(step?.next)
        }
        #expect(definition.plan.dueTime(of: planned) > now)
    }
}
