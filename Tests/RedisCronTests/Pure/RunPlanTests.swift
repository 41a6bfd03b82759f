import Cron
import RQWire
import Testing

@testable import RedisCron

@Suite struct RunPlanTests {
    private func at(_ seconds: Int, _ microseconds: Int = 0) -> Timestamp {
        .newYear + .seconds(seconds) + .microseconds(microseconds)
    }

    @Test(arguments: [
        // planned, now, next
        (0, 0, 300), (0, 1, 300), (0, 299, 300), (0, 300, 600), (0, 301, 600), (0, 3_599, 3_600), (100, 1_000, 1_300),
    ])
    func `an interval stays on the grid of its planned time and makes up for one run`(
        planned: Int, now: Int, next: Int
    ) {
        #expect(RunPlan.interval(seconds: 300).next(planned: at(planned), now: at(now)) == at(next))
    }

    @Test func `the fraction of the planned time is part of the grid`() {
        let planned = at(0, 123_456)
        #expect(RunPlan.interval(seconds: 10).next(planned: planned, now: at(25)) == at(30, 123_456))
        #expect(RunPlan.interval(seconds: 10).next(planned: planned, now: at(30, 123_455)) == at(30, 123_456))
        #expect(RunPlan.interval(seconds: 10).next(planned: planned, now: at(30, 123_456)) == at(40, 123_456))
    }

    @Test func `a planned time in the future, after the clock was stepped back, is followed by one interval`() {
        #expect(RunPlan.interval(seconds: 300).next(planned: at(1000), now: at(0)) == at(1300))
    }

    @Test func `an interval that leads beyond the year 9999 has no next run`() {
        let plan = RunPlan.interval(seconds: Int64(CronJobHash.Field.longestInterval))
        #expect(plan.next(planned: .latest - .seconds(1), now: .newYear) == nil)
        #expect(RunPlan.interval(seconds: .max).next(planned: .newYear, now: .newYear) == nil)
        #expect(RunPlan.interval(seconds: 1).next(planned: .earliest, now: .latest - .seconds(2)) != nil)
    }

    @Test func `the next run lies after the planned time and after the present`() {
        var generator = SplitMix64(state: 7)
        for _ in 0..<10_000 {
            let step = Int.random(in: 1...100_000, using: &generator)
            let planned = at(Int.random(in: -100_000...100_000, using: &generator))
            let now = at(Int.random(in: -100_000...100_000, using: &generator), 1)
            let next = RunPlan.interval(seconds: Int64(step)).next(planned: planned, now: now)
            #expect(next.map { $0 > planned && $0 > now } == true)
            #expect(next.map { ($0 - planned).components.seconds % Int64(step) } == 0)
        }
    }

    @Test func `an expression goes on from the later of planned time and present`() throws {
        let cron = CompiledCron(expression: try CronExpression("*/5 * * * *"), zone: .utc)
        #expect(RunPlan.cron(cron).next(planned: at(0), now: at(0)) == at(300))
        #expect(RunPlan.cron(cron).next(planned: at(0), now: at(3_601)) == at(3_900))
        #expect(RunPlan.cron(cron).next(planned: at(3_600), now: at(0)) == at(3_900))
    }

    @Test func `an expression whose years are over has no next run`() throws {
        let cron = CompiledCron(expression: try CronExpression("0 0 1 1 * 0 2026"), zone: .utc)
        #expect(RunPlan.cron(cron).next(planned: at(-1), now: at(-1)) == at(0))
        #expect(RunPlan.cron(cron).next(planned: at(0), now: at(0)) == nil)
    }

    @Test func `an expression is read in its zone`() throws {
        let berlin = try ZoneRules(identifier: "Europe/Berlin")
        let cron = CompiledCron(expression: try CronExpression("0 7 * * *"), zone: berlin)
        #expect(RunPlan.cron(cron).next(planned: at(0), now: at(0)) == at(6 * 3600))
    }
}
