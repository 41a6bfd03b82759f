/// What each server says of the others, for a diagnosis to compare.
package enum RedisTopology: Sendable, Hashable {
    /// One server, without others to ask.
    case server
    /// What each sentinel says of the service's master.
    case sentinels(service: String, [SentinelOpinion])
    /// What each node of a cluster says of the cluster; `slot` is that of our keys, if known.
    case cluster(slot: Int?, [ClusterOpinion])
}

/// What one sentinel says.
package struct SentinelOpinion: Sendable, Hashable {
    package let sentinel: String
    /// The master that it names; `nil` if it could not be asked.
    package let master: String?
    /// Whether our user may subscribe to its news of promotions.
    package let isHeard: Bool
    /// Why it could not be asked.
    package let failure: String?

    package init(sentinel: String, master: String? = nil, isHeard: Bool = true, failure: String? = nil) {
        self.sentinel = sentinel
        self.master = master
        self.isHeard = isHeard
        self.failure = failure
    }
}

/// What one node of a cluster says.
package struct ClusterOpinion: Sendable, Hashable {
    package let node: String
    /// Whether it takes no commands.
    package let isDown: Bool
    /// All nodes as it sees them; empty if it could not be asked, or our user may not.
    package let members: [ClusterMember]
    /// Why it could not be asked.
    package let failure: String?

    package init(node: String, isDown: Bool = false, members: [ClusterMember] = [], failure: String? = nil) {
        self.node = node
        self.isDown = isDown
        self.members = members
        self.failure = failure
    }
}

extension RedisClient {
    /// Asks all sentinels, or all nodes of a cluster, what they know of the others.
    ///
    /// Over connections of its own, so that it also works when no server takes commands. Takes as long as the slowest
    /// of them, at most twice the connect time-out and a second.
    package func topology() async -> RedisTopology {
        await route.resolver.topology(with: route.connector.apart)
    }
}
