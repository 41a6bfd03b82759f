/// How a connection is opened and what bounds it keeps.
public struct RedisConnectionOptions: Sendable, Hashable {
    /// The ACL user to log in as; with a password alone the server takes `default`.
    public var username: String?
    /// The password to log in with.
    public var password: RedisSecret?
    /// The database to select; 0 by default.
    public var database = 0
    /// A name for `CLIENT LIST`.
    public var clientName: String?
    /// The bound for looking up, connecting and logging in together; 5 s by default.
    public var connectTimeout: Duration = .seconds(5)
    /// The bound for a command that names none of its own; 5 s by default.
    public var commandTimeout: Duration = .seconds(5)
    /// How many bytes may wait to be written to the server; 64 MiB by default.
    ///
    /// A command that would exceed it fails with `.outputFull` and is not sent; a single command of any size is taken
    /// when none waits.
    public var maximumUnwrittenBytes = 64 << 20
    /// How long the server may be silent before it is asked with PING; a PING without an answer within `commandTimeout`
    /// ends the connection.
    ///
    /// `nil`, the default, asks never.
    public var healthCheckInterval: Duration?
    /// How certificates are checked, for an endpoint that speaks TLS.
    public var tls = RedisTLSOptions()

    /// The defaults.
    public init() {}
}
