/// A server to send commands to, over a connection that is made on demand and again after a loss.
///
/// A command whose connection was lost is not sent again, because the server may have executed it: its error says so in
/// `fate`, and the caller decides. The next command connects again, after a pause that grows with consecutive failures.
/// Callers who need a connection at the same time share one attempt.
///
/// So a command takes at most the pause, the connect time-out and its own time-out; where sentinels or a cluster name
/// an unreachable server, twice the connect time-out.
package actor RedisClient {
    private enum Phase {
        case idle
        case connecting(Connecting)
        /// It may have ended: then nobody has asked for another one since.
        case open(RedisConnection)
        case closed
    }

    /// One attempt, shared by all who wait for it.
    private struct Connecting {
        let task: Task<Void, Never>
        var waiters: [OneShotPromise<RedisConnection>]
    }

    /// The loop that the client and its connections live on.
    package nonisolated let eventLoop: RedisEventLoop
    /// How its connections are opened.
    package nonisolated let options: RedisConnectionOptions
    nonisolated let resolver: any RedisEndpointResolver

    private var phase = Phase.idle
    private nonisolated let boundMonitor: LoopBound<ConnectionMonitor>
    private var monitor: ConnectionMonitor { boundMonitor.value }
    /// Listens for news of another server, from the first attempt to connect on.
    private var watch: Task<Void, Never>?

    nonisolated var connector: RedisConnector { RedisConnector(options: options, eventLoop: eventLoop) }

    var state: RedisClientState { monitor.state }

    /// How many connections were made after the first one; those of subscriptions are not counted.
    package var reconnects: Int { max(0, monitor.connectionsMade - 1) }

    /// Whether there is a connection, as far as is known without asking the server.
    package var isConnected: Bool { if case .open = monitor.state { true } else { false } }

    /// The event loop, so that isolation is its thread.
    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        eventLoop.asUnownedSerialExecutor()
    }

    /// A client of the server that `resolver` names.
    ///
    /// It does not connect yet.
    init(
        resolver: any RedisEndpointResolver, options: RedisConnectionOptions = .init(), backoff: Backoff = .init(),
        on eventLoop: RedisEventLoop
    ) {
        self.resolver = resolver
        self.options = options
        boundMonitor = LoopBound(ConnectionMonitor(backoff: backoff), on: eventLoop)
        self.eventLoop = eventLoop
    }

    /// A client of a URL's server.
    ///
    /// It does not connect yet.
    ///
    /// - Parameters:
    ///   - url: where the server is, and how to connect to it.
    ///   - keyPrefix: the beginning of all keys: if it has a hash tag, this is a cluster; if it has none, a cluster's
    ///     refusal can be explained.
    ///   - backoff: the pauses between attempts to connect.
    ///   - eventLoop: the loop that the client lives on.
    package init(url: RedisURL, keyPrefix: String? = nil, backoff: Backoff = .init(), on eventLoop: RedisEventLoop) {
        self.init(
            resolver: url.location.resolver(options: url.options, keyPrefix: keyPrefix), options: url.options,
            backoff: backoff, on: eventLoop)
    }

    deinit {
        watch?.cancel()
        boundMonitor.run { $0.close() }
    }

    /// The connection; makes one first if there is none.
    ///
    /// Cancellation ends this wait; the attempt continues for those who share it.
    ///
    /// - Throws: as `RedisConnection.connect`, and `.closed` after `close()`.
    package func connection() async throws(RedisError) -> RedisConnection {
        switch phase {
        case .closed:
            throw RedisError(.closed, "the client was closed")
        case .open(let connection) where connection.core.isOpen && !connection.core.isRetired:
            return connection
        case .idle, .open, .connecting:
            guard !Task.isCancelled else { throw .cancelled(fate: .notSent) }
            let waiter = OneShotPromise<RedisConnection>(on: eventLoop)
            share(waiter)
            // The attempt itself has a time-out.
            return try await waiter.wait(
                until: .max, otherwise: .failure(RedisError(.connectTimedOut, "no connection")))
        }
    }

    /// Closes the connection and makes no other.
    ///
    /// Commands in flight and those that wait for a connection fail with `.closed`; closing twice does nothing. Returns
    /// when a pending attempt to connect has ended too, which is soon: nothing of it is left behind.
    package func close() async {
        let former = phase
        phase = .closed
        monitor.close()
        let watch = watch
        self.watch = nil
        watch?.cancel()
        switch former {
        case .idle, .closed: break
        case .open(let connection): connection.core.close()
        case .connecting(let attempt):
            attempt.task.cancel()
            for waiter in attempt.waiters {
                waiter.finish(.failure(RedisError(.closed, "the client was closed")))
            }
            await attempt.task.value
        }
        await watch?.value
    }

    /// Drops a connection, so that the next command makes a new one; those in flight on it fail with `.connectionLost`.
    func discard(_ connection: RedisConnection, because reason: String) {
        connection.core.end(
            RedisError(.connectionLost, reason, endpoint: connection.endpoint.description, fate: .unknown))
    }

    /// Leaves a working connection, so that the next command makes a new one; those in flight on it still get answers
    /// that come soon.
    func leave(_ connection: RedisConnection, because reason: String) {
        monitor.leave(connection.core, because: reason)
    }

    /// A server fell silent: others are asked first from now on.
    func suspect(_ connection: RedisConnection) {
        resolver.suspect(connection.endpoint)
        discard(connection, because: "the server fell silent")
    }

    func consequence(
        of error: RedisError, from endpoint: RedisEndpoint
    ) async throws(RedisError) -> RedisErrorConsequence {
        try await resolver.consequence(of: error, from: endpoint, with: connector)
    }

    /// Takes in a new subscription.
    ///
    /// - Returns: Whether it is where the commands go.
    func subscribed(by connection: RedisConnection) -> Bool {
        monitor.subscribed(by: connection.core)
    }

    // MARK: Connecting

    private func share(_ waiter: OneShotPromise<RedisConnection>) {
        if case .connecting(var attempt) = phase {
            attempt.waiters.append(waiter)
            phase = .connecting(attempt)
            return
        }
        // Unstructured: it belongs to all who wait for it, and must not end with the first who gives up.
        let task = Task(executorPreference: eventLoop) { await self.attempt() }
        phase = .connecting(Connecting(task: task, waiters: [waiter]))
        monitor.connecting()
        if watch == nil {
            // Unstructured: it lasts as long as the client, which it does not hold.
            watch = Task(executorPreference: eventLoop) { [resolver, connector, boundMonitor] in
                await resolver.watch(with: connector) { endpoint in
                    boundMonitor.run { $0.serverChanged(to: endpoint) }
                }
            }
        }
    }

    private func attempt() async {
        let outcome: Result<RedisConnection, RedisError>
        do throws(RedisError) {
            outcome = .success(try await open())
        } catch {
            // Whatever the attempt sent to a server, the commands that wait for it have not been sent.
            outcome = .failure(error.notSent)
        }
        guard case .connecting(let attempt) = phase else {
            // Closed meanwhile.
            if case .success(let connection) = outcome { await connection.close() }
            return
        }
        switch outcome {
        case .success(let connection):
            phase = .open(connection)
            monitor.connected(by: connection.core)
        case .failure(let error):
            phase = .idle
            monitor.failed(error)
        }
        for waiter in attempt.waiters { waiter.finish(outcome) }
    }

    private func open() async throws(RedisError) -> RedisConnection {
        if monitor.notBefore > RedisEventLoop.monotonicNanoseconds {
            let pause = OneShotPromise<Void>(on: eventLoop)
            monitor.pause = pause
            defer { monitor.pause = nil }
            try await pause.wait(until: monitor.notBefore, otherwise: .success(()))
        }
        let connection = try await resolver.connect(with: connector)
        // It may have ended while the resolver examined it.
        if let error = connection.core.endReason { throw error }
        return connection
    }
}
