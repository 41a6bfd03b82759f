/// Where a scheduler's counts and times go as they come: closures, so that any metrics library fits.
///
/// ```swift
/// var meter = SchedulerMeter()
/// meter.ticks = { time, times in histogram.record(time, times) }
/// options.meter = meter
/// ```
///
/// With the trait `Metrics` it is made for swift-metrics by `SchedulerMeter.swiftMetrics()`. It is for one scheduler.
public struct SchedulerMeter: Sendable {
    /// Told how the scheduler is doing and what it has counted.
    public typealias Report = @Sendable (SchedulerHealth, SchedulerMetrics) -> Void
    /// Told a time, and how many times it was measured.
    public typealias Listener = @Sendable (_ time: Duration, _ times: Int) -> Void

    /// How often ``report`` is called.
    ///
    /// Default 1 s, at least 10 ms; a scheduler is not made with less.
    public var interval: Duration = .seconds(1)
    /// Called while ``RedisCronScheduler/run()`` runs, and once more at its end, when nothing is counted any more.
    public var report: Report?
    /// Told how late each run was queued, as in ``SchedulerMetrics/enqueueDelays``.
    public var enqueueDelays: Listener?
    /// Told how long each tick took, as in ``SchedulerMetrics/tickDurations``.
    public var ticks: Listener?
    /// Told how long Redis took to answer, as in ``SchedulerMetrics/redisRoundTrips``.
    public var roundTrips: Listener?

    /// Tells nobody.
    public static let none = SchedulerMeter()

    /// Makes a meter that tells nobody yet.
    ///
    /// Its closures are called on the scheduler's thread, which waits for them: they must not block.
    public init() {}
}
