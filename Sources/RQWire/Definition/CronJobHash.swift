/// A definition's hash in Redis, field by field, as rq-rediscron reads and writes it.
///
/// It holds what stands there and nothing more: whether an interval and a cron expression exclude each other, or a
/// time-out makes sense, is for the scheduler to say.
public struct CronJobHash: Sendable, Hashable {
    /// The application's name for the definition.
    public var id: String
    /// The dotted name of the function that the worker calls.
    public var functionName: String
    /// The queue into which runs go.
    public var queueName: String
    /// Positional arguments.
    public var args: [JSONValue]
    /// Keyword arguments.
    public var kwargs: JSONObject
    /// Seconds between runs.
    public var interval: Int?
    /// A cron expression.
    public var cron: String?
    /// When the last run was queued.
    public var latestEnqueueTime: Timestamp?
    /// The planned time of the next run.
    public var nextEnqueueTime: Timestamp?
    /// When the definition was first written.
    public var createdAt: Timestamp?
    /// When the definition was last edited.
    public var updatedAt: Timestamp?
    /// Whether it runs at all.
    public var enabled: Bool
    /// Seconds that a run may take.
    public var jobTimeout: Int?
    /// Seconds that a result is kept.
    public var resultTTL: Int?
    /// Seconds that a run may wait in its queue.
    public var ttl: Int?
    /// Seconds that a failed run is kept.
    public var failureTTL: Int?
    /// The `meta` of each run.
    public var meta: JSONObject
    /// The time zone of the cron expression; an addition to rq-rediscron's fields, which leaves it alone.
    public var timeZone: String?

    /// Makes a hash from the values of its fields.
    public init(
        id: String, functionName: String, queueName: String, args: [JSONValue] = [], kwargs: JSONObject = [:],
        interval: Int? = nil, cron: String? = nil, latestEnqueueTime: Timestamp? = nil,
        nextEnqueueTime: Timestamp? = nil, createdAt: Timestamp? = nil, updatedAt: Timestamp? = nil,
        enabled: Bool = true, jobTimeout: Int? = nil, resultTTL: Int? = nil, ttl: Int? = nil, failureTTL: Int? = nil,
        meta: JSONObject = [:], timeZone: String? = nil
    ) {
        self.id = id
        self.functionName = functionName
        self.queueName = queueName
        self.args = args
        self.kwargs = kwargs
        self.interval = interval
        self.cron = cron
        self.latestEnqueueTime = latestEnqueueTime
        self.nextEnqueueTime = nextEnqueueTime
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.enabled = enabled
        self.jobTimeout = jobTimeout
        self.resultTTL = resultTTL
        self.ttl = ttl
        self.failureTTL = failureTTL
        self.meta = meta
        self.timeZone = timeZone
    }
}
