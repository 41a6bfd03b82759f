import RQWire
import Testing

@testable import RedisCron

@Suite struct BatchPipelineTests {
    /// Entries `from..<to`, in the order of the index.
    private func entries(_ range: Range<Int>) -> [DueEntry] {
        range.map { DueEntry("\(1000 + $0)", at: .newYear) }
    }

    private func page(_ range: Range<Int>, isFull: Bool = false, sharedScore: [UInt8]? = nil) -> CandidatePage {
        let entries = entries(range)
        return CandidatePage(
            entries: entries, dueBy: .newYear, count: entries.count, last: entries.last, sharedScore: sharedScore,
            isFull: isFull)
    }

    private func pipeline(
        _ page: CandidatePage, passedOver: Int = 0, inFlight: Int = 2, distance: Duration? = nil,
        readAheadBelow: Int = 4
    ) -> Cell<BatchPipeline> {
        Cell(
            BatchPipeline(
                page, passedOver: passedOver, window: BatchWindow(most: inFlight, distance: distance),
                readAheadBelow: readAheadBelow))
    }

    /// A resolved batch that is recognized by the number of its entries.
    private func batch(_ count: Int) -> ResolvedBatch {
        ResolvedBatch(resolution: JobStoreActor.Resolution(), entryCount: count, resolvedAt: .newYear)
    }

    /// All actions until there is nothing to do at once, as text.
    private func actions(_ pipeline: Cell<BatchPipeline>, batchSize: Int = 2) -> [String] {
        var texts: [String] = []
        while texts.count < 100 {
            switch pipeline.change({ $0.nextAction(batchSize: batchSize) }) {
            case .resolve(let entries, _): texts.append("resolve \(entries.map(\.id.display).joined(separator: " "))")
            case .send(let batch): texts.append("send \(batch.entryCount)")
            case .readPage(let offset, nil): texts.append("read \(offset)")
            case .readPage(let offset, let score?):
                texts.append("read \(offset) at \(String(decoding: score, as: UTF8.self))")
            case .wait: return texts + ["wait"]
            case .done: return texts + ["done"]
            }
        }
        return texts + ["no end"]
    }

    @Test func `a small page is one batch, and nothing else`() {
        let small = self.pipeline(page(0..<2))
        #expect(small.value.onlyBatch(ofAtMost: 2)?.entries.count == 2)
        #expect(small.value.onlyBatch(ofAtMost: 1) == nil)
        // Behind a full page there may be more.
        #expect(self.pipeline(page(0..<2, isFull: true)).value.onlyBatch(ofAtMost: 100) == nil)
    }

    @Test func `while all pages have one score, the next is expected to have it too`() {
        let pipeline = self.pipeline(page(0..<4, isFull: true, sharedScore: [UInt8]("7".utf8)))
        #expect(actions(pipeline, batchSize: 4) == ["resolve 1000 1001 1002 1003", "read 4 at 7", "wait"])
        pipeline.value.handle(.pageArrived(page(4..<8, isFull: true, sharedScore: [UInt8]("7".utf8))))
        #expect(actions(pipeline, batchSize: 4) == ["resolve 1004 1005 1006 1007", "read 8 at 7", "wait"])
        pipeline.value.handle(.resolved(batch(4)))
        pipeline.value.handle(.pageArrived(page(8..<12, isFull: true, sharedScore: [UInt8]("8".utf8))))
        #expect(actions(pipeline, batchSize: 4) == ["resolve 1008 1009 1010 1011", "send 4", "read 8", "wait"])
        // Entries with other scores are among the eight, so no score belongs to their number any more.
        pipeline.value.handle(.pageArrived(page(12..<16, isFull: true, sharedScore: [UInt8]("8".utf8))))
        pipeline.value.handle(.finished)
        #expect(actions(pipeline, batchSize: 4) == ["read 12", "wait"])
    }

    @Test func `what is passed over may have other scores than the page behind it`() {
        let pipeline = self.pipeline(page(0..<4, isFull: true, sharedScore: [UInt8]("7".utf8)), passedOver: 3)
        #expect(actions(pipeline, batchSize: 4) == ["resolve 1000 1001 1002 1003", "read 7", "wait"])
    }

