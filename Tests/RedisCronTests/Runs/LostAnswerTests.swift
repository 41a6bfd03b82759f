import RQWire
import RedisCronTesting
import TestSupport
import Testing

@testable import RedisCron

/// What the leader makes of a call that got no answer, and of a run that goes on before it looks again.
@Suite(.timeLimit(.minutes(2))) struct LostAnswerTests {
    /// A leader that has recorded a failure, or has had the answer to that lost.
    private func failed(
        isLost: Bool
    ) async throws -> (keeping: Keeping, keeper: RunKeeper, job: RQJobID) {
        let keeping = try await Keeping.of()
        let keeper = keeping.keeper()
        let job = try await keeping.tick()[0]
        #expect(try await keeper.step())
        keeping.work(job, as: .failed, error: "ValueError")
        keeping.pass(.seconds(3))
        if isLost {
            keeping.store.afterNext(.record) { throw MadeUpFailure() }
            await #expect(throws: MadeUpFailure.self) { try await keeper.step() }
        } else {
            #expect(try await keeper.step())
        }
        #expect(keeping.kept().map(\.outcome) == [.failed])
        return (keeping, keeper, job)
    }

    /// Lets time pass for the leader.
    private func pass(_ count: Int, _ keeping: Keeping, _ keeper: RunKeeper) async throws {
        for _ in 0..<count {
            keeping.pass(.seconds(10))
            #expect(try await keeper.step())
        }
    }

    private func expectFinished(_ keeping: Keeping, _ keeper: RunKeeper, told: [RunOutcome]) async {
        #expect(keeping.kept().map(\.outcome) == [.finished])
        #expect(keeping.kept().first?.attempts == 2)
        #expect(keeping.memory.model.runTotal == 1)
        #expect(keeping.tracked(.open) == 0)
        #expect(keeping.tracked(.watched) == 0)
        #expect(await keeper.openCount == 0)
        #expect(keeping.ended.map(\.outcome) == told)
    }

    /// When a call that takes runs off the log arrives, of which its sender has heard nothing.
    enum Arrival: CaseIterable {
        /// Before the log is read again.
        case soon
        /// After that, and before the same entries are taken off with another one.
        case late
    }

    @Test(arguments: Arrival.allCases, [0, 50_000])
    func `runs that are taken off the log late are followed, with what came after them`(
        arrival: Arrival, mostHeldRuns: Int
    ) async throws {
        let keeping = try await Keeping.of(mostHeldRuns: mostHeldRuns)
        let keeper = keeping.keeper()
        var jobs = try await keeping.tick()
        let before = keeping.memory.model
        keeping.store.afterNext(.unfold) { throw MadeUpFailure() }
        await #expect(throws: MadeUpFailure.self) { try await keeper.step() }
        let taken = keeping.memory.model
        #expect(taken.runLog.isEmpty)
        #expect(keeping.open.count == 1)
        if arrival == .late {
            keeping.memory.change { model in
                (model.runLog, model.recentRuns, model.tracked) = (before.runLog, before.recentRuns, before.tracked)
            }
            keeping.store.beforeNext(.unfold) {
                keeping.memory.change { model in
                    (model.recentRuns, model.tracked) = (taken.recentRuns, taken.tracked)
                    model.runLog.removeFirst()
                }
            }
        }
        keeping.pass(Keeping.interval)
        jobs += try await keeping.tick()
        #expect(try await keeper.step())
        #expect(await keeper.openCount == 2)
        #expect(keeping.memory.model.runLog.isEmpty)
        for job in jobs { keeping.work(job, as: .finished) }
        try await pass(2, keeping, keeper)
        #expect(keeping.kept().map(\.outcome) == [.finished, .finished])
        #expect(keeping.tracked(.open) == 0)
        #expect(await keeper.openCount == 0)
    }

    @Test(arguments: [true, false])
    func `a run whose failure was recorded without an answer, and that was requeued, is followed`(
        isSeenOpen: Bool
    ) async throws {
        let (keeping, keeper, job) = try await failed(isLost: true)
        keeping.memory.change { _ = $0.requeueJob(job) }
        if isSeenOpen { try await pass(2, keeping, keeper) }
        keeping.work(job, as: .finished)
        try await pass(3, keeping, keeper)
        await expectFinished(keeping, keeper, told: [.failed, .finished])
    }

    @Test(arguments: [true, false])
    func `a run that was brought back without an answer, and then ended, is recorded`(isDone: Bool) async throws {
        let (keeping, keeper, job) = try await failed(isLost: false)
        keeping.memory.change { _ = $0.requeueJob(job) }
        keeping.pass(.seconds(10))
        if isDone {
            keeping.store.afterNext(.record) { throw MadeUpFailure() }
        } else {
            keeping.store.beforeNext(.record) { throw MadeUpFailure() }
        }
        await #expect(throws: MadeUpFailure.self) { try await keeper.step() }
        #expect(keeping.tracked(.open) == (isDone ? 1 : 0))
        keeping.work(job, as: .finished)
        try await pass(3, keeping, keeper)
        await expectFinished(keeping, keeper, told: [.failed, .finished])
    }

    @Test func `a second failure that was recorded without an answer has one record`() async throws {
        let (keeping, keeper, job) = try await failed(isLost: false)
        keeping.memory.change { _ = $0.requeueJob(job) }
        keeping.work(job, as: .failed, error: "KeyError")
        keeping.pass(.seconds(10))
        keeping.store.afterNext(.record) { throw MadeUpFailure() }
        await #expect(throws: MadeUpFailure.self) { try await keeper.step() }
        try await pass(3, keeping, keeper)
        #expect(keeping.kept().map(\.error) == ["KeyError"])
        #expect(keeping.memory.model.runTotal == 1)
        #expect(keeping.tracked(.watched) == 1)
        #expect(keeping.ended.map(\.error) == ["ValueError", "KeyError"])
    }

    @Test func `a call that is done after it was looked up where its run stands is told of, and the run followed`()
        async throws
    {
        let keeping = try await Keeping.of()
        let keeper = keeping.keeper()
        let job = try await keeping.tick()[0]
        #expect(try await keeper.step())
        keeping.work(job, as: .failed, error: "ValueError")
        keeping.pass(.seconds(3))
        let portion = try #require(keeping.memory.model.recentRuns.first)
        let run = try #require(portion.runs.first)
        let look = RunToLookAt(run, memory: RunMemory(lastOpen: run.at), place: .open)
        let found = keeping.memory.change { $0.look(at: [look], now: keeping.clock.now()) }
        guard case .over(let ending) = found.first else {
            Issue.record("not over: \(found)")
            return
        }
        keeping.store.beforeNext(.record) { throw MadeUpFailure() }
        await #expect(throws: MadeUpFailure.self) { try await keeper.step() }
        keeping.store.afterNext(.recentRuns) {
            let late = RunChange(run, from: .open, ending: ending, keep: 20)
            _ = keeping.memory.change {
                $0.record(
                    [late], settling: RunSettlement(portion, open: []), token: "t", now: keeping.clock.now())
            }
        }
        try await pass(2, keeping, keeper)
        #expect(keeping.ended.map(\.outcome) == [.failed])
        #expect(keeping.tracked(.watched) == 1)
        keeping.memory.change { _ = $0.requeueJob(job) }
        keeping.work(job, as: .finished)
        try await pass(3, keeping, keeper)
        await expectFinished(keeping, keeper, told: [.failed, .finished])
    }

    @Test func `an end that was recorded without an answer is told, although its record was pushed out since`()
        async throws
    {
        let keeping = try await Keeping.of { $0.history = 1 }
        let keeper = keeping.keeper()
        for _ in 0..<3 {
            for job in try await keeping.tick() { keeping.work(job, as: .finished) }
            keeping.pass(Keeping.interval)
        }
        keeping.store.afterNext(.record) { throw MadeUpFailure() }
        await #expect(throws: MadeUpFailure.self) { try await keeper.step() }
        #expect(keeping.kept().count == 1)
        try await pass(2, keeping, keeper)
        #expect(keeping.ended.count == 3)
        #expect(keeping.kept().count == 1)
        #expect(await keeper.openCount == 0)
    }

    @Test func `a run that was taken out for another one, and recorded without an answer, has one record`() async throws
    {
        let keeping = try await Keeping.of(policy: RunPolicy(overlap: .replace))
        let keeper = keeping.keeper()
        _ = try await keeping.tick()
        #expect(try await keeper.step())
        keeping.pass(.seconds(3))
        #expect(try await keeper.step())
        keeping.pass(Keeping.interval)
        #expect(try await keeping.tick().count == 1)
        keeping.store.afterNext(.record) { throw MadeUpFailure() }
        await #expect(throws: MadeUpFailure.self) { try await keeper.step() }
        #expect(keeping.kept().map(\.outcome) == [.canceled])
        try await pass(3, keeping, keeper)
        #expect(keeping.kept().map(\.outcome) == [.canceled])
        #expect(keeping.ended.map(\.outcome) == [.canceled])
        #expect(keeping.memory.model.runLog.isEmpty)
        #expect(keeping.tracked(.open) == 1)
    }

    @Test func `a run that was taken out for one of which nothing is kept is canceled`() async throws {
        let keeping = try await Keeping.of(policy: RunPolicy(overlap: .replace))
        let keeper = keeping.keeper()
        _ = try await keeping.tick()
        #expect(try await keeper.step())
        keeping.memory.change { model in
            guard var hash = model.definitions[DefinitionID("a")]?.hash else { return }
            hash.policy.history = 0
            hash.updatedAt = keeping.clock.now() + .seconds(1)
            model.put(hash)
        }
        keeping.pass(Keeping.interval)
        // The first one is made with what was known before.
        for _ in 0..<2 { _ = try await keeping.tick() }
        try await pass(2, keeping, keeper)
        #expect(keeping.kept().map(\.outcome) == [.canceled])
        #expect(keeping.memory.model.runLog.isEmpty)
        #expect(keeping.tracked(.open) == 0)
    }

    @Test func `a run that gives way to a later one under its id is looked for in both places`() async throws {
        let (keeping, keeper, job) = try await failed(isLost: true)
        let former = try #require(keeping.memory.model.tracked[.watched]?.first)
        let later = TrackedRun(
            definition: former.definition, jobID: job, planned: former.planned, at: keeping.clock.now(),
            reason: .backfill, terms: former.terms, history: nil)
        keeping.memory.change { model in
            let body = RunLogEntry.body(of: later)
            model.runLog.append(RunLogEntry.bytes(codes: [JobOutcome.queued.rawValue], removed: [], body: body))
            _ = model.requeueJob(job)
        }
        #expect(try await keeper.step())
        #expect(keeping.open.map(\.at) == [later.at])
        #expect(keeping.tracked(.watched) == 0)
        keeping.work(job, as: .finished)
        try await pass(2, keeping, keeper)
        #expect(keeping.kept().map(\.outcome) == [.finished, .failed])
        #expect(keeping.tracked(.open) == 0)
    }

    @Test func `a run that is taken out for another one while it is looked at is no success`() async throws {
        let keeping = try await Keeping()
        // Of a success nothing is left: a job that is gone is taken for one.
        keeping.memory.put(
            .example("a", interval: Keeping.interval) {
                $0.policy = RunPolicy(overlap: .replace)
                $0.call.resultTTL = .zero
            }, at: .newYear)
        let keeper = keeping.keeper()
        let job = try await keeping.tick()[0]
        #expect(try await keeper.step())
        keeping.pass(Keeping.interval)
        keeping.store.beforeNext(.look) {
            let next = try await keeping.tick()
            #expect(next != [job])
            keeping.pass(.seconds(5))
        }
        #expect(try await keeper.step())
        #expect(keeping.kept().isEmpty)
        try await pass(2, keeping, keeper)
        #expect(keeping.kept().map(\.outcome) == [.canceled])
        #expect(keeping.ended.map(\.outcome) == [.canceled])
    }

    @Test(arguments: [0, 50_000])
    func `that a run was taken out is recorded once more where Redis lost it`(mostHeldRuns: Int) async throws {
        let keeping = try await Keeping.of(policy: RunPolicy(overlap: .replace), mostHeldRuns: mostHeldRuns)
        let keeper = keeping.keeper()
        let job = try await keeping.tick()[0]
        #expect(try await keeper.step())
        keeping.pass(Keeping.interval)
        #expect(try await keeping.tick() != [job])
        let before = keeping.memory.model
        #expect(!before.runLog.isEmpty)
        #expect(try await keeper.step())
        #expect(keeping.kept().map(\.outcome) == [.canceled])
        // Nobody has noticed yet that the connection was lost.
        keeping.memory.change { $0 = before }
        #expect(try await keeper.step())
        #expect(keeping.kept().map(\.outcome) == [.canceled])
        keeping.memory.restart()
        try await pass(2, keeping, keeper)
        #expect(keeping.kept().map(\.outcome) == [.canceled])
        #expect(keeping.memory.model.runLog.isEmpty)
        #expect(keeping.tracked(.open) == 1)
    }

    @Test func `what Redis lost with its last moments is read again and recorded once more`() async throws {
        let keeping = try await Keeping.of()
        let keeper = keeping.keeper()
        let job = try await keeping.tick()[0]
        #expect(try await keeper.step())
        keeping.work(job, as: .finished)
        let before = keeping.memory.model
        keeping.pass(.seconds(3))
        #expect(try await keeper.step())
        #expect(keeping.kept().map(\.outcome) == [.finished])
        keeping.memory.change { $0 = before }
        try await pass(2, keeping, keeper)
        #expect(keeping.kept().isEmpty)
        keeping.memory.restart()
        try await pass(2, keeping, keeper)
        #expect(keeping.kept().map(\.outcome) == [.finished])
        #expect(await keeper.openCount == 0)
    }
}
