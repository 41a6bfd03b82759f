import TestSupport
import Testing

@testable import RedisCron

/// What holds a million entries without moving all of them at once behaves as what it stands for.
@Suite struct LargeContainerTests {
    @Test(.seeded) func `a dictionary in parts holds what a dictionary holds`() {
        var generator = SeededGenerator.ofTest()
        var sharded = ShardedDictionary<Int, [Int]>()
        var model: [Int: [Int]] = [:]
        for step in 0..<20_000 {
            let key = Int.random(in: 0..<1_500, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0:
                sharded[key] = [step]
                model[key] = [step]
            case 1:
                sharded[key, default: []].append(step)
                model[key, default: []].append(step)
            case 2:
                sharded[key]?.removeAll { $0 % 2 == 0 }
                model[key]?.removeAll { $0 % 2 == 0 }
            default:
                #expect(sharded.removeValue(forKey: key) == model.removeValue(forKey: key))
            }
            #expect(sharded[key] == model[key])
        }
        #expect(sharded.keys.sorted() == model.keys.sorted())
        #expect(model.allSatisfy { sharded[$0.key] == $0.value })
    }

    @Test func `an array in chunks grows and shrinks over their bounds`() {
        var chunked = ChunkedArray<Int>()
        var model: [Int] = []
        for count in [4_095, 4_096, 4_097, 8_192, 20_000, 4_097, 4_096, 4_095, 1, 0, 5_000] {
            while model.count < count {
                chunked.append(model.count)
                model.append(model.count)
            }
            while model.count > count {
                chunked.removeLast()
                model.removeLast()
            }
            #expect(chunked.count == count)
            for place in stride(from: 0, to: count, by: 7) { chunked[place] += 1 }
            for place in stride(from: 0, to: count, by: 7) { model[place] += 1 }
            #expect((0..<chunked.count).map { chunked[$0] } == model)
        }
    }
}
