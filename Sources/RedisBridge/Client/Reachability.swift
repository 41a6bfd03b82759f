/// How a client fares with its server: where it stands, who is told of it, and when it may try again.
///
/// Apart from `RedisClient`, because its connection tells of its end here, and those who watch for a new server tell of
/// that: if they told the client, each would hold the other.
///
/// `@unchecked Sendable`: everything is for the loop's thread, to which the client is isolated and on which connections end.
final class Reachability: @unchecked Sendable {
    /// How long a command in flight may still be answered by a server that was left.
    static let grace = Duration.milliseconds(250)

    private(set) var state = RedisClientState.idle {
        didSet {
            guard state != oldValue else { return }
            watchers.removeAll { watcher in
                if case .terminated = watcher.yield(state) { true } else { false }
            }
        }
    }
    /// No attempt before this time, in nanoseconds of the monotonic clock.
    private(set) var notBefore: Int64 = 0
    /// Finished when the pause before an attempt is over early.
    var pause: Rendezvous<Void>?
    private var backoff: Backoff
    /// The connection that commands take, and when it was made, in nanoseconds of the monotonic clock.
    private var current: (core: ConnectionCore, since: Int64)?
    /// The client's subscriptions, which go where its commands go.
    private var subscriptions: [ConnectionCore] = []
    private var watchers: [AsyncStream<RedisClientState>.Continuation] = []

    init(backoff: Backoff) {
        self.backoff = backoff
    }

    /// The states from now on, the present one first.
    func states() -> AsyncStream<RedisClientState> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: RedisClientState.self, bufferingPolicy: .bufferingNewest(64))
        continuation.yield(state)
        if state == .closed {
            continuation.finish()
        } else {
            watchers.append(continuation)
        }
        return stream
    }

    /// An attempt begins.
    func connecting() {
        state = .connecting(failures: backoff.failures)
    }

    /// The attempt succeeded: commands take this connection from now on.
    func connected(by core: ConnectionCore) {
        current = (core, RedisEventLoop.monotonicNanoseconds)
        state = .open(core.endpoint)
        endSubscriptions { $0 != core.endpoint }
        core.whenEnded { error in self.ended(core, error) }
    }

    /// The attempt failed.
    func failed(_ error: RedisError) {
        guard state != .closed else { return }
        var generator = SystemRandomNumberGenerator()
        let delay = backoff.delayAfterFailure(using: &generator)
        notBefore = RedisEventLoop.monotonicNanoseconds.addingClamped(delay.nanosecondsClamped)
        state = .disconnected(error)
    }

    private func ended(_ core: ConnectionCore, _ error: RedisError) {
        // One that was left before is no longer ours.
        guard current?.core === core else { return }
        forgetCurrent()
        failed(error)
    }

    /// The commands' connection is no longer theirs.
    private func forgetCurrent() {
        // A server that accepts and hangs up at once is no better than one that refuses.
        if let current,
            RedisEventLoop.monotonicNanoseconds - current.since >= backoff.maximum.nanosecondsClamped
        {
            backoff.succeed()
        }
        current = nil
    }

    /// Leaves a connection that works, because the commands belong elsewhere: no pause comes before the next one.
    func leave(_ core: ConnectionCore, because reason: String) {
        if current?.core === core {
            forgetCurrent()
            state = .idle
        }
        endSubscriptions { $0 == core.endpoint }
        core.retire(within: Self.grace, because: reason)
    }

    /// Somebody who knows says that another server takes the commands from now on: the connection to the former one is
    /// left, and who waits before an attempt need not wait any more.
    func heard(of endpoint: RedisEndpoint) {
        notBefore = 0
        pause?.finish(.success(()))
        guard let current, current.core.endpoint != endpoint else { return }
        leave(current.core, because: "\(endpoint) has taken over")
    }

    /// A subscription was made.
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

    /// The client was closed, or is gone.
    func close() {
        current = nil
        state = .closed
        subscriptions = []
        for watcher in watchers { watcher.finish() }
        watchers = []
    }
}
