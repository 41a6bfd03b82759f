package import Cron
public import RQWire

/// One recurring job: what to call, where to queue it, and when.
///
/// A value: changing it changes nothing in Redis until it is saved. It is stored in the hash `rq:cron_job:{id}` and
/// indexed in `rq:cron_jobs` by its next enqueue time. To create or edit jobs, use
/// ``RedisCronConnection/register(id:call:schedule:policy:enabled:idGenerator:)``; use this type to change single fields of a job, and to enable,
/// disable, run or delete it.
///
/// The fields of `CallSpec` and `ScheduleSpec` are properties of the job too:
///
/// ```swift
/// var job = try await connection.job(id: "metric:pm25")
/// job.schedule = .every(.seconds(600))
/// try await job.save()
/// ```
///
/// Two jobs are equal if their definitions are, whatever their connections.
@dynamicMemberLookup
public struct RedisCronJob: Sendable, Identifiable {
    /// Makes an id for a definition that has none; it sees the definition.
    public typealias IDGenerator = @Sendable (RedisCronJob) -> String

    /// The fields of the hash.
    package internal(set) var definition: CronJobHash
    /// Where the job is kept, or `nil` for one that was never meant to be saved.
    public let connection: RedisCronConnection?
    /// What Redis held when the job was read or written last: a save writes what differs from it.
    var stored: StoredDefinition?
    /// The schedule from which the next run was computed.
    var basis: ScheduleBasis
    /// The expression of a new job as it was given, before its `R` was drawn.
    private(set) var writtenCron: String?

    /// The application's name for the job; the same id always means the same job.
    public var id: String { definition.id }

    /// What each run calls.
    public var call: CallSpec {
        get { definition.call }
        set { definition.call = newValue }
    }

    /// When it runs.
    public var schedule: ScheduleSpec {
        get { definition.schedule }
        set { definition.schedule = newValue }
    }

    /// What becomes of its planned times.
    public var policy: RunPolicy {
        get { definition.policy }
        set { definition.policy = newValue }
    }

    /// Whether it runs at all.
    public var enabled: Bool {
        get { definition.enabled }
        set { definition.enabled = newValue }
    }

    /// Whether it has reached its end or its limit, so that it has no next run.
    public var isFinished: Bool { definition.isFinished }

    /// How many runs the schedule has queued; counted only where ``policy`` has a limit.
    public var runCount: Int { definition.state.runCount ?? 0 }

    /// Whether it is paused: by `pause`, or after failures.
    ///
    /// A job that was disabled during or after a pause with an end is not.
    ///
    /// - Parameter now: The present; a pause with an end is over then.
    public func isPaused(at now: Timestamp) -> Bool { definition.isPaused(at: now) }

    /// Until when it is paused, where the pause has an end.
    public var pausedUntil: Timestamp? { definition.state.pausedUntil }

    /// Why it was paused.
    public var pauseNote: String? { definition.state.pauseNote }

    /// When its last run was queued; `nil` for a job that never ran.
    public var latestEnqueueTime: Timestamp? {
        get { definition.latestEnqueueTime }
        set { definition.latestEnqueueTime = newValue }
    }

    /// The planned time of its next run; 9999-12-31T23:59:59.999999Z where it ``isFinished``.
    public var nextEnqueueTime: Timestamp? {
        get { definition.nextEnqueueTime }
        set { definition.nextEnqueueTime = newValue }
    }

    /// When it was made.
    public var createdAt: Timestamp? {
        get { definition.createdAt }
        set { definition.createdAt = newValue }
    }

    /// When it was edited last; each save sets it.
    public var updatedAt: Timestamp? { definition.updatedAt }

    /// A field of the call.
    public subscript<Value>(dynamicMember field: WritableKeyPath<CallSpec, Value>) -> Value {
        get { definition.call[keyPath: field] }
        set { definition.call[keyPath: field] = newValue }
    }

    /// A field of the schedule; to change one, set ``schedule``.
    public subscript<Value>(dynamicMember field: KeyPath<ScheduleSpec, Value>) -> Value {
        definition.schedule[keyPath: field]
    }

    /// A field of the schedule as the hash holds it.
    package subscript<Value>(dynamicMember field: WritableKeyPath<ScheduleSpec, Value>) -> Value {
        get { definition.schedule[keyPath: field] }
        set { definition.schedule[keyPath: field] = newValue }
    }

