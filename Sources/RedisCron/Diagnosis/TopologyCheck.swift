import RedisBridge

/// Finds faults between servers: sentinels that disagree, slots of a cluster that nobody serves.
///
/// Pure.
struct TopologyCheck: Sendable {
    private static let allSlots = 0..<16_384

    let topology: RedisTopology

    init(_ topology: RedisTopology) {
        self.topology = topology
    }

    /// What deserves attention.
    var findings: [Finding] {
        switch topology {
        case .server: []
        case .sentinels(let service, let opinions): sentinelFindings(opinions, of: service)
        case .cluster(let slot, let opinions): clusterFindings(opinions, slot: slot)
        }
    }

    // MARK: Sentinels

    private func sentinelFindings(_ opinions: [SentinelOpinion], of service: String) -> [Finding] {
        var findings = opinions.compactMap { opinion in
            opinion.failure.map {
                Finding(.warning, .sentinel, about: opinion.sentinel, "the sentinel cannot be asked: \($0)")
            }
        }
        for opinion in opinions where !opinion.isHeard {
            findings.append(
                Finding(
                    .warning, .sentinel, about: opinion.sentinel,
                    """
                    our user may not subscribe to the sentinel's news: when all of them are like this, a failover that is \
                    asked for loses the jobs of about 10 s. Grant it +subscribe +ping &+switch-master &+promoted-slave \
                    &+failover-state-wait-promotion
                    """))
        }
        let named = Dictionary(grouping: opinions.filter { $0.master != nil }) { $0.master ?? "" }
        if named.count > 1 {
            let sides = named.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.map { master, backers in
                "\(master) (\(backers.map(\.sentinel).joined(separator: ", ")))"
            }
            findings.append(
                Finding(
                    .warning, .sentinel, about: service,
                    """
                    the sentinels name different masters: \(sides.joined(separator: ", ")); the one with the latest \
                    failover is believed. If it stays so, see which of them is cut off from the others
                    """))
        }
        return findings
    }

    // MARK: Cluster

    private func clusterFindings(_ opinions: [ClusterOpinion], slot: Int?) -> [Finding] {
        var findings = opinions.compactMap { opinion in
            opinion.failure.map {
                Finding(.warning, .cluster, about: opinion.node, "the node cannot be asked: \($0)")
            }
        }
        // A node that is alone, or in the smaller part of a partition, knows least: the fullest view is held against the slots.
        guard let fullest = opinions.max(by: { $0.servedSlots.count < $1.servedSlots.count }) else { return findings }
        for opinion in opinions where opinion.isDown && !fullest.isDown {
            findings.append(
                Finding(
                    .warning, .cluster, about: opinion.node,
                    "the node takes no commands (cluster_state:fail), while others do: it is cut off from them"))
        }
        // Where no node may say who the others are, nothing more is known.
        guard opinions.contains(where: { !$0.members.isEmpty }) else { return findings }
        findings += coverage(fullest, slot: slot)
        findings += openSlots(opinions, slot: slot)
        if let slot { findings += replicas(fullest, slot: slot) }
        return findings
    }

    /// What deserves attention where a node refuses all commands while any slot is unserved: then prefixes on other masters stop as well.
    func findingOfFullCoverage() -> Finding? {
        guard case .cluster(_, let opinions) = topology,
            let masters = opinions.map({ $0.members.count { $0.isMaster && !$0.slots.isEmpty } }).max(), masters > 1
        else { return nil }
        return Finding(
            .notice, .cluster,
            """
            with cluster-require-full-coverage yes the loss of one of the \(masters) masters stops the prefixes on all of them; \
            set it to no on each node, and it stops only those on the lost one
            """)
    }

    private func coverage(_ opinion: ClusterOpinion, slot: Int?) -> [Finding] {
        let served = opinion.servedSlots
        let unserved = Self.allSlots.filter { !served.contains($0) }
        if let first = unserved.first {
            if let slot, unserved.contains(slot) {
                let others = unserved.count > 1 ? ", and \(unserved.count - 1) more slots" : ""
                return [
                    Finding(
                        .error, .cluster, about: "slot \(slot)",
                        """
                        nobody serves the slot of our keys\(others): bring back the node that had it, or give it to another \
                        with redis-cli --cluster fix
                        """)
                ]
            }
            return [
                Finding(
                    opinion.isDown ? .error : .warning, .cluster,
                    """
                    the cluster has no full coverage: nobody serves \(unserved.count) of its slots, \(first) among them\
                    \(opinion.isDown ? ", and so it takes no commands at all" : ""); give them to a node with redis-cli \
                    --cluster fix
                    """)
            ]
        }
        guard opinion.isDown else { return [] }
        return [
            Finding(
                .error, .cluster, about: opinion.node,
                "the cluster takes no commands (cluster_state:fail): too few of its masters see each other")
        ]
    }

    private func openSlots(_ opinions: [ClusterOpinion], slot: Int?) -> [Finding] {
        opinions.flatMap { opinion -> [Finding] in
            let open = opinion.members.first(where: \.isMyself)?.openSlots ?? []
            return open.map { open in
                let peer = opinion.members.first { $0.id == open.peer }?.address ?? open.peer
                let isOurs = open.slot == slot
                let way = open.isImporting ? "from \(peer)" : "to \(peer)"
                return Finding(
                    .warning, .cluster, about: "slot \(open.slot)",
                    """
                    the slot \(isOurs ? "of our keys " : "")is open at \(opinion.node): it is being moved \(way)\
                    \(isOurs ? ", and commands wait for the end of that" : ""). If no move is under way, close it with \
                    redis-cli --cluster fix
                    """)
            }
        }
    }

    private func replicas(_ opinion: ClusterOpinion, slot: Int) -> [Finding] {
        guard let owner = opinion.members.first(where: { $0.serves(slot) }),
            !opinion.members.contains(where: { $0.master == owner.id && !$0.hasFailed })
        else { return [] }
        return [.noReplicas(of: owner.address)]
    }
}

extension Finding {
    /// A master that nobody could take over from.
    static func noReplicas(of server: String) -> Finding {
        Finding(
            .warning, .replicas, about: server,
            "the master has no replica that works: if it is lost, nobody takes over, and what it alone has is gone")
    }
}

extension ClusterOpinion {
    fileprivate var servedSlots: Set<Int> {
        Set(members.filter { $0.isMaster && !$0.hasFailed }.flatMap(\.slots).flatMap { Array($0) })
    }
}
