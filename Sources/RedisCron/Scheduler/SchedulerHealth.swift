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
    /// Since when Redis has been out of reach, or `nil` while it answers.
    public let disconnectedSince: Timestamp?
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
}
