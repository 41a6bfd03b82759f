public import RQWire

/// How a scheduler is doing, at the moment at which it was asked; ``SchedulerMetrics`` has what it has counted.
public struct SchedulerHealth: Sendable, Hashable {
    /// What a scheduler is doing.
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

    /// What the scheduler is doing.
    public let state: State
    /// Since when Redis has been out of reach, or has refused what the scheduler asks of it; `nil` while neither is so.
    ///
    /// It goes on until everything that failed has worked again: a heartbeat may get through while jobs cannot be queued.
    public let disconnectedSince: Timestamp?
    /// Why, in words without a password; `nil` as ``disconnectedSince``.
    public let disconnectReason: String?
    /// When the index was last read.
    public let lastTick: Timestamp?
    /// When the lock was last extended.
    public let lastHeartbeat: Timestamp?
    /// How far the oldest due definition was behind its time when the index was last read.
    public let lag: Duration
    /// For how long the rate limit has held jobs back without a pause; 0 where none waits for it, or without
    /// ``RedisCronScheduler/Options/maxRate``.
    ///
    /// A ``lag`` up to this is wanted. What goes beyond has another reason.
    public let heldBack: Duration
    /// Jobs queued since the scheduler was made.
    public let enqueued: Int
    /// Definitions held in memory.
    public let cachedDefinitions: Int
    /// Whether fewer replicas than ``RedisCronScheduler/Options/waitForReplicas`` acknowledged the last batch that was waited
    /// for.
    public let isMissingReplicas: Bool
    /// Runs that are queued or running, as far as the leader knows; 0 while another scheduler leads.
    public let openRuns: Int
    /// How many runs ended in which way since the scheduler was made, as far as it has led.
    ///
    /// A run that is requeued after its end is counted again at the next.
    public let outcomes: [RunOutcome: Int]

    /// Makes a health, for the test of a handler.
    public init(
        state: State, disconnectedSince: Timestamp? = nil, disconnectReason: String? = nil, lastTick: Timestamp? = nil,
        lastHeartbeat: Timestamp? = nil, lag: Duration = .zero, heldBack: Duration = .zero, enqueued: Int = 0,
        cachedDefinitions: Int = 0,
        isMissingReplicas: Bool = false, openRuns: Int = 0, outcomes: [RunOutcome: Int] = [:]
    ) {
        self.state = state
        self.disconnectedSince = disconnectedSince
        self.disconnectReason = disconnectReason
        self.lastTick = lastTick
        self.lastHeartbeat = lastHeartbeat
        self.lag = lag
        self.heldBack = heldBack
        self.enqueued = enqueued
        self.cachedDefinitions = cachedDefinitions
        self.isMissingReplicas = isMissingReplicas
        self.openRuns = openRuns
        self.outcomes = outcomes
    }
}

/// What the scheduler notes of itself as it goes; ``SchedulerHealth`` is made from it.
struct SchedulerHealthRecord: Sendable {
    var isStandingBy = false
    var lastHeartbeat: Timestamp?
    var lastTick: Timestamp?
    /// How far the oldest due entry was behind when the index was last read.
    var lag: Duration = .zero
    /// Runs that ended since the scheduler was made, by outcome.
    var outcomes: [RunOutcome: Int] = [:]

    /// Notes that the index was read.
    mutating func readIndex(at now: Timestamp, oldestDue: Double?) {
        lastTick = now
        // A score of 0 is rq-rediscron's mark for "never ran", not a time.
        lag = oldestDue.flatMap { $0 > 0 ? max(.zero, now - Timestamp(score: $0)) : nil } ?? .zero
    }
}
