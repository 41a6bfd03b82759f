/// Where a client stands with its server.
public enum RedisClientState: Sendable, Hashable {
    /// There is no connection, and nobody has asked for one.
    case idle
    /// A connection is being made; `failures` attempts failed since the last one stood.
    case connecting(failures: Int)
    /// A connection stands.
    case open(RedisEndpoint)
    /// The last connection, or the last attempt to get one, ended with this error; the next command tries again.
    case disconnected(RedisError)
    /// `close()` was called.
    case closed
}
