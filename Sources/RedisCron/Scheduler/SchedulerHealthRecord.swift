import RQWire

/// What the scheduler notes of itself as it goes; ``SchedulerHealth`` is made from it.
struct SchedulerHealthRecord: Sendable {
    var isStandingBy = false
    var lastHeartbeat: Timestamp?
    var lastTick: Timestamp?
    /// How far the oldest due entry was behind at the last survey.
    var lag: Duration = .zero
    /// Runs queued since the scheduler was made.
    var enqueued = 0

    /// Notes a survey of the index.
    mutating func readIndex(at now: Timestamp, oldestDue: Double?) {
        lastTick = now
        // A score of 0 is rq-rediscron's mark for "never ran", not a time.
        lag = oldestDue.flatMap { $0 > 0 ? max(.zero, now - Timestamp(score: $0)) : nil } ?? .zero
    }
}
