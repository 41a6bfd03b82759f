import Foundation
import TestSupport
import Testing

extension ChaosRun {
    /// Deals faults until the time is over: in turn a storm, in which those of different lanes overlap, and a calm, in
    /// which each waits until work goes on, so that its recovery is its own.
    func dealFaults() async throws -> (faults: [Fault], violations: [Violation]) {
        let deadline = ContinuousClock.now + .seconds(plan.seconds)
        let storm = min(20, max(4, plan.seconds / 4))
        let calm = min(20, max(4, plan.seconds / 4))
        var calmKinds = Rotation(dealer.available, generator: SeededGenerator(seed: plan.seed &+ 2))
        var lanes = FaultKind.Lane.allCases.enumerated().map { number, lane in
            Rotation(
                dealer.available.filter { $0.lane == lane },
                generator: SeededGenerator(seed: plan.seed &+ 3 &+ UInt64(number)))
        }
        var faults: [Fault] = []
        var violations: [Violation] = []
        while ContinuousClock.now < deadline, !isOver.current {
            let stormEnd = min(deadline, ContinuousClock.now + .seconds(storm))
            for (number, result) in try await weather(lanes, until: stormEnd) {
                lanes[number] = result.lane
                faults += result.faults
            }
            let calmEnd = min(deadline, ContinuousClock.now + .seconds(calm))
            if let violation = try await awaitWork(after: .now, "a storm") { violations.append(violation) }
            while ContinuousClock.now < calmEnd, !isOver.current {
                guard var fault = try await dealer.deal(calmKinds.next(), using: &calmKinds.generator) else { continue }
                if let violation = try await awaitWork(
                    after: max(fault.recoveryBegins, fault.ended), fault.kind.rawValue)
                {
                    violations.append(violation)
                }
                fault.isAlone = true
                faults.append(fault)
            }
            tell("\(faults.count) faults dealt")
            if faults.count >= plan.faults { break }
        }
        return (faults, violations)
    }

    private typealias LaneResult = (lane: Rotation, faults: [Fault])

    /// Lets all lanes deal at the same time.
    private func weather(
        _ lanes: [Rotation], until end: ContinuousClock.Instant
    ) async throws -> [(number: Int, result: LaneResult)] {
        try await withThrowingTaskGroup(of: (number: Int, result: LaneResult).self) { group in
            for (number, lane) in lanes.enumerated() {
                group.addTask { (number, try await deal(lane, until: end)) }
            }
            var results: [(number: Int, result: LaneResult)] = []
            for try await result in group { results.append(result) }
            return results.sorted { $0.number < $1.number }
        }
    }

    private func deal(_ lane: Rotation, until end: ContinuousClock.Instant) async throws -> LaneResult {
        var lane = lane
        var faults: [Fault] = []
        while ContinuousClock.now < end, !isOver.current {
            if let fault = try await dealer.deal(lane.next(), using: &lane.generator) { faults.append(fault) }
            try await dealer.last(lane.generator.milliseconds(50...900))
        }
        return (lane, faults)
    }

    /// Waits until a run has been queued after that instant.
    private func awaitWork(after instant: WireTime, _ what: String) async throws -> Violation? {
        do {
            try await consumer.newest.wait(for: "work after \(what)", within: plan.recoveryBound) { newest in
                newest > instant ? () : nil
            }
            return nil
        } catch let error as TimedOut {
            return Violation(.notRecovered, at: instant, "nothing was queued for \(error.limit) after: \(what)")
        }
    }
}

/// Kinds of faults in a random order that leaves none out: all of them, then all of them again.
struct Rotation: Sendable {
    private let kinds: [FaultKind]
    private var rest: [FaultKind] = []
    var generator: SeededGenerator

    init(_ kinds: [FaultKind], generator: SeededGenerator) {
        self.kinds = kinds
        self.generator = generator
    }

    mutating func next() -> FaultKind {
        if rest.isEmpty { rest = kinds.shuffled(using: &generator) }
        return rest.removeLast()
    }
}
