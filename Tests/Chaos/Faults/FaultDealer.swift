import Foundation
import TestSupport

/// Breaks something for a while and makes it whole again.
package struct FaultDealer: Sendable {
    let server: RedisServer
    let fleet: SchedulerFleet
    /// The proxies, by the index of the scheduler behind them.
    let proxies: [Int: LinkProxy]
    let lockTTL: Int
    /// For each lane a connection of its own, so that one that waits for a stalled Redis keeps no other from going on.
    let lines: [FaultKind.Lane: RedisLine]

    init(server: RedisServer, fleet: SchedulerFleet, proxies: [Int: LinkProxy], lockTTL: Int) {
        self.server = server
        self.fleet = fleet
        self.proxies = proxies
        self.lockTTL = lockTTL
        lines = Dictionary(uniqueKeysWithValues: FaultKind.Lane.allCases.map { ($0, RedisLine(server)) })
    }

    /// The faults that this machine has the means for.
    static var available: [FaultKind] {
        FaultKind.allCases.filter { $0 != .redisDiskFull || FileSizeLimit.isAvailable }
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
        case .redis: try await dealToRedis(kind, using: &generator)
        }
    }

    /// Sends a command that is part of a fault or of its end.
    func command(_ lane: FaultKind.Lane, _ parts: any CommandPart...) async throws -> ServerReply {
        guard let line = lines[lane] else { throw SupportError("no line for the lane \(lane)") }
        return try await line.command(parts)
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
