public import Cron
public import RQWire

/// One recurring job: what to call, where to queue it, and when.
///
/// A value: changing it changes nothing in Redis until it is saved. It is stored in the hash `rq:cron_job:{id}` and
/// indexed in `rq:cron_jobs` by its next enqueue time. For normal use create and edit jobs with
/// ``RedisCronScheduler/register(functionName:queueName:id:args:kwargs:interval:cron:timeZone:jobTimeout:resultTTL:ttl:failureTTL:meta:enabled:idGenerator:)``;
/// use this type directly in tools that fetch, edit or delete single jobs.
///
/// Every field of the hash is a property, by the names of `CronJobHash`:
///
/// ```swift
/// var job = try await RedisCronJob.fetch(id: "metric:pm25", on: connection)
/// job.interval = 600
/// try await job.save()
/// ```
@dynamicMemberLookup
public struct RedisCronJob: Sendable {
    /// Makes an id for a definition that has none; it sees the definition.
    public typealias IDGenerator = @Sendable (RedisCronJob) -> String

    /// The fields of the hash.
    public internal(set) var definition: CronJobHash
    /// Where the job lives, or `nil` for one that was never meant to be saved.
    public let connection: RedisCronConnection?
    /// What stood in Redis when the job was read or written last: a save writes what differs from it.
    var stored: StoredDefinition?
    /// The schedule from which the next run was computed.
    var basis: ScheduleBasis
    /// The expression of a new job as it was given, before its `R` was drawn.
    private(set) var writtenCron: String?

    /// The application's name for the job; the same id always means the same job.
    public var id: String { definition.id }

    /// A field of the definition.
    public subscript<Value>(dynamicMember field: WritableKeyPath<CronJobHash, Value>) -> Value {
        get { definition[keyPath: field] }
        set { definition[keyPath: field] = newValue }
    }

    /// A field of the call.
    public subscript<Value>(dynamicMember field: WritableKeyPath<CallSpec, Value>) -> Value {
        get { definition.call[keyPath: field] }
        set { definition.call[keyPath: field] = newValue }
    }

    /// A field of the schedule.
    public subscript<Value>(dynamicMember field: WritableKeyPath<ScheduleSpec, Value>) -> Value {
        get { definition.schedule[keyPath: field] }
        set { definition.schedule[keyPath: field] = newValue }
    }

    /// When it runs.
    ///
    /// Setting it sets `interval` and `cron` together.
    public var schedule: CronSchedule {
        get { definition.interval.map(CronSchedule.interval(seconds:)) ?? .cron(definition.cron ?? "") }
        set { (definition.interval, definition.cron) = (newValue.interval, newValue.cron) }
    }

    /// Makes a job that is not in Redis yet.
    ///
    /// - Parameters:
    ///   - id: A stable id; `nil` means that `idGenerator` makes one.
    ///   - call: What each run calls.
    ///   - schedule: When it runs. `R` fields of an expression are drawn here, once, and stay.
    ///   - enabled: Whether it runs at all.
    ///   - latestEnqueueTime: When its last run was queued; `nil` for a job that never ran.
    ///   - nextEnqueueTime: The planned time of its next run; `nil` means the one that follows from the schedule, see
    ///     ``nextRun(after:defaultTimeZone:)``.
    ///   - createdAt: When it was made, which anchors the grid of an interval that never ran; `nil` means now.
    ///   - updatedAt: When it was edited; `nil` means `createdAt`. Each save sets it anew.
    ///   - connection: Where it is saved.
    ///   - defaultTimeZone: The zone that counts when the schedule names none. A save computes the next run anew where the
    ///     scheduler has published another one.
    ///   - idGenerator: Makes the id when none is given.
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition`, naming the field and the reason. An expression whose
    ///   years have passed is none: Redis keeps such a job, and it is never due.
    public init(
        id: String? = nil, _ call: CallSpec, _ schedule: ScheduleSpec, enabled: Bool = true,
        latestEnqueueTime: Timestamp? = nil, nextEnqueueTime: Timestamp? = nil, createdAt: Timestamp? = nil,
        updatedAt: Timestamp? = nil, connection: RedisCronConnection? = nil, defaultTimeZone: ZoneRules = .local(),
        idGenerator: IDGenerator = RedisCronJob.randomID
    ) throws(RedisCronError) {
        let now = Timestamp.now
        var drawn = schedule
        drawn.cron = try Self.drawn(schedule.cron, id: id)
        let definition = CronJobHash(
            id: id ?? "", call, drawn, enabled: enabled, latestEnqueueTime: latestEnqueueTime,
            createdAt: createdAt ?? now, updatedAt: updatedAt ?? createdAt ?? now)
        self.definition = definition
        self.connection = connection
        self.basis = ScheduleBasis(definition)
        writtenCron = schedule.cron
        if id == nil { self.definition.id = idGenerator(self) }
        try computeNextRun(now: now, defaultTimeZone: defaultTimeZone)
        if let nextEnqueueTime {
            self.definition.nextEnqueueTime = nextEnqueueTime
            basis = ScheduleBasis(self.definition)
        }
    }

    /// A job as it was read.
    init(_ stored: StoredDefinition, connection: RedisCronConnection?) {
        self.definition = stored.definition
        self.connection = connection
        self.stored = stored
        self.basis = ScheduleBasis(stored.definition)
    }

    /// The Redis key of the hash.
    public var key: String { (connection?.keys ?? RQKeys()).cronJob(id) }

    /// The fields of the hash with their values, as they are written: `to_dict` of rq-rediscron, byte for byte.
    ///
    /// `timezone` is among them only where the job has a zone of its own.
    public func hashFields() -> [(field: String, value: [UInt8])] {
        definition.encode().map { ($0.field.name, $0.value) }
    }

    /// An id like rq-rediscron's: `cron:` and 32 hexadecimal digits.
    public static let randomID: IDGenerator = { _ in "cron:\(randomHexadecimal())" }

    /// 32 hexadecimal digits of a random UUID.
    static func randomHexadecimal() -> String {
        RQJobID.random().description.filter { $0 != "-" }
    }

    /// The expression with its `R` fields drawn.
    private static func drawn(_ cron: String?, id: String?) throws(RedisCronError) -> String? {
        guard let cron else { return nil }
        var generator = SystemRandomNumberGenerator()
        do {
            return try CronExpression.resolvingRandomFields(cron, using: &generator)
        } catch {
            throw RedisCronError.invalid("cron", String(describing: error), id: id)
        }
    }
}
