import Chaos
import TestSupport
import Testing

struct SoakVerdictTests {
    /// Forty samples; each value may depend on the number of the sample.
    private func growth(
        memory: (Int) -> Int = { _ in 20 << 20 }, descriptors: (Int) -> Int = { _ in 12 },
        keys: (Int) -> Int = { _ in 3_000 }, runs: (Int, inout RunKeySizes) -> Void = { _, _ in }
    ) -> [String] {
        SoakVerdict(
            (0..<40).map { number in
                var sizes = RunKeySizes()
                runs(number, &sizes)
                return SoakSample(
                    time: Double(number), memory: [20 << 20, memory(number)], descriptors: [12, descriptors(number)],
                    keys: keys(number), runs: sizes)
            }
        ).growth
    }

    @Test func `what stays flat, or grows in the first half only, did not grow`() {
        #expect(growth() == [])
        #expect(growth(memory: { min($0, 20) << 20 }) == [])
        #expect(growth(keys: { 3_000 + $0 % 3 * 100 }) == [])
    }

    @Test func `a single high sample is no growth`() {
        #expect(growth(memory: { $0 == 35 ? 90 << 20 : 20 << 20 }, descriptors: { $0 == 36 ? 40 : 12 }) == [])
    }

    @Test func `memory, descriptors and keys that keep growing are named`() {
        #expect(growth(memory: { 20 << 20 + $0 << 18 }).first?.contains("the memory of scheduler 2") == true)
        #expect(growth(descriptors: { 12 + $0 / 2 }).first?.contains("the file descriptors of scheduler 2") == true)
        #expect(growth(keys: { 3_000 + $0 * 100 }).first?.contains("the number of keys") == true)
    }

    @Test func `what is kept of runs is watched, each part by itself`() {
        #expect(growth(runs: { $1.total = 20_000 + $0 % 2 * 100 }) == [])
        let parts: [WritableKeyPath<RunKeySizes, Int>] = [
            \.keys, \.log, \.recent, \.open, \.watched, \.definitions, \.total,
        ]
        for part in parts { #expect(growth(runs: { $1[keyPath: part] = 100 * $0 }).count == 1) }
        #expect(growth(runs: { $1.watched = 100 * $0 }).first?.contains("the number of watched runs") == true)
    }

    @Test func `too few samples say nothing`() {
        #expect(SoakVerdict([]).growth.count == 1)
    }
}

@Suite(.timeLimit(.minutes(3)))
struct SoakRunTests {
    @Test(.seeded) func `a short soak moves jobs and measures both schedulers`() async throws {
        let plan = SoakPlan(
            seconds: 6, rate: 200, seed: SeededGenerator.ofTest().seed, binary: Rqrcron.path)
        let samples = try await SoakRun.perform(plan)
        let last = try #require(samples.last)
        #expect(last.jobs > 0 && last.edits > 0 && last.cuts > 0 && last.keys > 200)
        #expect(last.runs.keys > 4 && last.runs.definitions > 100 && last.runs.total > 200)
        #expect(last.memory.count == 2 && last.memory.allSatisfy { $0 > 1 << 20 })
        #expect(last.descriptors.count == 2 && last.descriptors.allSatisfy { $0 > 3 && $0 < 100 })
    }
}
