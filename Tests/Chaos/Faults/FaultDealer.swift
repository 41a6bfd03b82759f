import Foundation
import TestSupport

/// Breaks something for a while and makes it whole again.
package struct FaultDealer: Sendable {
    let topology: any Topology
    let fleet: SchedulerFleet
    let lockTTL: Int
    /// For commands that are faults, so that one that waits for a stalled server keeps nobody else from going on.
    let line: RedisLine

    init(topology: any Topology, fleet: SchedulerFleet, lockTTL: Int) {
        self.topology = topology
        self.fleet = fleet
        self.lockTTL = lockTTL
        line = topology.line()
    }

    /// The faults that these servers and this machine have the means for.
    var available: [FaultKind] {
        FaultKind.allCases.filter { $0.lane != .redis || topology.faults.contains($0) }
    }

    /// Deals one fault and waits until what was broken is whole again.
    ///
    /// - Returns: `nil` when it could not be dealt: nobody to strike, or Redis not there to take the command.
    /// - Throws: ``SupportError`` when something could not be made whole again.
    func deal(_ kind: FaultKind, using generator: inout SeededGenerator) async throws -> Fault? {
        switch kind.lane {
        case .scheduler: try await dealToScheduler(kind, using: &generator)
        case .link: try await dealToLink(kind, using: &generator)
        case .command: await dealCommand(kind, using: &generator)
        case .redis: try await topology.deal(kind, leader: await fleet.leader(), using: &generator)
        }
    }

    /// A dose, not a wait for something.
    func last(_ duration: Duration) async throws {
        try await Task.sleep(for: duration)
    }
}

extension WireTime {
    /// The present.
    package static var now: WireTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return WireTime(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }
}

extension SeededGenerator {
    /// A duration between two numbers of milliseconds.
    mutating func milliseconds(_ range: ClosedRange<Int>) -> Duration {
        .milliseconds(Int.random(in: range, using: &self))
    }
}
