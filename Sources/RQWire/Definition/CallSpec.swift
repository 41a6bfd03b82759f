/// What each run of a definition calls, in which queue, and with which of RQ's options.
public struct CallSpec: Sendable, Hashable {
    /// The dotted name of the function that the worker calls.
    public var functionName: String
    /// The queue that runs go to.
    public var queueName: String
    /// Positional arguments.
    public var args: [JSONValue]
    /// Keyword arguments.
    public var kwargs: JSONObject
    /// How long a run may take, ``unlimited`` for no limit; `nil` for RQ's default of 180 s.
    public var jobTimeout: Duration?
    /// How long a result is kept, ``unlimited`` for good, zero for not at all; `nil` for RQ's default of 500 s.
    public var resultTTL: Duration?
    /// How long a run may wait in its queue; `nil` for no limit.
    public var ttl: Duration?
    /// How long a failed run is kept, ``unlimited`` for good; `nil` for the worker's default, which is a year.
    public var failureTTL: Duration?
    /// The `meta` of each run.
    public var meta: JSONObject
    /// What RQ shows for each run; `nil` for the call as Python would print it.
    public var jobDescription: String?

    /// Says what to call.
    ///
    /// Nothing is checked here: a definition is checked when it is registered, saved or loaded. Durations are whole
    /// seconds, because RQ's are.
    ///
    /// - Parameters:
    ///   - functionName: The dotted name of the function; it is never imported.
    ///   - queueName: The queue that runs go to.
    ///   - args: Positional arguments.
    ///   - kwargs: Keyword arguments.
    ///   - jobTimeout: How long a run may take; `nil` for RQ's default of 180 s.
    ///   - resultTTL: How long a result is kept; 500 s unless given, which rq-rediscron writes down.
    ///   - ttl: How long a run may wait in its queue; `nil` for no limit.
    ///   - failureTTL: How long a failed run is kept; `nil` for the worker's default.
    ///   - meta: The `meta` of each run.
    ///   - jobDescription: What RQ shows for each run; `nil` for the call as Python would print it.
    public init(
        _ functionName: String, queue queueName: String, args: [JSONValue] = [], kwargs: JSONObject = [:],
        jobTimeout: Duration? = nil, resultTTL: Duration? = .seconds(500), ttl: Duration? = nil,
        failureTTL: Duration? = nil, meta: JSONObject = [:], jobDescription: String? = nil
    ) {
        self.functionName = functionName
        self.queueName = queueName
        self.args = args
        self.kwargs = kwargs
        self.jobTimeout = jobTimeout
        self.resultTTL = resultTTL
        self.ttl = ttl
        self.failureTTL = failureTTL
        self.meta = meta
        self.jobDescription = jobDescription
    }

    /// A time-out that never comes, or a result that is kept for good: RQ's -1.
    public static let unlimited: Duration = .seconds(-1)
}

/// When a definition runs: ``every(_:)`` or ``cron(_:timeZone:)``.
///
/// Only a hash in Redis can say both or neither; it is refused when it is read.
public struct ScheduleSpec: Sendable, Hashable {
    /// The time between runs, where they come at a fixed period.
    public package(set) var interval: Duration?
    /// The cron expression, where there is one.
    public package(set) var cron: String?
    /// The IANA zone in which `cron` is read; `nil` means the scheduler's.
    public package(set) var timeZone: String?

    /// Takes the fields of a hash.
    package init(interval: Duration? = nil, cron: String? = nil, timeZone: String? = nil) {
        self.interval = interval
        self.cron = cron
        self.timeZone = timeZone
    }

    /// At a fixed period, on a grid that does not drift.
    ///
    /// - Parameter period: Whole seconds, at least 1; another one is refused when the definition is checked.
    public static func every(_ period: Duration) -> ScheduleSpec {
        ScheduleSpec(interval: period)
    }

    /// By a cron expression in croniter's language.
    ///
    /// - Parameters:
    ///   - expression: Five fields, or six with seconds behind, or seven with years behind those. `R` fields are drawn when
    ///     the definition is first registered, and stay.
    ///   - timeZone: The IANA zone in which it is read; `nil` means the scheduler's.
    public static func cron(_ expression: String, timeZone: String? = nil) -> ScheduleSpec {
        ScheduleSpec(cron: expression, timeZone: timeZone)
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
