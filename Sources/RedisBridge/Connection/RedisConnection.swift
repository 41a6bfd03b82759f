/// One connection to one Redis server, as an actor on an event loop: many commands may be in flight, and what one turn
/// of the loop sends leaves in one write.
///
/// Replies come in the order of the commands. A command that times out or is cancelled keeps its place in that order;
/// its late reply is dropped and the connection stays. Each `await` ends exactly once: with the reply, or when the
/// connection ends, the time is up, or the task is cancelled.
///
/// It ends with `close()`, with its last reference, or by the server or the network, and is not opened again;
/// `RedisClient` makes new ones.
public actor RedisConnection {
    /// The loop that the connection lives on.
    public nonisolated let eventLoop: RedisEventLoop
    /// What the link and the alarms work on; it does not hold us.
    nonisolated let core: ConnectionCore

    /// The server.
    public nonisolated var endpoint: RedisEndpoint { core.endpoint }
    nonisolated var options: RedisConnectionOptions { core.options }

    /// The event loop, so that isolation is its thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        eventLoop.asUnownedSerialExecutor()
    }

    init(endpoint: RedisEndpoint, options: RedisConnectionOptions, eventLoop: RedisEventLoop) {
        self.eventLoop = eventLoop
        core = ConnectionCore(endpoint: endpoint, options: options, eventLoop: eventLoop)
    }

    deinit {
        eventLoop.execute { [core] in core.close() }
    }

    /// Connects, logs in, selects the database and names the connection, as `options` say.
    ///
    /// Cancellation ends it at once.
    ///
    /// - Throws: `.connectFailed`, `.connectTimedOut`, `.unresponsive`, `.cancelled`, for TLS `.tlsUnavailable`,
    ///   `.tlsMisconfigured`, `.tlsFailed` and `.tlsMismatch`, or `.server` when the server refuses the log-in
    ///   (`WRONGPASS`, `NOAUTH`) or the database.
    public static func connect(
        to endpoint: RedisEndpoint, options: RedisConnectionOptions = .init(), on eventLoop: RedisEventLoop
    ) async throws(RedisError) -> RedisConnection {
        let connection = RedisConnection(endpoint: endpoint, options: options, eventLoop: eventLoop)
        try await connection.open()
        return connection
    }

    /// Whether commands can be sent.
    public var isOpen: Bool { core.isOpen }

    /// Why the connection has ended, or `nil` while it has not.
    var endReason: RedisError? { core.endReason }

    /// For who is on the loop's thread already, such as another actor of the same loop: access without `await`.
    nonisolated func onLoop<Value: Sendable>(_ body: (isolated RedisConnection) -> Value) -> Value {
        assumeIsolated(body)
    }

    /// The number of replies that are still to come, those of abandoned commands included.
    public var commandsInFlight: Int { core.slots.count }

    /// Ends the connection at once.
    ///
    /// Commands in flight fail with `.closed`; closing twice does nothing.
    public func close() {
        core.close()
    }
}
