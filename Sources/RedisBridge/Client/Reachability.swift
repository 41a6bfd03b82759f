/// How a client fares with its server: where it stands, who is told of it, and when it may try again.
///
/// Apart from `RedisClient`, because its connection tells of its end here: if it told the client, each would hold the other.
///
/// `@unchecked Sendable`: everything is for the loop's thread, to which the client is isolated and on which connections end.
final class Reachability: @unchecked Sendable {
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
    private var backoff: Backoff
    /// When the connection that stands was made, in nanoseconds of the monotonic clock.
    private var connectedSince: Int64?
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

    /// The attempt succeeded.
    func connected(to endpoint: RedisEndpoint) {
        connectedSince = EventLoop.monotonicNanoseconds
        state = .open(endpoint)
    }

    /// The attempt failed, or the connection has ended.
    func disconnected(_ error: RedisError) {
        guard state != .closed else { return }
        let now = EventLoop.monotonicNanoseconds
        // A server that accepts and hangs up at once is no better than one that refuses.
        if let connectedSince, now - connectedSince >= backoff.maximum.nanosecondsClamped {
            backoff.succeed()
        }
        connectedSince = nil
        var generator = SystemRandomNumberGenerator()
        let delay = backoff.delayAfterFailure(using: &generator)
        notBefore = now.addingClamped(delay.nanosecondsClamped)
        state = .disconnected(error)
    }

    /// The client was closed, or is gone.
    func close() {
        state = .closed
        for watcher in watchers { watcher.finish() }
        watchers = []
    }
}
