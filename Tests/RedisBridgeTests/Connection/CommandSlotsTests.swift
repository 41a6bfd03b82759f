import TestSupport
import Testing

@testable import RedisBridge

@Suite struct CommandSlotsTests {
    @Test func `slots are taken in order, and an expired one keeps its place`() {
        var slots = CommandSlots<String>()
        slots.append("a", deadline: 10)
        slots.append("b", deadline: 20)
        #expect(slots.earliestDeadline == 10)
        #expect(slots.takeExpired(at: 9) == [])
        #expect(slots.takeExpired(at: 10) == ["a"])
        #expect(slots.takeExpired(at: 10) == [])
        #expect(slots.count == 2)
        #expect(slots.earliestDeadline == 20)
        #expect(slots.popFirst() == nil)
        #expect(slots.popFirst() == "b")
        #expect(slots.isEmpty)
        #expect(slots.earliestDeadline == nil)
    }

    @Test(.seeded) func `the slots agree with a list over many random steps`() {
        struct Entry { var waiter: Int?, deadline: Int64 }
        var generator = SeededGenerator.ofTest()
        var slots = CommandSlots<Int>()
        var model: [Entry] = []
        for step in 0..<20_000 {
            switch Int.random(in: 0..<7, using: &generator) {
            case 0...3:
                let deadline = Int64.random(in: 0..<1000, using: &generator)
                model.append(Entry(waiter: step, deadline: deadline))
                slots.append(step, deadline: deadline)
            case 4, 5:
                guard !model.isEmpty else { continue }
                #expect(slots.popFirst() == model.removeFirst().waiter)
            default:
                let now = Int64.random(in: 0..<100, using: &generator)
                let due = model.indices.filter { model[$0].waiter != nil && model[$0].deadline <= now }
                #expect(slots.takeExpired(at: now) == due.compactMap { model[$0].waiter })
                for index in due { model[index].waiter = nil }
            }
            #expect(slots.count == model.count)
            if step % 50 == 0 {
                #expect(slots.earliestDeadline == model.filter { $0.waiter != nil }.map(\.deadline).min())
            }
        }
        #expect(slots.removeAll() == model.compactMap(\.waiter))
        #expect(slots.isEmpty)
    }
}
