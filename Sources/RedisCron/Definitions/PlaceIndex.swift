import CIntrinsics

/// Where entries stand in an array, by the hashes of what names them.
///
/// An open hash table with linear probing. Its size is a power of two, and at most three quarters of it are taken.
struct PlaceIndex: Sendable {
    /// A place and half of the hash under which it is found.
    ///
    /// The half of the hash tells nearly all other entries apart, and says where a slot goes when there are more of them. To ask the entries
    /// themselves would mostly wait for memory: among a million it would keep everybody waiting for a tenth of a second, and on a busy
    /// machine for a whole one.
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

        /// Whether it may lead to an entry with that hash.
        func mayLead(to hash: Int) -> Bool { shortHash == UInt32(truncatingIfNeeded: hash) }
    }

    private var slots: [Slot] = Array(repeating: .empty, count: 16)
    private var count = 0

    private var mask: Int { slots.count - 1 }

    /// The place of the entry that is meant, among those that may have the hash.
    func place(underHash hash: Int, where isMeant: (Int) -> Bool) -> Int? {
        var number = hash & mask
        while !slots[number].isEmpty {
            let slot = slots[number]
            if slot.mayLead(to: hash), isMeant(slot.place) { return slot.place }
            number = (number + 1) & mask
        }
        return nil
    }

    /// Nearly always the place of the entry with each of these hashes that has one; the processor does not wait for one before the next.
    func likelyPlaces(underHashes hashes: [Int]) -> [Int] {
        slots.withUnsafeBufferPointer { slots in
            for hash in hashes { prefetch(slots.baseAddress.map { $0 + (hash & mask) }, 1) }
        }
        return hashes.compactMap { hash in slots[hash & mask].isEmpty ? nil : slots[hash & mask].place }
    }

    /// Adds a place that is not there.
    mutating func insert(_ place: Int, hash: Int) {
        if (count + 1) * 4 > slots.count * 3 { grow() }
        count += 1
        link(Slot(place: place, hash: hash))
    }

    /// Has what led to a place lead to another one.
    mutating func move(_ place: Int, hash: Int, to other: Int) {
        slots[number(of: place, hash: hash)] = Slot(place: other, hash: hash)
    }

    /// Removes a place, and moves up the slots behind its own that could not be found over the gap.
    mutating func remove(_ place: Int, hash: Int) {
        var gap = number(of: place, hash: hash)
        var number = (gap + 1) & mask
        while !slots[number].isEmpty {
            if (number - slots[number].hash) & mask >= (number - gap) & mask {
                slots[gap] = slots[number]
                gap = number
            }
            number = (number + 1) & mask
        }
        slots[gap] = .empty
        count -= 1
    }

    /// The number of the slot that leads to a place.
    private func number(of place: Int, hash: Int) -> Int {
        var number = hash & mask
        while slots[number].place != place { number = (number + 1) & mask }
        return number
    }

    private mutating func link(_ slot: Slot) {
        var number = slot.hash & mask
        while !slots[number].isEmpty { number = (number + 1) & mask }
        slots[number] = slot
    }

    private mutating func grow() {
        let former = slots
        slots = Array(repeating: .empty, count: former.count * 2)
        for slot in former where !slot.isEmpty { link(slot) }
    }
}
