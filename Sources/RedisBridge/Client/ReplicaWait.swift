/// How many replicas shall have a write, and how long to wait for them: what WAIT is sent with.
public struct ReplicaWait: Sendable, Hashable {
    /// The number of replicas.
    public let count: Int
    /// How long to wait for them.
    public let timeout: Duration

    /// A wait for `count` replicas.
    ///
    /// - Parameters:
    ///   - count: how many replicas.
    ///   - timeout: at least a millisecond counts, because WAIT takes 0 for ever.
    public init(count: Int, timeout: Duration) {
        self.count = count
        self.timeout = max(.milliseconds(1), timeout)
    }

    var command: RedisCommand {
        RedisCommand("WAIT", count, Int(timeout.nanosecondsClamped / 1_000_000))
    }
}
