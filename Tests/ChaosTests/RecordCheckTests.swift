import Chaos
import Testing

/// The check of records finds nothing where each run has its own, and finds each that is wrong.
struct RecordCheckTests {
    private static let jobs = ["a1", "a2", "a3"]
    private static let outcomes = ["a1": "finished", "a2": "failed", "a3": "deleted"]

    private func at(_ number: Int) -> WireTime { Story.noon(Double(number)) }

    /// Three runs of a definition, all over, and what is kept of them.
    private var kept: KeptRuns {
        var kept = KeptRuns()
        kept.over["a"] = Self.jobs.enumerated().reversed().map { number, job in
            KeptRuns.Run(job: job, at: at(number), outcome: Self.outcomes[job] ?? "")
        }
        kept.watched["a"] = [KeptRuns.Run(job: "a2", at: at(1))]
        kept.indexed = ["a"]
        kept.total = 3
        return kept
    }

    private func details(_ kept: KeptRuns, keep: Int = 20, exists: Bool = true) -> [String] {
        let runs = Dictionary(uniqueKeysWithValues: Self.jobs.enumerated().map { ($1, at($0)) })
        return RecordCheck(
            kept, runs: exists ? ["a": runs] : [:], queued: Set(Self.jobs), outcomes: Self.outcomes,
            settled: at(60), keep: keep
        ).violations.map(\.detail)
    }

    @Test func `records that tell what happened are in order`() {
        #expect(details(kept) == [])
    }

    @Test func `a run without a record is found`() {
        var kept = kept
        kept.over["a"]?.remove(at: 1)
        kept.total = 2
        #expect(details(kept) == ["job a2 has no record; 2 have, from \(at(0)) to \(at(2))"])
        // Beyond what is kept it is in order.
        kept.over["a"] = Array(self.kept.over["a"]?.prefix(2) ?? [])
        #expect(details(kept, keep: 2) == [])
    }

    @Test func `a run whose end is not known is found`() {
        var kept = kept
        kept.open["a"] = kept.over["a"]?.suffix(1)
        kept.over["a"]?.removeLast()
        kept.total = 2
        #expect(details(kept) == ["job a1 is over, and followed as open"])
        kept.open = [:]
        kept.logged = ["a1"]
        #expect(details(kept) == ["job a1 is still in the log"])
    }

    @Test func `a wrong outcome is found`() {
        var kept = kept
        kept.over["a"]?[0] = KeptRuns.Run(job: "a3", at: at(2), outcome: "finished")
        #expect(details(kept) == ["job a3 is recorded as finished, and is deleted"])
    }

    @Test func `a run that is recorded twice is found`() {
        var kept = kept
        kept.over["a"]?.append(KeptRuns.Run(job: "a1", at: at(0), outcome: "finished"))
        kept.total = 4
        #expect(details(kept) == ["job a1 has two records"])
    }

    @Test func `a record without a run is found`() {
        var kept = kept
        kept.over["a"]?.append(KeptRuns.Run(job: "other", at: at(0), outcome: "finished"))
        kept.total = 4
        #expect(details(kept) == ["job other has a record and was never queued"])
    }

    @Test func `too many records and a wrong count are found`() {
        var kept = kept
        kept.total = 5
        #expect(details(kept, keep: 2) == ["3 runs are kept, and 2 may be", "3 runs are kept, and counted are 5"])
    }

    @Test func `what is kept of a definition that is gone is found`() {
        #expect(details(kept, exists: false) == ["runs are kept, and it is gone"])
    }
}
