/// One server, or the node of a cluster that has our keys.
///
/// All our keys share one slot, through a prefix with a hash tag, so all commands go to one node over one connection.
/// If the URL or a hash tag says that this is a cluster, otherwise from the first `MOVED` on, each node that we connect
/// to is asked for its view, and `ClusterSurvey` says which node to believe.
final class NodeResolver: RedisEndpointResolver {
    /// How long the node that is asked first has before the others are asked too.
    private static let headStart = Duration.milliseconds(250)

    private struct State {
        /// The node to ask first: the one that had the slot last, or is said to have it.
        var preferred: RedisEndpoint?
        /// The configuration epoch under which the slot was last served.
        var epoch: Int?
    }

    private let seeds: [RedisEndpoint]
    private let slot: Int?
    private let map: ClusterMap
    private let state: Guarded<State>

    /// - Parameter map: what is known of the nodes, for all who look for a slot of the same cluster.
    init(seeds: [RedisEndpoint], keyPrefix: String?, map: ClusterMap) {
        self.seeds = seeds
        self.map = map
        slot = keyPrefix.flatMap(ClusterSlots.slot(of:))
        // A hash tag has no other purpose.
        if slot != nil { map.noteCluster() }
        state = Guarded(State(preferred: seeds.first))
    }

    /// The only resolver of its cluster.
    convenience init(seeds: [RedisEndpoint], isCluster: Bool, keyPrefix: String?) {
        self.init(seeds: seeds, keyPrefix: keyPrefix, map: ClusterMap(isCluster: isCluster))
    }

    // MARK: An attempt

    func connect(with connector: RedisConnector) async throws(RedisError) -> RedisConnection {
        let (preferred, epoch) = state.withLock { ($0.preferred, $0.epoch) }
        guard map.isCluster else {
            guard let server = seeds.first else { throw RedisError(.connectFailed, "no server was named") }
            return try await connector.connect(to: server)
        }
        let announcers = map.announcers
        let survey = ClusterSurvey(
            first: preferred, known: seeds + announcers.keys.filter { !seeds.contains($0) }, announcers: announcers,
            latestEpoch: epoch)
        return try await conduct(survey, with: connector)
    }

    /// The outcome of asking one node.
    private enum Answer: Sendable {
        case view(RedisConnection, ClusterView)
        case failure(RedisEndpoint, RedisError)
        case headStartIsOver
    }

    private func conduct(
        _ survey: ClusterSurvey, with connector: RedisConnector
    ) async throws(RedisError) -> RedisConnection {
        let outcome: Result<RedisConnection, RedisError> = await withTaskGroup(of: Answer.self) { group in
            var survey = survey
            var connections: [RedisEndpoint: RedisConnection] = [:]
            var failures: [RedisEndpoint: RedisError] = [:]
            var attempts = FailedAttempts()
            var outcome: Result<RedisConnection, RedisError>?
            group.addTask {
                try? await connector.eventLoop.sleep(for: Self.headStart)
                return .headStartIsOver
            }
            while outcome == nil {
                switch survey.next() {
                case .ask(let nodes):
                    for node in nodes {
                        let announcer = seeds.contains(node) ? nil : survey.announcers[node]
                        group.addTask { await self.ask(node, announcedBy: announcer, with: connector) }
                    }
                    continue
                case .use(let node):
                    outcome = connections.removeValue(forKey: node).map { .success($0) }
                    remember(survey, using: node)
                case .fail:
                    outcome = .failure(reason(of: survey, failures, attempts))
                case .wait: break
                }
                guard outcome == nil, let answer = await group.next() else { break }
                switch answer {
                case .headStartIsOver: survey.endHeadStart()
                case .view(let connection, let view):
                    connections[view.node] = connection
                    survey.take(view)
                case .failure(let node, let error):
                    do throws(RedisError) {
                        try attempts.append(error)
                        failures[node] = error
                        survey.fail(node)
                    } catch {
                        outcome = .failure(error)
                    }
                }
            }
            group.cancelAll()
            for await case .view(let connection, _) in group { await connector.giveBack(connection) }
            for connection in connections.values { await connector.giveBack(connection) }
            return outcome ?? .failure(.cancelled(fate: .notSent))
        }
        return try outcome.get()
    }

    private func ask(
        _ node: RedisEndpoint, announcedBy announcer: RedisEndpoint?, with connector: RedisConnector
    ) async -> Answer {
        do throws(RedisError) {
            let connection = try await connector.connect(to: node)
            do throws(RedisError) {
                let answer = try await connector.clusterAnswer(from: connection)
                return .view(connection, ClusterView(of: node, slot: slot, answer))
            } catch {
                await connector.giveBack(connection)
                throw error
            }
        } catch {
            return .failure(node, error.at(announcer: announcer.map { "the node at \($0)" }))
        }
    }

