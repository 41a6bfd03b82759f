/// A client's relation to its server.
enum RedisClientState: Sendable, Hashable {
    /// There is no connection, and nobody has asked for one.
    case idle
    /// A connection is being made; `failures` attempts have failed since the last success.
    case connecting(failures: Int)
    /// There is a connection.
    case open(RedisEndpoint)
    /// The last connection, or the last attempt to make one, ended with this error; the next command tries again.
    case disconnected(RedisError)
    /// `close()` was called.
    case closed
}

/// Watches a route's connections: its state, the subscriptions of its clients, and when it may try again.
///
/// Separate from `RedisRoute`, because connections report their end here, and those who watch for a new server report
/// that: if they reported to the route, each would hold the other.
///
/// Everything is for the loop's thread.
final class ConnectionMonitor {
    /// How long a server that was left may still answer the commands in flight.
    static let gracePeriod = Duration.milliseconds(250)

    private struct Current {
        let connection: RedisConnection
        let core: ConnectionCore
        /// When it was made, or taken, in nanoseconds of the monotonic clock.
        let since: Int64
    }

    private(set) var state = RedisClientState.idle
    /// How many connections were made for commands.
    private(set) var connectionsMade = 0
    /// No attempt before this time, in nanoseconds of the monotonic clock.
    private(set) var notBefore: Int64 = 0
    /// Finished to end the pause before an attempt early.
    var pause: OneShotPromise<Void>?
    private var backoff: Backoff
    private let pool: LinkPool
    private let boundRounds: LoopBound<AttemptRounds>
    /// The connection that commands take.
    private var current: Current?
    /// The subscriptions, which go where the commands go.
    private var subscriptions: [ChannelReader] = []

    init(backoff: Backoff, pool: LinkPool, rounds: LoopBound<AttemptRounds>) {
        self.backoff = backoff
        self.pool = pool
        boundRounds = rounds
    }

    /// The connection, if commands can be sent over it.
    var usable: RedisConnection? {
        guard let current, current.core.isOpen, !current.core.isRetired else { return nil }
        return current.connection
    }

    /// An attempt begins.
    func connecting() {
        state = .connecting(failures: backoff.failures)
    }

    /// The attempt succeeded: commands take this connection from now on.
    func connected(by connection: RedisConnection) {
        // One that others have left, and that has not ended yet.
        forgetCurrent()
        let core = connection.core
        current = Current(connection: connection, core: core, since: RedisEventLoop.monotonicNanoseconds)
        connectionsMade += 1
        state = .open(core.endpoint)
        endSubscriptions { $0 != core.endpoint }
        core.whenEnded { error in self.ended(core, error) }
    }

    /// The attempt failed.
    func failed(_ error: RedisError) {
        guard state != .closed else { return }
        var generator = SystemRandomNumberGenerator()
        let now = RedisEventLoop.monotonicNanoseconds
        let range = backoff.delaysAfterFailure()
        let drawn = Backoff.draw(from: range, using: &generator)
        notBefore = boundRounds.value.instant(
            from: now.addingClamped(range.lowerBound.nanosecondsClamped),
            to: now.addingClamped(range.upperBound.nanosecondsClamped),
            preferring: now.addingClamped(drawn.nanosecondsClamped), now: now)
        state = .disconnected(error)
    }

    private func ended(_ core: ConnectionCore, _ error: RedisError) {
        // A connection that was left before is no longer ours.
        guard current?.core === core else { return }
        forgetCurrent()
        if core.isRetired {
            // Others left it: that is no failure.
            if state != .closed { state = .idle }
        } else {
            failed(error)
        }
    }

    /// Commands no longer take the current connection.
    private func forgetCurrent(within grace: (time: Duration, reason: String)? = nil) {
        guard let former = current else { return }
        // A server that accepts and hangs up at once is no better than one that refuses.
        if RedisEventLoop.monotonicNanoseconds - former.since >= backoff.maximum.nanosecondsClamped {
            backoff.succeed()
        }
        current = nil
        let connection = former.connection
        pool.assumeIsolated { $0.giveBack(connection, .commands, within: grace) }
    }

    /// Leaves a working connection, because the commands belong elsewhere: no pause comes before the next one.
    ///
    /// - Parameter isForAll: whether the others who share it leave it too.
    func leave(_ connection: RedisConnection, isForAll: Bool, because reason: String) {
        if isForAll {
            pool.assumeIsolated { $0.abandon(connection, within: Self.gracePeriod, because: reason) }
        }
        if current?.connection === connection {
            forgetCurrent(within: (Self.gracePeriod, reason))
            state = .idle
        }
        endSubscriptions { $0 == connection.endpoint }
    }

    /// A sentinel says that another server takes the commands from now on: leaves the connection to the former one, and
    /// ends the pause before an attempt.
    func serverChanged(to endpoint: RedisEndpoint) {
        notBefore = 0
        pause?.finish(.success(()))
        guard let current, current.core.endpoint != endpoint else { return }
        leave(current.connection, isForAll: true, because: "\(endpoint) has taken over")
    }

    /// Takes in a new subscription.
    ///
    /// - Returns: Whether it is where the commands go.
    func subscribed(by reader: ChannelReader) -> Bool {
        if let current, current.core.endpoint != reader.endpoint { return false }
        subscriptions.removeAll { $0.isOver }
        subscriptions.append(reader)
        return true
    }

    private func endSubscriptions(where isElsewhere: (RedisEndpoint) -> Bool) {
        let ended = subscriptions.filter { isElsewhere($0.endpoint) }
        subscriptions.removeAll { isElsewhere($0.endpoint) }
        for reader in ended {
            reader.end(
                RedisError(
                    .connectionLost, "the commands go to another server now", endpoint: reader.endpoint.description))
        }
    }

    /// The route was closed or released.
    func close() {
        state = .closed
        forgetCurrent()
        subscriptions = []
    }
}
