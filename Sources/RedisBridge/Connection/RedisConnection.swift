/// One connection to one Redis server, as an actor on an event loop: many commands may be in flight, and what one turn
/// of the loop sends leaves in one write.
///
/// Replies come in the order of the commands. A command that times out or is cancelled keeps its place in that order;
/// its late reply is dropped and the connection stays. Each `await` ends exactly once: with the reply, or when the
/// connection ends, the time is up, or the task is cancelled.
///
/// It ends with `close()`, with its last reference, or by the server or the network, and cannot be reopened;
/// `RedisClient` makes new ones.
package actor RedisConnection: RedisCommandSender {
    /// The loop that the connection lives on.
    package nonisolated let eventLoop: RedisEventLoop
    /// The server.
    package nonisolated let endpoint: RedisEndpoint
    nonisolated let options: RedisConnectionOptions
    /// What the link and the timers work on; it does not hold us.
    private nonisolated let bound: LoopBound<ConnectionCore>

    /// The core, for whoever is on the loop's thread: the actor itself, or another one of the same loop.
    nonisolated var core: ConnectionCore { bound.value }

    /// The event loop, so that isolation is its thread.
    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        eventLoop.asUnownedSerialExecutor()
    }

    private init(endpoint: RedisEndpoint, options: RedisConnectionOptions, eventLoop: RedisEventLoop) {
        self.eventLoop = eventLoop
        self.endpoint = endpoint
        self.options = options
        bound = LoopBound(
            ConnectionCore(endpoint: endpoint, options: options, eventLoop: eventLoop), on: eventLoop)
    }

    deinit {
        bound.run { $0.close() }
    }

    /// Connects, logs in, selects the database and names the connection, as `options` say.
    ///
    /// Cancellation ends it at once.
    ///
    /// - Throws: `.connectFailed`, `.connectTimedOut`, `.unresponsive`, `.cancelled`, for TLS `.tlsUnavailable`,
    ///   `.tlsMisconfigured`, `.tlsFailed` and `.tlsMismatch`, or `.server` when the server refuses the log-in
    ///   (`WRONGPASS`, `NOAUTH`) or the database.
    package static func connect(
        to endpoint: RedisEndpoint, options: RedisConnectionOptions = .init(), on eventLoop: RedisEventLoop
    ) async throws(RedisError) -> RedisConnection {
        let connection = RedisConnection(endpoint: endpoint, options: options, eventLoop: eventLoop)
        try await connection.open()
        return connection
    }

    /// Whether commands can be sent.
    var isOpen: Bool { core.isOpen }

    /// Why the connection has ended, or `nil` while it has not.
    var endReason: RedisError? { core.endReason }

    /// The number of replies that are still to come, those of abandoned commands included.
    var commandsInFlight: Int { core.slots.count }

    /// Ends the connection at once.
    ///
    /// Commands in flight fail with `.closed`; closing twice does nothing.
    package func close() {
        core.close()
    }

    // MARK: Commands

    /// Sends a command and decodes its reply in place, on the loop's thread, without a copy.
    ///
    /// - Parameters:
    ///   - command: what to send.
    ///   - timeout: how long to wait; `commandTimeout` when `nil`.
    ///   - decode: gets every reply except an error, and must not block.
    /// - Throws: as `send(_:timeout:)`, and what `decode` throws.
    package func send<Value: Sendable>(
        _ command: RedisCommand, timeout: Duration?,
        decoding decode: @escaping @Sendable (borrowing RedisReplyView) throws(RedisError) -> Value
    ) async throws(RedisError) -> Value {
        do {
            try core.admit(command)
            return try await transmit(command, timeout: timeout, decode: decode)
        } catch {
            throw error.at(command: command.name, endpoint: endpoint.description)
        }
    }

    /// Sends commands in one go and decodes each reply in place.
    ///
    /// - Parameters:
    ///   - commands: what to send, in this order.
    ///   - timeout: how long to wait for the last reply; `commandTimeout` when `nil`.
    ///   - decode: gets the command's index and its reply, which may be an error.
    /// - Throws: as `send(_:timeout:)`, except `.server`; and the first error that `decode` throws, once all replies
    ///   came.
    package func pipeline<Value: Sendable>(
        _ commands: [RedisCommand], timeout: Duration?,
        decoding decode: @escaping @Sendable (Int, borrowing RedisReplyView) throws(RedisError) -> Value
    ) async throws(RedisError) -> [Value] {
        guard !commands.isEmpty else { return [] }
        do {
            let core = core
            try core.admit(byteCount: commands.reduce(0) { $0 + $1.byteCount })
            for command in commands {
                try core.refuseModeChange(command)
            }
            return try await transmit(commands, timeout: timeout, decode: decode)
        } catch {
            throw error.at(command: commands.count == 1 ? commands[0].name : nil, endpoint: endpoint.description)
        }
    }

    func transmit<Value: Sendable>(
        _ command: RedisCommand, timeout: Duration?, decode: @escaping SingleWaiter<Value>.Decode
    ) async throws(RedisError) -> Value {
        let limit = timeout ?? options.commandTimeout
        let waiter = LoopBound(SingleWaiter(decode: decode), on: eventLoop)
        let outcome: Result<Value, RedisError> = await withTaskCancellationHandler {
            // On the loop's thread, because it uses `self`: without that, the closure would leave the actor.
            await withUnsafeContinuation { continuation in
                let waiter = waiter.value
                guard waiter.begin(continuation) else { return }
                core.enqueue(command, waiter, deadline: RedisEventLoop.deadline(after: limit))
            }
        } onCancel: {
            waiter.run { $0.fail(.cancelled(fate: .unknown)) }
        }
        return try core.unwrap(outcome, timeout: limit)
    }

    func transmit<Value: Sendable>(
        _ commands: [RedisCommand], timeout: Duration?, decode: @escaping PipelineWaiter<Value>.Decode
    ) async throws(RedisError) -> [Value] {
        let limit = timeout ?? options.commandTimeout
        let waiter = LoopBound(PipelineWaiter(count: commands.count, decode: decode), on: eventLoop)
        let outcome: Result<[Value], RedisError> = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let waiter = waiter.value
                guard waiter.begin(continuation) else { return }
                let deadline = RedisEventLoop.deadline(after: limit)
                for command in commands {
                    core.enqueue(command, waiter, deadline: deadline)
                }
            }
        } onCancel: {
            waiter.run { $0.fail(.cancelled(fate: .unknown)) }
        }
        return try core.unwrap(outcome, timeout: limit)
    }
}
