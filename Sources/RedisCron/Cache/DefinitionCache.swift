/// Definitions that were read, bounded in number.
///
/// Evicts by second chance (the clock algorithm): a lookup sets a bit, and nothing else. When the cache is full, the hand
/// moves over the entries, clears each bit that is set, and evicts the first entry whose bit is clear. While no more
/// definitions are in use than the limit allows, none that is in use is evicted.
struct DefinitionCache {
    private var table = DefinitionTable()
    private var generation: UInt32 = 0
    /// The place at which the next search for something to evict begins.
    private var hand = 0
    private let limit: Int

    /// Makes an empty cache that holds at most `limit` definitions (at least 2).
    init(limit: Int) {
        self.limit = max(2, limit)
    }

    /// How many definitions are held, current or not.
    var count: Int { table.count }

    /// The definition of that id, if it is held and not known to have changed.
    mutating func current(_ id: DefinitionID) -> CachedDefinition? {
        table.place(of: id).flatMap { use(at: $0) }
    }

    /// The same, for who does not use it.
    func held(_ id: DefinitionID) -> CachedDefinition? {
        table.place(of: id).flatMap { ifCurrent(table[$0]) }
    }

    private func ifCurrent(_ cached: CachedDefinition) -> CachedDefinition? {
        cached.isStale || cached.generation != generation ? nil : cached
    }

    /// What an entry leads to by the definition that is held; `nil` if none is, or if it is known to have changed.
    mutating func decide(_ entry: DueEntry, now: Timestamp, clock: ClockAgreement) -> DueDecision? {
        decide(entry, at: table.place(of: entry.id), now: now, clock: clock)
    }

    /// The same for each of some entries, in their order.
    mutating func decideEach(
        _ entries: [DueEntry], now: Timestamp, clock: ClockAgreement, _ take: (DueEntry, DueDecision?) -> Void
    ) {
        for (entry, place) in zip(entries, table.places(of: entries)) {
            take(entry, decide(entry, at: place, now: now, clock: clock))
        }
    }

    private mutating func decide(
        _ entry: DueEntry, at place: Int?, now: Timestamp, clock: ClockAgreement
    ) -> DueDecision? {
        guard let place else { return nil }
        return use(at: place)?.decide(entry, now: now, clock: clock, place: place)
    }

    private mutating func use(at place: Int) -> CachedDefinition? {
        table[place].wasUsed = true
        return ifCurrent(table[place])
    }

    /// Stores a definition that was just read.
    ///
    /// - Parameter entry: The index entry for which it was read.
    /// - Returns: The definition as it is held now.
    @discardableResult
    mutating func store(_ definition: PreparedDefinition, for entry: DueEntry? = nil) -> CachedDefinition {
        let place = table.place(of: definition.id)
        var cached = CachedDefinition(
            definition, readFor: entry, generation: generation, replacing: place.map { table[$0] })
        cached.wasUsed = entry != nil
        if let place {
            table[place] = cached
        } else if table.count < limit {
            table.append(cached)
        } else {
            table.replace(at: victim(), with: cached)
        }
        return cached
    }

    /// Notes that a run of a cached definition was queued, unless the definition was replaced or dropped meanwhile.
    mutating func didQueue(_ run: PlannedRun) {
        update(run) { $0.didQueue(run) }
    }

    /// Notes that a run of a cached definition was refused, unless the definition was replaced or dropped meanwhile.
    mutating func didMove(_ run: PlannedRun) {
        update(run) { $0.didMove(run) }
    }

    /// Marks a definition as changed: it is read again before it is used.
    mutating func invalidate(_ id: DefinitionID) {
        update(id) { $0.isStale = true }
    }

    /// Marks everything as changed.
    mutating func invalidateAll() {
        generation &+= 1
    }

    /// Drops a definition that does not exist any more.
    mutating func remove(_ id: DefinitionID) {
        if let place = table.place(of: id) { table.remove(at: place) }
    }

    /// The place of the definition to evict.
    private mutating func victim() -> Int {
        while true {
            let place = hand < table.count ? hand : 0
            hand = place + 1
            guard table[place].wasUsed else { return place }
            table[place].wasUsed = false
        }
    }

    /// Changes the definition of a run, unless it was replaced or dropped meanwhile.
    private mutating func update(_ run: PlannedRun, _ change: (inout CachedDefinition) -> Void) {
        // A search by id in a large table waits for memory several times.
        if let place = run.place, place < table.count, table[place].definition === run.definition {
            return change(&table[place])
        }
        update(run.entry.id) { cached in
            if cached.definition === run.definition { change(&cached) }
        }
    }

    private mutating func update(_ id: DefinitionID, _ change: (inout CachedDefinition) -> Void) {
        if let place = table.place(of: id) { change(&table[place]) }
    }
}
