/// Finds the server for our commands, anew for each connection: a fixed server, the master that sentinels name, the
/// node of a cluster.
protocol RedisEndpointResolver: Sendable {
    /// Opens a connection to the server that takes our commands now.
    ///
    /// One attempt: whatever fails at one server, every other one that may do better is tried before the attempt fails.
    ///
    /// - Throws: the most informative failure, if no server will do.
    func connect(with connector: RedisConnector) async throws(RedisError) -> RedisConnection

    /// The consequence of a server's error for the connection that it came from, and for the command.
    ///
    /// - Parameter keyPrefix: the beginning of the keys of whoever sent the command, if known.
    /// - Throws: an error to throw in its place, if it can be explained.
    func consequence(
        of error: RedisError, from endpoint: RedisEndpoint, keyPrefix: String?, with connector: RedisConnector
    ) async throws(RedisError) -> RedisErrorConsequence

    /// A server fell silent on an open connection: others must be asked before it.
    func suspect(_ endpoint: RedisEndpoint)

    /// Listens for news of a new server that our connection does not bring, until the task is cancelled.
    ///
    /// - Parameter report: gets each server that is said to take the commands from now on.
    func watch(with connector: RedisConnector, reporting report: @escaping @Sendable (RedisEndpoint) -> Void) async

    /// Asks every server what it knows of the others, for a diagnosis.
    func topology(with connector: RedisConnector) async -> RedisTopology
}

/// What a client does after an error of the server.
///
/// A command is sent again only after errors that say that it was not executed.
enum RedisErrorConsequence: Sendable, Hashable {
    /// Keep the connection and throw the error.
    case keep
    /// Leave the connection and throw the error; the next command asks the resolver again.
    case reconnect
    /// Leave the connection, ask the resolver again, and send the command once more.
    case reconnectAndResend
    /// Keep the connection, pause, and send the command once more, for as long as its time-out allows.
    case resendLater
}

extension RedisEndpointResolver {
    /// There is no other server to ask.
    func suspect(_ endpoint: RedisEndpoint) {}

    /// There is no source of news.
    func watch(with connector: RedisConnector, reporting report: @escaping @Sendable (RedisEndpoint) -> Void) async {}

    /// There is only one server.
    func topology(with connector: RedisConnector) async -> RedisTopology { .server }
}

/// How the connections of a route are opened.
struct RedisConnector: Sendable {
    let options: RedisConnectionOptions
    let eventLoop: RedisEventLoop
    /// Where connections for commands come from, and go; `nil` for connections that nobody shares.
    var pool: LinkPool?

    /// The same, for connections that nobody shares.
    var apart: RedisConnector { RedisConnector(options: options, eventLoop: eventLoop) }

    /// A connection to a server; see ``giveBack(_:)``.
    func connect(to endpoint: RedisEndpoint) async throws(RedisError) -> RedisConnection {
        guard let pool else {
            return try await RedisConnection.connect(to: endpoint, options: options, on: eventLoop)
        }
        return try await pool.take(endpoint, for: .commands)
    }

    /// Gives a connection back that will not do, or is not needed any more.
    func giveBack(_ connection: RedisConnection) async {
        guard let pool else { return await connection.close() }
        await pool.giveBack(connection, .commands)
    }

    /// Asks a node what it knows of its cluster.
    func clusterAnswer(from connection: RedisConnection) async throws(RedisError) -> ClusterAnswer {
        guard let pool else { return try await ClusterAnswer(from: connection) }
        return try await pool.clusterAnswer(from: connection)
    }
}

/// The failures of the servers that one attempt tried, and the one error that sums them up.
struct FailedAttempts {
    private(set) var errors: [RedisError] = []

    /// Takes in the failure of one server.
    ///
    /// - Throws: the error, if no other server could do better.
    mutating func append(_ error: RedisError) throws(RedisError) {
        guard ![.cancelled, .tlsUnavailable, .tlsMisconfigured].contains(error.code) else { throw error }
        errors.append(error)
    }

    /// The most informative failure: a server's answer rather than that a server was unreachable, and the first of
    /// equals.
    var mostInformative: RedisError? {
        errors.enumerated().max { left, right in
            (left.element.informativeness, right.offset) < (right.element.informativeness, left.offset)
        }?.element
    }

    /// One error for all.
    ///
    /// - Parameters:
    ///   - servers: what to call them.
    ///   - count: how many of them were tried.
    func error(of servers: String, count: Int) -> RedisError {
        guard let failure = mostInformative else { return RedisError(.connectFailed, "no server was named") }
        guard count > 1 else { return failure }
        let verb = errors.allSatisfy { $0.informativeness <= 1 } ? "reached" : "used"
        return failure.saying("none of the \(count) \(servers) can be \(verb): \(failure.reason)")
    }
}

extension RedisError {
    fileprivate var informativeness: Int {
        switch code {
        case .server, .noMaster: 4
        case .tlsFailed, .tlsMismatch: 3
        case .malformedReply, .unexpectedReply: 2
        case .connectTimedOut, .unresponsive, .timedOut, .connectionLost: 1
        default: 0
        }
    }
}

extension RedisLocation {
    /// The resolver that finds the server.
    ///
    /// - Parameters:
    ///   - keyPrefix: the beginning of all keys, if known.
    ///   - map: what is known of a cluster's nodes, for all resolvers of the same location.
    func resolver(
        options: RedisConnectionOptions, keyPrefix: String?, map: ClusterMap
    ) -> any RedisEndpointResolver {
        switch self {
        case .server(let endpoint): NodeResolver(seeds: [endpoint], keyPrefix: keyPrefix, map: map)
        case .cluster(let nodes): NodeResolver(seeds: nodes, keyPrefix: keyPrefix, map: map)
        case .sentinel(let sentinels): SentinelResolver(sentinels, options: options)
        }
    }
}
