import CEventLoop

/// One connection to one Redis server, as an actor on an event loop: many commands may be in flight, and what one turn
/// of the loop sends leaves in one write.
///
/// Replies come in the order of the commands. A command that times out or is cancelled keeps its place in that order;
/// its late reply is dropped and the connection stays. Each `await` ends exactly once: with the reply, or when the
/// connection ends, the time is up, or the task is cancelled.
///
/// A connection that has ended is not opened again; `RedisClient` makes new ones.
public actor RedisConnection {
    enum State {
        case connecting(Rendezvous<Void>)
        case open
        case closed(RedisError)
    }

    /// The loop that the connection lives on.
    public nonisolated let eventLoop: EventLoop
    /// The server.
    public nonisolated let endpoint: RedisEndpoint
    nonisolated let options: RedisConnectionOptions

    var state: State
    var link: RedisLink?
    var slots = CommandSlots<any ReplyWaiter>()
    /// The alarm for the earliest deadline in flight, or an earlier one.
    var timeoutAlarm: (name: EventLoopCore.AlarmName, deadline: Int64)?
    var healthAlarm: EventLoopCore.AlarmName?
    /// When bytes last came, in nanoseconds of the monotonic clock.
    var lastReceived: Int64 = 0
    /// For a connection in Pub/Sub mode: takes what is no answer to a command, and says whether it did.
    var onPush: ((borrowing RedisReplyView) -> Bool)?
    /// Called once when an open connection ends.
    var onEnd: ((RedisError) -> Void)?

    /// The event loop, so that isolation is its thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        eventLoop.asUnownedSerialExecutor()
    }

    init(endpoint: RedisEndpoint, options: RedisConnectionOptions, eventLoop: EventLoop) {
        self.endpoint = endpoint
        self.options = options
        self.eventLoop = eventLoop
        state = .closed(RedisError(.closed, "not opened"))
    }

    /// Connects, logs in, selects the database and names the connection, as `options` say.
    ///
    /// Cancellation ends it at once.
    ///
    /// - Throws: `.connectFailed`, `.connectTimedOut`, `.cancelled`, or `.server` when the server refuses the log-in
    ///   (`WRONGPASS`, `NOAUTH`) or the database.
    public static func connect(
        to endpoint: RedisEndpoint, options: RedisConnectionOptions = .init(), on eventLoop: EventLoop
    ) async throws(RedisError) -> RedisConnection {
        let connection = RedisConnection(endpoint: endpoint, options: options, eventLoop: eventLoop)
        try await connection.open()
        return connection
    }

    /// Whether commands can be sent.
    public var isOpen: Bool {
        if case .open = state { true } else { false }
    }

    /// Why the connection has ended, or `nil` while it has not.
    var endReason: RedisError? {
        if case .closed(let error) = state { error } else { nil }
    }

    /// For who is on the loop's thread already, such as another actor of the same loop: access without `await`.
    nonisolated func onLoop<Value: Sendable>(_ body: (isolated RedisConnection) -> Value) -> Value {
        assumeIsolated(body)
    }

    /// The number of replies that are still to come, those of abandoned commands included.
    public var commandsInFlight: Int { slots.count }

    /// Ends the connection at once.
    ///
    /// Commands in flight fail with `.closed`; closing twice does nothing.
    public func close() {
        end(RedisError(.closed, "the connection was closed", endpoint: endpoint.description))
    }
}
