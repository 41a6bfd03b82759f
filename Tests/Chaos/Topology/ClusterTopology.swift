import TestSupport
import Testing

/// Three masters with a replica each, one of which has all keys, since they are in one slot.
struct ClusterTopology: ReplicatedTopology {
    let servers: ServerSet
    let slot: Int
    /// For each move of the keys the node that they came from.
    let moves = Observed<[Int]>([])
    private let watchLines: [RedisLine]
    let schedulers: Int
    let buildHasTLS: Bool

    /// Runs `body` with the servers, and stops them afterwards.
    static func withServers<Result>(
        schedulers: Int, tls: Bool, buildHasTLS: Bool, _ body: (any Topology) async throws -> Result
    ) async throws -> Result {
        try await ServerSet.with(tls: tls) { servers in
            try await withCluster(replicas: 1, start: { try await servers.start($0, bus: $1) }) { nodes in
                guard let slot = try nodes[0].command("CLUSTER", "KEYSLOT", RedisKeys.tagged(RedisKeys.index)).integer
                else { throw SupportError("the cluster does not know the keys' slot") }
                let (owner, _) = try nodes.owner(of: RedisKeys.tagged(RedisKeys.index))
                servers.note(nodes.firstIndex { $0 === owner }, epoch: 0, by: -1)
                return try await body(
                    ClusterTopology(servers, slot: slot, schedulers: schedulers, buildHasTLS: buildHasTLS))
            }
        }
    }

    private init(_ servers: ServerSet, slot: Int, schedulers: Int, buildHasTLS: Bool) {
        self.servers = servers
        self.slot = slot
        self.schedulers = schedulers
        self.buildHasTLS = buildHasTLS
        watchLines = servers.nodes.map { node in RedisLine(timeout: .seconds(1)) { node.server } }
    }

    var keyPrefix: String { "{rq}" }
    var ownFaults: [FaultKind] { [.slotMoved, .nodeForgotten] }
    var editorURL: String { servers.url("cluster", hosts([0, 2, 4])) }

    /// Three of the nodes, of which each scheduler names another one first.
    func url(ofScheduler index: Int) -> String {
        let nodes = (0..<3).map { (index + $0) % servers.nodes.count }
        return servers.url("cluster", hosts(nodes), client: SchedulerFleet.name(index))
    }

    private func hosts(_ nodes: [Int]) -> String {
        nodes.map { "127.0.0.1:\(servers.nodes[$0].clientPort)" }.joined(separator: ",")
    }

    func watch(until isOver: Observed<Bool>) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await servers.keepFiles(until: isOver) }
            for (number, line) in watchLines.enumerated() {
                group.addTask {
                    while !isOver.current {
                        if let view = try? await line.command("CLUSTER", "NODES").string.flatMap(ClusterNode.own(in:)) {
                            servers.note(view.owns(slot) ? number : nil, epoch: view.epoch, by: number)
                        }
                        try await Task.sleep(for: .milliseconds(100))
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    func history() throws -> WitnessedHistory {
        let lineage = try Lineage(servers.archive.stretches())
        let (official, lost) = try lineage.history(endingAt: servers.master, moves: moves.current)
        return WitnessedHistory(official: official, lost: lost)
    }

    func leaveEvidence(in folder: String) throws {
        try servers.leaveEvidence(in: folder)
    }

    func close() {
        servers.close()
    }

    // MARK: Faults

    func replicas(of master: Int) async throws -> [Int] {
        let id = try await servers.nodes[master].insist("CLUSTER", "MYID").string
        var found: [Int] = []
        for number in servers.others {
            let text = try await servers.nodes[number].insist("CLUSTER", "NODES").string ?? ""
            if let own = ClusterNode.own(in: text), own.master == id { found.append(number) }
        }
        return found
    }

    func askForFailover() async throws {
        guard let replica = try await replicas(of: servers.master).first else { throw SupportError("no replica") }
        try await servers.nodes[replica].line.command("CLUSTER", "FAILOVER")
    }

    /// Nothing comes in, and nothing that it sends to the others by itself gets there.
    func cutOff(_ node: Int, sparing spared: Set<String>) async throws {
        guard let id = try await servers.nodes[node].insist("CLUSTER", "MYID").string else { throw NotDealt() }
        servers.nodes[node].setLink(to: .partitioned, sparing: spared)
        servers.nodes[node].bus?.become(.partitioned)
        for other in servers.nodes.indices where other != node {
            servers.nodes[other].bus?.become(.partitioned, for: id)
        }
    }

    func reconnect(_ node: Int) {
        servers.nodes[node].setLink(to: .good)
        servers.nodes[node].bus?.become(.good)
        for other in servers.nodes { other.bus?.forgetNames() }
    }

    func dealOwn(_ kind: FaultKind, using generator: inout SeededGenerator) async throws -> WireTime? {
        switch kind {
        case .slotMoved: try await moveSlot(using: &generator)
        case .nodeForgotten: try await forgetMaster(using: &generator)
        default: throw NotDealt()
        }
        return nil
    }

    func awaitHealth(helpAfter: Duration) async throws {
        try await servers.awaitHealth { _ in
            var masters = 0
            for (number, node) in servers.nodes.enumerated() {
                guard let info = try? await node.line.command("CLUSTER", "INFO").infoFields,
                    let text = try? await node.line.command("CLUSTER", "NODES").string,
                    let role = try? await node.line.command("ROLE").array, role.count > 2
                else { return "node \(number) does not answer" }
                guard info["cluster_state"] == "ok", info["cluster_slots_ok"] == "16384",
                    info["cluster_known_nodes"] == "\(servers.nodes.count)", !text.contains("fail")
                else { return "node \(number) does not see the cluster as it is:\n\(text)" }
                if role[0].string == "master" {
                    masters += 1
                    if role[2].array.count != 1 { return "node \(number) has \(role[2].array.count) replicas" }
                } else if role[3].string != "connected" {
                    return "node \(number) does not follow its master"
                }
            }
            return masters == 3 ? nil : "there are \(masters) masters"
        }
    }
}

/// A node of a cluster, from a line of `CLUSTER NODES`.
struct ClusterNode: Sendable {
    let id: String
    /// The id of its master, or `nil` for a master.
    let master: String?
    let epoch: Int
    private let ranges: [ClosedRange<Int>]

    /// The node that answered.
    static func own(in text: String) -> ClusterNode? {
        text.split(separator: "\n").first { $0.contains("myself") }.flatMap { ClusterNode(String($0)) }
    }

    private init?(_ line: String) {
        let words = line.split(separator: " ").map(String.init)
        guard words.count >= 8, let epoch = Int(words[6]) else { return nil }
        id = words[0]
        master = words[3] == "-" ? nil : words[3]
        self.epoch = epoch
        // A slot that moves stands in brackets.
        ranges = words.dropFirst(8).compactMap { word in
            let ends = word.split(separator: "-").compactMap { Int($0) }
            return ends.isEmpty || word.hasPrefix("[") ? nil : ends[0]...ends[ends.count - 1]
        }
    }

    func owns(_ slot: Int) -> Bool { ranges.contains { $0.contains(slot) } }
    /// All slots that it serves.
    var slots: [Int] { ranges.flatMap(Array.init) }
}