    /// Makes a job that is not in Redis yet.
    ///
    /// - Parameters:
    ///   - id: A stable id; `nil` means that `idGenerator` makes one.
    ///   - call: What each run calls.
    ///   - schedule: When it runs. `R` fields of an expression are drawn here, once, and stay.
    ///   - policy: What becomes of its planned times.
    ///   - enabled: Whether it runs at all.
    ///   - latestEnqueueTime: When its last run was queued; `nil` for a job that never ran.
    ///   - nextEnqueueTime: The planned time of its next run; `nil` means the one that follows from the schedule, see
    ///     ``nextRun(after:defaultTimeZone:)``.
    ///   - createdAt: When it was made, which anchors the grid of an interval that never ran; `nil` means now.
    ///   - updatedAt: When it was edited; `nil` means `createdAt`. Each save sets it anew.
    ///   - connection: Where it is saved.
    ///   - defaultTimeZone: The zone that counts when the schedule names none; `nil` means the process's own. A save computes
    ///     the next run anew where the scheduler has published another one.
    ///   - idGenerator: Makes the id when none is given.
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition`, naming the field and the reason. An expression whose
    ///   years have passed is valid: Redis keeps such a job, and it is never due.
    public init(
        id: String? = nil, call: CallSpec, schedule: ScheduleSpec, policy: RunPolicy = RunPolicy(),
        enabled: Bool = true, latestEnqueueTime: Timestamp? = nil, nextEnqueueTime: Timestamp? = nil,
        createdAt: Timestamp? = nil, updatedAt: Timestamp? = nil, connection: RedisCronConnection? = nil,
        defaultTimeZone: String? = nil,
        idGenerator: IDGenerator = RedisCronJob.randomID
    ) throws(RedisCronError) {
        try self.init(
            id: id, call: call, schedule: schedule, policy: policy, enabled: enabled,
            latestEnqueueTime: latestEnqueueTime, nextEnqueueTime: nextEnqueueTime, createdAt: createdAt,
            updatedAt: updatedAt, connection: connection,
            defaultZone: ZoneRules(option: "defaultTimeZone", defaultTimeZone), idGenerator: idGenerator)
    }

    /// As the public initialiser, with a zone that is understood already.
    ///
    /// - Parameter isPlanned: Whether its next run is computed. One that may become an edit of another waits: an interval has the
    ///   grid of that one then, on which exclusions leave other times.
    package init(
        id: String?, call: CallSpec, schedule: ScheduleSpec, policy: RunPolicy = RunPolicy(), enabled: Bool,
        latestEnqueueTime: Timestamp? = nil, nextEnqueueTime: Timestamp? = nil, createdAt: Timestamp? = nil,
        updatedAt: Timestamp? = nil, connection: RedisCronConnection?, defaultZone: ZoneRules,
        idGenerator: IDGenerator = RedisCronJob.randomID,
        isPlanned: Bool = true, now: Timestamp = .now
    ) throws(RedisCronError) {
        var drawn = schedule
        drawn.cron = try Self.drawn(schedule.cron, id: id)
        let definition = CronJobHash(
            id: id ?? "", call, drawn, policy, enabled: enabled, latestEnqueueTime: latestEnqueueTime,
            createdAt: createdAt ?? now, updatedAt: updatedAt ?? createdAt ?? now)
        self.definition = definition
        self.connection = connection
        self.basis = ScheduleBasis(definition)
        writtenCron = schedule.cron
        if id == nil { self.definition.id = idGenerator(self) }
        try DefinitionCheck(self.definition).checkAtTheDoor()
        if isPlanned {
            try computeNextRun(now: now, defaultZone: defaultZone)
        } else {
            _ = try DefinitionCheck(self.definition).plan(defaultZone: defaultZone)
        }
        if let nextEnqueueTime {
            self.definition.nextEnqueueTime = nextEnqueueTime
            basis = ScheduleBasis(self.definition)
        }
    }

    /// A job as it was read.
    package init(_ stored: StoredDefinition, connection: RedisCronConnection?) {
        self.definition = stored.definition
        self.connection = connection
        self.stored = stored
        self.basis = ScheduleBasis(stored.definition)
    }

    /// Makes a job from the fields of its hash.
    ///
    /// Unlike rq-rediscron's `restore` it imports nothing: the function's name is enough.
    ///
    /// - Parameters:
    ///   - id: The id by which it was asked for; the hash must say the same.
    ///   - hash: Fields and values. Unknown fields are ignored.
    ///   - connection: Where it is kept.
    /// - Throws: ``RedisCronError`` with code `.unreadableDefinition`, naming the field and the reason.
    public static func restore(
        id: String, hash: [(field: [UInt8], value: [UInt8])], connection: RedisCronConnection? = nil
    ) throws(RedisCronError) -> RedisCronJob {
        switch Reading(fields: hash, id: DefinitionID(id)).checked {
        case .missing: throw .noSuchJob(id)
        case .unreadable(let field, let reason): throw .unreadable(id, field, reason)
        case .found(let stored): return RedisCronJob(stored, connection: connection)
        }
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

extension RedisCronJob: Equatable, CustomStringConvertible {
    /// Whether both have the same definition.
    public static func == (left: RedisCronJob, right: RedisCronJob) -> Bool { left.definition == right.definition }

    /// `metric:pm25: app.tasks.rebuild in queue metrics, every 300s, next 2026-06-03T05:40:00.000000Z`.
    public var description: String {
        let next = nextEnqueueTime.map { "next \($0)" } ?? "no next run planned"
        let state = isFinished ? finishText : enabled ? next : "disabled"
        return "\(id): \(self.functionName) in queue \(self.queueName), \(schedule), \(state)"
    }
}
