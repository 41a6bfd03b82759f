/// What one node of a cluster says of the slot of our keys, and of the other nodes.
struct ClusterView: Sendable, Hashable {
    /// The node that says so.
    let node: RedisEndpoint
    /// Whether it refuses commands, like a node in the minority of a partition, or of a cluster without full coverage.
    var isDown = false
    /// The node that serves our slot; `nil` if none does, or if its address is unknown.
    var owner: RedisEndpoint?
    /// Whether it is the owner itself.
    var isOwner = false
    /// Whether some node serves our slot, as far as this one knows; also true if it cannot know, because it is not a
    /// node of a cluster, our user may not ask, or our slot is unknown.
    var isServed = true
    /// The configuration epoch of the owner's claim to the slot, which each failover raises.
    var epoch: Int?
    /// All masters and replicas that it knows, at the addresses for clients.
    var nodes: [RedisEndpoint] = []
    /// The same as nodes know each other, with their slots; empty if our user may not ask.
    var members: [ClusterMember] = []

    /// What a node's answer says of a slot.
    ///
    /// - Parameters:
    ///   - node: the node.
    ///   - slot: the slot of our keys, if known.
    init(of node: RedisEndpoint, slot: Int?, _ answer: ClusterAnswer) {
        guard let slots = answer.slots else {
            self.init(of: node)
            return
        }
        self.init(of: node, slot: slot, slots: slots, members: answer.members, info: answer.info)
    }

    /// - Parameters:
    ///   - node: the node that says so.
    ///   - slot: the slot of our keys, if known.
    ///   - slots: its answer to `CLUSTER SLOTS`, with the addresses for clients.
    ///   - members: its answer to `CLUSTER NODES`; empty if denied.
    ///   - info: its answer to `CLUSTER INFO`; empty if denied.
    init(of node: RedisEndpoint, slot: Int?, slots: RedisReply, members: [ClusterMember], info: String) {
        self.node = node
        self.members = members
        isDown = info.contains("cluster_state:fail")
        nodes = ClusterSlots.nodes(in: slots, saidBy: node)
        guard let slot else { return }
        isServed = false
        if let range = ClusterSlots.range(with: slot, in: slots) {
            isServed = true
            owner = ClusterSlots.master(of: range, saidBy: node)
            isOwner = owner == node
        }
        if let member = members.first(where: { $0.serves(slot) }) {
            isServed = true
            epoch = member.epoch
            isOwner = member.isMyself
        }
    }

    init(of node: RedisEndpoint) {
        self.node = node
    }

    /// Whether commands can be sent to it: it serves our slot, or it is unknown which node does.
    var takesCommands: Bool { !isDown && isServed && (isOwner || owner == nil && epoch == nil) }
}

/// What a node of a cluster answers, whatever slot it is about.
struct ClusterAnswer: Sendable {
    /// Its answer to `CLUSTER SLOTS`; `nil` if our user may not ask, or it is not a node of a cluster after all: then
    /// whichever node was named has to do.
    let slots: RedisReply?
    /// Its answer to `CLUSTER NODES`; empty if denied.
    let members: [ClusterMember]
    /// Its answer to `CLUSTER INFO`; empty if denied.
    let info: String

    /// Asks a node.
    ///
    /// - Throws: as the connection; and the node's error if it cannot answer yet, or wants a log-in.
    init(from connection: RedisConnection) async throws(RedisError) {
        let limit = min(connection.options.commandTimeout, .seconds(1))
        let replies = try await connection.pipeline(
            [RedisCommand("CLUSTER", "SLOTS"), RedisCommand("CLUSTER", "NODES"), RedisCommand("CLUSTER", "INFO")],
            timeout: limit)
        guard replies.count == 3 else { throw .unexpectedReply("\(replies.count) replies", expected: "3") }
        if case .error(let error) = replies[0] {
            guard error.prefix == .err || error.prefix == .noPerm else {
                throw error.at(command: "CLUSTER", endpoint: connection.endpoint.description)
            }
            (slots, members, info) = (nil, [], "")
            return
        }
        slots = replies[0]
        members = ClusterMember.all(in: replies[1].string ?? "")
        info = replies[2].string ?? ""
    }
}

/// A line of `CLUSTER NODES`: a node of a cluster, as another one sees it.
package struct ClusterMember: Sendable, Hashable {
    /// A slot that is being moved.
    package struct OpenSlot: Sendable, Hashable {
        package let slot: Int
        /// Whether it moves to this node; otherwise away from it.
        package let isImporting: Bool
        /// The id of the other node.
        package let peer: String
    }

    package let id: String
    /// `host:port`, or empty if unknown.
    package let address: String
    let flags: Set<String>
    /// The id of the master of a replica.
    package let master: String?
    let epoch: Int
    package private(set) var slots: [ClosedRange<Int>] = []
    package private(set) var openSlots: [OpenSlot] = []

    /// Whether it is the node that says so; only that line has open slots.
    package var isMyself: Bool { flags.contains("myself") }
    package var isMaster: Bool { flags.contains("master") }
    package var hasFailed: Bool { flags.contains("fail") }

    package func serves(_ slot: Int) -> Bool { slots.contains { $0.contains(slot) } }

    /// All lines that can be read.
    package static func all(in text: String) -> [ClusterMember] {
        text.split(whereSeparator: \.isNewline).compactMap(ClusterMember.init(line:))
    }

    private init?(line: Substring) {
        let words = line.split(separator: " ")
        guard words.count >= 8, let epoch = Int(words[6]) else { return nil }
        id = String(words[0])
        address = String(words[1].prefix { $0 != "@" && $0 != "," })
        flags = Set(words[2].split(separator: ",").map(String.init))
        master = words[3] == "-" ? nil : String(words[3])
        self.epoch = epoch
        for word in words.dropFirst(8) {
            if word.hasPrefix("[") {
                if let open = Self.openSlot(word) { openSlots.append(open) }
            } else {
                let ends = word.split(separator: "-").compactMap { Int($0) }
                if let first = ends.first, let last = ends.last, first <= last { slots.append(first...last) }
            }
        }
    }

    /// `[93-<-ID]`: slot 93 comes from the node with that id; `[93->-ID]`: it goes there.
    private static func openSlot(_ word: Substring) -> OpenSlot? {
        let parts = word.dropFirst().dropLast().split(separator: "-")
        guard parts.count == 3, let slot = Int(parts[0]) else { return nil }
        return OpenSlot(slot: slot, isImporting: parts[1] == "<", peer: String(parts[2]))
    }
}
