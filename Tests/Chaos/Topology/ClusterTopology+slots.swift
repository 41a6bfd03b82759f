import TestSupport
import Testing

extension ClusterTopology {
    /// Moves the slot with all keys to another master, some keys at a time.
    func moveSlot(using generator: inout SeededGenerator) async throws {
        let source = servers.master
        let target = try await otherMaster(than: source, using: &generator)
        try await moveKeys(from: source, to: target, using: &generator)
    }

    /// Moves all that the master has to another one and lets the others forget it.
    ///
    /// It lives on alone for a while. In the end it comes back as a new node, with the slots that it had, but for that of
    /// the keys, and with its replica.
    func forgetMaster(using generator: inout SeededGenerator) async throws {
        let length = generator.milliseconds(500...5_000)
        let source = servers.master
        let target = try await otherMaster(than: source, using: &generator)
        let replicas = try await replicas(of: source)
        try await moveKeys(from: source, to: target, using: &generator)
        let slots = try await own(source).slots
        try await moveEmpty(slots, from: source, to: target)
        let (sourceID, targetID) = (try await own(source).id, try await own(target).id)
        for replica in replicas { try await servers.nodes[replica].insist("CLUSTER", "REPLICATE", targetID) }
        for node in servers.nodes.indices where node != source {
            try await servers.nodes[node].insist("CLUSTER", "FORGET", sourceID)
        }
        try await servers.nodes[source].insist("CLUSTER", "RESET", "SOFT")
        try await last(length)
        try await servers.nodes[source].insist("CLUSTER", "RESET", "HARD")
        let (node, introducer) = (servers.nodes[source], servers.nodes[target])
        try await introducer.insist("CLUSTER", "MEET", "127.0.0.1", node.proxy.port, node.bus?.port ?? 0)
        for other in servers.nodes {
            try await eventually("all nodes to know each other again", within: .seconds(60)) {
                let info = try? await other.line.command("CLUSTER", "INFO").infoFields
                return info?["cluster_known_nodes"] == "\(servers.nodes.count)"
            }
        }
        try await moveEmpty(slots, from: target, to: source)
        let newID = try await own(source).id
        for replica in replicas { try await servers.nodes[replica].insist("CLUSTER", "REPLICATE", newID) }
    }

    private func own(_ node: Int) async throws -> ClusterNode {
        guard let own = try await servers.nodes[node].insist("CLUSTER", "NODES").string.flatMap(ClusterNode.own(in:))
        else { throw SupportError("node \(node) does not name itself") }
        return own
    }

    private func otherMaster(than node: Int, using generator: inout SeededGenerator) async throws -> Int {
        var masters: [Int] = []
        for other in servers.nodes.indices where other != node {
            if try await own(other).master == nil { masters.append(other) }
        }
        guard let choice = masters.randomElement(using: &generator) else { throw NotDealt() }
        return choice
    }

    /// Moves the keys, a mark first; see ``Lineage``.
    private func moveKeys(from source: Int, to target: Int, using generator: inout SeededGenerator) async throws {
        let (from, to) = (servers.nodes[source], servers.nodes[target])
        let (sourceID, targetID) = (try await own(source).id, try await own(target).id)
        let mark = RedisKeys.tagged(Lineage.mark(moves.current.count + 1))
        try await from.insist("SET", mark, "1")
        try await to.insist("CLUSTER", "SETSLOT", slot, "IMPORTING", sourceID)
        try await from.insist("CLUSTER", "SETSLOT", slot, "MIGRATING", targetID)
        try await migrate([mark], from: from, to: to)
        moves.update { $0.append(source) }
        while true {
            let portion = Int.random(in: 1...60, using: &generator)
            let keys = try await from.insist("CLUSTER", "GETKEYSINSLOT", slot, portion).strings
            if keys.isEmpty { break }
            try await migrate(keys, from: from, to: to)
            // Now and then for longer than a lock lives.
            let isLong = Int.random(in: 0..<60, using: &generator) == 0
            try await last(generator.milliseconds(isLong ? 500...3_000 : 0...20))
        }
        try await own(slots: [slot], node: target, insteadOf: source)
        try await to.insist("SET", "\(mark):arrived", "1")
        // Until a replica has them, the death of their new master would lose them all.
        try await eventually("the keys to be with a replica", within: .seconds(30)) {
            (try? await to.line.command("WAIT", 1, 1_000).integer) ?? 0 > 0
        }
    }

    private func migrate(_ keys: [String], from source: ServerSet.Node, to target: ServerSet.Node) async throws {
        let words: [any CommandPart] =
            ["MIGRATE", "127.0.0.1", target.server.port, "", 0, 1_500, "REPLACE", "KEYS"] + keys
        try await eventually("\(keys.count) keys to move", within: .seconds(30)) {
            (try? await source.line.command(words)) != nil
        }
    }

    /// Moves slots without keys.
    private func moveEmpty(_ slots: [Int], from source: Int, to target: Int) async throws {
        let (sourceID, targetID) = (try await own(source).id, try await own(target).id)
        try await tell(target, slots.map { ["CLUSTER", "SETSLOT", $0, "IMPORTING", sourceID] })
        try await tell(source, slots.map { ["CLUSTER", "SETSLOT", $0, "MIGRATING", targetID] })
        try await own(slots: slots, node: target, insteadOf: source)
    }

    /// Tells all masters who serves slots, the new one first.
    private func own(slots: [Int], node: Int, insteadOf source: Int) async throws {
        let id = try await own(node).id
        let commands: [[any CommandPart]] = slots.map { ["CLUSTER", "SETSLOT", $0, "NODE", id] }
        try await tell(node, commands)
        try await tell(source, commands)
        for other in servers.nodes.indices where other != node && other != source {
            if try await own(other).master == nil { try await tell(other, commands) }
        }
    }

    /// Sends commands to a node until all of them are done.
    private func tell(_ node: Int, _ commands: [[any CommandPart]]) async throws {
        var failure = ""
        do {
            try await eventually("node \(node) to take over slots", within: .seconds(30)) {
                guard let replies = try? await servers.nodes[node].line.pipeline(commands) else { return false }
                for case .error(let text) in replies {
                    failure = text
                    return false
                }
                return true
            }
        } catch is TimedOut {
            throw SupportError("node \(node) does not take over slots: \(failure)")
        }
    }
}