    @Test func `batches are looked up in the order of the index, as many ahead as may be in flight`() {
        let pipeline = self.pipeline(page(0..<10))
        #expect(actions(pipeline) == ["resolve 1000 1001", "resolve 1002 1003", "wait"])
        pipeline.value.handle(.resolved(batch(2)))
        #expect(actions(pipeline) == ["resolve 1004 1005", "send 2", "wait"])
        pipeline.value.handle(.resolved(batch(2)))
        #expect(actions(pipeline) == ["resolve 1006 1007", "send 2", "wait"])
        pipeline.value.handle(.resolved(batch(2)))
        // Two are in flight and one is ready: only one more is looked up.
        #expect(actions(pipeline) == ["wait"])
        pipeline.value.handle(.finished)
        #expect(actions(pipeline) == ["resolve 1008 1009", "send 2", "wait"])
    }

    @Test func `a near server gets two batches, and a third once it was found without work`() {
        let pipeline = self.pipeline(page(0..<40), inFlight: 3, distance: .zero)
        #expect(actions(pipeline) == ["resolve 1000 1001", "resolve 1002 1003", "resolve 1004 1005", "wait"])
        func resolved() -> [String] {
            pipeline.value.handle(.resolved(batch(2)))
            return actions(pipeline)
        }
        #expect(resolved() == ["resolve 1006 1007", "send 2", "wait"])
        #expect(resolved() == ["resolve 1008 1009", "send 2", "wait"])
        // Two are in flight, and as many are looked up ahead as may ever be.
        #expect(resolved() == ["wait"])
        // Both are answered before the next one is sent.
        pipeline.value.handle(.finished)
        pipeline.value.handle(.finished)
        #expect(actions(pipeline) == ["resolve 1010 1011", "send 2", "wait"])
        #expect(resolved() == ["resolve 1012 1013", "send 2", "wait"])
        #expect(resolved() == ["resolve 1014 1015", "send 2", "wait"])
        #expect(resolved() == ["wait"])
    }

    @Test func `the batch that is resolved first is sent first`() {
        let pipeline = self.pipeline(page(0..<3))
        #expect(actions(pipeline) == ["resolve 1000 1001", "resolve 1002", "wait"])
        pipeline.value.handle(.resolved(batch(1)))
        #expect(actions(pipeline) == ["send 1", "wait"])
        pipeline.value.handle(.resolved(batch(2)))
        #expect(actions(pipeline) == ["send 2", "wait"])
        pipeline.value.handle(.finished)
        pipeline.value.handle(.finished)
        #expect(actions(pipeline) == ["done"])
    }

    @Test(arguments: 1...5)
    func `never more batches are in flight than allowed, and every entry is sent once`(limit: Int) {
        let pipeline = self.pipeline(page(0..<100, isFull: true), inFlight: limit, readAheadBelow: 10)
        var random = SplitMix64(state: UInt64(limit))
        var (resolving, inFlight, reading): ([Int], [Int], [Int]) = ([], [], [])
        var sent = 0
        var next = 100
        loop: while true {
            switch pipeline.change({ $0.nextAction(batchSize: 7) }) {
            case .resolve(let entries, _): resolving.append(entries.count)
            case .send(let batch): inFlight.append(batch.entryCount)
            case .readPage(let offset, _): reading.append(offset)
            case .done: break loop
            case .wait:
                // Something ends, in any order.
                switch Int.random(in: 0..<3, using: &random) {
                case 0 where !resolving.isEmpty:
                    let count = resolving.remove(at: Int.random(in: 0..<resolving.count, using: &random))
                    pipeline.value.handle(.resolved(batch(count)))
                case 1 where !inFlight.isEmpty:
                    sent += inFlight.remove(at: Int.random(in: 0..<inFlight.count, using: &random))
                    pipeline.value.handle(.finished)
                case 2 where !reading.isEmpty:
                    _ = reading.removeLast()
                    let end = min(next + 100, 1000)
                    pipeline.value.handle(.pageArrived(page(next..<end, isFull: end < 1000)))
                    next = end
                default: continue
                }
            }
            #expect(inFlight.count <= limit)
            #expect(resolving.count <= limit)
            #expect(reading.count <= 1)
        }
        #expect(sent == 1000)
    }

