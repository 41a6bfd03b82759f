import CIntrinsics
import RQWire

/// A cached definition and what has happened to it since it was read.
struct CachedDefinition: Sendable {
    let definition: PreparedDefinition
    /// The score of the entry for which it was read, or NaN if it explains any entry.
    private let scoreWhenRead: Double
    private var nextMoved = SparseInstant(nil)
    private var lastQueued = SparseInstant(nil)
    /// The generation of the cache in which it was read.
    ///
    /// Before the flags, so that they share its word.
    let generation: UInt32
    /// Whether the definition has been written anew since that run was queued.
    ///
    /// An editor that rewrites the whole hash, as Python's does, may bring an old schedule back with it. Its runs have been
    /// queued; they are stepped over even when their jobs have long been done and gone. An old schedule under an old
    /// `updated_at` is different: then Redis itself went back, and has lost the run with everything else.
    private var isRewritten = false
    /// Whether a run was queued since it was read, so that ``lastPlanned`` is the only one that can be open.
    private var hasQueued = false
    /// Whether it is known to have changed since.
    var isStale = false
    /// Whether it was asked for since the hand of the clock last passed it; see ``DefinitionCache``.
    var wasUsed = false

    /// The next planned time, if a run was queued since the hash was read.
    private(set) var movedTo: Timestamp? {
        get { nextMoved.instant }
        set { nextMoved = SparseInstant(newValue) }
    }
    /// The planned time of the last run that we queued ourselves.
    private(set) var lastPlanned: Timestamp? {
        get { lastQueued.instant }
        set { lastQueued = SparseInstant(newValue) }
    }

    /// Has the processor fetch the definition, without its texts.
    func prefetchDefinition() {
        // Its size, with the header of an object.
        prefetch(Unmanaged.passUnretained(definition).toOpaque(), 176)
    }

    init(
        _ definition: PreparedDefinition, readFor entry: DueEntry? = nil, generation: UInt32,
        replacing previous: CachedDefinition?
    ) {
        self.definition = definition
        self.scoreWhenRead = entry?.score ?? .nan
        self.generation = generation
        if let previous, previous.definition.createdAt == definition.createdAt {
            lastPlanned = previous.lastPlanned
            let (version, former) = (definition.updatedAtBytes, previous.definition.updatedAtBytes)
            isRewritten = version == former ? previous.isRewritten : former.lexicographicallyPrecedes(version)
        }
    }

    /// Notes that the run has been queued, or that the schedule alone was moved.
    mutating func didQueue(_ run: PlannedRun) {
        didMove(run)
        guard !run.isMoveOnly else { return }
        lastPlanned = run.planned
        isRewritten = false
        hasQueued = true
    }

    /// Notes that the schedule has moved on without the run: what is open stays the same.
    mutating func didMove(_ run: PlannedRun) {
        movedTo = run.next
        if run.next == nil { isStale = true }
    }

    /// Decides what a due entry leads to.
    ///
    /// Pure: the same entry, definition, time and agreement of clocks give the same decision.
    ///
    /// - Parameter place: Where it lies in the cache, for who finds it there again.
    func decide(
        _ entry: DueEntry, now: Timestamp, clock: ClockAgreement = .agrees, place: Int? = nil
    ) -> DueDecision {
        guard definition.isEnabled else { return reconcile(entry, next: nil) }
        // Another scheduler may have queued runs since the hash was read: ticks leave updated_at as it is.
        if movedTo == nil, !scoreWhenRead.isNaN, scoreWhenRead != entry.score,
            !definition.nextEnqueueTime.isPlace(of: entry, in: definition.plan)
        {
            return .readAgain
        }
        let planned: Timestamp
        if let movedTo {
            // The hash has moved on with each run that we queued; an entry elsewhere was moved by somebody else.
            guard Optional(movedTo).isPlace(of: entry, in: definition.plan) else { return .readAgain }
            planned = movedTo
        } else if let named = definition.plannedTime(score: entry.score) {
            planned = named
        } else {
            return reconcile(entry, next: definition.plan.next(planned: now, now: now))
        }
        if planned == .finished, definition.finishes { return reconcile(entry, next: nil) }
        let isNamed = movedTo != nil || definition.nextEnqueueTime != nil
        if isNamed || definition.plan.bounds != nil, definition.plan.dueTime(of: planned) > now {
            return reconcile(entry, next: planned)
        }
        // What was planned anew after a clock had been ahead is not an old schedule: the hash itself says that it was set back.
        if isRewritten, !(definition.isSetBack && movedTo == nil), let lastPlanned, planned <= lastPlanned {
            // On to the run after the last one that was queued, not after the present: it may have been missed since.
            return .run(
                PlannedRun(
                    definition: definition, entry: entry, planned: planned,
                    next: definition.plan.time(after: lastPlanned, anchor: planned), step: .skipQueued,
                    openRuns: openRuns, place: place))
        }
        guard let step = definition.step(planned: planned, now: now, clock: clock) else { return .compareClocks }
        let missed = definition.missed(by: step, planned: planned, now: now)
        return .run(
            PlannedRun(
                definition: definition, entry: entry, planned: planned, next: step.next, step: step.step,
                openRuns: openRuns, reason: definition.reason(for: step, planned: planned, missed: missed, now: now),
                missed: missed, place: place))
    }

    /// The runs that may be open, as the script left them; `nil` where it does not compare them.
    private var openRuns: OpenRuns? {
        guard let governance = definition.governance, governance.policy.isGoverned else { return nil }
        guard hasQueued, let lastPlanned else { return governance.openRuns }
        guard governance.policy.tracksRuns else { return OpenRuns([]) }
        return OpenRuns(
            of: definition.openRun(planned: lastPlanned), queueJSON: definition.template.queueJSON)
    }

    private func reconcile(_ entry: DueEntry, next: Timestamp?) -> DueDecision {
        .reconcile(
            StaleEntry(
                entry: entry, nextScore: next.map(definition.plan.dueTime), planned: next,
                isOver: definition.isEnabled && next == nil, updatedAtBytes: definition.updatedAtBytes))
    }
}

extension Timestamp? {
    /// Whether an entry stands where a planned time belongs, with its jitter or, as Python writes it, without.
    fileprivate func isPlace(of entry: DueEntry, in plan: RunPlan) -> Bool {
        let place = Timestamp(score: entry.score)
        guard let self else { return false }
        return place == self || (plan.bounds != nil && place == plan.dueTime(of: self))
    }
}
