/// A bounded queue that keeps the newest elements: when it is full, the oldest one is dropped and counted as lost.
struct NewestQueue<Element> {
    /// What comes out of the queue.
    enum Item {
        /// This many elements were lost before the next one.
        case lost(Int)
        case element(Element)
    }

    /// How many elements it holds at most.
    let capacity: Int
    /// Elements from `head` on, oldest first; those before it were taken or lost.
    private var slots: [Element?] = []
    private var head = 0
    private var lost = 0

    init(capacity: Int) {
        self.capacity = capacity
    }

    /// Adds an element.
    ///
    /// - Returns: Whether another one was lost.
    @discardableResult
    mutating func push(_ element: Element) -> Bool {
        slots.append(element)
        guard slots.count - head > capacity else { return false }
        slots[head] = nil
        head += 1
        lost += 1
        // Once every `capacity` elements, so that the cost of each is constant on average.
        if head >= capacity {
            slots.removeFirst(head)
            head = 0
        }
        return true
    }

    /// Takes the oldest element, or first how many were lost before it.
    mutating func pop() -> Item? {
        if lost > 0 {
            defer { lost = 0 }
            return .lost(lost)
        }
        guard head < slots.count, let element = slots[head] else { return nil }
        slots[head] = nil
        head += 1
        if head == slots.count {
            slots.removeAll(keepingCapacity: capacity <= 4096)
            head = 0
        }
        return .element(element)
    }
}
