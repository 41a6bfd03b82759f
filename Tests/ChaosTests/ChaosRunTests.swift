import Chaos
import TestSupport
import Testing

/// The whole thing for a short while; `make chaos` does it for as long as one likes.
@Suite(.timeLimit(.minutes(10)))
struct ChaosRunTests {
    @Test(.seeded) func `nothing is queued twice, lost or undone, whatever dies`() async throws {
        let plan = ChaosPlan(seconds: 45, seed: SeededGenerator.ofTest().seed, binary: Rqrcron.path)
        let outcome = try await ChaosRun.perform(plan)
        let report = ChaosReport(outcome)
        #expect(outcome.violations == [], "\(report)")
        // A run in which little happened proves little. It is far more on an idle machine.
        #expect(Set(outcome.faults.map(\.kind.lane)).count == FaultKind.Lane.allCases.count, "\(report)")
        #expect(outcome.runs.count > 100 && outcome.acknowledgedEdits > 100, "\(report)")
    }
}
