import RQWire
import RedisCronTesting
import Testing

@testable import RedisCron

/// What ``CronStore`` promises of the records of runs.
extension StoreContractTests {
    /// A store that is led under token `t`, with definitions `a` and `b`.
    private func withLeader(_ kind: Kind, _ body: (Fixture) async throws -> Void) async throws {
        try await with(kind) { fixture async throws in
            for id in ["a", "b"] { try fixture.put(.example(id), .newYear) }
            #expect(try await fixture.store.acquireLock(token: "t", timeToLive: .seconds(60)))
            try await body(fixture)
        }
    }

    /// Makes runs open by way of the log: that of a batch that queues these definitions.
    private func open(_ runs: [TrackedRun], in store: any CronStore) async throws {
        var unfolding = Unfolding()
        unfolding.entries = try await store.runLog(limit: 1)
        try #require(unfolding.entries.count == 1)
        unfolding.opened = runs
        #expect(try await store.unfold(unfolding, token: "t", now: .newYear) == .done)
    }

    /// Queues definitions, so that there is an entry in the log.
    private func queue(_ ids: [String], in store: any CronStore) async throws {
        var runs: [PlannedRun] = []
        for id in ids { runs.append(try await run(store, id)) }
        let found = try await store.enqueue(DueBatch(runs: runs), token: "t", now: .newYear + .seconds(1))
        #expect(outcomes(found) == ids.map { _ in .queued })
    }

    private func record(
        _ changes: [RunChange], in store: any CronStore
    ) async throws -> (outcomes: [RunChangeOutcome], total: Int) {
        guard
            case .done(let outcomes, let total) = try await store.record(
                changes, settling: nil, token: "t", now: .newYear)
        else {
            Issue.record("the lock is not ours")
            return ([], 0)
        }
        return (outcomes, total)
    }

    private func members(_ place: RunPlace, in store: any CronStore) async throws -> [TrackedRun] {
        try await store.trackedRuns(place, after: nil, limit: 100).runs
    }

    @Test(arguments: Kind.allCases)
    func `what a batch queues stands in the log until it is unfolded, which is done once`(kind: Kind) async throws {
        try await withLeader(kind) { fixture async throws in
            let store = fixture.store
            try fixture.put(.example("none") { $0.policy.history = 0 }, .newYear)
            try await queue(["b", "none", "a"], in: store)
            let entries = try await store.runLog(limit: 10)
            let lines = try #require(entries.first.flatMap { RunLogEntry($0) }).lines
            let runs = lines.compactMap { if case .queued(let run) = $0 { run } else { nil } }
            #expect(runs.map(\.definition.display) == ["b", "a"])
            #expect(runs.map(\.planned) == [.newYear, .newYear])
            var unfolding = Unfolding()
            unfolding.entries = entries
            unfolding.opened = runs
            #expect(try await store.unfold(unfolding, token: "other", now: .newYear) == .lockLost)
            #expect(try await store.runLog(limit: 10) == entries)
            #expect(try await store.unfold(unfolding, token: "t", now: .newYear) == .done)
            #expect(try await store.runLog(limit: 10).isEmpty)
            #expect(try await members(.open, in: store) == runs.reversed())
            _ = try await record(runs.map { RunChange($0, from: .open, ending: .example(), keep: 5) }, in: store)
            #expect(try await store.unfold(unfolding, token: "t", now: .newYear) == .logMoved)
            #expect(try await members(.open, in: store).isEmpty)
        }
    }