    func topology(with connector: RedisConnector) async -> RedisTopology {
        guard map.isCluster else { return .server }
        var asked: Set<RedisEndpoint> = []
        var opinions: [ClusterOpinion] = []
        var next = Set(seeds + map.announcers.keys)
        // Then the nodes that they name, once.
        for _ in 0..<2 {
            asked.formUnion(next)
            let answers = await withTaskGroup(of: Answer.self) { group in
                for node in next { group.addTask { await self.ask(node, announcedBy: nil, with: connector) } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            next = []
            for answer in answers {
                switch answer {
                case .view(let connection, let view):
                    await connector.giveBack(connection)
                    opinions.append(
                        ClusterOpinion(node: "\(view.node)", isDown: view.isDown, members: view.members))
                    next.formUnion(view.nodes)
                case .failure(let node, let error):
                    opinions.append(ClusterOpinion(node: "\(node)", failure: error.reason))
                case .headStartIsOver: break
                }
            }
            next.subtract(asked)
        }
        return .cluster(slot: slot, opinions.sorted { $0.node < $1.node })
    }

    private func remember(_ survey: ClusterSurvey, using node: RedisEndpoint) {
        guard let view = survey.views.first(where: { $0.node == node }) else { return }
        state.withLock { state in
            state.preferred = node
            state.epoch = view.epoch
        }
        guard !view.nodes.isEmpty else { return }
        // A node that has left the cluster is not asked any more, unless it is in the URL.
        map.announcers = Dictionary(
            view.nodes.filter { !seeds.contains($0) }.map { ($0, survey.announcers[$0] ?? node) },
            uniquingKeysWith: { first, _ in first })
    }

    /// Why no node will do.
    private func reason(
        of survey: ClusterSurvey, _ failures: [RedisEndpoint: RedisError], _ attempts: FailedAttempts
    ) -> RedisError {
        let views = survey.views
        guard let first = views.first else { return attempts.error(of: "nodes", count: survey.askedCount) }
        // The failure of the node that has our keys, according to others.
        for case let owner? in views.filter({ !$0.isDown }).map(\.owner) {
            guard let failure = failures[owner] else { continue }
            let announcer = survey.announcers[owner] ?? views.first { $0.owner == owner }?.node
            return failure.at(announcer: announcer.map { "the node at \($0)" })
        }
        if let view = views.first(where: { $0.isServed && !$0.isOwner && $0.owner == nil }) {
            return RedisError(
                .noMaster,
                """
                the node that has our keys announces no address: set cluster-announce-hostname there, or \
                cluster-preferred-endpoint-type to ip
                """, endpoint: view.node.description)
        }
        let all = views.count == 1 ? "the one node that answers says" : "all \(views.count) nodes that answer say"
        let slot = slot.map { "slot \($0)" } ?? "the slot of our keys"
        let reason =
            if views.allSatisfy({ !$0.isServed }) {
                "\(all) that nobody serves \(slot)"
            } else if views.allSatisfy(\.isDown) {
                "\(all) that the cluster is down"
            } else {
                "none of the \(views.count) nodes that answer serves \(slot)"
            }
        return RedisError(.server, reason, prefix: .clusterDown, endpoint: first.node.description)
    }

    // MARK: Errors

    func suspect(_ endpoint: RedisEndpoint) {
        state.withLock { state in
            if state.preferred == endpoint { state.preferred = nil }
        }
    }

    func consequence(
        of error: RedisError, from endpoint: RedisEndpoint, keyPrefix: String?, with connector: RedisConnector
    ) async throws(RedisError) -> RedisErrorConsequence {
        switch error.prefix {
        case .moved?:
            try demandHashTag(in: keyPrefix, error)
            let target = ClusterSlots.target(of: error, from: endpoint)
            map.noteCluster(naming: target.map { ($0, endpoint) })
            // Without a target, the others are asked.
            state.withLock { $0.preferred = target }
            return .reconnectAndResend
        case .clusterDown?:
            map.noteCluster()
            suspect(endpoint)
            return .reconnectAndResend
        case .ask?, .tryAgain?:
            // The slot is being moved: until it has moved, no node has all our keys. ASK comes for a read of a key that
            // has moved already; like TRYAGAIN it means "later".
            try demandHashTag(in: keyPrefix, error)
            return .resendLater
        case .crossSlot?:
            try demandHashTag(in: keyPrefix, error)
            return .keep
        case .readOnly?, .noReplicas?, .masterDown?:
            // The URL's name may resolve to another server by now, or another node may have the slot.
            suspect(endpoint)
            return .reconnect
        case .loading? where map.isCluster:
            suspect(endpoint)
            return .reconnect
        default:
            return .keep
        }
    }

    /// Explains the most common mistake with a cluster, and how to correct it.
    private func demandHashTag(in keyPrefix: String?, _ error: RedisError) throws(RedisError) {
        guard let keyPrefix, !ClusterSlots.hasHashTag(keyPrefix) else { return }
        throw RedisError(
            .server,
            """
            this is a Redis Cluster, where all our keys must share one slot: use a key prefix with a hash tag, such as \
            {\(keyPrefix)} instead of \(keyPrefix)
            """, prefix: .crossSlot, command: error.command, endpoint: error.endpoint, fate: .refused)
    }
}
