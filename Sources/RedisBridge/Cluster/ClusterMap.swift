/// What is known of a cluster's nodes, for all who look for the node of a slot: whoever meets a node tells the others.
///
/// Any thread.
final class ClusterMap: Sendable {
    private struct State {
        var isCluster: Bool
        var announcers: [RedisEndpoint: RedisEndpoint] = [:]
    }

    private let state: Guarded<State>

    init(isCluster: Bool) {
        state = Guarded(State(isCluster: isCluster))
    }

    /// The map of what a URL names.
    convenience init(of location: RedisLocation) {
        if case .cluster = location { self.init(isCluster: true) } else { self.init(isCluster: false) }
    }

    /// Whether the servers are nodes of a cluster, as far as is known.
    var isCluster: Bool { state.withLock { $0.isCluster } }

    /// The nodes that others named, and which node named them.
    var announcers: [RedisEndpoint: RedisEndpoint] {
        get { state.withLock { $0.announcers } }
        set { state.withLock { $0.announcers = newValue } }
    }

    /// The servers are nodes of a cluster.
    ///
    /// - Parameter node: a node that another one named, and which one.
    func noteCluster(naming node: (node: RedisEndpoint, announcer: RedisEndpoint)? = nil) {
        state.withLock { state in
            state.isCluster = true
            if let node { state.announcers[node.node] = node.announcer }
        }
    }
}
