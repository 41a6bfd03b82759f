/// A server to send commands to, over a connection that is made when it is needed and made again after a loss.
///
/// A command whose connection was lost is not sent again, because the server may have executed it: its error says so in
/// `fate`, and what to do is the caller's to know. The next command connects again, after a pause that grows with the
/// failures in a row. Callers who need a connection at the same time share one attempt.
///
/// So each command is bounded by the pause, the connect time-out and its own time-out; where sentinels or a cluster name
/// a server that cannot be reached, by twice the connect time-out.
public actor RedisClient {
    private enum Phase {
        case idle
        case connecting(Connecting)
        /// It may have ended: nobody has asked for another one since.
        case open(RedisConnection)
        case closed
    }

    /// One attempt, which those who wait for it share.
    private struct Connecting {
        let task: Task<Void, Never>
        var waiters: [Rendezvous<RedisConnection>]
    }

    /// The loop that the client and its connections live on.
    public nonisolated let eventLoop: RedisEventLoop
    /// How its connections are opened.
    public nonisolated let options: RedisConnectionOptions
    nonisolated let resolver: any RedisEndpointResolver

    private var phase = Phase.idle
    private let reachability: Reachability
    /// Listens for news of another server, from the first attempt to connect on.
    private var watch: Task<Void, Never>?

    nonisolated var connector: RedisConnector { RedisConnector(options: options, eventLoop: eventLoop) }

    /// Where the client stands now.
    public var state: RedisClientState { reachability.state }

    /// The event loop, so that isolation is its thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
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
        reachability = Reachability(backoff: backoff)
        self.eventLoop = eventLoop
    }

    /// A client of a URL's server.
    ///
    /// It does not connect yet.
    ///
    /// - Parameters:
    ///   - url: where the server is, and how to connect to it.
    ///   - keyPrefix: what all keys begin with: only to explain, should the server turn out to be a cluster, that they do
    ///     not share a slot.
    ///   - backoff: the pauses between attempts to connect.
    ///   - eventLoop: the loop that the client lives on.
    public init(url: RedisURL, keyPrefix: String? = nil, backoff: Backoff = .init(), on eventLoop: RedisEventLoop) {
        self.init(
            resolver: url.location.resolver(options: url.options, keyPrefix: keyPrefix), options: url.options,
            backoff: backoff, on: eventLoop)
    }

    deinit {
        watch?.cancel()
        eventLoop.execute { [reachability] in reachability.close() }
    }

    /// The states from now on, the present one first.
    ///
    /// A reader that lags behind loses the oldest of more than 64. The stream ends with the client.
    public func states() -> AsyncStream<RedisClientState> {
        reachability.states()
    }

    /// The connection, made first where there is none.
    ///
    /// Cancellation ends this wait; the attempt goes on for those who share it.
    ///
    /// - Throws: as `RedisConnection.connect`, and `.closed` after `close()`.
    public func connection() async throws(RedisError) -> RedisConnection {
        switch phase {
        case .closed:
            throw RedisError(.closed, "the client was closed")
        case .open(let connection) where connection.onLoop { $0.core.isOpen && !$0.core.isRetired }:
            return connection
        case .idle, .open, .connecting:
            guard !Task.isCancelled else { throw .cancelled(fate: .notSent) }
            let waiter = Rendezvous<RedisConnection>(on: eventLoop)
            share(waiter)
            // The attempt itself is bounded.
            return try await waiter.wait(until: .max, orThrow: RedisError(.connectTimedOut, "no connection"))
        }
    }

    /// Closes the connection and makes no other.
    ///
    /// Commands in flight, and those who wait for a connection, fail with `.closed`; closing twice does nothing. Returns
    /// when an attempt to connect that was under way has ended too, which is soon: nothing of it is left behind.
    public func close() async {
        let former = phase
        phase = .closed
        reachability.close()
        let watch = watch
        self.watch = nil
        watch?.cancel()
        switch former {
        case .idle, .closed: break
        case .open(let connection): connection.onLoop { $0.close() }
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
        connection.onLoop {
            $0.core.end(
                RedisError(.connectionLost, reason, endpoint: connection.endpoint.description, fate: .unknown))
        }
    }

    /// Leaves a connection that works, so that the next command makes a new one; those in flight on it still get their
    /// answers, if these come soon.
    func leave(_ connection: RedisConnection, because reason: String) {
        reachability.leave(connection.core, because: reason)
    }

    /// A server fell silent: others are asked before it.
    func suspect(_ connection: RedisConnection) {
        resolver.suspect(connection.endpoint)
        discard(connection, because: "the server fell silent")
    }

    func consequence(
        of error: RedisError, from endpoint: RedisEndpoint
    ) async throws(RedisError) -> RedisErrorConsequence {
        try await resolver.consequence(of: error, from: endpoint, with: connector)
    }

    /// Takes in a subscription that was made.
    ///
    /// - Returns: Whether it is where the commands go.
    func subscribed(by connection: RedisConnection) -> Bool {
        reachability.subscribed(by: connection.core)
    }

    // MARK: Connecting

    private func share(_ waiter: Rendezvous<RedisConnection>) {
        if case .connecting(var attempt) = phase {
            attempt.waiters.append(waiter)
            phase = .connecting(attempt)
            return
        }
        // Unstructured: it belongs to all who wait for it, and must not end with the first who no longer does.
        let task = Task(executorPreference: eventLoop) { await self.attempt() }
        phase = .connecting(Connecting(task: task, waiters: [waiter]))
        reachability.connecting()
        if watch == nil {
            // Unstructured: it lasts as long as the client, which it does not hold.
            watch = Task(executorPreference: eventLoop) { [resolver, connector, reachability] in
                await resolver.watch(with: connector) { endpoint in
                    connector.eventLoop.execute { reachability.heard(of: endpoint) }
                }
            }
        }
    }

    private func attempt() async {
        let outcome: Result<RedisConnection, RedisError>
        do throws(RedisError) {
            outcome = .success(try await open())
        } catch {
            // Whatever was asked of a server to get to know it, the commands that wait have not been sent.
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
            reachability.connected(by: connection.core)
        case .failure(let error):
            phase = .idle
            reachability.failed(error)
        }
        for waiter in attempt.waiters { waiter.finish(outcome) }
    }

    private func open() async throws(RedisError) -> RedisConnection {
        if reachability.notBefore > RedisEventLoop.monotonicNanoseconds {
            let pause = Rendezvous<Void>(on: eventLoop)
            reachability.pause = pause
            defer { reachability.pause = nil }
            do {
                try await pause.wait(until: reachability.notBefore, orThrow: RedisError(.timedOut, "the pause is over"))
            } catch {
                guard error.code == .timedOut else { throw error }
            }
        }
        let connection = try await resolver.connect(with: connector)
        // It may have ended while the resolver looked at it.
        if let error = connection.onLoop({ $0.endReason }) { throw error }
        return connection
    }
}
