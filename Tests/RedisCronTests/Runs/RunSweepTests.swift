import RQWire
import RedisCronTesting
import TestSupport
import Testing

@testable import RedisCron

/// How definitions are found that are gone without anybody having heard of it.
@Suite(.timeLimit(.minutes(2))) struct RunSweepTests {
    private static let ids = ["a", "b", "c"].map { DefinitionID($0) }

    @Test func `a sweep goes through what is followed and what is recorded, and begins anew after an hour`() {
        var sweep = RunSweep()
        #expect(sweep.isUnderWay)
        sweep.beginIfDue(at: .seconds(5), following: Self.ids)
        #expect(sweep.cursor == 0)
        #expect(sweep.page(of: 2) == [Self.ids[1], Self.ids[2]])
        sweep.looked(at: sweep.page(of: 2))
        sweep.reached(7, at: .seconds(6))
        #expect(sweep.cursor == 7)
        sweep.reached(0, at: .seconds(7))
        #expect(sweep.cursor == nil)
        #expect(sweep.isUnderWay)
        #expect(sweep.page(of: 2) == [Self.ids[0]])
        sweep.looked(at: sweep.page(of: 2))
        #expect(!sweep.isUnderWay)
        sweep.beginIfDue(at: .seconds(3606), following: Self.ids)
        #expect(!sweep.isUnderWay)
        sweep.beginIfDue(at: .seconds(3607), following: Self.ids)
        #expect(sweep.cursor == 0)
        #expect(sweep.page(of: 5) == Self.ids)
    }

    @Test func `one that is wanted begins at once, or when that which is under way has come to its end`() {
        var sweep = RunSweep()
        sweep.beginIfDue(at: .zero, following: [])
        sweep.reached(3, at: .zero)
        sweep.want()
        sweep.beginIfDue(at: .zero, following: [])
        #expect(sweep.cursor == 3)
        sweep.reached(0, at: .zero)
        #expect(sweep.isUnderWay)
        sweep.beginIfDue(at: .zero, following: [])
        #expect(sweep.cursor == 0)
        sweep.reached(0, at: .zero)
        sweep.beginIfDue(at: .seconds(1), following: [])
        #expect(!sweep.isUnderWay)
        sweep.want()
        sweep.beginIfDue(at: .seconds(1), following: [])
        #expect(sweep.cursor == 0)
    }

    @Test func `a deletion that was missed is found when the keeper is told so, open runs too`() async throws {
        let keeping = try await Keeping.of()
        let keeper = keeping.keeper()
        let job = try await keeping.tick()[0]
        #expect(try await keeper.step())
        keeping.work(job, as: .failed)
        keeping.pass(Keeping.interval)
        let second = try await keeping.tick()[0]
        #expect(try await keeper.step())
        #expect(keeping.kept().count == 1)
        #expect(keeping.tracked(.open) == 1)
        keeping.memory.change { $0.delete("a") }
        #expect(try await keeper.step())
        #expect(keeping.memory.model.endedRuns.count == 1)
        await keeper.deletionsMissed()
        #expect(try await keeper.step())
        #expect(keeping.memory.model.endedRuns.isEmpty)
        #expect(keeping.tracked(.watched) == 0)
        #expect(await keeper.openCount == 0)
        keeping.work(second, as: .finished)
        for _ in 0..<3 {
            keeping.pass(.seconds(60))
            #expect(try await keeper.step())
        }
        #expect(keeping.tracked(.open) == 0)
        #expect(await keeper.openCount == 0)
        #expect(keeping.ended.map(\.outcome) == [.failed])
        #expect(keeping.memory.model.endedRuns.isEmpty)
    }

    @Test(arguments: [true, false])
    func `what was deleted while the channel was cut, or announced what nobody understands, is forgotten at once`(
        isCut: Bool
    ) async throws {
        let harness = try ActorHarness()
        harness.memory.put(.example(), at: .newYear)
        harness.memory.put(.example("b", interval: .seconds(60)), at: .newYear + .seconds(30))
        try await harness.whileRunning {
            try await harness.waitForQueued(1)
            let job = harness.queued[0]
            harness.memory.change { model in
                _ = model.startJob(job)
                _ = model.endJob(job, as: .failed)
            }
            try await harness.passTime(until: "the record") { !$0.memory.model.endedRuns.isEmpty }
            // The sweep at the start is over by then.
            try await harness.passTime(until: "another run") { $0.queued.count >= 2 }
            if isCut {
                harness.memory.cutChannel(MadeUpFailure())
                try await eventually("no reader") { harness.memory.readerCount == 0 }
                harness.memory.change { $0.delete("metric:pm25") }
            } else {
                harness.memory.change { $0.delete("metric:pm25") }
                harness.memory.announce(.anything)
            }
            let began = harness.clock.monotonic()
            try await harness.passTime(until: "nothing is left") { $0.memory.model.endedRuns.isEmpty }
            #expect(harness.clock.monotonic() - began < .seconds(60))
            #expect(harness.memory.model.tracked[.watched]?.isEmpty ?? true)
        }
    }
}

extension RedisModel {
    /// Deletes a definition as Python does, which tells nobody in time.
    fileprivate mutating func delete(_ id: String) {
        remove(DefinitionID(id))
        setScore(nil, of: DefinitionID(id))
    }
}
