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
    /// The planned time that follows; `nil` when there is none.
    package let next: Timestamp?
    /// What is to be done with it.
    package let step: Step
    /// The runs that may be open, as the definition has them; `nil` where the script does not compare them.
    package let openRuns: OpenRuns?
    /// Whether its planned time has come, or had been missed.
    package let reason: RunReason
    /// The planned times after this one that it stands for; `nil` for none.
    package let missed: MissedTimes?
    /// Where its definition lay in the cache; it may have moved since.
    let place: Int?

    /// What is done with a planned time that has come.
    package enum Step: Sendable, Hashable {
        /// A job is queued.
        case queue
        /// The schedule is moved, because the run has been queued before.
        case skipQueued
        /// The schedule is moved, because the run may not be queued.
        case refuse(RefusalReason)
    }

    /// Whether only the schedule is moved.
    package var isMoveOnly: Bool { step != .queue }

    /// Whether the script has to look at the state of the definition or of its runs.
    package var isGoverned: Bool { definition.isGoverned }

    package init(
        definition: PreparedDefinition, entry: DueEntry, planned: Timestamp, next: Timestamp?, step: Step = .queue,
        openRuns: OpenRuns? = nil, reason: RunReason = .schedule, missed: MissedTimes? = nil, place: Int? = nil
    ) {
        self.definition = definition
        self.entry = entry
        self.planned = planned
        self.next = next
        self.step = step
        self.openRuns = openRuns
        self.reason = reason
        self.missed = missed
        self.place = place
    }

    /// The same run, known to have been queued before: it only moves the schedule, to the run that follows it.
    ///
    /// Not to the first one after the present: runs that were missed since then are due still.
    package var alreadyQueued: PlannedRun {
        PlannedRun(
            definition: definition, entry: entry, planned: planned,
            next: definition.plan.time(after: planned, anchor: planned), step: .skipQueued, openRuns: openRuns)
    }
}

extension PreparedDefinition {
    /// How late a run is that was not queued in time: later than a burst or a fail-over of a scheduler that stands by makes it.
    private static let catchUpLateness: Duration = .seconds(60)

    /// The planned times after this one that came as well and are stepped over.
    func missed(by step: PlannedStep, planned: Timestamp, now: Timestamp) -> MissedTimes? {
        // A run in time stands for no other. Nothing is computed for those, unless somebody else planned it between two times of
        // the schedule.
        guard step.step == .queue || step.step == .refuse(.missed), now - planned >= .seconds(1) || isOffGrid(planned),
            // Behind a last run nothing was planned.
            let first = plan.time(after: planned, anchor: planned), step.next.map({ first < $0 }) ?? true,
            plan.dueTime(of: first) <= now
        else { return nil }
        let end = min(step.next ?? .latest, now + .microseconds(1))
        guard first < end else { return MissedTimes(first: first, last: first, count: 1, isExact: true) }
        let (count, isExact) = plan.count(from: first, before: end, upTo: Self.mostCaughtUp)
        let last = plan.lastTime(notAfter: end - .microseconds(1), from: first, anchor: planned)
        return MissedTimes(first: first, last: last ?? first, count: count, isExact: isExact)
    }

    /// Why a run is queued.
    func reason(for step: PlannedStep, planned: Timestamp, missed: MissedTimes?, now: Timestamp) -> RunReason {
        if missed != nil { return .catchup }
        guard now - planned >= .seconds(1) else { return .schedule }
        if let next = step.next, plan.dueTime(of: next) <= now { return .catchup }
        let isLate = now - plan.dueTime(of: planned) >= Self.catchUpLateness
        return isLate && governance?.waitingSince == nil ? .catchup : .schedule
    }

    /// Whether somebody else may have planned it between two times of the schedule, which are whole seconds then.
    private func isOffGrid(_ planned: Timestamp) -> Bool {
        if case .interval = plan { return false }
        return planned.microseconds % 1_000_000 != 0
    }
}

/// Runs that are queued in one atomic step.
package struct DueBatch: Sendable {
    package var runs: [PlannedRun]
    /// What all its jobs get in their `meta` besides their own; `nil` for nothing.
    var mark: JobMark?

    /// The batch in parts, in order: each has at most that many bytes, or one run, and none is empty.
    func parts(ofBytes limit: Int) -> [DueBatch] {
        var parts: [DueBatch] = []
        var start = 0
        var bytes = 0
        for (index, run) in runs.enumerated() {
            let more = run.definition.textSize + run.definition.template.settings.size
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
    /// It depends on whether this machine's clock agrees with that of Redis.
    case compareClocks
}
