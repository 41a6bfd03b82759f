import RQWire

/// Caches the definitions that were fetched, and decides what each due index entry leads to.
///
/// Shares the executor of the scheduler and of the connection, so that a call from there costs no thread hop.
actor JobStoreActor {
    /// What some due entries lead to.
    struct Resolution: Sendable {
        var runs: [PlannedRun] = []
        var stale: [StaleEntry] = []
        /// Definitions that cannot be used and were not named before.
        var bad: [BadDefinition] = []
        /// Why zones of definitions are not known on this machine, unless that was reported before.
        var missingZones: [String] = []
        /// Whether this machine's clock was compared with that of Redis, and is wrong.
        var clocksDiffer = false
        /// Entries that wait for clocks to be compared.
        fileprivate var undecided: [DueEntry] = []
    }

    /// A definition that cannot be used.
    struct BadDefinition: Sendable {
        let id: DefinitionID
        let field: String?
        let reason: String
    }

    nonisolated let executor: any SerialExecutor
    private let store: any CronStore
    private var cache: DefinitionCache
    private var parked = ParkedEntries()
    /// When those were last looked at again, on the monotonic clock.
    private var parkedReleasedAt: Duration = .zero
    private var marker: [UInt8]??
    private var announcedSinceMarker = false
    /// Counts announcements and resets: what was read before the last one may be old.
    private var changes = 0
    /// Whether this machine's clock agrees with that of Redis, and when that was found out, on the wall clock.
    private var clock: (agreement: ClockAgreement, comparedAt: Timestamp) = (.unknown, .earliest)
    /// When a run was last queued of each definition that would have finished, but for clocks that differ.
    private var lastAgainstClock: [DefinitionID: Timestamp] = [:]
    /// Zones unknown to this machine that were reported; there are few.
    private var missingZones: Set<String> = []

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Makes an empty cache before a store.
    ///
    /// - Parameter limit: The most definitions to hold.
    init(store: any CronStore, limit: Int, executor: any SerialExecutor) {
        self.store = store
        self.cache = DefinitionCache(limit: limit)
        self.executor = executor
    }

    /// How many definitions are held.
    var count: Int { cache.count }

    /// Which of these definitions may bound failures in a row: all but those that are cached and do not.
    func mayBoundFailures(_ ids: [DefinitionID]) -> [Bool] {
        ids.map { id in
            cache.held(id).map { $0.definition.governance?.policy.pauseAfterFailures != nil } ?? true
        }
    }

    // MARK: What a tick asks

    /// The entries of a page that may lead to a run: those that are not passed over.
    func candidates(_ entries: [DueEntry]) -> [DueEntry] {
        parked.isEmpty ? entries : entries.filter { !parked.contains($0) }
    }

    /// Decides what each entry leads to, reading what is not cached in one round trip.
    ///
    /// - Throws: What the store throws. Nothing has changed then.
    func resolve(_ entries: [DueEntry], now: Timestamp) async throws -> Resolution {
        var resolution = Resolution()
        resolution.runs.reserveCapacity(entries.count)
        var missing: [DueEntry] = []
        cache.decideEach(entries, now: now, clock: .unknown) { entry, decision in
            switch decision {
            case .run(let run): resolution.runs.append(run)
            case .reconcile(let stale): resolution.stale.append(stale)
            case .readAgain, nil: missing.append(entry)
            case .compareClocks: resolution.undecided.append(entry)
            }
        }
        if !missing.isEmpty {
            let before = changes
            let fetched = try await store.definitions(missing.map(\.id))
            for (entry, definition) in zip(missing, fetched) {
                take(definition, for: entry, isCertain: changes == before, now: now, into: &resolution)
            }
        }
        if !resolution.undecided.isEmpty { try await decide(&resolution, now: now) }
        return resolution
    }

    /// How long a comparison of clocks holds.
    private static let agreementLasts: Duration = .seconds(10)
    /// How long a definition that may not finish, because clocks differ, waits with its next run.
    private static let pauseAgainstClock: Duration = .seconds(60)

    /// Decides what depends on whether clocks agree.
    private func decide(_ resolution: inout Resolution, now: Timestamp) async throws {
        if now < clock.comparedAt || now - clock.comparedAt > Self.agreementLasts {
            let agreement: ClockAgreement
            if let time = try await store.serverTime() {
                let distance = max(now, time) - min(now, time)
                agreement = distance > PlanAudit.clockTolerance ? .differs : .agrees
            } else {
                agreement = .agrees
            }
            clock = (agreement, now)
        }
        resolution.clocksDiffer = clock.agreement == .differs
        for entry in resolution.undecided {
            // What changed meanwhile is met again in the next pass.
            guard case .run(let run)? = cache.decide(entry, now: now, clock: clock.agreement) else { continue }
            if mayRun(run, now: now) { resolution.runs.append(run) } else { parked.park(entry) }
        }
        resolution.undecided = []
    }

    /// Whether a run may be queued although clocks differ.
    ///
    /// By this clock all times of a definition that would finish have come. They are not all queued at once: it may be this
    /// clock that is wrong.
    private func mayRun(_ run: PlannedRun, now: Timestamp) -> Bool {
        guard clock.agreement == .differs else {
            lastAgainstClock = [:]
            return true
        }
        guard let next = run.next, run.definition.plan.dueTime(of: next) <= now else { return true }
        if let last = lastAgainstClock[run.entry.id], now >= last, now - last < Self.pauseAgainstClock { return false }
        lastAgainstClock[run.entry.id] = now
        return true
    }

    private func take(
        _ fetched: Reading<LoadedDefinition>, for entry: DueEntry, isCertain: Bool, now: Timestamp,
        into resolution: inout Resolution
    ) {
        switch fetched {
        case .missing:
            cache.remove(entry.id)
            parked.forgetReport(of: entry.id)
            resolution.stale.append(StaleEntry(entry: entry, nextScore: nil))
        case .unreadable(let field, let reason):
            cache.remove(entry.id)
            // If it was repaired while it was read, it must not be passed over until the longest sleep is over.
            if isCertain { parked.park(entry) }
            if parked.isNews(entry.id, reason: reason) {
                resolution.bad.append(BadDefinition(id: entry.id, field: field, reason: reason))
            }
        case .found(.zoneUnavailable(let reason)):
            cache.remove(entry.id)
            // Looked at again after the longest sleep: the zone data may have been installed by then.
            if isCertain { parked.park(entry) }
            if missingZones.insert(reason).inserted { resolution.missingZones.append(reason) }
        case .found(.prepared(let definition)):
            parked.forgetReport(of: entry.id)
            switch cache.store(definition, for: entry).decide(entry, now: now, clock: .unknown) {
            case .run(let run): resolution.runs.append(run)
            case .reconcile(let stale): resolution.stale.append(stale)
            case .readAgain: break
            case .compareClocks: resolution.undecided.append(entry)
            }
        }
    }

    // MARK: What a tick reports

    /// Takes in what became of a batch.
    func record(_ outcomes: [JobOutcome], of batch: DueBatch) {
        for (run, outcome) in zip(batch.runs, outcomes) {
            switch outcome {
            case .queued, .advanced: cache.didQueue(run)
            case .overlapping: cache.didMove(run)
            case .queuedBesideOthers, .finished:
                // Read again, and known to have been queued.
                cache.didQueue(run)
                cache.invalidate(run.entry.id)
            case .duplicate, .handedBack: break
            case .movedByOther, .stale, .overlappingSomeNoted, .waiting, .limitReached, .paused:
                cache.invalidate(run.entry.id)
            case .unusableQueue: parked.park(run.entry)
            }
        }
    }

    /// Takes in what became of entries that led to no run.
    func record(_ outcomes: [EntryOutcome], of entries: [StaleEntry]) {
        for (stale, outcome) in zip(entries, outcomes) {
            let id = stale.entry.id
            switch outcome {
            case .foreign: parked.park(stale.entry)
            case .pruned, .disabled: cache.remove(id)
            case .over, .moved, .leftAlone: cache.invalidate(id)
            }
        }
    }

    // MARK: What changes elsewhere

    /// Takes in news from the events channel.
    func take(_ announcement: Announcement) {
        announcedSinceMarker = true
        changes += 1
        switch announcement {
        case .changed(let id):
            cache.invalidate(id)
            parked.release(id)
        case .deleted(let id):
            // Removed, not only marked: nobody will ask for it again, and definitions that come and go would fill the cache.
            cache.remove(id)
            parked.release(id)
            parked.forgetReport(of: id)
        case .anything:
            forgetAll()
        }
    }

    /// Takes in that these definitions were written by somebody who announces nothing: ourselves.
    func changed(_ ids: [DefinitionID]) {
        changes += 1
        for id in ids { cache.invalidate(id) }
    }

    /// Takes in the present update marker.
    ///
    /// If it moved and nothing was announced, everything may have changed.
    ///
    /// - Returns: Whether it moved without an announcement.
    func observe(marker new: [UInt8]?) -> Bool {
        defer {
            marker = .some(new)
            announcedSinceMarker = false
        }
        guard let marker, marker != new, !announcedSinceMarker else { return false }
        forgetAll()
        return true
    }

    /// Reads everything again before it is used.
    func forgetAll() {
        changes += 1
        cache.invalidateAll()
        parked.releaseAll()
    }

    /// Looks again at what was passed over, unless that was done within the interval.
    ///
    /// - Parameter now: The time, on the monotonic clock.
    func releaseParked(at now: Duration, every interval: Duration) {
        guard now - parkedReleasedAt >= interval else { return }
        parkedReleasedAt = now
        parked.releaseAll()
    }
}
