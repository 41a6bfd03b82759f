public import RQWire

/// What a scheduler has counted since it was made, for a monitoring system.
///
/// Counts only grow. ``SchedulerHealth`` says how the scheduler is doing now, and has what is not here: its state, the time of the last
/// tick and heartbeat, the lag, and how runs ended.
public struct SchedulerMetrics: Sendable, Hashable {
    /// Since when it leads; `nil` while it does not.
    public var leadingSince: Timestamp?
    /// How many times it took the lock.
    public var lockAcquisitions = 0
    /// How many times it learned that the lock, under which it led, was not its own any more.
    public var lockLosses = 0
    /// How many connections to Redis were made after the first one, by this scheduler and whatever else uses its connection.
    public var redisReconnects = 0
    /// How many times Redis failed something that the scheduler asked of it, each try counted.
    public var redisErrors = 0
    /// How long Redis took to answer the scheduler: requests for the lock, heartbeats, readings of the index, batches.
    public var redisRoundTrips = Histogram.ofRoundTrips
    /// How far this machine's clock is ahead of that of Redis; negative if it is behind, `nil` before they were compared.
    ///
    /// The leader compares them with each heartbeat.
    public var clockSkew: Duration?
    /// How many runs were queued, by why.
    ///
    /// Runs by ``RunReason/schedule`` and ``RunReason/catchup`` are those that this scheduler queued. ``RunReason/trigger`` and
    /// ``RunReason/backfill`` are queued by others: the leader counts them when it reads of them in the log of runs.
    public var enqueued: [RunReason: Int] = [:]
    /// How many planned times were not run, by why; of one definition at most 1,000 at once.
    public var skipped: [RefusalReason: Int] = [:]
    /// How many definitions wait for the end of an earlier run, as far as the leader knows.
    public var waiting = 0
    /// How long after it was due each run was queued that this scheduler queued; jitter is no delay, waiting for an earlier run is.
    public var enqueueDelays = Histogram.ofEnqueueDelays
    /// How long each tick took: reading the index, and queueing all that was due.
    ///
    /// Failed ones are counted too.
    public var tickDurations = Histogram.ofTicks
    /// When the next definition is due, as of the last reading of the index; in the past while something due is not queued.
    public var nextDue: Timestamp?

    /// The metrics of a scheduler that has done nothing yet.
    public init() {}

    /// How many runs it queued itself.
    var enqueuedByItself: Int { enqueued[.schedule, default: 0] + enqueued[.catchup, default: 0] }
}

extension SchedulerMetrics {
    /// How many values fell into each of some ranges, and their sum.
    public struct Histogram: Sendable, Hashable {
        /// The upper ends of the ranges, which belong to them, in ascending order; the last range has none.
        public let bounds: [Duration]
        /// How many values fell into each range: one number more than there are bounds.
        public private(set) var counts: [Int]
        /// The sum of all values.
        public var sum: Duration { .microseconds(sumMicroseconds) }
        /// How many values there are.
        public var count: Int { counts.reduce(0, +) }

        /// Bounds in microseconds, so that a value is placed by comparing integers.
        private let limits: [Int64]
        private var sumMicroseconds: Int64 = 0

        /// Makes an empty histogram.
        ///
        /// - Parameter bounds: The upper ends of the ranges, in ascending order, in whole microseconds.
        public init(bounds: [Duration]) {
            self.bounds = bounds
            limits = bounds.map(\.microseconds)
            counts = Array(repeating: 0, count: bounds.count + 1)
        }

        /// Adds a value; a negative one counts as zero.
        public mutating func record(_ value: Duration) {
            record(microseconds: value.microseconds, telling: nil)
        }

        /// Adds a value several times.
        ///
        /// A plain loop: it runs for each job of a batch whose planned time is its own.
        ///
        /// - Parameter listener: Told as well.
        mutating func record(microseconds value: Int64, times: Int = 1, telling listener: SchedulerMeter.Listener?) {
            guard times > 0 else { return }
            let value = max(0, value)
            listener?(.microseconds(value), times)
            var place = 0
            while place < limits.count, limits[place] < value { place += 1 }
            counts[place] += times
            sumMicroseconds = sumMicroseconds.addingReportingOverflow(value &* Int64(times)).partialValue
        }
    }
}

extension SchedulerMetrics.Histogram {
    static let ofRoundTrips = Self(microseconds: [
        250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
        5_000_000,
    ])
    static let ofEnqueueDelays = Self(microseconds: [
        5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000,
        30_000_000,
        60_000_000, 300_000_000, 3_600_000_000,
    ])
    static let ofTicks = Self(microseconds: [
        1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
        10_000_000, 30_000_000, 60_000_000,
    ])

    private init(microseconds bounds: [Int64]) {
        self.init(bounds: bounds.map { .microseconds($0) })
    }
}

// MARK: - Counting

extension SchedulerMetrics {
    /// Counts the runs of a batch that were queued.
    ///
    /// Most runs of a batch are planned for the same time: they are counted together.
    mutating func queued(_ runs: [PlannedRun], at time: Timestamp, _ meter: SchedulerMeter) {
        let listener = meter.enqueueDelays
        var catchUps = 0
        var due: Int64 = 0
        var count = 0
        for run in runs {
            switch run.reason {
            case .catchup: catchUps += 1
            case .schedule, .trigger, .backfill: break
            }
            let own = run.due.microseconds
            if own != due {
                enqueueDelays.record(microseconds: time.microseconds &- due, times: count, telling: listener)
                due = own
                count = 0
            }
            count += 1
        }
        enqueueDelays.record(microseconds: time.microseconds &- due, times: count, telling: listener)
        add(catchUps, as: .catchup)
        add(runs.count - catchUps, as: .schedule)
    }

    /// Counts runs that others queued, or of which this scheduler learns late that it has queued them.
    mutating func found(_ runs: [TrackedRun], _ meter: SchedulerMeter) {
        for run in runs {
            enqueued[run.reason, default: 0] += 1
            guard run.reason == .schedule || run.reason == .catchup, let planned = run.planned else { continue }
            enqueueDelays.record(microseconds: (run.at - planned).microseconds, telling: meter.enqueueDelays)
        }
    }

    /// Counts planned times that were not run.
    mutating func refused(_ times: [RefusedRuns]) {
        for times in times { skipped[times.reason, default: 0] += times.count }
    }

    private mutating func add(_ number: Int, as reason: RunReason) {
        if number > 0 { enqueued[reason, default: 0] += number }
    }
}

extension PlannedRun {
    /// When it was due: its planned time and, where it has jitter, that as well.
    fileprivate var due: Timestamp {
        guard case .bounded = definition.plan, definition.governance?.policy.overlap != .wait else { return planned }
        // The index has the time with its jitter. That of a run that waits has been moved.
        return max(planned, Timestamp(score: entry.score))
    }
}

extension Duration {
    /// Whole microseconds, rounded towards zero; the largest or smallest number for what is beyond.
    var microseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflows) = seconds.multipliedReportingOverflow(by: 1_000_000)
        guard !overflows else { return seconds < 0 ? .min : .max }
        return product &+ attoseconds / 1_000_000_000_000
    }
}