    @Test func `the next page is read behind what is not sent yet, once few entries wait`() {
        let pipeline = self.pipeline(page(0..<10, isFull: true), passedOver: 5)
        // Six of ten wait: too many to read on.
        #expect(actions(pipeline) == ["resolve 1000 1001", "resolve 1002 1003", "wait"])
        pipeline.value.handle(.resolved(batch(2)))
        // Four wait, and two of the ten are sent: eight will still be there, behind five that are passed over.
        #expect(actions(pipeline) == ["resolve 1004 1005", "send 2", "read 13", "wait"])
        // It is read once.
        pipeline.value.handle(.resolved(batch(2)))
        #expect(actions(pipeline) == ["resolve 1006 1007", "send 2", "wait"])
        pipeline.value.handle(.pageArrived(page(10..<20, isFull: true)))
        pipeline.value.handle(.finished)
        pipeline.value.handle(.finished)
        pipeline.value.handle(.resolved(batch(2)))
        pipeline.value.handle(.resolved(batch(2)))
        // Eight of the first ten are sent; two of them and the ten new ones are left.
        #expect(actions(pipeline) == ["resolve 1008 1009", "resolve 1010 1011", "send 2", "send 2", "wait"])
    }

    @Test func `a page that repeats what is in flight brings only what is behind it`() {
        let pipeline = self.pipeline(page(0..<4, isFull: true))
        #expect(actions(pipeline) == ["resolve 1000 1001", "resolve 1002 1003", "read 4", "wait"])
        pipeline.value.handle(.pageArrived(page(2..<6)))
        pipeline.value.handle(.resolved(batch(2)))
        #expect(actions(pipeline) == ["resolve 1004 1005", "send 2", "wait"])
    }

    @Test func `a page with nothing new ends the reading ahead`() {
        let pipeline = self.pipeline(page(0..<2, isFull: true))
        #expect(actions(pipeline) == ["resolve 1000 1001", "read 2", "wait"])
        pipeline.value.handle(.pageArrived(page(0..<2, isFull: true)))
        pipeline.value.handle(.resolved(batch(2)))
        #expect(actions(pipeline) == ["send 2", "wait"])
        pipeline.value.handle(.finished)
        #expect(actions(pipeline) == ["done"])
    }

    @Test(arguments: BatchPipeline.Stage.allCases)
    func `after a failure nothing is started, and what is under way is waited for`(stage: BatchPipeline.Stage) {
        // One of each is under way.
        let pipeline = self.pipeline(page(0..<8, isFull: true))
        _ = actions(pipeline)
        pipeline.value.handle(.resolved(batch(2)))
        _ = actions(pipeline)
        pipeline.value.handle(.resolved(batch(2)))
        #expect(actions(pipeline) == ["resolve 1006 1007", "send 2", "wait"])
        pipeline.value.handle(.failed(stage))
        // Two are being looked up, two in flight and a page is being read; one of them has failed.
        let endings: [(BatchPipeline.Stage, Int)] = [(.resolving, 2), (.sending, 2), (.reading, 1)]
        for (other, count) in endings {
            for _ in 0..<(count - (other == stage ? 1 : 0)) {
                #expect(actions(pipeline) == ["wait"])
                switch other {
                case .resolving: pipeline.value.handle(.resolved(batch(2)))
                case .sending: pipeline.value.handle(.finished)
                case .reading: pipeline.value.handle(.pageArrived(page(8..<16, isFull: true)))
                }
            }
        }
        #expect(actions(pipeline) == ["done"])
    }

    @Test func `once no batch may be sent, what is in flight is finished and nothing else is done`() {
        let pipeline = self.pipeline(page(0..<8))
        _ = actions(pipeline)
        pipeline.value.handle(.resolved(batch(2)))
        #expect(actions(pipeline) == ["resolve 1004 1005", "send 2", "wait"])
        pipeline.value.handle(.mayNotEnqueue)
        pipeline.value.handle(.resolved(batch(2)))
        #expect(actions(pipeline) == ["wait"])
        pipeline.value.handle(.resolved(batch(2)))
        #expect(actions(pipeline) == ["wait"])
        pipeline.value.handle(.finished)
        #expect(actions(pipeline) == ["done"])
        // Not even one that never began anything.
        let fresh = self.pipeline(page(0..<8))
        fresh.value.handle(.mayNotEnqueue)
        #expect(actions(fresh) == ["done"])
    }
}
