/// The way to the server that has the keys of one or several clients: the connection that their commands take, made on
/// demand and again after a loss.
///
/// All who need a connection at the same time share one attempt.
actor RedisRoute {
    private enum Phase {
        /// There is a connection, or nobody has asked for one.
        case idle
        case connecting(Connecting)
        case closed
    }

    /// One attempt, shared by all who wait for it.
    private struct Connecting {
        let task: Task<Void, Never>
        var waiters: [OneShotPromise<RedisConnection>]
    }

    nonisolated let eventLoop: RedisEventLoop
    nonisolated let resolver: any RedisEndpointResolver
    nonisolated let connector: RedisConnector
    private var phase = Phase.idle
    private nonisolated let boundMonitor: LoopBound<ConnectionMonitor>
    /// Listens for news of another server, from the first attempt to connect on.
    private var watch: Task<Void, Never>?

    /// For whoever is on the loop's thread.
    nonisolated var monitor: ConnectionMonitor { boundMonitor.value }

    /// The event loop, so that isolation is its thread.
    nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.asUnownedSerialExecutor() }

    init(
        resolver: any RedisEndpointResolver, pool: LinkPool, rounds: LoopBound<AttemptRounds>,
        options: RedisConnectionOptions, backoff: Backoff, on eventLoop: RedisEventLoop
    ) {
        self.resolver = resolver
        self.eventLoop = eventLoop
        connector = RedisConnector(options: options, eventLoop: eventLoop, pool: pool)
        boundMonitor = LoopBound(ConnectionMonitor(backoff: backoff, pool: pool, rounds: rounds), on: eventLoop)
    }

    deinit {
        watch?.cancel()
        boundMonitor.run { $0.close() }
    }

    /// Finishes a promise with the connection; makes one first if there is none.
    ///
    /// Loop thread only.
    nonisolated func join(_ waiter: OneShotPromise<RedisConnection>) {
        assumeIsolated { $0.share(waiter) }
    }

    private func share(_ waiter: OneShotPromise<RedisConnection>) {
        switch phase {
        case .closed:
            waiter.finish(.failure(RedisError(.closed, "the client was closed")))
        case .connecting(var attempt):
            attempt.waiters.append(waiter)
            phase = .connecting(attempt)
        case .idle:
            if let usable = monitor.usable { return waiter.finish(.success(usable)) }
            // Unstructured: it belongs to all who wait for it, and must not end with the first who gives up.
            let task = Task(executorPreference: eventLoop) { await self.attempt() }
            phase = .connecting(Connecting(task: task, waiters: [waiter]))
            monitor.connecting()
            beginWatch()
        }
    }

    private func beginWatch() {
        guard watch == nil else { return }
        // Unstructured: it lasts as long as the route, which it does not hold.
        watch = Task(executorPreference: eventLoop) { [resolver, connector, boundMonitor] in
            await resolver.watch(with: connector) { endpoint in
                boundMonitor.run { $0.serverChanged(to: endpoint) }
            }
        }
    }

    /// Gives the connection back and makes no other.
    ///
    /// Those who wait for one fail with `.closed`. Returns when a pending attempt to connect has ended too.
    func close() async {
        let former = phase
        phase = .closed
        monitor.close()
        let watch = watch
        self.watch = nil
        watch?.cancel()
        if case .connecting(let attempt) = former {
            attempt.task.cancel()
            for waiter in attempt.waiters {
                waiter.finish(.failure(RedisError(.closed, "the client was closed")))
            }
            await attempt.task.value
        }
        await watch?.value
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
            if case .success(let connection) = outcome { await connector.giveBack(connection) }
            return
        }
        phase = .idle
        switch outcome {
        case .success(let connection): monitor.connected(by: connection)
        case .failure(let error): monitor.failed(error)
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
        if let error = connection.core.endReason {
            await connector.giveBack(connection)
            throw error
        }
        return connection
    }
}
