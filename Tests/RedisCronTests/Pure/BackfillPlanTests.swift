import Cron
import RQWire
import Testing

@testable import RedisCron

@Suite struct BackfillPlanTests {
    private func at(_ seconds: Int) -> Timestamp { .newYear + .seconds(seconds) }

    private func plan(
        _ schedule: RunPlan, anchor: Int = 0, from first: Int, through last: Int, limit: Int = 1_000
    ) -> BackfillPlan {
        BackfillPlan(schedule, anchor: at(anchor), from: at(first), through: at(last), limit: limit)
    }

    @Test func `both ends belong to the stretch`() {
        let schedule = RunPlan.interval(seconds: 60)
        #expect(plan(schedule, from: 60, through: 180).times == [60, 120, 180].map(at))
        #expect(plan(schedule, from: 61, through: 179).times == [at(120)])
        #expect(plan(schedule, from: 61, through: 119).times == [])
        // The grid goes on before its anchor.
        #expect(plan(schedule, anchor: 1_030, from: 0, through: 100).times == [10, 70].map(at))
    }

    @Test func `at most as many as wanted are planned, and the first of the others is named`() {
        let schedule = RunPlan.interval(seconds: 1)
        let some = plan(schedule, from: 0, through: 1_000_000_000, limit: 3)
        #expect(some.times == [0, 1, 2].map(at))
        #expect(some.rest == at(3))
        let all = plan(schedule, from: 0, through: 2, limit: 3)
        #expect(all.times.count == 3 && all.rest == nil)
    }

    @Test func `start, end and exclusions hold, and jitter moves nothing`() throws {
        let cron = CompiledCron(expression: try CronExpression("0 * * * *"), zone: .utc)
        let schedule = RunPlan.bounded(
            BoundedPlan(
                .cron(cron), id: Array("a".utf8), start: at(7_200), end: at(5 * 3_600),
                exclusions: try Exclusions(["* 3 * * *"]), jitter: .seconds(60)))
        #expect(plan(schedule, from: 0, through: 86_400).times == [2, 4, 5].map { at($0 * 3_600) })
    }

    @Test(
        arguments: [
            // tries, status, may run, again, action, try of the id
            (0, nil, false, false, BackfilledRun.Action.queue, 1), (0, nil, true, true, .leaveOpen, 1),
            (1, "queued", true, true, .leaveOpen, 1), (1, "finished", false, true, .leaveFinished, 1),
            (1, "failed", false, false, .leaveFailed, 1), (1, "failed", false, true, .queueAgain, 2),
            (2, "stopped", false, true, .queueAgain, 3), (2, "canceled", false, false, .leaveFailed, 2),
            (2, "canceled", true, true, .leaveOpen, 2), (3, "finished", false, true, .leaveFinished, 3),
            // Lost: its hash still says that it is queued.
            (1, "queued", false, true, .queueAgain, 2), (1, "started", false, false, .leaveFailed, 1),
        ] as [(Int, String?, Bool, Bool, BackfilledRun.Action, Int)])
    func `what has run is left alone, and what failed runs again only if asked for`(
        tries: Int, status: String?, mayRun: Bool, isAgain: Bool, action: BackfilledRun.Action, number: Int
    ) {
        let run = BackfillPlan.run(
            at(0), of: "a", tries: tries, status: status, mayRun: mayRun, isFailedRunAgain: isAgain)
        #expect(run.action == action)
        let suffix = number == 1 ? "" : "|\(number)"
        #expect(run.jobID == RQJobID.named(definition: "a", "\(at(0).wireFormat)\(suffix)").description)
        #expect(run.isQueued == (action == .queue || action == .queueAgain))
    }

    @Test func `the first try is the schedule's own`() {
        #expect(BackfillPlan.jobID(of: "a", at: at(0), try: 1) == RQJobID.planned(definition: "a", at: at(0)))
    }
}
