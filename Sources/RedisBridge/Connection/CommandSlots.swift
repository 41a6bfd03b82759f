/// The commands in flight on one connection, in the order in which their replies will come.
///
/// Pure. The slot of an abandoned command stays in its place, so that its late reply finds it and is dropped: replies
/// carry no id, only their order tells them apart.
struct CommandSlots<Waiter> {
    private struct Slot {
        var waiter: Waiter?
        /// `.max` once it has expired.
        var deadline: Int64
    }

    /// A ring: `slots[(head + i) & (slots.count - 1)]` is the i-th in flight.
    private var slots: [Slot?]
    private var head = 0

    /// The number of replies that are still to come.
    private(set) var count = 0

    init() {
        slots = Array(repeating: nil, count: 16)
    }

    var isEmpty: Bool { count == 0 }

    mutating func append(_ waiter: Waiter, deadline: Int64) {
        if count == slots.count {
            grow()
        }
        slots[(head + count) & (slots.count - 1)] = Slot(waiter: waiter, deadline: deadline)
        count += 1
    }

    /// Takes the slot that the next reply belongs to: its waiter, or `nil` when it has expired.
    ///
    /// - Precondition: a slot is in flight.
    mutating func popFirst() -> Waiter? {
        let waiter = slots[head]?.waiter
        slots[head] = nil
        head = (head + 1) & (slots.count - 1)
        count -= 1
        return waiter
    }

    /// Takes the waiters whose deadline has come, in order; their slots stay.
    mutating func takeExpired(at now: Int64) -> [Waiter] {
        var expired: [Waiter] = []
        for offset in 0..<count {
            let index = (head + offset) & (slots.count - 1)
            guard let slot = slots[index], slot.deadline <= now, let waiter = slot.waiter else { continue }
            expired.append(waiter)
            slots[index] = Slot(waiter: nil, deadline: .max)
        }
        return expired
    }

    /// Takes every waiter, in order, and all slots.
    mutating func removeAll() -> [Waiter] {
        var waiters: [Waiter] = []
        while !isEmpty {
            if let waiter = popFirst() {
                waiters.append(waiter)
            }
        }
        return waiters
    }

    /// The earliest deadline, or `nil`.
    ///
    /// Visits every slot.
    var earliestDeadline: Int64? {
        var earliest = Int64.max
        for offset in 0..<count {
            if let slot = slots[(head + offset) & (slots.count - 1)] {
                earliest = min(earliest, slot.deadline)
            }
        }
        return earliest == .max ? nil : earliest
    }

    private mutating func grow() {
        var larger: [Slot?] = []
        larger.reserveCapacity(slots.count * 2)
        for offset in 0..<count {
            larger.append(slots[(head + offset) & (slots.count - 1)])
        }
        larger.append(contentsOf: repeatElement(nil, count: slots.count * 2 - count))
        slots = larger
        head = 0
    }
}
