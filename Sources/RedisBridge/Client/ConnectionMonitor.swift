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

/// Watches a client's connections: its state, its subscriptions, and when it may try again.
///
/// Separate from `RedisClient`, because connections report their end here, and those who watch for a new server report
/// that: if they reported to the client, each would hold the other.
///
/// Everything is for the loop's thread.
final class ConnectionMonitor {
    /// How long a server that was left may still answer the commands in flight.
    static let gracePeriod = Duration.milliseconds(250)

    private(set) var state = RedisClientState.idle
    /// How many connections were made for commands.
    private(set) var connectionsMade = 0
    /// No attempt before this time, in nanoseconds of the monotonic clock.
    private(set) var notBefore: Int64 = 0
    /// Finished to end the pause before an attempt early.
    var pause: OneShotPromise<Void>?
    private var backoff: Backoff
    /// The connection that commands take, and when it was made, in nanoseconds of the monotonic clock.
    private var current: (core: ConnectionCore, since: Int64)?
    /// The client's subscriptions, which go where its commands go.
    private var subscriptions: [ConnectionCore] = []

    init(backoff: Backoff) {
        self.backoff = backoff
    }

    /// An attempt begins.
    func connecting() {
        state = .connecting(failures: backoff.failures)
    }

    /// The attempt succeeded: commands take this connection from now on.
    func connected(by core: ConnectionCore) {
        current = (core, RedisEventLoop.monotonicNanoseconds)
        connectionsMade += 1
        state = .open(core.endpoint)
        endSubscriptions { $0 != core.endpoint }
        core.whenEnded { error in self.ended(core, error) }
    }

    /// The attempt failed.
    func failed(_ error: RedisError) {
        guard state != .closed else { return }
        var generator = SystemRandomNumberGenerator()
        notBefore = RedisEventLoop.deadline(after: backoff.delayAfterFailure(using: &generator))
        state = .disconnected(error)
    }

    private func ended(_ core: ConnectionCore, _ error: RedisError) {
        // A connection that was left before is no longer ours.
        guard current?.core === core else { return }
        forgetCurrent()
        failed(error)
    }

    /// Commands no longer take the current connection.
    private func forgetCurrent() {
        // A server that accepts and hangs up at once is no better than one that refuses.
        if let current,
            RedisEventLoop.monotonicNanoseconds - current.since >= backoff.maximum.nanosecondsClamped
        {
            backoff.succeed()
        }
        current = nil
    }

    /// Leaves a working connection, because the commands belong elsewhere: no pause comes before the next one.
    func leave(_ core: ConnectionCore, because reason: String) {
        if current?.core === core {
            forgetCurrent()
            state = .idle
        }
        endSubscriptions { $0 == core.endpoint }
        core.retire(within: Self.gracePeriod, because: reason)
    }

    /// A sentinel says that another server takes the commands from now on: leaves the connection to the former one, and
    /// ends the pause before an attempt.
    func serverChanged(to endpoint: RedisEndpoint) {
        notBefore = 0
        pause?.finish(.success(()))
        guard let current, current.core.endpoint != endpoint else { return }
        leave(current.core, because: "\(endpoint) has taken over")
    }

    /// Takes in a new subscription.
    ///
    /// - Returns: Whether it is where the commands go.
    func subscribed(by core: ConnectionCore) -> Bool {
        if let current, current.core.endpoint != core.endpoint { return false }
        subscriptions.removeAll { $0.endReason != nil }
        subscriptions.append(core)
        return true
    }

    private func endSubscriptions(where isElsewhere: (RedisEndpoint) -> Bool) {
        let ended = subscriptions.filter { isElsewhere($0.endpoint) }
        subscriptions.removeAll { isElsewhere($0.endpoint) }
        for core in ended {
            core.end(
                RedisError(
                    .connectionLost, "the commands go to another server now", endpoint: core.endpoint.description))
        }
    }

    /// The client was closed or released.
    func close() {
        current = nil
        state = .closed
        subscriptions = []
    }
}
