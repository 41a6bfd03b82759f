/// Says where to connect, each time anew: a fixed server, the master that sentinels name, the node of a cluster.
public protocol RedisEndpointResolver: Sendable {
    /// The server to connect to now. Asked before each attempt to connect.
    ///
    /// - Throws: `RedisError` when nobody could tell; counts as a failed attempt.
    func endpoint(on eventLoop: EventLoop) async throws(RedisError) -> RedisEndpoint

    /// How many servers there are to try, before an attempt to connect has failed; 1 by default.
    var candidateCount: Int { get }

    /// Looks at a connection that was just opened, before anyone may use it.
    ///
    /// - Throws: `RedisError` when it is not what was asked for, such as a replica; counts as a failed attempt, and a server
    ///   that does not answer as one that cannot be reached. Does nothing by default.
    func verify(_ connection: RedisConnection) async throws(RedisError)

    /// An error of connecting to a server that it named, or of `verify`, told as what to do about it.
    func explanation(of error: RedisError) -> RedisError

    /// What an error of the server means for the connection that it came from, and for the command.
    ///
    /// - Throws: an error to be thrown in its place, where this side can say more.
    func consequence(of error: RedisError, from endpoint: RedisEndpoint) async throws(RedisError)
        -> RedisErrorConsequence
}

/// What a client does after an error of the server.
///
/// A command is sent again only after errors that say that nothing was executed.
public enum RedisErrorConsequence: Sendable, Hashable {
    /// Keep the connection and throw the error.
    case keep
    /// Close the connection and throw the error; the next command asks the resolver again.
    case reconnect
    /// Close the connection, ask the resolver again, and send the command once more.
    case reconnectAndResend
    /// Send the command to this server instead, this once.
    case resend(to: RedisEndpoint)
    /// Keep the connection, wait a moment, and send the command once more, for as long as its time-out allows.
    case resendLater
}

extension RedisEndpointResolver {
    /// One.
    public var candidateCount: Int { 1 }

    /// Accepts every connection.
    public func verify(_ connection: RedisConnection) async throws(RedisError) {}

    /// As it is.
    public func explanation(of error: RedisError) -> RedisError { error }

    /// A new connection after `READONLY`, and nothing else.
    public func consequence(
        of error: RedisError, from endpoint: RedisEndpoint
    ) async throws(RedisError) -> RedisErrorConsequence {
        error.prefix == .readOnly ? .reconnect : .keep
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
