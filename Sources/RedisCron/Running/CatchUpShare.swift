import RQWire

/// How many missed runs of each definition one tick makes up for, so that a definition that makes up for all of them does not
/// hold up others.
///
/// Pure.
struct CatchUpShare: Sendable {
    /// The most runs of one definition that a tick makes up for.
    static let most = 100

    private var counts: [DefinitionID: Int] = [:]
    /// The definitions that have had their share: what else is due of them is left to the next tick.
    private(set) var spent: Set<DefinitionID> = []

    /// Takes note of runs that were queued.
    ///
    /// - Parameter now: The time by which a further run is still one that was missed.
    mutating func count(_ runs: [PlannedRun], at now: Timestamp) {
        for run in runs where run.definition.governance?.policy.catchUp == .all {
            // The last one of them, and each run in time, is followed by one that is not due.
            guard let next = run.next, run.definition.plan.dueTime(of: next) <= now else { continue }
            let count = counts[run.entry.id, default: 0] + 1
            counts[run.entry.id] = count
            if count >= Self.most { spent.insert(run.entry.id) }
        }
    }
}
