import RQWire
import RedisCronTesting
import TestSupport
import Testing

@testable import RedisCron

/// What the leader does when there is more to record than it has time for.
@Suite(.timeLimit(.minutes(2))) struct RunBacklogTests {
    @Test func `a log that is long and old does not keep it from looking`() async throws {
        let keeping = try await Keeping.of()
        let keeper = keeping.keeper()
        let job = try await keeping.tick()[0]
        keeping.work(job, as: .finished)
        let run = try #require(LoggedRuns(keeping.memory.model.runLog).open[DefinitionID("a")]?.first)
        #expect(try await keeper.step())
        let before = keeping.store.calls.count
        let entries = (0..<3_000).map { Self.entry(of: "more \($0)", as: run) }
        keeping.memory.change { $0.runLog += entries }
        keeping.pass(.seconds(60))
        await keeper.tick(isBusy: true)
        #expect(try await keeper.step())
        let calls = keeping.store.calls.dropFirst(before)
        let first = try #require(calls.firstIndex(of: .look))
        #expect(calls[..<first].count { $0 == .unfold } == 20)
        #expect(!keeping.memory.model.runLog.isEmpty)
        #expect(keeping.kept().map(\.outcome) == [.finished])
        for _ in 0..<5 { #expect(try await keeper.step()) }
        #expect(keeping.memory.model.runLog.isEmpty)
    }

    @Test func `many definitions that are deleted are forgotten without a question for each`() async throws {
        let keeping = try await Keeping.of()
        let keeper = keeping.keeper()
        _ = try await keeping.tick()
        #expect(try await keeper.step())
        let before = keeping.store.calls.count { $0 == .trackedRuns }
        for number in 0..<300 { await keeper.definitionDeleted(DefinitionID("more \(number)")) }
        #expect(try await keeper.step())
        #expect(keeping.store.calls.count { $0 == .trackedRuns } == before)
        // One that was made anew is asked about, and its open run is followed on.
        await keeper.definitionDeleted(DefinitionID("a"))
        #expect(try await keeper.step())
        #expect(keeping.store.calls.count { $0 == .trackedRuns } > before)
        #expect(await keeper.openCount == 1)
    }

    @Test func `looks that are late are made while the tick is at work, others one page at a time`() async throws {
        let keeping = try await Keeping.of()
        for number in 0..<499 {
            keeping.memory.put(.example("more \(number)", interval: Keeping.interval), at: .newYear)
        }
        let keeper = keeping.keeper()
        #expect(try await keeping.tick().count == 500)
        #expect(try await keeper.step())
        #expect(keeping.tracked(.open) == 500)
        await keeper.tick(isBusy: true)
        func looks(after pause: Duration) async throws -> Int {
            keeping.pass(pause)
            let before = keeping.store.calls.count { $0 == .look }
            #expect(try await keeper.step())
            return keeping.store.calls.count { $0 == .look } - before
        }
        #expect(try await looks(after: .seconds(3)) == 1)
        // A portion, another one, and in two pages those that were looked at and go on, which are late as well.
        #expect(try await looks(after: .seconds(10)) == 4)
    }

    @Test func `runs whose jobs are deleted at once leave behind no more looks than those that are kept need`()
        async throws
    {
        let keeping = try await Keeping()
        keeping.memory.put(.example("a", interval: .seconds(3)), at: .newYear)
        let keeper = keeping.keeper()
        for _ in 0..<60 {
            for job in try await keeping.tick() { keeping.memory.change { $0.jobs[job] = nil } }
            #expect(try await keeper.step())
            keeping.pass(.seconds(3))
            #expect(try await keeper.step())
        }
        #expect(keeping.tracked(.watched) == 20)
        #expect(await keeper.watch.followed.keys.count == 20)
    }

    @Test func `many runs that may be brought back are looked at by the thousand in a second, and hold up nothing`()
        async throws
    {
        let keeping = try await Keeping.of()
        for number in 0..<2_999 {
            keeping.memory.put(.example("more \(number)", interval: .seconds(3_600)), at: .newYear)
        }
        let keeper = keeping.keeper()
        var jobs: [RQJobID] = []
        while jobs.count < 3_000 { jobs += try await keeping.tick() }
        for job in jobs { keeping.memory.change { $0.jobs[job] = nil } }
        for _ in 0..<20 where keeping.tracked(.watched) < 3_000 {
            #expect(try await keeper.step())
            keeping.pass(.seconds(1))
        }
        #expect(keeping.tracked(.watched) == 3_000)
        let before = keeping.store.looks(at: .watched)
        for _ in 0..<100 {
            #expect(try await keeper.step())
            keeping.pass(.milliseconds(100))
        }
        let reviews = keeping.store.looks(at: .watched) - before
        #expect((9_000...10 * RunWatch.reviewsPerSecond + 400).contains(reviews))
        // All of them are late now. What is queued is looked at in its time all the same.
        keeping.memory.put(.example("one", interval: .seconds(3_600)), at: keeping.clock.now())
        keeping.work(try await keeping.tick()[0], as: .finished)
        #expect(try await keeper.step())
        keeping.pass(.milliseconds(2_600))
        #expect(try await keeper.step())
        #expect(keeping.kept("one").map(\.outcome) == [.finished])
    }

    /// An entry that says that a run of another definition was queued then.
    private static func entry(of id: String, as run: TrackedRun) -> [UInt8] {
        let other = TrackedRun(
            definition: DefinitionID(id), jobID: .named(definition: id, "trigger|1"), planned: nil, at: run.at,
            reason: .trigger, terms: run.terms, history: nil)
        return RunLogEntry.bytes(codes: [JobOutcome.queued.rawValue], removed: [], body: RunLogEntry.body(of: other))
    }
}
