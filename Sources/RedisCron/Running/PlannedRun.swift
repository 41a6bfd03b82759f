package import RQWire

/// One run of a definition, planned for a time that has come.
///
/// A class: on its way from the cache to the outcome a run is handed on half a dozen times.
package final class PlannedRun: Sendable {
    package let definition: PreparedDefinition
    /// The index entry that led to it.
    package let entry: DueEntry
    /// The time for which it was planned; the job's id follows from it.
    package let planned: Timestamp
    /// When the definition is due again; `nil` when it never is.
    package let next: Timestamp?
    /// Whether a job is to be queued, or only the schedule to be moved because this run has been queued before.
    package let isAlreadyQueued: Bool

    package init(
        definition: PreparedDefinition, entry: DueEntry, planned: Timestamp, next: Timestamp?, isAlreadyQueued: Bool
    ) {
        self.definition = definition
        self.entry = entry
        self.planned = planned
        self.next = next
        self.isAlreadyQueued = isAlreadyQueued
    }

    /// The same run, known to have been queued before: it only moves the schedule, to the run that follows it.
    ///
    /// Not to the first one after the present: runs that were missed since then are due still.
    package var alreadyQueued: PlannedRun {
        PlannedRun(
            definition: definition, entry: entry, planned: planned,
            next: definition.plan.next(planned: planned, now: planned), isAlreadyQueued: true)
    }
}

/// Runs that are queued in one atomic step.
package struct DueBatch: Sendable {
    package var runs: [PlannedRun]

    /// The batch in parts, in order: each has at most that many bytes, or one run, and none is empty.
    func parts(ofBytes limit: Int) -> [DueBatch] {
        var parts: [DueBatch] = []
        var start = 0
        var bytes = 0
        for (index, run) in runs.enumerated() {
            let more = run.definition.textSize + (run.definition.template.settings.meta?.count ?? 0)
            if index > start, bytes + more > limit {
                parts.append(DueBatch(runs: Array(runs[start..<index])))
                (start, bytes) = (index, 0)
            }
            bytes += more
        }
        if start == 0 { return runs.isEmpty ? [] : [self] }
        parts.append(DueBatch(runs: Array(runs[start...])))
        return parts
    }
}

/// What a due index entry leads to.
enum DueDecision: Sendable {
    /// A run.
    case run(PlannedRun)
    /// No run: the entry is wrong and is to be reconciled.
    case reconcile(StaleEntry)
    /// The cached definition does not explain the entry: it is to be read again.
    case readAgain
}
