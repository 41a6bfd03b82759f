/// One server, or the node of a cluster that has our keys.
///
/// All our keys share one slot, through a prefix with a hash tag, and so all commands go to one node over one
/// connection. Which node that is, any node says in its `MOVED`. Each one that we connect to is asked for the others, so that
/// it may be gone later: from the beginning where the URL or a hash tag says that this is a cluster, else from the first
/// `MOVED` on.
final class NodeResolver: RedisEndpointResolver {
    private struct State {
        /// The nodes that may be asked: those that were named at the beginning, then those that a node told us of.
        var nodes: [RedisEndpoint]
        var isCluster: Bool
        /// The node to connect to next.
        var preferred: RedisEndpoint?
        /// Handed out, and not heard of since: if the next question finds it here, it could not be reached.
        var attempted: RedisEndpoint?
        /// Where in `nodes` to go on after a failure.
        var turn = 0
    }

    private let seeds: [RedisEndpoint]
    private let keyPrefix: String?
    private let state: Guarded<State>

    init(seeds: [RedisEndpoint], isCluster: Bool, keyPrefix: String?) {
        self.seeds = seeds
        self.keyPrefix = keyPrefix
        state = Guarded(State(nodes: seeds, isCluster: isCluster))
    }

    var candidateCount: Int { state.withLock { $0.nodes.count } }

    func endpoint(on eventLoop: EventLoop) async throws(RedisError) -> RedisEndpoint {
        try state.withLock { state throws(RedisError) in
            guard !state.nodes.isEmpty else { throw RedisError(.connectFailed, "no server was named") }
            if let missed = state.attempted {
                state.preferred = nil
                state.turn += 1
                // It may have been tried out of its turn, just now.
                if state.nodes[state.turn % state.nodes.count] == missed { state.turn += 1 }
            }
            let endpoint = state.preferred ?? state.nodes[state.turn % state.nodes.count]
            state.attempted = endpoint
            return endpoint
        }
    }

    func verify(_ connection: RedisConnection) async throws(RedisError) {
        var told: [RedisEndpoint]?
        if state.withLock({ $0.isCluster }) {
            do throws(RedisError) {
                let reply = try await connection.send(RedisCommand("CLUSTER", "SLOTS"))
                told = ClusterSlots.nodes(in: reply, toldBy: connection.endpoint)
            } catch {
                // Denied, or no cluster after all: then the nodes that were named have to do. One that takes connections
                // and does not answer counts as out of reach.
                guard error.code == .server else { throw error }
            }
        }
        state.withLock { state in
            state.attempted = nil
            state.preferred = connection.endpoint
            if let told { state.nodes = seeds + told.filter { !seeds.contains($0) } }
        }
    }

    func consequence(
        of error: RedisError, from endpoint: RedisEndpoint
    ) async throws(RedisError) -> RedisErrorConsequence {
        switch error.prefix {
        case .moved?:
            try demandHashTag(error)
            guard let target = ClusterSlots.target(of: error, from: endpoint) else { return .keep }
            state.withLock { state in
                state.isCluster = true
                state.preferred = target
                state.attempted = nil
            }
            return .reconnectAndResend
        case .ask?:
            try demandHashTag(error)
            return ClusterSlots.target(of: error, from: endpoint).map { .resend(to: $0) } ?? .keep
        case .tryAgain?:
            // Some of the keys are here and some on the node that the slot is moving to.
            return .resendLater
        case .crossSlot?:
            try demandHashTag(error)
            return .keep
        case .readOnly?:
            return .reconnect
        default:
            return .keep
        }
    }

    /// The one mistake that everybody makes first with a cluster, said in a way that shows the way out.
    private func demandHashTag(_ error: RedisError) throws(RedisError) {
        guard let keyPrefix, !ClusterSlots.hasHashTag(keyPrefix) else { return }
        throw RedisError(
            .server,
            """
            this is a Redis Cluster, where all our keys must share one slot: use a key prefix with a hash tag, such as \
            {\(keyPrefix)} instead of \(keyPrefix)
            """, prefix: .crossSlot, command: error.command, endpoint: error.endpoint, fate: .refused)
    }
}
