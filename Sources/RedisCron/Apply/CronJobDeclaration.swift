public import RQWire

/// One definition as a file or a program wants it to stand in Redis.
///
/// What is not said gets its default, so that the file alone says what stands in Redis; except `enabled`, which is then
/// left as it is, so that a definition disabled by hand stays disabled.
public struct CronJobDeclaration: Sendable, Hashable {
    /// The definition's id.
    public var id: String
    /// The dotted name of the function.
    public var functionName: String
    /// The queue of its runs.
    public var queueName: String
    /// Whole seconds between runs.
    ///
    /// Exactly one of `interval` and `cron` is given.
    public var interval: Int?
    /// When a new definition with an interval runs first, which anchors its grid; `nil` means at once.
    ///
    /// It says nothing of a definition that stands in Redis already.
    public var firstRun: Timestamp?
    /// A cron expression.
    public var cron: String?
    /// The IANA zone in which `cron` is read; `nil` means the scheduler's.
    public var timeZone: String?
    /// Positional arguments.
    public var args: [JSONValue]
    /// Keyword arguments.
    public var kwargs: JSONObject
    /// The `meta` of each run.
    public var meta: JSONObject
    /// Seconds that a run may take, -1 for no limit; `nil` for RQ's default of 180.
    public var jobTimeout: Int?
    /// Seconds that a result is kept; -1 for ever, 0 not at all.
    ///
    /// Default 500.
    public var resultTTL: Int?
    /// Seconds that a run may wait in its queue; `nil` for no limit.
    public var ttl: Int?
    /// Seconds that a failed run is kept; `nil` for the worker's default.
    public var failureTTL: Int?
    /// Whether it runs; `nil` leaves an existing definition as it is, and enables a new one.
    public var enabled: Bool?
    /// The line of the file on which it begins, for messages.
    public var line: Int?

    /// Declares a definition.
    public init(
        id: String, functionName: String, queueName: String, interval: Int? = nil, firstRun: Timestamp? = nil,
        cron: String? = nil, timeZone: String? = nil, args: [JSONValue] = [], kwargs: JSONObject = [:],
        meta: JSONObject = [:],
        jobTimeout: Int? = nil, resultTTL: Int? = JobPayload.defaultResultTTL, ttl: Int? = nil,
        failureTTL: Int? = nil, enabled: Bool? = nil, line: Int? = nil
    ) {
        self.id = id
        self.functionName = functionName
        self.queueName = queueName
        self.interval = interval
        self.firstRun = firstRun
        self.cron = cron
        self.timeZone = timeZone
        self.args = args
        self.kwargs = kwargs
        self.meta = meta
        self.jobTimeout = jobTimeout
        self.resultTTL = resultTTL
        self.ttl = ttl
        self.failureTTL = failureTTL
        self.enabled = enabled
        self.line = line
    }
}
