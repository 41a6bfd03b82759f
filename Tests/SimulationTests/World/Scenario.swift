import TestSupport

/// What a schedule is made of, drawn from its seed.
///
/// Each schedule has some of the faults and lacks the others, so that rare combinations are not drowned by the usual
/// ones.
struct Scenario {
    /// What can go wrong.
    enum Fault: Int, CaseIterable {
        case pause, lostRequest, lostReply, lateExecution, cut, kill, cleanStop, clockStep, serverClockStep
        case lostMessage, subscriptionCut, restart, restartWithLoss, slowLink
    }

    /// Some faults: a set of bits, because it is asked for at every step.
    struct FaultSet {
        private var bits: UInt32 = 0

        mutating func insert(_ fault: Fault) { bits |= 1 << UInt32(fault.rawValue) }

        func contains(_ fault: Fault) -> Bool { bits & (1 << UInt32(fault.rawValue)) != 0 }
    }

    /// Who edits.
    enum Editing: CaseIterable {
        case swift, python, none
    }

    var schedulers: Int
    var definitions: Int
    var cronExpressions: Bool
    /// Microseconds.
    var lockTTL: Int64
    var maxSleep: Int64
    var batchSize: Int
    var faults: FaultSet
    var editors: Set<Editing>
    /// Whether workers take jobs and leave nothing of them.
    var workersDeleteJobs: Bool
    /// Whether definitions have policies, and workers start, end and fail jobs.
    var policies: Bool
    /// How many runs a definition keeps that does not say so itself.
    var history: Int
    /// Whether runs are held together until they were looked at, as they are unless there are too many.
    var holdsRuns: Bool
    /// Whether people cancel, delete and requeue jobs.
    var peopleTamper: Bool
    /// Microseconds of trouble before the quiet end.
    var trouble: Int64
    /// How far apart edits and faults are, on average.
    var editEvery: Int64
    var faultEvery: Int64

    init(drawnFrom random: inout SeededGenerator) {
        schedulers = [1, 2, 2, 2, 3, 4][Int.random(in: 0..<6, using: &random)]
        definitions = Int.random(in: 1...3, using: &random)
        cronExpressions = Int.random(in: 0..<4, using: &random) == 0
        lockTTL = Int64.random(in: 1...3, using: &random) * 1_000_000
        maxSleep = Int64.random(in: 500_000...4_000_000, using: &random)
        batchSize = [1, 2, 200][Int.random(in: 0..<3, using: &random)]
        faults = FaultSet()
        for fault in Fault.allCases where Int.random(in: 0..<3, using: &random) == 0 { faults.insert(fault) }
        editors = []
        for editing in Editing.allCases where Bool.random(using: &random) { editors.insert(editing) }
        workersDeleteJobs = Int.random(in: 0..<3, using: &random) == 0
        trouble = Int64.random(in: 3_000_000...9_000_000, using: &random)
        editEvery = Int64.random(in: 300_000...2_000_000, using: &random)
        faultEvery = Int64.random(in: 200_000...2_000_000, using: &random)
        policies = Int.random(in: 0..<3, using: &random) == 0
        peopleTamper = Bool.random(using: &random)
        history = [0, 1, 3, 1000, 1000, 1000][Int.random(in: 0..<6, using: &random)]
        holdsRuns = Bool.random(using: &random)
    }
}
