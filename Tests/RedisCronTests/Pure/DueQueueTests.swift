import RQWire
import Testing

@testable import RedisCron

struct DueQueueTests {
    private func entries(_ ids: [String], at time: Timestamp = .newYear) -> [DueEntry] {
        ids.map { DueEntry($0, at: time) }
    }

    private func page(_ entries: [DueEntry], isFull: Bool = true) -> CandidatePage {
        CandidatePage(entries: entries, dueBy: .newYear, count: entries.count, last: entries.last, isFull: isFull)
    }

    private func taken(from queue: inout DueQueue, _ size: Int = 100) -> [String] {
        queue.takeBatch(size).map(\.id.display)
    }

    @Test func `entries are taken in order, in batches`() {
        var queue = DueQueue(page(entries(["a", "b", "c"])))
        #expect(taken(from: &queue, 2) == ["a", "b"])
        #expect(queue.count == 1)
        #expect(taken(from: &queue, 2) == ["c"])
        #expect(queue.count == 0)
    }

    @Test func `of a page read ahead only what stands behind the last entry is new`() {
        var queue = DueQueue(page(entries(["a", "b", "c"])))
        _ = queue.takeBatch(2)
        // Redis had not yet come to what was sent.
        queue.append(page(entries(["b", "c", "d"]) + entries(["a"], at: .newYear + .seconds(1))))
        #expect(taken(from: &queue) == ["c", "d", "a"])
        #expect(queue.mayHaveMore)
    }

    @Test func `what came to stand in front meanwhile is left alone`() {
        var queue = DueQueue(page(entries(["b", "c"])))
        queue.append(page(entries(["zz"], at: .newYear - .seconds(1)) + entries(["a", "d"])))
        #expect(taken(from: &queue) == ["b", "c", "d"])
    }

    @Test func `a page with nothing new ends the reading ahead, and so does one that is not full`() {
        var queue = DueQueue(page(entries(["a", "b"])))
        queue.append(page(entries(["a", "b"])))
        #expect(!queue.mayHaveMore)
        var other = DueQueue(page(entries(["a", "b"])))
        other.append(page(entries(["c"]), isFull: false))
        #expect(!other.mayHaveMore)
        #expect(other.count == 3)
    }

    @Test func `a page of which everything is passed over goes on behind it`() {
        var queue = DueQueue(page(entries(["a"])))
        var passedOver = page(entries(["b", "c"]))
        passedOver.entries = []
        queue.append(passedOver)
        #expect(queue.mayHaveMore)
        queue.append(page(entries(["c", "d"]), isFull: false))
        #expect(taken(from: &queue) == ["a", "d"])
    }

    @Test func `the latest time by which entries are due stands for all`() {
        var queue = DueQueue(page(entries(["a"])))
        var later = page(entries(["b"]))
        later.dueBy = .newYear + .seconds(5)
        queue.append(later)
        #expect(queue.dueBy == .newYear + .seconds(5))
        queue.append(page(entries(["c"])))
        #expect(queue.dueBy == .newYear + .seconds(5))
    }
}
