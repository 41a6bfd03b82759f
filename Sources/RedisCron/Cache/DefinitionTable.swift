import CIntrinsics

/// Cached definitions in an array without gaps, with an index by id.
///
/// A dictionary would leave a third to a half of its slots empty, each as large as an entry. Here only the index has empty
/// slots, of eight bytes each, and an id is stored once, in its definition.
struct DefinitionTable {
    private var entries = ChunkedArray<CachedDefinition>()
    /// An open hash table with linear probing.
    ///
    /// Its size is a power of two, and at most three quarters of it are taken.
    private var slots: [Slot] = Array(repeating: .empty, count: 16)

    /// Leads to an entry.
    ///
    /// It knows the hash of the entry's id, so that a growing table need not ask each definition for it: among a million, that
    /// would keep everybody waiting for a tenth of a second, and on a busy machine for a whole one.
    private struct Slot {
        static let empty = Slot(place: -1, hash: 0)

        /// The place, counted from 1, or 0 for an empty slot.
        private let number: UInt32
        private let shortHash: UInt32

        init(place: Int, hash: Int) {
            number = UInt32(place + 1)
            shortHash = UInt32(truncatingIfNeeded: hash)
        }

        var isEmpty: Bool { number == 0 }
        var place: Int { Int(number) - 1 }
        /// The part of the hash that is kept.
        var hash: Int { Int(shortHash) }

        /// Whether it may lead to the id of that hash.
        func mayLead(to hash: Int) -> Bool { shortHash == UInt32(truncatingIfNeeded: hash) }
    }

    private var mask: Int { slots.count - 1 }

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
        slots.withUnsafeBufferPointer { slots in
            for hash in hashes { prefetch(slots.baseAddress.map { $0 + (hash & mask) }, 1) }
        }
        // Nearly always that of the id in question, and else nothing is lost.
        let likely = hashes.compactMap { hash in slots[hash & mask].isEmpty ? nil : slots[hash & mask].place }
        for place in likely { self.entries[place].prefetchDefinition() }
        for place in likely { self.entries[place].definition.prefetchTexts() }
        return zip(entries, hashes).map { entry, hash in place(of: entry.id, hash: hash) }
    }

    private static func hash(of id: DefinitionID) -> Int {
        id.bytes.withUnsafeBytes { DefinitionID.hash(of: $0) }
    }

    private func place(of id: DefinitionID, hash: Int) -> Int? {
        var number = hash & mask
        while !slots[number].isEmpty {
            let slot = slots[number]
            if slot.mayLead(to: hash), entries[slot.place].definition.withIDBytes(id.consists(of:)) {
                return slot.place
            }
            number = (number + 1) & mask
        }
        return nil
    }

    /// Adds a definition whose id is not held.
    mutating func append(_ cached: CachedDefinition) {
        if (entries.count + 1) * 4 > slots.count * 3 { grow() }
        entries.append(cached)
        link(Slot(place: entries.count - 1, hash: hash(at: entries.count - 1)))
    }

    /// Puts a definition whose id is not held in the place of another one.
    mutating func replace(at place: Int, with cached: CachedDefinition) {
        unlink(place)
        entries[place] = cached
        link(Slot(place: place, hash: hash(at: place)))
    }

    /// Removes an entry; the last one takes its place.
    mutating func remove(at place: Int) {
        unlink(place)
        let last = entries.count - 1
        if place != last {
            let number = number(of: last)
            slots[number] = Slot(place: place, hash: slots[number].hash)
            entries[place] = entries[last]
        }
        entries.removeLast()
    }

    private func hash(at place: Int) -> Int {
        entries[place].definition.withIDBytes(DefinitionID.hash(of:))
    }

    /// The number of the slot that leads to a place.
    private func number(of place: Int) -> Int {
        var number = hash(at: place) & mask
        while slots[number].place != place { number = (number + 1) & mask }
        return number
    }

    private mutating func link(_ slot: Slot) {
        var number = slot.hash & mask
        while !slots[number].isEmpty { number = (number + 1) & mask }
        slots[number] = slot
    }

    /// Empties the slot that leads to a place, and moves up those behind it that could not be found over the gap.
    private mutating func unlink(_ place: Int) {
        var gap = number(of: place)
        var number = (gap + 1) & mask
        while !slots[number].isEmpty {
            if (number - slots[number].hash) & mask >= (number - gap) & mask {
                slots[gap] = slots[number]
                gap = number
            }
            number = (number + 1) & mask
        }
        slots[gap] = .empty
    }

    private mutating func grow() {
        let former = slots
        slots = Array(repeating: .empty, count: former.count * 2)
        for slot in former where !slot.isEmpty { link(slot) }
    }
}
