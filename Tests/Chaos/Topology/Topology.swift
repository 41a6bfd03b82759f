import TestSupport
import Testing

/// The servers of a chaos run: how they are reached, what can happen to them, and what they have written down.
protocol Topology: Sendable {
    /// The prefix of all keys.
    var keyPrefix: String { get }
    /// Where editors connect to.
    var editorURL: String { get }
    /// The server that has the keys at present, as far as the servers themselves agree.
    var master: RedisServer { get }
    /// How long the run's own commands wait for a server that does not answer.
    var patience: Duration { get }
    /// Whether a server may lose what it has acknowledged.
    var losesWrites: Bool { get }
    /// What can be dealt to the servers.
    var faults: [FaultKind] { get }
    /// What cannot be dealt here, and why.
    var notDealt: [String] { get }
    /// The schedulers whose link can be disturbed.
    var links: [Int] { get }

    /// Where a scheduler connects to.
    func url(ofScheduler index: Int) -> String
    /// Changes how the bytes between one scheduler and all servers fare.
    func setLink(ofScheduler index: Int, to condition: LinkCondition)
    /// Keeps an eye on who has the keys and what is written down, until the run is over.
    func watch(until isOver: Observed<Bool>) async throws
    /// Deals one fault to the servers and waits until all of them are well again.
    ///
    /// - Parameter leader: The scheduler that leads.
    /// - Returns: `nil` when it could not be dealt.
    /// - Throws: ``SupportError`` when something could not be made whole again.
    func deal(_ kind: FaultKind, leader: Int?, using generator: inout SeededGenerator) async throws -> Fault?
    /// What the servers did.
    ///
    /// - Throws: ``SupportError`` when the history is incomplete.
    func history() throws -> WitnessedHistory
    /// Copies what the servers wrote, and their logs, into a folder.
    func leaveEvidence(in folder: String) throws
    /// Closes what is not a server.
    func close()
}

/// What was done to the data that the last master has, and what other servers had done and lost.
struct WitnessedHistory: Sendable {
    var official: [LoggedStep]
    var lost: [LoggedStep] = []
}

extension Topology {
    /// A key under the prefix of this run.
    func key(_ key: String) -> String { keyPrefix == "rq" ? key : RedisKeys.tagged(key) }

    /// A connection to whoever has the keys.
    func line() -> RedisLine { RedisLine(timeout: patience) { master } }

    /// A dose, not a wait for something.
    func last(_ duration: Duration) async throws {
        try await Task.sleep(for: duration)
    }
}

/// Which servers a chaos run has.
package enum TopologyKind: String, Sendable, CaseIterable {
    /// One server.
    case single
    /// A master with two replicas, watched by three sentinels.
    case sentinel
    /// Three masters with a replica each.
    case cluster

    /// Runs `body` with its servers, and stops them afterwards.
    func withServers<Result>(
        for plan: ChaosPlan, _ body: (any Topology) async throws -> Result
    ) async throws -> Result {
        switch self {
        case .single:
            try await withRedis(SingleServer.configuration) { server in
                try await body(try SingleServer(server, schedulers: plan.schedulers))
            }
        case .sentinel:
            try await SentinelTopology.withServers(
                schedulers: plan.schedulers, tls: plan.usesTLS, buildHasTLS: try await Self.hasTLS(plan.binary), body)
        case .cluster:
            try await ClusterTopology.withServers(
                schedulers: plan.schedulers, tls: plan.usesTLS, buildHasTLS: try await Self.hasTLS(plan.binary), body)
        }
    }

    /// Whether the program was built where TLS is: else it says so before it connects.
    private static func hasTLS(_ binary: String) async throws -> Bool {
        let process = try TestSupport.ChildProcess(binary, ["info", "-u", "rediss://127.0.0.1:1/0"])
        try await process.waitUntilExit(within: .seconds(60))
        return !process.errors.contains("has no TLS")
    }
}
