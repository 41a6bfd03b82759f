/// Values by deadline, earliest first: a binary heap, with removal by id.
///
/// Pure: instants are plain nanoseconds, and the owner says what time it is.
package struct DeadlineQueue<Value> {
    /// Names an entry until it is removed or due.
    package struct ID: Hashable, Sendable {
        fileprivate let number: UInt64
    }

    private struct Entry: Sendable {
        let deadline: Int64
        let number: UInt64
    }

    private var heap: [Entry] = []
    private var values: [UInt64: Value] = [:]
    private var lastNumber: UInt64 = 0

    package init() {}

    /// The number of entries.
    package var count: Int { values.count }

    /// When the next entry is due.
    package var earliest: Int64? { heap.first?.deadline }

    package mutating func insert(_ value: Value, at deadline: Int64) -> ID {
        lastNumber += 1
        values[lastNumber] = value
        heap.append(Entry(deadline: deadline, number: lastNumber))
        siftUp(heap.count - 1)
        return ID(number: lastNumber)
    }

    /// Removes an entry; `nil` when it was due or removed before.
    package mutating func remove(_ id: ID) -> Value? {
        guard let value = values.removeValue(forKey: id.number) else { return nil }
        // Its place in the heap stays until it reaches the top. Dead places are swept when they outnumber the living.
        if heap.count > 64, heap.count > values.count * 2 {
            heap.removeAll { values[$0.number] == nil }
            heap.sort(by: Self.precedes)
        }
        dropDeadTop()
        return value
    }

    /// Removes and returns the first entry that is due at `now`; those of equal deadlines in their order of insertion.
    package mutating func popDue(at now: Int64) -> Value? {
        guard let top = heap.first, top.deadline <= now else { return nil }
        removeTop()
        let value = values.removeValue(forKey: top.number)
        dropDeadTop()
        return value
    }

    private static func precedes(_ left: Entry, _ right: Entry) -> Bool {
        (left.deadline, left.number) < (right.deadline, right.number)
    }

    private mutating func dropDeadTop() {
        while let top = heap.first, values[top.number] == nil {
            removeTop()
        }
    }

    private mutating func removeTop() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count {
                if Self.precedes(heap[child], heap[least]) {
                    least = child
                }
            }
            guard least != index else { return }
            heap.swapAt(index, least)
            index = least
        }
    }

    private mutating func siftUp(_ start: Int) {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard Self.precedes(heap[index], heap[parent]) else { return }
            heap.swapAt(index, parent)
            index = parent
        }
    }
}

extension DeadlineQueue: Sendable where Value: Sendable {}
