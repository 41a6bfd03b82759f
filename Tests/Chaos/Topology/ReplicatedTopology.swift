import TestSupport
import Testing

/// A topology in which one of several servers has the keys, and others can take its place.
protocol ReplicatedTopology: Topology {
    var servers: ServerSet { get }
    /// How many schedulers connect.
    var schedulers: Int { get }
    /// Whether the program that is tried can do TLS.
    var buildHasTLS: Bool { get }
    /// What only this topology has.
    var ownFaults: [FaultKind] { get }
    /// Those that follow the master.
    func replicas(of master: Int) async throws -> [Int]
    /// Asks for a change of masters, once, in the way that lets the replica catch up first.
    func askForFailover() async throws
    /// Cuts a server off from all others, but for these clients.
    func cutOff(_ node: Int, sparing spared: Set<String>) async throws
    /// Ends that.
    func reconnect(_ node: Int)
    /// Waits until every server does what it should.
    ///
    /// - Parameter helpAfter: How long a former master that does not know it yet is left alone.
    func awaitHealth(helpAfter: Duration) async throws
    /// Deals what only this topology has.
    ///
    /// - Returns: When another server had the keys, where that is so; throws ``NotDealt`` when it could not be dealt.
    func dealOwn(_ kind: FaultKind, using generator: inout SeededGenerator) async throws -> WireTime?
}

/// A fault could not be dealt.
struct NotDealt: Error {}

extension ReplicatedTopology {
    var master: RedisServer { servers.nodes[servers.master].server }
    var patience: Duration { .seconds(2) }
    var losesWrites: Bool { true }
    /// A replica of Redis 7.0 that was relieved seconds ago may take itself for elected with the votes of then, and nobody
    /// else does; so that no other one is promoted until the master is back.
    private var patienceForPromotion: Duration { .seconds(20) }

    var faults: [FaultKind] {
        // What is encrypted does not say from whom it comes.
        let common = Self.commonFaults + ownFaults
        return servers.certificates == nil
            ? common
            : common.filter { $0 != .masterCutOffWithLeader } + [.certificateRotated, .certificateExpired]
    }

    var links: [Int] { servers.certificates == nil ? Array(0..<schedulers) : [] }

    var notDealt: [String] {
        guard servers.certificates != nil else {
            return [
                "\(FaultKind.certificateRotated.rawValue), \(FaultKind.certificateExpired.rawValue): "
                    + (buildHasTLS
                        ? "this run is without TLS, and CERTIFICATES=yes has it" : "rqrcron was built without TLS")
            ]
        }
        return ["links of single schedulers, \(FaultKind.masterCutOffWithLeader.rawValue): this run is with TLS"]
    }

    static var commonFaults: [FaultKind] {
        [
            .masterKilled, .masterFrozen, .masterCutOff, .masterCutOffWithLeader, .failover, .replicaKilled,
            .replicasFrozen,
        ]
    }

    func setLink(ofScheduler index: Int, to condition: LinkCondition) {
        servers.setLink(of: SchedulerFleet.name(index), to: condition)
    }

    func deal(_ kind: FaultKind, leader: Int?, using generator: inout SeededGenerator) async throws -> Fault? {
        let length = generator.milliseconds(300...3_000)
        let absence = generator.milliseconds(0...1_500)
        // Sentinels leave a former master alone for 8 s. Somebody may tell it before.
        let helpAfter: Duration = Bool.random(using: &generator) ? generator.milliseconds(0...3_000) : .seconds(20)
        let node = servers.master
        let began = WireTime.now
        var promoted: WireTime?
        switch kind {
        case .masterKilled:
            await master.kill()
            promoted = try? await servers.awaitPromotion(insteadOf: node, within: patienceForPromotion)
            try await last(absence)
            try await servers.nodes[node].restart()
        case .masterFrozen:
            let frozen = master
            frozen.pause()
            defer { frozen.resume() }
            promoted = try? await servers.awaitPromotion(insteadOf: node, within: patienceForPromotion)
            try await last(length)
        case .masterCutOff, .masterCutOffWithLeader:
            if kind == .masterCutOffWithLeader, leader == nil { return nil }
            let spared = kind == .masterCutOff ? [] : leader.map { [SchedulerFleet.name($0)] } ?? []
            try await cutOff(node, sparing: Set(spared))
            defer { reconnect(node) }
            promoted = try? await servers.awaitPromotion(insteadOf: node, within: patienceForPromotion)
            try await last(length)
        case .failover:
            promoted = try await failOver()
        case .replicaKilled:
            guard let replica = try await replicas(of: node).randomElement(using: &generator) else { return nil }
            await servers.nodes[replica].server.kill()
            try await last(absence)
            try await servers.nodes[replica].restart()
        case .certificateRotated:
            try await renewCertificates(of: servers.nodes, to: "rotated")
        case .certificateExpired:
            try await renewCertificates(
                of: [servers.nodes[node]], to: "expired", valid: ("20250101000000Z", "20250102000000Z"))
            try? await last(length)
            try await renewCertificates(of: [servers.nodes[node]], to: "renewed")
        case .replicasFrozen:
            try await freezeReplicas(of: node, for: length + .seconds(1))
        default:
            do {
                promoted = try await dealOwn(kind, using: &generator)
            } catch is NotDealt {
                return nil
            }
        }
        try await awaitHealth(helpAfter: helpAfter)
        return Fault(kind, began: began, ended: .now, promoted: promoted)
    }

    /// Changes masters, for as long as a replica may need to be ready.
    func failOver() async throws -> WireTime {
        let node = servers.master
        var tries = 0
        while true {
            tries += 1
            // One that was accepted may still be given up.
            let isAccepted = (try? await askForFailover()) != nil
            do {
                return try await servers.awaitPromotion(insteadOf: node, within: .seconds(isAccepted ? 8 : 1))
            } catch let error as TimedOut {
                guard tries < 30 else { throw error }
            }
        }
    }

    /// Gives servers another certificate, and lets all clients connect anew.
    private func renewCertificates(
        of nodes: [ServerSet.Node], to name: String, valid period: (String, String)? = nil
    ) async throws {
        // A server reads its certificate again when it is told of another file.
        let file = "\(name)-\(WireTime.now.microseconds)"
        guard let issued = try await servers.certificates?.issue(file, valid: period) else { return }
        for node in nodes {
            try await node.insist(
                "CONFIG", "SET", "tls-cert-file", issued.certificate, "tls-key-file", issued.key)
            for type in ["pubsub", "normal"] { try await node.insist("CLIENT", "KILL", "TYPE", type, "SKIPME", "yes") }
        }
    }

    /// Lets a master that needs a replica for each write have none.
    private func freezeReplicas(of node: Int, for length: Duration) async throws {
        let frozen = try await replicas(of: node).map { servers.nodes[$0].server }
        let master = servers.nodes[node]
        try await master.insist("CONFIG", "SET", "min-replicas-to-write", "1", "min-replicas-max-lag", "1")
        for server in frozen { server.pause() }
        try? await last(length)
        for server in frozen { server.resume() }
        try await master.insist("CONFIG", "SET", "min-replicas-to-write", "0")
    }
}

extension Fault {
    fileprivate init(_ kind: FaultKind, began: WireTime, ended: WireTime, promoted: WireTime?) {
        self.init(kind, began: began, ended: ended)
        self.promoted = promoted
    }
}
