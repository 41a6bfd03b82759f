import Foundation
import TestSupport

extension FaultDealer {
    /// Kills, pauses or stops a scheduler.
    func dealToScheduler(_ kind: FaultKind, using generator: inout SeededGenerator) async throws -> Fault? {
        // Drawn in any case, so that a seed gives the same faults whoever leads.
        let pause = generator.milliseconds(300...1_500)
        let absence = generator.milliseconds(0...1_500)
        guard let (index, isLeader) = try await fleet.claim(using: &generator) else { return nil }
        let began = WireTime.now
        do {
            switch kind {
            case .schedulerPaused:
                await fleet.signal(index, SIGSTOP)
                try await last(.seconds(lockTTL) + pause)
                await fleet.signal(index, SIGCONT)
            case .schedulerStopped:
                try await fleet.stop(index, within: .seconds(30))
                try await last(absence)
                try await fleet.start(index)
            default:
                try await fleet.kill(index)
                try await last(absence)
                try await fleet.start(index)
            }
        } catch {
            await fleet.release(index)
            throw error
        }
        await fleet.release(index)
        return Fault(kind, struckLeader: isLeader, began: began, ended: .now)
    }

    /// Disturbs the link between one scheduler and Redis, the leader's if it has one that can be disturbed.
    func dealToLink(_ kind: FaultKind, using generator: inout SeededGenerator) async throws -> Fault? {
        let length = generator.milliseconds(200...4_000)
        let delay = generator.milliseconds(20...300)
        let portion = Int.random(in: 1...64, using: &generator)
        let candidates = topology.links
        guard !candidates.isEmpty else { return nil }
        let choice = candidates[Int.random(in: 0..<candidates.count, using: &generator)]
        let leader = await fleet.leader()
        let index = leader.flatMap { candidates.contains($0) ? $0 : nil } ?? choice
        let condition: LinkCondition =
            switch kind {
            case .linkPartitioned: .partitioned
            case .answersHeld: .answersHeld
            case .linkSlow: .slow(delay)
            case .linkCrumbled: .crumbled(portion: portion)
            default: .cut
            }
        let began = WireTime.now
        topology.setLink(ofScheduler: index, to: condition)
        try? await last(length)
        topology.setLink(ofScheduler: index, to: .good)
        return Fault(kind, struckLeader: index == leader, began: began, ended: .now)
    }
}
