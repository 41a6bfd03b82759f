import CIntrinsics

/// Cached definitions in an array without gaps, with an index by id.
///
/// A dictionary would leave a third to a half of its slots empty, each as large as an entry. Here only the index has empty
/// slots, of four bytes each, and an id is stored once, in its definition.
struct DefinitionTable {
    private var entries: ContiguousArray<CachedDefinition> = []
    /// An open hash table with linear probing.
    ///
    /// It holds the place of an entry, counted from 1, or 0 for an empty slot. Its size is a power of two, and at most
    /// three quarters of it are taken.
    private var slots: [UInt32] = Array(repeating: 0, count: 16)

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
        place(of: id, from: home(of: id))
    }

    /// The same for many, where the processor does not wait for one before the next.
    ///
    /// Among many definitions the way to each leads through memory that no cache of the processor holds: its slot, the definition,
    /// its texts. So all slots are fetched, then all definitions that they lead to, then all texts.
    func places(of entries: [DueEntry]) -> [Int?] {
        let homes = entries.map { home(of: $0.id) }
        slots.withUnsafeBufferPointer { slots in
            for home in homes { prefetch(slots.baseAddress.map { $0 + home }, 1) }
        }
        // Nearly always that of the id in question, and else nothing is lost.
        let likely = homes.compactMap { home in slots[home] == 0 ? nil : Int(slots[home]) - 1 }
        for place in likely { self.entries[place].prefetchDefinition() }
        for place in likely { self.entries[place].definition.prefetchTexts() }
        return zip(entries, homes).map { entry, home in place(of: entry.id, from: home) }
    }

    /// The slot in which a definition would be if each had one of its own.
    private func home(of id: DefinitionID) -> Int {
        id.bytes.withUnsafeBytes { DefinitionID.hash(of: $0) } & mask
    }

    private func place(of id: DefinitionID, from home: Int) -> Int? {
        var slot = home
        while slots[slot] != 0 {
            let place = Int(slots[slot]) - 1
            if entries[place].definition.withIDBytes(id.consists(of:)) { return place }
            slot = (slot + 1) & mask
        }
        return nil
    }

    /// Adds a definition whose id is not held.
    mutating func append(_ cached: CachedDefinition) {
        if (entries.count + 1) * 4 > slots.count * 3 { grow() }
        entries.append(cached)
        link(entries.count - 1)
    }

    /// Puts a definition whose id is not held in the place of another one.
    mutating func replace(at place: Int, with cached: CachedDefinition) {
        unlink(place)
        entries[place] = cached
        link(place)
    }

    /// Removes an entry; the last one takes its place.
    mutating func remove(at place: Int) {
        unlink(place)
        let last = entries.count - 1
        if place != last {
            slots[slot(of: last)] = UInt32(place + 1)
            entries[place] = entries[last]
        }
        entries.removeLast()
    }

    /// The slot in which an entry would be if each had one of its own.
    private func home(of place: Int) -> Int {
        entries[place].definition.withIDBytes(DefinitionID.hash(of:)) & mask
    }

    /// The slot that leads to a place.
    private func slot(of place: Int) -> Int {
        var slot = home(of: place)
        while Int(slots[slot]) != place + 1 { slot = (slot + 1) & mask }
        return slot
    }

    private mutating func link(_ place: Int) {
        var slot = home(of: place)
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = UInt32(place + 1)
    }

    /// Empties the slot that leads to a place, and moves up those behind it that could not be found over the gap.
    private mutating func unlink(_ place: Int) {
        var gap = slot(of: place)
        var slot = (gap + 1) & mask
        while slots[slot] != 0 {
            let home = home(of: Int(slots[slot]) - 1)
            if (slot - home) & mask >= (slot - gap) & mask {
                slots[gap] = slots[slot]
                gap = slot
            }
            slot = (slot + 1) & mask
        }
        slots[gap] = 0
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: slots.count * 2)
        for place in entries.indices { link(place) }
    }
}
