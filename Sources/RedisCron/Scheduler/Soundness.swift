package import RQWire

/// Decides whether a scheduler is healthy, so that its watchdog is fed and no supervisor restarts it.
///
/// A leader is healthy while it reads the index and extends its lock. A scheduler that waits for Redis is healthy too: it
/// retries by itself, and a restart would not help.
package struct Soundness: Sendable {
    /// The longest sleep between two readings of the index.
    package let maxSleepInterval: Duration
    /// How long the lock outlives a heartbeat.
    package let lockTTL: Duration

    package init(maxSleepInterval: Duration, lockTTL: Duration) {
        self.maxSleepInterval = maxSleepInterval
        self.lockTTL = lockTTL
    }

    /// How long a reading of the index may take after the sleep, with a batch and a slow Redis.
    static let allowance = Duration.seconds(30)

    /// What is wrong; nil if the scheduler is healthy.
    ///
    /// - Parameter leadingSince: When the scheduler took the lock, if it leads.
    package func flaw(of health: SchedulerHealth, leadingSince: Timestamp?, at now: Timestamp) -> String? {
        guard health.state == .leading, health.disconnectedSince == nil, let leadingSince else { return nil }
        // Times from before it led do not count.
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
