import RQWire
import Testing

@testable import RedisCron

@Suite struct BatchSizingTests {
    @Test func `it begins with the most, shrinks with failures to one and grows again with successes`() {
        var sizing = BatchSizing(most: 200)
        #expect(sizing.size == 200)
        sizing.batchSucceeded()
        #expect(sizing.size == 200)
        sizing.batchFailed()
        #expect(sizing.size == 12)
        sizing.batchFailed()
        sizing.batchFailed()
        #expect(sizing.size == 1)
        for _ in 0..<8 { sizing.batchSucceeded() }
        #expect(sizing.size == 200)
    }

    @Test func `a batch is parted by its bytes, in order, and what is too large alone goes alone`() throws {
        let lengths = [10, 10, 5000, 10, 900, 900, 10]
        let runs = try lengths.enumerated().map { index, length in
            let definition = try PreparedDefinition.example(
                .example("\(index)") { $0.meta = ["text": .string(String(repeating: "x", count: length))] })
            return PlannedRun(
                definition: definition, entry: DueEntry("\(index)", at: .newYear), planned: .newYear, next: nil)
        }
        func parted(_ limit: Int) -> [[String]] {
            DueBatch(runs: runs).parts(ofBytes: limit).map { $0.runs.map(\.entry.id.display) }
        }
        #expect(parted(1 << 20) == [["0", "1", "2", "3", "4", "5", "6"]])
        #expect(parted(2000) == [["0", "1"], ["2"], ["3", "4"], ["5", "6"]])
        #expect(parted(1) == lengths.indices.map { ["\($0)"] })
        #expect(DueBatch(runs: []).parts(ofBytes: 1).isEmpty)
    }
}
