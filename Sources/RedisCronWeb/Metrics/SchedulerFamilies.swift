import RQWire
import RedisCron

/// The metrics of a scheduler.
struct SchedulerFamilies: Sendable {
    let health: SchedulerHealth
    let metrics: SchedulerMetrics
    /// Whether there is a connection.
    let isConnected: Bool

    var families: [MetricFamily] { lock + redis + runs + ticks }

    private var lock: [MetricFamily] {
        [
            .gauge("rediscron_leader", "Whether this scheduler leads: 1 or 0.", .yes(health.state == .leading)),
            .gauge(
                "rediscron_lock_acquired_timestamp_seconds", "Since when this scheduler leads, in seconds since 1970.",
                metrics.leadingSince.map { .time($0) }),
            .counter(
                "rediscron_lock_acquisitions", "How many times this scheduler took the lock.",
                .integer(metrics.lockAcquisitions)),
            .counter(
                "rediscron_lock_losses", "How many times this scheduler lost the lock under which it led.",
                .integer(metrics.lockLosses)),
            .gauge(
                "rediscron_heartbeat_timestamp_seconds",
                "When this scheduler last extended its lock, in seconds since 1970.",
                health.lastHeartbeat.map { .time($0) }),
        ]
    }

    private var redis: [MetricFamily] {
        [
            RedisFamilies.connected(isConnected && health.disconnectedSince == nil),
            .counter(
                "rediscron_redis_reconnects", "How many connections to Redis were made after the first one.",
                .integer(metrics.redisReconnects)),
            .counter(
                "rediscron_redis_errors", "How many times Redis failed something that the scheduler asked of it.",
                .integer(metrics.redisErrors)),
            .histogram("rediscron_redis_roundtrip_seconds", "How long Redis took to answer.", metrics.redisRoundTrips),
            .gauge(
                "rediscron_clock_skew_seconds", "How far this machine's clock is ahead of that of Redis.",
                metrics.clockSkew.map { .seconds($0) }),
        ]
    }

    private var runs: [MetricFamily] {
        [
            .counter(
                "rediscron_enqueued", "Runs that were queued, by why.", by: "reason",
                RunReason.allCases.map { ($0.rawValue, metrics.enqueued[$0, default: 0]) }),
            .counter(
                "rediscron_skipped", "Planned times that were not run, by why.", by: "reason",
                RefusalReason.allCases.map { ($0.rawValue, metrics.skipped[$0, default: 0]) }),
            .gauge(
                "rediscron_waiting", "Definitions that wait for the end of an earlier run.", .integer(metrics.waiting)),
            .histogram(
                "rediscron_enqueue_delay_seconds",
                "How long after its planned time, and its jitter, each run was queued.",
                metrics.enqueueDelays),
            .counter(
                "rediscron_outcomes", "Runs that ended, by outcome.", by: "outcome",
                RunOutcome.allCases.map { ($0.rawValue, health.outcomes[$0, default: 0]) }),
        ]
    }

    private var ticks: [MetricFamily] {
        [
            .counter(
                "rediscron_ticks", "How many times the index was read for what is due.",
                .integer(metrics.tickDurations.count)),
            .histogram(
                "rediscron_tick_duration_seconds", "How long it took to read the index and to queue what was due.",
                metrics.tickDurations),
            .gauge(
                "rediscron_last_tick_timestamp_seconds", "When the index was last read, in seconds since 1970.",
                health.lastTick.map { .time($0) }),
            .gauge(
                "rediscron_held_back_seconds",
                "For how long the rate limit has held jobs back without a pause; 0 while none waits for it.",
                .seconds(health.heldBack)),
            .gauge(
                "rediscron_next_due_timestamp_seconds",
                "When the next definition is due, in seconds since 1970; in the past while something due is not queued.",
                metrics.nextDue.map { .time($0) }),
        ]
    }
}

/// What is told of Redis with and without a scheduler.
enum RedisFamilies {
    static func connected(_ isConnected: Bool) -> MetricFamily {
        .gauge(
            "rediscron_redis_connected", "Whether Redis is connected and does what it is asked: 1 or 0.",
            .yes(isConnected))
    }
}

extension MetricFamily {
    fileprivate static func histogram(
        _ name: String, _ help: String, _ histogram: SchedulerMetrics.Histogram
    ) -> MetricFamily {
        .histogram(
            name, help, bounds: histogram.bounds.map { $0 / .seconds(1) }, counts: histogram.counts,
            sum: histogram.sum / .seconds(1))
    }
}
