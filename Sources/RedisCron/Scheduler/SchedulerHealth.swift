public import RQWire

/// How a scheduler is doing, at the moment at which it was asked.
public struct SchedulerHealth: Sendable, Hashable {
    /// What the scheduler is at.
    public enum State: String, Sendable, Hashable {
        /// It has not begun, or asks for the lock.
        case starting
        /// Another scheduler leads.
        case standingBy
        /// It leads.
        case leading
        /// It was asked to stop and finishes what it holds.
        case stopping
        /// It is over.
        case stopped
    }

    /// What the scheduler is at.
    public let state: State
    /// Since when Redis has been out of reach or has refused what the scheduler asks of it, or `nil` while it does neither.
    ///
    /// That something else gets through does not end it: a heartbeat may, while jobs cannot be queued.
    public let disconnectedSince: Timestamp?
    /// Why, in words without a password; `nil` as ``disconnectedSince``.
    public let disconnectReason: String?
    /// When the index was last read.
    public let lastTick: Timestamp?
    /// When the lock was last extended.
    public let lastHeartbeat: Timestamp?
    /// How far the oldest due definition was behind its time when the index was last read.
    public let lag: Duration
    /// Jobs queued since the scheduler was made.
    public let enqueued: Int
    /// Definitions held in memory.
    public let cachedDefinitions: Int
    /// Whether fewer replicas than ``RedisCronScheduler/Options/waitForReplicas`` had the last batch that was waited for.
    public let isMissingReplicas: Bool

    /// A health as a test of a handler wants it.
    public init(
        state: State, disconnectedSince: Timestamp? = nil, disconnectReason: String? = nil, lastTick: Timestamp? = nil,
        lastHeartbeat: Timestamp? = nil,
        lag: Duration = .zero, enqueued: Int = 0, cachedDefinitions: Int = 0, isMissingReplicas: Bool = false
    ) {
        self.state = state
        self.disconnectedSince = disconnectedSince
        self.disconnectReason = disconnectReason
        self.lastTick = lastTick
        self.lastHeartbeat = lastHeartbeat
        self.lag = lag
        self.enqueued = enqueued
        self.cachedDefinitions = cachedDefinitions
        self.isMissingReplicas = isMissingReplicas
    }
}
