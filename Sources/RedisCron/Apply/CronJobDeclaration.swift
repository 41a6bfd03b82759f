public import RQWire

/// One definition as a file or a program wants Redis to hold it.
///
/// What is not said gets its default, so that the file alone says what Redis holds; except `enabled`, which is then left
/// as it is, so that a definition disabled by hand stays disabled.
@dynamicMemberLookup
public struct CronJobDeclaration: Sendable, Hashable {
    /// The definition's id.
    public var id: String
    /// What each run calls.
    public var call: CallSpec
    /// When it runs.
    public var schedule: ScheduleSpec
    /// When a new definition with an interval runs first, which anchors its grid; `nil` means at once.
    ///
    /// It says nothing of a definition that is in Redis already.
    public var firstRun: Timestamp?
    /// Whether it runs; `nil` leaves an existing definition as it is, and enables a new one.
    public var enabled: Bool?
    /// The line of the file on which it begins, for messages.
    public var line: Int?

    /// Declares a definition.
    public init(
        id: String, _ call: CallSpec, _ schedule: ScheduleSpec, firstRun: Timestamp? = nil, enabled: Bool? = nil,
        line: Int? = nil
    ) {
        self.id = id
        self.call = call
        self.schedule = schedule
        self.firstRun = firstRun
        self.enabled = enabled
        self.line = line
    }

    /// A definition as it is in Redis.
    ///
    /// That it is enabled is left unsaid.
    public init(_ job: RedisCronJob) {
        let neverRan = job.interval != nil && job.latestEnqueueTime == nil
        self.init(
            id: job.id, job.definition.call, job.definition.schedule, firstRun: neverRan ? job.nextEnqueueTime : nil,
            enabled: job.enabled ? nil : false)
    }

    /// A field of the call.
    public subscript<Value>(dynamicMember field: WritableKeyPath<CallSpec, Value>) -> Value {
        get { call[keyPath: field] }
        set { call[keyPath: field] = newValue }
    }

    /// A field of the schedule.
    public subscript<Value>(dynamicMember field: WritableKeyPath<ScheduleSpec, Value>) -> Value {
        get { schedule[keyPath: field] }
        set { schedule[keyPath: field] = newValue }
    }

    /// The declared fields as those of a hash, for the table of fields.
    var definition: CronJobHash {
        CronJobHash(id: id, call, schedule, enabled: enabled ?? true)
    }
}
