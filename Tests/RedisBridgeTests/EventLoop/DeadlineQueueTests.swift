import Testing

@testable import RedisBridge

@Suite struct DeadlineQueueTests {
    @Test func `entries come out by deadline, equal ones in the order of insertion`() {
        var queue = DeadlineQueue<String>()
        _ = queue.insert("c", at: 30)
        _ = queue.insert("a", at: 10)
        _ = queue.insert("b1", at: 20)
        _ = queue.insert("b2", at: 20)
        #expect(queue.earliest == 10)
        #expect(queue.popDue(at: 9) == nil)
        var popped: [String] = []
        while let next = queue.popDue(at: 25) { popped.append(next) }
        #expect(popped == ["a", "b1", "b2"])
        #expect(queue.earliest == 30)
        #expect(queue.popDue(at: 30) == "c")
        #expect(queue.earliest == nil)
    }

    @Test func `a removed entry never comes out, and is removed once`() {
        var queue = DeadlineQueue<Int>()
        let first = queue.insert(1, at: 1)
        let second = queue.insert(2, at: 2)
        #expect(queue.remove(first) == 1)
        #expect(queue.remove(first) == nil)
        #expect(queue.earliest == 2)
        #expect(queue.popDue(at: 5) == 2)
        #expect(queue.remove(second) == nil)
        #expect(queue.popDue(at: 5) == nil)
    }

    @Test func `the queue agrees with a sorted list over many random steps`() {
        var generator = SystemRandomNumberGenerator()
        var queue = DeadlineQueue<Int>()
        var model: [(deadline: Int64, value: Int, id: DeadlineQueue<Int>.ID)] = []
        for step in 0..<5000 {
            switch Int.random(in: 0..<5, using: &generator) {
            case 0, 1, 2:
                let deadline = Int64.random(in: 0..<500, using: &generator)
                model.append((deadline, step, queue.insert(step, at: deadline)))
            case 3:
                guard let index = model.indices.randomElement(using: &generator) else { continue }
                let entry = model.remove(at: index)
                #expect(queue.remove(entry.id) == entry.value)
            default:
                let now = Int64.random(in: 0..<500, using: &generator)
                let due = model.filter { $0.deadline <= now }.min { ($0.deadline, $0.value) < ($1.deadline, $1.value) }
                #expect(queue.popDue(at: now) == due?.value)
                model.removeAll { $0.value == due?.value }
            }
            #expect(queue.count == model.count)
            #expect(queue.earliest == model.map(\.deadline).min())
        }
    }
}
