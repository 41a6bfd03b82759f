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

/// When a definition runs, as its hash says it.
///
/// Whether the fields make sense together is checked with the definition: exactly one of `interval` and `cron` is
/// expected.
public struct ScheduleSpec: Sendable, Hashable {
    /// Seconds between runs.
    public var interval: Int?
    /// A cron expression.
    public var cron: String?
    /// The IANA zone in which `cron` is read; `nil` means the scheduler's.
    public var timeZone: String?

    /// Says when to run.
    public init(interval: Int? = nil, cron: String? = nil, timeZone: String? = nil) {
        self.interval = interval
        self.cron = cron
        self.timeZone = timeZone
    }
}
