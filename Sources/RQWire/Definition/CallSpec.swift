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
    /// Seconds that a run may take, -1 for no limit; `nil` for RQ's default of 180.
    public var jobTimeout: Int?
    /// Seconds that a result is kept, -1 for ever, 0 not at all; `nil` for RQ's default of 500.
    public var resultTTL: Int?
    /// Seconds that a run may wait in its queue; `nil` for no limit.
    public var ttl: Int?
    /// Seconds that a failed run is kept; `nil` for the worker's default.
    public var failureTTL: Int?
    /// The `meta` of each run.
    public var meta: JSONObject

    /// Says what to call.
    ///
    /// Nothing is checked here: a definition is checked when it is registered, saved or loaded.
    ///
    /// - Parameters:
    ///   - functionName: The dotted name of the function; it is never imported.
    ///   - queueName: The queue that runs go to.
    ///   - resultTTL: Seconds; 500 unless given, as rq-rediscron writes it down.
    public init(
        _ functionName: String, queue queueName: String, args: [JSONValue] = [], kwargs: JSONObject = [:],
        jobTimeout: Int? = nil, resultTTL: Int? = JobPayload.defaultResultTTL, ttl: Int? = nil,
        failureTTL: Int? = nil, meta: JSONObject = [:]
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
    }
}

/// When a definition runs: ``every(_:)`` or ``cron(_:timeZone:)``.
///
/// It holds what the hash says, and a hash may say both or neither; that is refused when the definition is checked.
public struct ScheduleSpec: Sendable, Hashable {
    /// Seconds between runs.
    public var interval: Int?
    /// A cron expression.
    public var cron: String?
    /// The IANA zone in which `cron` is read; `nil` means the scheduler's.
    public var timeZone: String?
    /// A period of ``every(_:)`` that is no whole number of seconds, which no hash can hold.
    package private(set) var fractionalPeriod: Duration?

    /// Takes the fields of a hash.
    package init(interval: Int? = nil, cron: String? = nil, timeZone: String? = nil) {
        self.interval = interval
        self.cron = cron
        self.timeZone = timeZone
    }

    /// At a fixed period, on a grid that does not drift.
    ///
    /// - Parameter period: Whole seconds, at least 1; another one is refused when the definition is checked.
    public static func every(_ period: Duration) -> ScheduleSpec {
        let (seconds, attoseconds) = period.components
        var schedule = ScheduleSpec(interval: Int(clamping: seconds))
        if attoseconds != 0 { schedule.fractionalPeriod = period }
        return schedule
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
    public var description: String { interval.map { "every \($0)s" } ?? cron ?? "" }
}
