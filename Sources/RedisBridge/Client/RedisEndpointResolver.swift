/// Finds the server that takes our commands, each time anew: a fixed server, the master that sentinels name, the node of
/// a cluster.
protocol RedisEndpointResolver: Sendable {
    /// Opens a connection to the server that takes our commands now.
    ///
    /// One attempt: whatever fails at one server, the next one that may do better is tried before it has failed.
    ///
    /// - Throws: `RedisError`: the failure that says most, when none will do.
    func connect(with connector: RedisConnector) async throws(RedisError) -> RedisConnection

    /// What an error of the server means for the connection that it came from, and for the command.
    ///
    /// - Throws: an error to be thrown in its place, where this side can say more.
    func consequence(
        of error: RedisError, from endpoint: RedisEndpoint, with connector: RedisConnector
    ) async throws(RedisError) -> RedisErrorConsequence

    /// A server fell silent in the middle of a conversation: others are to be asked before it.
    func suspect(_ endpoint: RedisEndpoint)

    /// Listens, until the task is cancelled, to those who know of a new server before our connection tells.
    ///
    /// - Parameter tell: gets each server that is said to take the commands from now on.
    func watch(with connector: RedisConnector, telling tell: @escaping @Sendable (RedisEndpoint) -> Void) async

    /// Asks all who can be asked what they know of the others, for a diagnosis.
    func topology(with connector: RedisConnector) async -> RedisTopology
}

/// What a client does after an error of the server.
///
/// A command is sent again only after errors that say that nothing was executed.
enum RedisErrorConsequence: Sendable, Hashable {
    /// Keep the connection and throw the error.
    case keep
    /// Leave the connection and throw the error; the next command asks the resolver again.
    case reconnect
    /// Leave the connection, ask the resolver again, and send the command once more.
    case reconnectAndResend
    /// Keep the connection, wait a moment, and send the command once more, for as long as its time-out allows.
    case resendLater
}

extension RedisEndpointResolver {
    /// Nobody else could be asked.
    func suspect(_ endpoint: RedisEndpoint) {}

    /// Nobody would tell.
    func watch(with connector: RedisConnector, telling tell: @escaping @Sendable (RedisEndpoint) -> Void) async {}

    /// It stands alone.
    func topology(with connector: RedisConnector) async -> RedisTopology { .server }
}

/// How a client's connections are opened.
struct RedisConnector: Sendable {
    let options: RedisConnectionOptions
    let eventLoop: RedisEventLoop

    func connect(to endpoint: RedisEndpoint) async throws(RedisError) -> RedisConnection {
        try await RedisConnection.connect(to: endpoint, options: options, on: eventLoop)
    }
}

/// What went wrong at the servers that one attempt tried, and the one error that is told of it.
struct FailedTries {
    private(set) var errors: [RedisError] = []

    /// Takes the failure of one server in.
    ///
    /// - Throws: the error, if no other server can do better.
    mutating func append(_ error: RedisError) throws(RedisError) {
        guard ![.cancelled, .tlsUnavailable, .tlsMisconfigured].contains(error.code) else { throw error }
        errors.append(error)
    }

    /// The failure that says most: what a server said rather than that one could not be reached, and of equals the first.
    var mostTelling: RedisError? {
        errors.enumerated().max { left, right in
            (left.element.tellingness, right.offset) < (right.element.tellingness, left.offset)
        }?.element
    }

    /// One error for all.
    ///
    /// - Parameters:
    ///   - servers: what they are called.
    ///   - count: how many of them were tried.
    func error(of servers: String, count: Int) -> RedisError {
        guard let failure = mostTelling else { return RedisError(.connectFailed, "no server was named") }
        guard count > 1 else { return failure }
        let verb = errors.allSatisfy { $0.tellingness <= 1 } ? "reached" : "used"
        return failure.saying("none of the \(count) \(servers) can be \(verb): \(failure.reason)")
    }
}

extension RedisError {
    fileprivate var tellingness: Int {
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
    /// Who finds the server.
    ///
    /// - Parameter keyPrefix: what all keys begin with, where that is known.
    func resolver(options: RedisConnectionOptions, keyPrefix: String?) -> any RedisEndpointResolver {
        switch self {
        case .server(let endpoint):
            // Nobody writes a hash tag for another reason.
            NodeResolver(
                seeds: [endpoint], isCluster: keyPrefix.map(ClusterSlots.hasHashTag) ?? false, keyPrefix: keyPrefix)
        case .cluster(let nodes): NodeResolver(seeds: nodes, isCluster: true, keyPrefix: keyPrefix)
        case .sentinel(let sentinels): SentinelResolver(sentinels, options: options)
        }
    }
}
