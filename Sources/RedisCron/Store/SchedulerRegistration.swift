import RQWire

/// What a scheduler tells of itself: in RQ's registry, and of its zone beside it.
struct SchedulerRegistration: Sendable, Hashable {
    /// Seconds that RQ keeps the hash of a scheduler without a heartbeat (`DEFAULT_CRON_SCHEDULER_TTL` in RQ 3).
    static let timeToLiveSeconds = 120

    let name: String
    let hostname: String
    let pid: Int32
    let createdAt: Timestamp
    /// The zone in which it reads expressions whose definition names none; empty where others could not know it.
    let timeZone: String

    /// The fields of the hash, in RQ's order.
    ///
    /// RQ lists the jobs of a scheduler there; ours stand in keys of their own.
    var hashFields: [(field: String, value: String)] {
        [
            ("hostname", hostname), ("pid", String(pid)), ("name", name), ("created_at", createdAt.description),
            ("config_file", ""), ("cron_jobs", "[]"),
        ]
    }
}
