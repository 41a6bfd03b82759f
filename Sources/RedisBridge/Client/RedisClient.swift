/// A server to send commands to, over a connection that is made on demand and again after a loss.
///
/// A command whose connection was lost is not sent again, because the server may have executed it: its error says so in
/// `fate`, and the caller decides. The next command connects again, after a pause that grows with consecutive failures.
/// Callers who need a connection at the same time share one attempt.
///
/// So a command takes at most the pause, the connect time-out and its own time-out; where sentinels or a cluster name
/// an unreachable server, twice the connect time-out.
///
/// Several clients may share their links: see `RedisLinks`.
package actor RedisClient {
    /// The loop that the client and its connections live on.
    package nonisolated let eventLoop: RedisEventLoop
    /// The connections, and who else uses them.
    package nonisolated let links: RedisLinks
    nonisolated let route: RedisRoute
    private nonisolated let keyPrefix: String?

    private var isClosed = false
    /// Those who wait for a connection.
    private var waiters: [Int: OneShotPromise<RedisConnection>] = [:]
    private var waited = 0

    /// How its connections are opened.
    package nonisolated var options: RedisConnectionOptions { links.options }

    var state: RedisClientState { isClosed ? .closed : route.monitor.state }

    /// How many connections were made after the first one; those of subscriptions are not counted.
    package var reconnects: Int { max(0, route.monitor.connectionsMade - 1) }

    /// Whether there is a connection, as far as is known without asking the server.
    package var isConnected: Bool { if case .open = state { true } else { false } }

    /// The event loop, so that isolation is its thread.
    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        eventLoop.asUnownedSerialExecutor()
    }

    /// A client that shares the links of others.
    ///
    /// It does not connect yet.
    ///
    /// - Parameters:
    ///   - links: the links.
    ///   - keyPrefix: the beginning of all keys: if it has a hash tag, this is a cluster; if it has none, a cluster's
    ///     refusal can be explained.
    package init(sharing links: RedisLinks, keyPrefix: String? = nil) {
        self.links = links
        self.keyPrefix = keyPrefix
        eventLoop = links.eventLoop
        route = links.join(keyPrefix: keyPrefix)
    }

    /// A client of the server that `resolver` names, with links of its own.
    init(
        resolver: any RedisEndpointResolver, options: RedisConnectionOptions = .init(), backoff: Backoff = .init(),
        on eventLoop: RedisEventLoop
    ) {
        let links = RedisLinks(options: options, hasOneRoute: true, backoff: backoff, on: eventLoop) { _ in resolver }
        self.init(sharing: links)
    }

    /// A client of a URL's server, with links of its own.
    package init(url: RedisURL, keyPrefix: String? = nil, backoff: Backoff = .init(), on eventLoop: RedisEventLoop) {
        self.init(sharing: RedisLinks(url, backoff: backoff, on: eventLoop), keyPrefix: keyPrefix)
    }

    deinit {
        // The last one's route ends with its last reference.
        if !isClosed { _ = links.leave(keyPrefix: keyPrefix) }
    }

    /// The connection; makes one first if there is none.
    ///
    /// Cancellation ends this wait; the attempt continues for those who share it.
    ///
    /// - Throws: as `RedisConnection.connect`, and `.closed` after `close()`.
    package func connection() async throws(RedisError) -> RedisConnection {
        guard !isClosed else { throw RedisError(.closed, "the client was closed") }
        if let usable = route.monitor.usable { return usable }
        guard !Task.isCancelled else { throw .cancelled(fate: .notSent) }
        let waiter = OneShotPromise<RedisConnection>(on: eventLoop)
        waited += 1
        let place = waited
        waiters[place] = waiter
        defer { waiters[place] = nil }
        route.join(waiter)
        // The attempt itself has a time-out.
        return try await waiter.wait(until: .max, otherwise: .failure(RedisError(.connectTimedOut, "no connection")))
    }

    /// Ends the client: later commands, and those that wait for a connection, fail with `.closed`.
    ///
    /// With the last of the clients that share a link it ends, and commands in flight fail with `.closed` as well; while
    /// others use it, they still get their answers. Closing twice does nothing. Returns when a pending attempt to connect
    /// has ended too, unless others wait for it.
    package func close() async {
        guard !isClosed else { return }
        isClosed = true
        for waiter in waiters.values { waiter.finish(.failure(RedisError(.closed, "the client was closed"))) }
        if links.leave(keyPrefix: keyPrefix) { await route.close() }
    }

    /// Drops a connection, so that the next command makes a new one; those in flight on it fail with `.connectionLost`.
    func discard(_ connection: RedisConnection, because reason: String) {
        connection.core.end(
            RedisError(.connectionLost, reason, endpoint: connection.endpoint.description, fate: .unknown))
    }

    /// Leaves a working connection, so that the next command makes a new one; those in flight on it still get answers
    /// that come soon.
    ///
    /// - Parameter isForAll: whether the server is the wrong one for all its clients, not only for our keys.
    func leave(_ connection: RedisConnection, isForAll: Bool = true, because reason: String) {
        route.monitor.leave(connection, isForAll: isForAll, because: reason)
    }

    /// A server fell silent: others are asked first from now on.
    func suspect(_ connection: RedisConnection) {
        route.resolver.suspect(connection.endpoint)
        discard(connection, because: "the server fell silent")
    }

    func consequence(
        of error: RedisError, from endpoint: RedisEndpoint
    ) async throws(RedisError) -> RedisErrorConsequence {
        try await route.resolver.consequence(of: error, from: endpoint, keyPrefix: keyPrefix, with: route.connector)
    }

    /// Takes in a new subscription.
    ///
    /// - Returns: Whether it is where the commands go.
    func subscribed(by subscription: RedisSubscription) -> Bool {
        route.monitor.subscribed(by: subscription.reader.value)
    }
}
