import Foundation
import RedisCronTesting
import TestSupport
import Testing

/// The real scheduler under simulated trouble; docs/guarantees.md says what is simulated and what is checked.
@Suite(.timeLimit(.minutes(30)))
struct SimulationTests {
    /// Schedules to play; `make simulate COUNT=…` asks for another number.
    private static let count =
        ProcessInfo.processInfo.environment["REDISCRON_SCHEDULES"].flatMap { UInt64($0) } ?? 10_000

    @Test(.seeded) func `no promise is broken, whatever happens in whatever order`() async {
        let begin = ContinuousClock.now
        let report = await Simulation.play(count: Self.count, from: SeededGenerator.ofTest().seed)
        let seconds = (ContinuousClock.now - begin).formatted(.units(allowed: [.seconds]))
        print("\(report.schedules) schedules with \(report.calls) calls of Redis and \(report.runs) runs in \(seconds)")
        for violation in report.violations {
            Issue.record("\(violation.what); make simulate COUNT=1 SEED=\(violation.seed) plays it again")
            print(Simulation.trace(seed: violation.seed).joined(separator: "\n"))
        }
        #expect(report.schedules > 0)
    }

    @Test func `a schedule is played the same way each time`() async {
        for seed in UInt64(1)...20 {
            let first = await Simulation.onThread { Simulation.trace(seed: seed) }
            let second = await Simulation.onThread { Simulation.trace(seed: seed) }
            #expect(first == second)
            #expect(first.count > 10)
        }
    }

    @Test(arguments: RedisModel.Fence.allCases)
    func `a fence that is taken away is missed`(_ fence: RedisModel.Fence) async {
        let report = await Simulation.onThread { Simulation.play(seeds: 1...20_000, without: fence) }
        #expect(report.violations.count == 1)
        for violation in report.violations {
            print("without \(fence): \(violation.what), in schedule \(report.schedules)")
        }
    }
}
