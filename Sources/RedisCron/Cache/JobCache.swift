/// Definitions that were read, bounded in number.
///
/// Two generations of entries: when the young one is full it becomes the old one, and what nobody asked for since is
/// let go with the old one before it. So eviction costs nothing at a lookup, and the cap holds at any time.
struct JobCache {
    private var young: [DefinitionID: CachedDefinition] = [:]
    private var old: [DefinitionID: CachedDefinition] = [:]
    private var generation: UInt32 = 0
    private let limit: Int

    /// Makes an empty cache that holds at most `limit` definitions (at least 2).
    init(limit: Int) {
        self.limit = max(2, limit)
    }

    /// How many definitions are held, current or not.
    var count: Int { young.count + old.count }

    /// The definition of that id, if it is held and not known to have changed.
    mutating func current(_ id: DefinitionID) -> CachedDefinition? {
        guard let cached = held(id), !cached.isStale, cached.generation == generation else { return nil }
        return cached
    }

    /// Takes in a definition that was just read.
    ///
    /// - Parameter entry: The index entry for which it was read.
    mutating func store(_ definition: PreparedDefinition, for entry: DueEntry? = nil) {
        let cached = CachedDefinition(
            definition, readFor: entry, generation: generation, replacing: held(definition.id))
        insert(cached, for: definition.id)
    }

    /// Notes that a run of a cached definition was queued, unless the definition was replaced or dropped meanwhile.
    mutating func didQueue(_ run: PlannedRun) {
        update(run.definition.id) { cached in
            if cached.definition === run.definition { cached.didQueue(run) }
        }
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
        young[id] = nil
        old[id] = nil
    }

    /// The entry as it is, moved to the young generation.
    private mutating func held(_ id: DefinitionID) -> CachedDefinition? {
        if let cached = young[id] { return cached }
        guard let cached = old.removeValue(forKey: id) else { return nil }
        insert(cached, for: id)
        return cached
    }

    private mutating func insert(_ cached: CachedDefinition, for id: DefinitionID) {
        if young.count >= limit / 2, young[id] == nil {
            old = young
            young = [:]
        }
        young[id] = cached
    }

    private mutating func update(_ id: DefinitionID, _ change: (inout CachedDefinition) -> Void) {
        if let index = young.index(forKey: id) {
            change(&young.values[index])
        } else if let index = old.index(forKey: id) {
            change(&old.values[index])
        }
    }
}
