/// Cached definitions in an array without gaps, with an index by id.
///
/// A dictionary would leave a third to a half of its slots empty, each as large as an entry. Here only the index has empty
/// slots, of eight bytes each, and an id is stored once, in its definition.
struct DefinitionTable {
    private var entries = ChunkedArray<CachedDefinition>()
    private var index = PlaceIndex()

    /// How many are held.
    var count: Int { entries.count }

    /// The entry at a place.
    subscript(place: Int) -> CachedDefinition {
        get { entries[place] }
        _modify { yield &entries[place] }
    }

    /// The place of the definition of that id, valid until the next change of the table.
    func place(of id: DefinitionID) -> Int? {
        place(of: id, hash: Self.hash(of: id))
    }

    /// The same for many, where the processor does not wait for one before the next.
    ///
    /// Among many definitions the way to each leads through memory that no cache of the processor holds: its slot, the definition,
    /// its texts. So all slots are fetched, then all definitions that they lead to, then all texts.
    func places(of entries: [DueEntry]) -> [Int?] {
        let hashes = entries.map { Self.hash(of: $0.id) }
        // Where one is not that of the id in question, nothing is lost.
        let likely = index.likelyPlaces(underHashes: hashes)
        for place in likely { self.entries[place].prefetchDefinition() }
        for place in likely { self.entries[place].definition.prefetchTexts() }
        return zip(entries, hashes).map { entry, hash in place(of: entry.id, hash: hash) }
    }

    /// Adds a definition whose id is not held.
    mutating func append(_ cached: CachedDefinition) {
        entries.append(cached)
        index.insert(entries.count - 1, hash: hash(at: entries.count - 1))
    }

    /// Puts a definition whose id is not held in the place of another one.
    mutating func replace(at place: Int, with cached: CachedDefinition) {
        index.remove(place, hash: hash(at: place))
        entries[place] = cached
        index.insert(place, hash: hash(at: place))
    }

    /// Removes an entry; the last one takes its place.
    mutating func remove(at place: Int) {
        index.remove(place, hash: hash(at: place))
        let last = entries.count - 1
        if place != last {
            index.move(last, hash: hash(at: last), to: place)
            entries[place] = entries[last]
        }
        entries.removeLast()
    }

    private func place(of id: DefinitionID, hash: Int) -> Int? {
        index.place(underHash: hash) { entries[$0].definition.withIDBytes(id.consists(of:)) }
    }

    private static func hash(of id: DefinitionID) -> Int {
        id.bytes.withUnsafeBytes { DefinitionID.hash(of: $0) }
    }

    private func hash(at place: Int) -> Int {
        entries[place].definition.withIDBytes(DefinitionID.hash(of:))
    }
}
