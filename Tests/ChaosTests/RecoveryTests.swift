import Chaos
import Testing

struct RecoveryTests {
    private func noon(_ seconds: Double) -> WireTime { Story.noon(seconds) }

    private func run(due: Double, queued: Double) -> QueuedRun {
        QueuedRun(definition: "a", planned: noon(due), queued: noon(queued))
    }

    @Test func `recovery counts from a scheduler's death, and from the end of Redis' absence`() throws {
        let runs = [run(due: 1, queued: 1), run(due: 2, queued: 4.5), run(due: 5, queued: 5), run(due: 9, queued: 9.5)]
        let faults = [
            Fault(.schedulerKilled, struckLeader: true, began: noon(1.5), ended: noon(2), isAlone: true),
            Fault(.redisKilled, began: noon(6), ended: noon(9), isAlone: true),
        ]
        let recoveries = Recovery.of(faults, runs: runs)
        #expect(recoveries.map(\.kind) == [.schedulerKilled, .redisKilled])
        #expect(recoveries.map(\.times) == [[3], [0.5]])
        #expect(recoveries.map(\.worstLateness) == [2.5, 0.5])
    }

    @Test func `where one of several servers is struck, the longest pause until its end counts`() {
        let runs = [1, 2, 3.5, 9.5, 10, 12].map { run(due: $0, queued: $0) }
        var fault = Fault(.masterKilled, began: noon(1.5), ended: noon(11), isAlone: true)
        fault.promoted = noon(5)
        let recovery = Recovery.of([fault], runs: runs, lostRuns: [noon(1.2), noon(4), noon(5)]).first
        #expect(recovery?.times == [6])
        #expect(recovery?.promotions == [3.5])
        #expect(recovery?.mostRunsLost == 2)
    }

    @Test func `faults in a storm are counted, and have no recovery of their own`() {
        let faults = [Fault(.linkCut, struckLeader: true, began: noon(1), ended: noon(2))]
        let recoveries = Recovery.of(faults, runs: [run(due: 1, queued: 3)])
        #expect(recoveries.map(\.count) == [1] && recoveries.map(\.times) == [[]])
    }

    @Test func `a fault that did not strike the leader does not count where others did`() {
        let faults = [
            Fault(.schedulerKilled, struckLeader: true, began: noon(1), ended: noon(2), isAlone: true),
            Fault(.schedulerKilled, struckLeader: false, began: noon(5), ended: noon(6), isAlone: true),
        ]
        let runs = [run(due: 1, queued: 3), run(due: 5, queued: 5.001)]
        #expect(Recovery.of(faults, runs: runs).map(\.times) == [[2]])
    }

    @Test func `a run that was switched on late is late from then on`() {
        let late = QueuedRun(definition: "a", planned: noon(0), written: noon(9), queued: noon(9.5))
        #expect(late.lateness == 0.5)
    }
}