    @Test(arguments: Kind.allCases)
    func `runs are read in pages, those of one definition together, oldest first`(kind: Kind) async throws {
        try await withLeader(kind) { fixture async throws in
            let store = fixture.store
            try await queue(["a"], in: store)
            let runs = ["b", "a", "aa"].flatMap { id in [5, 3, 4].map { TrackedRun.example(id, at: $0) } }
            try await open(runs, in: store)
            var found: [[TrackedRun]] = []
            var last: [UInt8]?
            repeat {
                let page = try await store.trackedRuns(.open, after: last, limit: 4)
                found.append(page.runs)
                last = page.last
            } while last != nil
            #expect(found.map(\.count) == [4, 4, 1])
            #expect(
                found.flatMap(\.self) == ["a", "aa", "b"].flatMap { id in [3, 4, 5].map { .example(id, at: $0) } })
            #expect(try await members(.watched, in: store).isEmpty)
        }
    }

    @Test(arguments: Kind.allCases)
    func `an end is recorded once, the newest first, and no more than are kept`(kind: Kind) async throws {
        try await withLeader(kind) { fixture async throws in
            let store = fixture.store
            try await queue(["a"], in: store)
            let runs = (1...4).map { TrackedRun.example("a", at: $0) } + [.example("gone")]
            try await open(runs, in: store)
            let changes = runs.map { RunChange($0, from: .open, ending: .example(at: 9), keep: 3) }
            let first = try await record(changes, in: store)
            #expect(first.outcomes == [.recorded, .recorded, .recorded, .recorded, .definitionGone])
            #expect(first.total == 3)
            let ended = [4, 3, 2].map { EndedRun(.example("a", at: $0), .example(at: 9)) }
            #expect(try await store.endedRuns(of: DefinitionID("a")) == ended)
            #expect(try await store.endedRuns(of: DefinitionID("gone")).isEmpty)
            let second = try await record(changes, in: store)
            #expect(second.outcomes == changes.map { _ in .missing })
            #expect(second.total == 3)
            #expect(try await store.endedRuns(of: DefinitionID("a")) == ended)
            guard case .lockLost = try await store.record(changes, settling: nil, token: "other", now: .newYear)
            else {
                Issue.record("recorded without the lock")
                return
            }
        }
    }

    @Test(arguments: Kind.allCases)
    func `a portion is held until it is settled, which is done once`(kind: Kind) async throws {
        try await withLeader(kind) { fixture async throws in
            let store = fixture.store
            try await queue(["a"], in: store)
            let runs = (1...4).map { TrackedRun.example("a", at: $0) } + [.example("gone")]
            var unfolding = Unfolding()
            unfolding.entries = try await store.runLog(limit: 1)
            unfolding.opened = runs
            unfolding.portions = [RunPortion(Array(runs.prefix(1))), RunPortion(Array(runs.dropFirst()))]
            #expect(try await store.unfold(unfolding, token: "t", now: .newYear) == .done)
            #expect(try await store.recentRuns() == unfolding.portions)
            #expect(try await members(.open, in: store).isEmpty)
            let endings: [(TrackedRun, RunEnding)] = [
                (runs[1], .example(at: 9)), (runs[2], .example(.failed, at: 9)), (runs[4], .example()),
            ]
            let changes = endings.map { RunChange($0, from: .open, ending: $1, keep: 3) }
            let settlement = RunSettlement(unfolding.portions[1], open: [runs[3]])
            func settle(_ token: String) async throws -> RecordOutcome {
                try await store.record(changes, settling: settlement, token: token, now: .newYear)
            }
            guard case .lockLost = try await settle("other"), case .done(let outcomes, 2) = try await settle("t"),
                case .portionGone = try await settle("t")
            else {
                Issue.record("it is not settled once")
                return
            }
            #expect(outcomes == [.recorded, .recorded, .definitionGone])
            #expect(try await store.recentRuns() == [unfolding.portions[0]])
            #expect(try await members(.open, in: store) == [runs[3]])
            #expect(try await members(.watched, in: store) == [runs[2]])
            #expect(try await store.endedRuns(of: DefinitionID("a")).map(\.ending.outcome) == [.failed, .finished])
        }
    }

    @Test(arguments: Kind.allCases)
    func `a failed run is watched, may be brought back, and has one record in the end`(kind: Kind) async throws {
        try await withLeader(kind) { fixture async throws in
            let store = fixture.store
            try await queue(["a"], in: store)
            let runs = (1...4).map { TrackedRun.example("a", at: $0) }
            try await open(runs, in: store)
            let failed = RunEnding.example(.failed)
            _ = try await record(runs.map { RunChange($0, from: .open, ending: failed, keep: 3) }, in: store)
            #expect(try await members(.watched, in: store) == Array(runs.dropFirst()))
            let former = EndedRun(runs[2], failed)
            let back = RunChange(runs[2], from: .watched, former: former, isReopened: true, keep: 3)
            let reopened = try await record([back], in: store)
            #expect(reopened.outcomes == [.recorded])
            #expect(reopened.total == 2)
            #expect(try await members(.open, in: store) == [runs[2]])
            let ending = RunEnding.example(at: 20)
            _ = try await record([RunChange(runs[2], from: .open, ending: ending, keep: 3)], in: store)
            // One that is over for good, and one whose end is another one.
            let settled = RunChange(runs[1], from: .watched, keep: 3)
            let changed = RunChange(
                runs[3], from: .watched, former: EndedRun(runs[3], failed), ending: .example(.deleted), keep: 3)
            let last = try await record([settled, changed], in: store)
            #expect(last.outcomes == [.recorded, .recorded])
            #expect(last.total == 3)
            #expect(try await members(.watched, in: store) == [runs[3]])
            let ends = try await store.endedRuns(of: DefinitionID("a"))
            #expect(ends.map(\.ending.outcome) == [.deleted, .finished, .failed])
        }
    }

    @Test(arguments: Kind.allCases)
    func `it is told where runs stand, and what is recorded of each`(kind: Kind) async throws {
        try await withLeader(kind) { fixture async throws in
            let store = fixture.store
            try await queue(["a"], in: store)
            let runs = (1...3).map { TrackedRun.example("a", at: $0) } + [.example("b"), .example("gone")]
            try await open(runs, in: store)
            let (failed, finished) = (RunEnding.example(.failed), RunEnding.example(at: 9))
            let changes = [
                RunChange(runs[0], from: .open, ending: failed, keep: 3),
                RunChange(runs[1], from: .open, ending: finished, keep: 3),
                RunChange(runs[4], from: .open, ending: failed, keep: 3),
            ]
            _ = try await record(changes, in: store)
            let found = try await store.standings(of: runs)
            #expect(
                found == [
                    RunStanding(place: .watched, recorded: EndedRun(runs[0], failed)),
                    RunStanding(place: nil, recorded: EndedRun(runs[1], finished)),
                    RunStanding(place: .open, recorded: nil), RunStanding(place: .open, recorded: nil),
                    RunStanding(place: nil, recorded: nil),
                ])
            #expect(try await store.standings(of: []).isEmpty)
        }
    }

    @Test(arguments: Kind.allCases)
    func `a definition is paused by the record of a failure, if a tick has not counted it`(kind: Kind) async throws {
        try await withLeader(kind) { fixture async throws in
            let store = fixture.store
            let runs = ["p", "q"].map { TrackedRun.example($0) }
            for (run, most) in zip(runs, [1, 2]) {
                try fixture.put(
                    .example(run.definition.display) { hash in
                        hash.policy.pauseAfterFailures = most
                        hash.state.openRuns =
                            OpenRuns(of: [RQWire.OpenRun(jobID: run.jobID.description, queue: "q")])
                            .bytes
                    }, .newYear)
            }
            try await queue(["a"], in: store)
            try await open(runs, in: store)
            let found = try await record(
                runs.map { RunChange($0, from: .open, ending: .example(.failed), keep: 0) }, in: store)
            #expect(found.outcomes == [.paused, .noted])
            #expect(found.total == 0)
            #expect(try fixture.due("p") == nil)
            #expect(try fixture.due("q") == .newYear)
            let read = try await store.definitions(["p", "q"].map { DefinitionID($0) })
            let definitions = read.compactMap { if case .found(.prepared(let found)) = $0 { found } else { nil } }
            #expect(definitions.map(\.isEnabled) == [false, true])
            #expect(definitions.map { $0.governance?.openRuns.runs.isEmpty } == [true, true])
            #expect(try await members(.watched, in: store).isEmpty)
        }
    }

    @Test(arguments: Kind.allCases)
    func `runs of definitions that are gone are forgotten, and the oldest beyond the bound`(kind: Kind) async throws {
        try await withLeader(kind) { fixture async throws in
            let store = fixture.store
            try await queue(["a"], in: store)
            try await open([.example("gone"), .example("a")], in: store)
            try await store.forgetRuns(of: ["gone", "a"].map { DefinitionID($0) })
            #expect(try await members(.open, in: store) == [.example("a")])
            try await queue(["b"], in: store)
            let runs = ["a", "b"].flatMap { id in (1...3).map { TrackedRun.example(id, at: $0) } }
            try await open(runs, in: store)
            // The runs of b were over first, but for its last one.
            let times = [11, 12, 13, 1, 2, 30]
            let changes = zip(runs, times).map { RunChange($0, from: .open, ending: .example(at: $1), keep: 9) }
            #expect(try await record(changes, in: store).total == 6)
            #expect(try await store.trimRuns(to: 6) == 6)
            #expect(try await store.trimRuns(to: 3) == 3)
            #expect(
                try await store.endedRuns(of: DefinitionID("a")).map(\.at) == [3, 2].map { .newYear + .seconds($0) })
            #expect(try await store.endedRuns(of: DefinitionID("b")).map(\.at) == [.newYear + .seconds(3)])
            var cursor = 0
            repeat { cursor = try await store.sweepRuns(from: cursor) } while cursor != 0
            #expect(try await store.trimRuns(to: 1_000) == 3)
        }
    }
}
