import RedisCron

/// What the catalogue holds of a definition, as small as it can be: there may be a million of them.
@dynamicMemberLookup
struct CatalogueRow: Sendable {
    let id: DefinitionID
    var facts = CatalogueFacts()

    init(id: DefinitionID) {
        self.id = id
    }

    subscript<Value>(dynamicMember fact: WritableKeyPath<CatalogueFacts, Value>) -> Value {
        get { facts[keyPath: fact] }
        set { facts[keyPath: fact] = newValue }
    }
}

/// All of a row but the id: numbers alone, so that a search that goes through all rows counts no references.
struct CatalogueFacts: Sendable {
    struct Flags: OptionSet, Sendable {
        let rawValue: UInt8
        static let enabled = Flags(rawValue: 1)
        static let finished = Flags(rawValue: 2)
        /// Paused until somebody resumes it.
        static let paused = Flags(rawValue: 4)
        static let waiting = Flags(rawValue: 8)
        static let invalid = Flags(rawValue: 16)
        /// It has an end or a limit, so that a next time that far away says that it is finished.
        static let canFinish = Flags(rawValue: 32)
    }

    var function = TextPool.empty
    var queue = TextPool.empty
    var schedule = TextPool.empty
    var zone = TextPool.empty
    var source = TextPool.empty
    var fault = TextPool.empty
    /// Milliseconds; -1 where it is not known.
    var duration: Int32 = -1
    /// When it was last seen in Redis that it is due then, in Unix seconds.
    var checked: UInt32 = 0
    var version: UInt32 = 0
    var flags: Flags = []
    /// 0 for none, else one more than the place among all cases.
    var outcome: UInt8 = 0
    /// Microseconds since 1970.
    var next = Self.never
    /// The score in the index.
    var due = Self.never
    var last = Self.none
    var pausedUntil = Self.none
    /// The version of the definition: any other is another one.
    var updatedAt = Self.none

    /// A time that does not come.
    static let never = Int64.max
    /// A time that has not been.
    static let none = Int64.min

    /// How long a run may be due before it counts as overdue, in microseconds.
    private static let tolerance: Int64 = 5_000_000

    /// - Parameter now: Microseconds since 1970.
    func state(at now: Int64) -> CatalogueState {
        if flags.contains(.invalid) { return .invalid }
        if flags.contains(.finished) { return .finished }
        guard flags.contains(.enabled) else { return flags.contains(.paused) ? .paused : .disabled }
        if pausedUntil > now { return .snoozed }
        // What was due when it was last read may have been queued since.
        if due != Self.never, !flags.contains(.waiting), due + Self.tolerance < Int64(checked) * 1_000_000 {
            return .overdue
        }
        return outcome != 0 && Self.outcomes[Int(outcome) - 1].isFailure ? .failing : .running
    }

    static let outcomes = RunOutcome.allCases

    /// Takes in what became of the run that was over last.
    mutating func take(_ end: EndedRun?) {
        guard let end, let place = Self.outcomes.firstIndex(of: end.ending.outcome) else {
            (outcome, duration) = (0, -1)
            return
        }
        outcome = UInt8(place + 1)
        duration = -1
        if let started = end.ending.started, let ended = end.ending.ended, ended >= started {
            duration = Int32(clamping: (ended.microseconds - started.microseconds) / 1000)
        }
    }
}

/// How a definition is doing: one word for each, the first that fits.
enum CatalogueState: String, Sendable, Hashable, CaseIterable {
    /// It cannot be read, or makes no sense: it never runs.
    case invalid
    /// It has reached its end or its limit.
    case finished
    /// Somebody paused it, or it paused itself after failures, until somebody resumes it.
    case paused
    /// It is paused until a time.
    case snoozed
    /// It is switched off without a pause.
    case disabled
    /// Its run has been due for more than five seconds.
    case overdue
    /// Its last run failed, expired or was lost.
    case failing
    /// It goes on as planned.
    case running
}
