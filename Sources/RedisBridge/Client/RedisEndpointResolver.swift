/// Says where to connect, each time anew: a fixed server, the master that sentinels name, the node of a cluster.
public protocol RedisEndpointResolver: Sendable {
    /// The server to connect to now. Asked before each attempt to connect.
    ///
    /// - Throws: `RedisError` when nobody could tell; counts as a failed attempt.
    func endpoint(on eventLoop: EventLoop) async throws(RedisError) -> RedisEndpoint

    /// Looks at a connection that was just opened, before anyone may use it.
    ///
    /// - Throws: `RedisError` when it is not what was asked for, such as a replica; counts as a failed attempt. Does
    ///   nothing by default.
    func verify(_ connection: RedisConnection) async throws(RedisError)

    /// What an error of the server means for the connection that it came from.
    ///
    /// By default `READONLY` (the master became a replica) calls for a new connection and every other for nothing.
    func consequence(of error: RedisError) async -> RedisErrorConsequence
}

/// What a client does after an error of the server, before it throws it.
public enum RedisErrorConsequence: Sendable, Hashable {
    /// Keep the connection.
    case keep
    /// Close the connection; the next command asks the resolver again.
    case reconnect
    /// Close the connection, ask the resolver again, and send the command once more: only for errors that say that
    /// nothing was executed, such as `MOVED`.
    case reconnectAndResend
}

extension RedisEndpointResolver {
    /// Accepts every connection.
    public func verify(_ connection: RedisConnection) async throws(RedisError) {}

    /// A new connection after `READONLY`.
    public func consequence(of error: RedisError) async -> RedisErrorConsequence {
        error.prefix == .readOnly ? .reconnect : .keep
    }
}

/// Always the same server.
public struct FixedEndpoint: RedisEndpointResolver {
    /// The server.
    public let endpoint: RedisEndpoint

    /// Always this server.
    public init(_ endpoint: RedisEndpoint) {
        self.endpoint = endpoint
    }

    /// The server.
    public func endpoint(on eventLoop: EventLoop) async throws(RedisError) -> RedisEndpoint { endpoint }
}
