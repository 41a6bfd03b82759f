/// When a definition runs: ``every(_:from:through:excluding:jitter:)`` or
/// ``cron(_:timeZone:from:through:excluding:jitter:)``.
///
/// Only a hash in Redis can say both or neither; it is refused when it is read.
public struct ScheduleSpec: Sendable, Hashable {
    /// The time between runs, where they come at a fixed period.
    public package(set) var interval: Duration?
    /// The cron expression, where there is one.
    public package(set) var cron: String?
    /// The IANA zone in which `cron` and `exclusions` are read; `nil` means the scheduler's.
    public package(set) var timeZone: String?
    /// The first instant at which it may be planned, inclusive; `nil` for no beginning.
    ///
    /// It anchors the grid of an interval: every time is this one and a whole number of periods.
    public var startTime: Timestamp?
    /// The last instant at which it may be planned, inclusive; `nil` for no end.
    public var endTime: Timestamp?
    /// The times at which it is not planned: cron expressions, dates such as `2026-12-25` and ranges of dates such as
    /// `2026-12-24/2027-01-02`.
    ///
    /// They are read in ``timeZone``. An expression of five fields excludes the whole minute, one with seconds the second, a
    /// date the local day.
    public var exclusions: [String]
    /// The most by which a run comes after its planned time, whole seconds from 1 to 86,400; `nil` for no jitter.
    ///
    /// The delay follows from the id and the planned time, so that every process computes the same. It is shorter than the
    /// time to the next planned time.
    public var jitter: Duration?

    /// Takes the fields of a hash.
    package init(
        interval: Duration? = nil, cron: String? = nil, timeZone: String? = nil, startTime: Timestamp? = nil,
        endTime: Timestamp? = nil, exclusions: [String] = [], jitter: Duration? = nil
    ) {
        self.interval = interval
        self.cron = cron
        self.timeZone = timeZone
        self.startTime = startTime
        self.endTime = endTime
        self.exclusions = exclusions
        self.jitter = jitter
    }

    /// At a fixed period, on a grid that does not drift.
    ///
    /// What does not make sense is refused when the definition is checked.
    ///
    /// - Parameters:
    ///   - period: Whole seconds, at least 1.
    ///   - startTime: The first run, which anchors the grid; `nil` for at once.
    ///   - endTime: The last instant at which it may be planned.
    ///   - exclusions: See ``exclusions``; read in the scheduler's zone.
    ///   - jitter: See ``jitter``.
    public static func every(
        _ period: Duration, from startTime: Timestamp? = nil, through endTime: Timestamp? = nil,
        excluding exclusions: [String] = [], jitter: Duration? = nil
    ) -> ScheduleSpec {
        ScheduleSpec(
            interval: period, startTime: startTime, endTime: endTime, exclusions: exclusions, jitter: jitter)
    }

    /// By a cron expression in croniter's language.
    ///
    /// What does not make sense is refused when the definition is checked.
    ///
    /// - Parameters:
    ///   - expression: Five fields, or six with seconds behind, or seven with years behind those. `R` fields are drawn when
    ///     the definition is first registered, and stay.
    ///   - timeZone: The IANA zone in which it is read; `nil` means the scheduler's.
    ///   - startTime: The first instant at which it may be planned.
    ///   - endTime: The last instant at which it may be planned.
    ///   - exclusions: See ``exclusions``.
    ///   - jitter: See ``jitter``.
    public static func cron(
        _ expression: String, timeZone: String? = nil, from startTime: Timestamp? = nil,
        through endTime: Timestamp? = nil, excluding exclusions: [String] = [], jitter: Duration? = nil
    ) -> ScheduleSpec {
        ScheduleSpec(
            cron: expression, timeZone: timeZone, startTime: startTime, endTime: endTime, exclusions: exclusions,
            jitter: jitter)
    }
}

extension ScheduleSpec: CustomStringConvertible {
    /// The expression, or `every 300s`, as `rqrcron info` shows it.
    public var description: String { interval.map { "every \($0.wholeSeconds)s" } ?? cron ?? "" }
}

extension Duration {
    /// Whole seconds, clamped to 64 bits; what is beyond them is cut off.
    package var wholeSeconds: Int { Int(clamping: components.seconds) }
}
