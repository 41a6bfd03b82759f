import RQWire
import RedisCron

/// What a scheduler must do to be called sound, and so to have its watchdog fed.
///
/// A scheduler that waits for Redis is sound: it tries again by itself, and starting it anew would help nobody. One that
/// leads is sound while it reads the index and extends its lock.
struct Soundness: Sendable {
    /// The longest sleep between two readings of the index.
    let maxSleepInterval: Duration
    /// How long the lock outlives a heartbeat.
    let lockTTL: Duration

    /// How long a reading of the index may take beyond the sleep, with a batch and a slow Redis.
    static let allowance = Duration.seconds(30)

    /// What is wrong, in words; nil when nothing is.
    ///
    /// - Parameter leadingSince: when the scheduler took the lock, if it leads.
    func flaw(of health: SchedulerHealth, leadingSince: Timestamp?, at now: Timestamp) -> String? {
        guard health.state == .leading, health.disconnectedSince == nil, let leadingSince else { return nil }
        // What was noted before it led says nothing about now.
        let tick = now - max(health.lastTick ?? leadingSince, leadingSince)
        if tick > maxSleepInterval + Self.allowance {
            return "the index was last read \(tick.components.seconds) s ago"
        }
        let heartbeat = now - max(health.lastHeartbeat ?? leadingSince, leadingSince)
        if heartbeat > lockTTL {
            return "the lock was last extended \(heartbeat.components.seconds) s ago"
        }
        return nil
    }
}
