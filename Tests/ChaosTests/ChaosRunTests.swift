import Chaos
import TestSupport
import Testing

/// The whole thing for a short while; `make chaos` does it for as long as one likes.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct ChaosRunTests {
    @Test(.seeded, arguments: TopologyKind.allCases)
    func `nothing is queued twice, lost or undone, whatever dies`(topology: TopologyKind) async throws {
        let plan = ChaosPlan(
            seconds: 45, seed: SeededGenerator.ofTest().seed, binary: Rqrcron.path, topology: topology)
        let outcome = try await ChaosRun.perform(plan)
        let report = ChaosReport(outcome)
        // Only their number, or the failure would show each of thousands; the report has the first ones.
        let violations = outcome.violations.count
        #expect(violations == 0, "\(report)")
        // A run in which little happened proves little. It is far more on an idle machine.
        let lanes = Set(outcome.faults.map(\.kind.lane)).count
        #expect(lanes == FaultKind.Lane.allCases.count, "\(report)")
        let runs = outcome.runs.count
        let edits = outcome.acknowledgedEdits
        #expect(runs > 100 && edits > 100, "\(report)")
        let policies = outcome.policies
        #expect(
            policies.runs > 50 && policies.overlaps > 0 && policies.waits > 0 && policies.finishes > 0
                && policies.triggers > 0 && policies.replacements > 0, "\(report)")
    }
}
