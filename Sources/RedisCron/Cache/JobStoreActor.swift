import RQWire

/// Caches the definitions that were fetched, and says of each due index entry what it leads to.
///
/// Shares the executor of the scheduler and of the connection, so that a call from there costs no thread hop.
actor JobStoreActor {
    /// What a chunk of due entries leads to.
    struct Resolution: Sendable {
        var runs: [PlannedRun] = []
        var unsettled: [UnsettledEntry] = []
        /// Definitions that cannot be used and were not named before.
        var bad: [BadDefinition] = []
        /// Why zones of definitions are not known on this machine, as far as it was not said before.
        var missingZones: [String] = []
    }

    /// A definition that cannot be used.
    struct BadDefinition: Sendable {
        let id: DefinitionID
        let field: String?
        let reason: String
    }

    nonisolated let executor: any SerialExecutor
    private let store: any CronStore
    private var cache: JobCache
    private var parked = ParkedEntries()
    private var marker: [UInt8]??
    private var announcedSinceMarker = false
    /// Counts what was announced or forgotten: what was read before the last change may be old.
    private var changes = 0
    /// What was said about zones that this machine does not know; old names are few.
    private var missingZones: Set<String> = []

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Makes an empty cache before a store.
    ///
    /// - Parameter limit: The most definitions to hold.
    init(store: any CronStore, limit: Int, executor: any SerialExecutor) {
        self.store = store
        self.cache = JobCache(limit: limit)
        self.executor = executor
    }

    /// How many definitions are held.
    var count: Int { cache.count }

    // MARK: What a tick asks

    /// The entries of a survey that may lead to a run: those that are not passed over.
    func candidates(_ entries: [DueEntry]) -> [DueEntry] {
        parked.isEmpty ? entries : entries.filter { !parked.contains($0) }
    }

    /// Says what each entry leads to, reading what is not cached in one round trip.
    ///
    /// - Throws: What the store throws. Nothing has changed then.
    func resolve(_ entries: [DueEntry], now: Timestamp) async throws -> Resolution {
        var resolution = Resolution()
        resolution.runs.reserveCapacity(entries.count)
        var missing: [DueEntry] = []
        for entry in entries {
            guard let cached = cache.current(entry.id) else {
                missing.append(entry)
                continue
            }
            switch cached.decide(entry, now: now) {
            case .run(let run): resolution.runs.append(run)
            case .settle(let unsettled): resolution.unsettled.append(unsettled)
            case .readAgain: missing.append(entry)
            }
        }
        if !missing.isEmpty {
            let before = changes
            let fetched = try await store.definitions(missing.map(\.id))
            for (entry, definition) in zip(missing, fetched) {
                take(definition, for: entry, isCertain: changes == before, now: now, into: &resolution)
            }
        }
        return resolution
    }

    private func take(
        _ fetched: Reading<LoadedDefinition>, for entry: DueEntry, isCertain: Bool, now: Timestamp,
        into resolution: inout Resolution
    ) {
        switch fetched {
        case .missing:
            cache.remove(entry.id)
            parked.settle(entry.id)
            resolution.unsettled.append(UnsettledEntry(entry: entry, nextScore: nil))
        case .unreadable(let field, let reason):
            cache.remove(entry.id)
            // Mended while it was read, it must not be passed over until the longest sleep is over.
            if isCertain { parked.park(entry) }
            if parked.isNews(entry.id, reason: reason) {
                resolution.bad.append(BadDefinition(id: entry.id, field: field, reason: reason))
            }
        case .found(.zoneUnavailable(let reason)):
            cache.remove(entry.id)
            // Looked at again after the longest sleep: the data may have been installed.
            if isCertain { parked.park(entry) }
            if missingZones.insert(reason).inserted { resolution.missingZones.append(reason) }
        case .found(.prepared(let definition)):
            parked.settle(entry.id)
            switch cache.store(definition, for: entry).decide(entry, now: now) {
            case .run(let run): resolution.runs.append(run)
            case .settle(let unsettled): resolution.unsettled.append(unsettled)
            case .readAgain: break
            }
        }
    }

    // MARK: What a tick tells

    /// Takes in what became of a batch.
    func record(_ outcomes: [JobOutcome], of batch: DueBatch) {
        for (run, outcome) in zip(batch.runs, outcomes) {
            switch outcome {
            case .queued, .advanced: cache.didQueue(run)
            case .duplicate: break
            case .movedByOther, .stale: cache.invalidate(run.entry.id)
            case .unusableQueue: parked.park(run.entry)
            }
        }
    }

    /// Takes in what became of entries that led to no run.
    func record(_ outcomes: [EntryOutcome], of entries: [UnsettledEntry]) {
        for (unsettled, outcome) in zip(entries, outcomes) {
            let id = unsettled.entry.id
            switch outcome {
            case .foreign: parked.park(unsettled.entry)
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
            // Not only marked: nobody will ask for it again, and definitions that come and go would fill the cache.
            cache.remove(id)
            parked.release(id)
            parked.settle(id)
        case .anything:
            forgetAll()
        }
    }

    /// Takes in the update marker as it stands.
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

    /// Looks again at what was passed over.
    func releaseParked() {
        parked.releaseAll()
    }
}
