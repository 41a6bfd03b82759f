public import RQWire

/// One definition as a file or a program declares it.
///
/// Whatever is left out gets its default, so the file alone decides what Redis holds. The exception is `enabled`: left out, it
/// keeps its value in Redis, so that a definition that was disabled by hand stays disabled.
@dynamicMemberLookup
public struct CronJobDeclaration: Sendable, Hashable {
    /// The definition's id.
    public var id: String
    /// What each run calls.
    public var call: CallSpec
    /// When it runs.
    public var schedule: ScheduleSpec
    /// What becomes of its planned times.
    public var policy: RunPolicy
    /// Whether it runs; `nil` leaves an existing definition as it is, and enables a new one.
    public var enabled: Bool?
    /// When a new definition with an interval runs first, which anchors its grid; `nil` means at once.
    ///
    /// It has no effect on a definition that is in Redis already.
    public var firstRun: Timestamp?
    /// The line of the file on which it begins, for messages.
    public var line: Int?

    /// Declares a definition.
    ///
    /// Nothing is checked here: a definition is checked when it is applied.
    public init(
        id: String, call: CallSpec, schedule: ScheduleSpec, policy: RunPolicy = RunPolicy(), enabled: Bool? = nil,
        firstRun: Timestamp? = nil, line: Int? = nil
    ) {
        self.id = id
        self.call = call
        self.schedule = schedule
        self.policy = policy
        self.enabled = enabled
        self.firstRun = firstRun
        self.line = line
    }

    /// A field of the call.
    public subscript<Value>(dynamicMember field: WritableKeyPath<CallSpec, Value>) -> Value {
        get { call[keyPath: field] }
        set { call[keyPath: field] = newValue }
    }

    /// A field of the schedule; to change one, set ``schedule``.
    public subscript<Value>(dynamicMember field: KeyPath<ScheduleSpec, Value>) -> Value {
        schedule[keyPath: field]
    }

    /// A field of the schedule as the hash holds it.
    package subscript<Value>(dynamicMember field: WritableKeyPath<ScheduleSpec, Value>) -> Value {
        get { schedule[keyPath: field] }
        set { schedule[keyPath: field] = newValue }
    }

    /// The declared fields as those of a hash, for the table of fields.
    var definition: CronJobHash {
        CronJobHash(id: id, call, schedule, policy, enabled: enabled ?? true)
    }

    /// Checks that a first run goes with the schedule.
    ///
    /// - Throws: ``DeclarationError``, naming the key.
    package func checkFirstRun() throws(DeclarationError) {
        guard firstRun != nil else { return }
        let reason: String? =
            if schedule.interval == nil {
                "given without an interval; an expression says itself when it runs first"
            } else if schedule.startTime != nil {
                "given together with start_time, which is the first run itself"
            } else {
                nil
            }
        if let reason { throw DeclarationError(line: line, id: id, field: DeclarationFields.firstRun, reason) }
    }
}
