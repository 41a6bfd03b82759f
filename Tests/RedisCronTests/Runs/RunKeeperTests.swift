import RQWire
import RedisBridge
import RedisCronTesting
import TestSupport
import Testing

@testable import RedisCron

/// What the leader does about runs, step by step.
@Suite(.timeLimit(.minutes(2))) struct RunKeeperTests {
    @Test func `a run that succeeds is unfolded, looked at and recorded once`() async throws {
        let keeping = try await Keeping.of()
        let keeper = keeping.keeper()
        let job = try await keeping.tick()[0]
        #expect(keeping.memory.model.runLog.count == 1)
        #expect(try await keeper.step())
        #expect(keeping.memory.model.runLog.isEmpty)
        #expect(keeping.tracked(.open) == 1)
        #expect(await keeper.openCount == 1)
        keeping.work(job, as: .finished)
        keeping.pass(.seconds(3))
        for _ in 0..<3 { #expect(try await keeper.step()) }
        #expect(keeping.kept().map(\.outcome) == [.finished])
        #expect(keeping.tracked(.open) == 0)
        #expect(keeping.tracked(.watched) == 0)
        #expect(keeping.ended.map(\.jobID) == [job.description])
        #expect(await keeper.openCount == 0)
    }

    @Test func `runs that come one by one are unfolded many at a time, and batches few at a time`() async throws {
        let keeping = try await Keeping.of()
        let keeper = keeping.keeper()
        let open = Observed<[Int]>([])
        keeping.store.after(.unfold) { open.update { $0.append(keeping.tracked(.open)) } }
        for _ in 0..<300 {
            _ = try await keeping.tick()
            keeping.pass(Keeping.interval)
        }
        #expect(keeping.memory.model.runLog.count == 300)
        #expect(try await keeper.step())
        #expect(open.current.last == 300)
        #expect(open.current.count <= 10)
        for number in 0..<1_000 {
            keeping.memory.put(.example("a definition of a batch \(number)", interval: Keeping.interval), at: .newYear)
        }
        open.update { $0 = [300] }
        _ = try await keeping.tick()
        #expect(keeping.memory.model.runLog.count >= 10)
        #expect(try await keeper.step())
        #expect(open.current.last == 1_301)
        for (before, after) in zip(open.current, open.current.dropFirst()) { #expect(after - before <= 400) }
    }

    @Test func `where as many runs are held as may be, the next ones go where open runs stand`() async throws {
        var keeping = try await Keeping.of()
        keeping.settings.mostHeldRuns = 2
        for (number, id) in ["b", "c"].enumerated() {
            keeping.memory.put(.example(id, interval: Keeping.interval), at: .newYear + .seconds(number + 1))
        }
        let keeper = keeping.keeper()
        for _ in 0..<3 {
            keeping.work(try await keeping.tick()[0], as: .finished)
            #expect(try await keeper.step())
            keeping.pass(.seconds(1))
        }
        #expect(keeping.memory.model.recentRuns.flatMap(\.runs).count == 2)
        #expect(keeping.memory.model.tracked[.open]?.map(\.definition.display) == ["c"])
        keeping.pass(.seconds(3))
        #expect(try await keeper.step())
        #expect(keeping.open.isEmpty)
        #expect(keeping.ended.map(\.outcome) == [.finished, .finished, .finished])
    }

    @Test func `the next leader goes on where one died`() async throws {
        let keeping = try await Keeping.of()
        let first = keeping.keeper()
        var jobs = try await keeping.tick()
        #expect(try await first.step())
        // Queued, and not unfolded.
        keeping.pass(Keeping.interval)
        jobs += try await keeping.tick()
        for job in jobs { keeping.work(job, as: .finished) }
        let second = keeping.keeper()
        #expect(try await second.step())
        keeping.pass(.seconds(3))
        #expect(try await second.step())
        #expect(keeping.kept().count == 2)
        #expect(keeping.ended.count == 2)
        // The one that was thought dead records nothing twice.
        keeping.pass(.seconds(60))
        #expect(try await first.step())
        #expect(keeping.kept().count == 2)
        #expect(keeping.ended.count == 2)
    }

    @Test(arguments: [InterposedStore.Call.unfold, .look, .record], [true, false])
    func `an answer that is lost loses and doubles nothing`(call: InterposedStore.Call, isDone: Bool) async throws {
        let keeping = try await Keeping.of()
        let keeper = keeping.keeper()
        let job = try await keeping.tick()[0]
        keeping.work(job, as: .finished)
        if isDone {
            keeping.store.afterNext(call) { throw MadeUpFailure() }
        } else {
            keeping.store.beforeNext(call) { throw MadeUpFailure() }
        }
        var failures = 0
        for _ in 0..<4 {
            do {
                #expect(try await keeper.step())
            } catch {
                failures += 1
            }
            keeping.pass(.seconds(3))
        }
        #expect(failures == 1)
        #expect(keeping.kept().map(\.outcome) == [.finished])
        #expect(keeping.ended.count == 1)
        #expect(keeping.tracked(.open) == 0)
        #expect(await keeper.openCount == 0)
    }

    @Test func `a failed run that is requeued is open again, and its next end is recorded in place of the first`()
        async throws
    {
        let keeping = try await Keeping.of()
        let keeper = keeping.keeper()
        let job = try await keeping.tick()[0]
        #expect(try await keeper.step())
        keeping.work(job, as: .failed, error: "ValueError")
        keeping.pass(.seconds(3))
        #expect(try await keeper.step())
        #expect(keeping.kept().map(\.outcome) == [.failed])
        #expect(keeping.kept().first?.error == "ValueError")
        #expect(keeping.tracked(.watched) == 1)
        keeping.memory.change { _ = $0.requeueJob(job) }
        keeping.pass(.seconds(10))
        #expect(try await keeper.step())
        #expect(keeping.kept().isEmpty)
        #expect(keeping.tracked(.open) == 1)
        keeping.work(job, as: .finished)
        keeping.pass(.seconds(10))
        #expect(try await keeper.step())
        #expect(keeping.kept().map(\.outcome) == [.finished])
        #expect(keeping.kept().first?.attempts == 2)
        #expect(keeping.tracked(.watched) == 0)
        #expect(keeping.ended.map(\.outcome) == [.failed, .finished])
    }

    /// A run whose failure one leader recorded, that was requeued and succeeded, and the next leader, which has read what it follows.
    private func requeued() async throws -> (Keeping, RunKeeper) {
        let keeping = try await Keeping.of()
        let job = try await keeping.tick()[0]
        keeping.work(job, as: .failed)
        let first = keeping.keeper()
        #expect(try await first.step())
        keeping.pass(.seconds(3))
        #expect(try await first.step())
        keeping.memory.change { _ = $0.requeueJob(job) }
        keeping.work(job, as: .finished)
        let second = keeping.keeper()
        #expect(try await second.step())
        return (keeping, second)
    }

    @Test func `a requeue is found by a leader that did not see the failure`() async throws {
        let (keeping, keeper) = try await requeued()
        keeping.pass(.seconds(60))
        #expect(try await keeper.step())
        #expect(keeping.kept().map(\.outcome) == [.finished])
    }

    @Test func `a requeue is found although what was recorded could not be read at once`() async throws {
        let (keeping, keeper) = try await requeued()
        keeping.store.beforeNext(.endedRuns) { throw MadeUpFailure() }
        keeping.pass(.seconds(60))
        await #expect(throws: MadeUpFailure.self) { try await keeper.step() }
        keeping.pass(.seconds(3))
        #expect(try await keeper.step())
        #expect(keeping.kept().map(\.outcome) == [.finished])
    }

    @Test func `after an outage runs are recorded in their order, and the last ones kept`() async throws {
        let keeping = try await Keeping.of { $0.history = 20 }
        let keeper = keeping.keeper()
        var failures = 0
        for number in 0..<200 {
            for job in try await keeping.tick() { keeping.work(job, as: .finished) }
            keeping.pass(Keeping.interval)
            guard number % 40 == 0 else { continue }
            keeping.store.before(.look) { throw MadeUpFailure() }
            do {
                #expect(try await keeper.step())
            } catch {
                failures += 1
            }
        }
        #expect(failures == 5)
        keeping.store.before(.look, nil)
        #expect(keeping.tracked(.open) > 100)
        for _ in 0..<20 {
            keeping.pass(.seconds(3))
            #expect(try await keeper.step())
        }
        #expect(keeping.tracked(.open) == 0)
        let expected = (0..<20).map { Timestamp.newYear + Keeping.interval * (199 - $0) }
        #expect(keeping.memory.model.endedRuns[DefinitionID("a")]?.map(\.at) == expected)
    }

    @Test func `as many are kept as the definition or else the scheduler says`() async throws {
        for (own, count) in [(nil, 3), (1, 1), (0, 0)] as [(Int?, Int)] {
            let keeping = try await Keeping.of(policy: RunPolicy(history: own)) { $0.history = 3 }
            let keeper = keeping.keeper()
            for _ in 0..<5 {
                for job in try await keeping.tick() { keeping.work(job, as: .finished) }
                keeping.pass(Keeping.interval)
                #expect(try await keeper.step())
            }
            keeping.pass(.seconds(3))
            #expect(try await keeper.step())
            #expect(keeping.kept().count == count)
            #expect(keeping.memory.model.runTotal == count)
        }
    }

    @Test func `refused times follow each other in one record`() async throws {
        let keeping = try await Keeping.of(policy: RunPolicy(overlap: .skip))
        let keeper = keeping.keeper()
        let job = try await keeping.tick()[0]
        for _ in 0..<3 {
            keeping.pass(Keeping.interval)
            #expect(try await keeping.tick().isEmpty)
            #expect(try await keeper.step())
        }
        let refused = keeping.memory.model.refusals[DefinitionID("a")] ?? []
        #expect(refused.map(\.count) == [3])
        #expect(refused.first?.reason == .overlap)
        #expect(refused.first?.first == .newYear + Keeping.interval)
        #expect(refused.first?.last == .newYear + Keeping.interval * 3)
        keeping.work(job, as: .finished)
    }

    @Test func `of a definition that is deleted nothing is left, and what it is made into later is kept`() async throws
    {
        let keeping = try await Keeping.of()
        let keeper = keeping.keeper()
        let job = try await keeping.tick()[0]
        #expect(try await keeper.step())
        keeping.work(job, as: .failed)
        keeping.pass(.seconds(3))
        #expect(try await keeper.step())
        keeping.pass(Keeping.interval)
        _ = try await keeping.tick()
        #expect(try await keeper.step())
        // As Python deletes.
        keeping.memory.change { model in
            model.remove(DefinitionID("a"))
            model.setScore(nil, of: DefinitionID("a"))
        }
        await keeper.definitionDeleted(DefinitionID("a"))
        #expect(try await keeper.step())
        #expect(await keeper.openCount == 0)
        // What stands in a portion goes with that.
        keeping.pass(.seconds(3))
        #expect(try await keeper.step())
        #expect(keeping.tracked(.open) == 0)
        #expect(keeping.tracked(.watched) == 0)
        #expect(keeping.memory.model.endedRuns.isEmpty)
        #expect(keeping.memory.model.runTotal == 0)
        #expect(await keeper.openCount == 0)
        keeping.memory.put(.example("a", createdAt: keeping.clock.now()), at: keeping.clock.now())
        await keeping.actor.jobStore.take(.deleted(DefinitionID("a")))
        let again = try await keeping.tick()[0]
        await keeper.definitionDeleted(DefinitionID("a"))
        #expect(try await keeper.step())
        keeping.work(again, as: .finished)
        keeping.pass(.seconds(3))
        #expect(try await keeper.step())
        #expect(keeping.kept().map(\.outcome) == [.finished])
    }

    @Test func `nothing is recorded under a lock that is lost`() async throws {
        let keeping = try await Keeping.of()
        let keeper = keeping.keeper()
        let job = try await keeping.tick()[0]
        keeping.memory.change { $0.hold("other") }
        #expect(try await keeper.step() == false)
        #expect(keeping.memory.model.runLog.count == 1)
        keeping.memory.change { $0.hold("t") }
        #expect(try await keeper.step())
        keeping.work(job, as: .finished)
        keeping.pass(.seconds(3))
        keeping.memory.change { $0.hold("other") }
        #expect(try await keeper.step() == false)
        #expect(keeping.kept().isEmpty)
    }

    @Test func `no more are kept in all than was said, and those go first that were over first`() async throws {
        let keeping = try await Keeping.of { $0.historyTotal = 1_000 }
        let id = DefinitionID("b")
        keeping.memory.put(.example("b"), at: nil)
        keeping.memory.change { model in
            let terms = RunTerms(queue: "q", resultTTL: 500, failureTTL: nil, ttl: nil, retries: 0)
            model.endedRuns[id] = (0..<1_000).map { number in
                let at = Timestamp.newYear - .seconds(number + 1)
                let run = TrackedRun(
                    definition: id, jobID: .planned(definition: "b", at: at), planned: at, at: at, reason: .schedule,
                    terms: terms, history: 1_000)
                var ending = RunEnding(.finished)
                ending.ended = at
                return EndedRun(run, ending)
            }
            model.runTotal = 1_000
            model.runIndex[id] = Timestamp.newYear.score
        }
        let keeper = keeping.keeper()
        let job = try await keeping.tick()[0]
        keeping.work(job, as: .finished)
        #expect(try await keeper.step())
        keeping.pass(.seconds(3))
        #expect(try await keeper.step())
        #expect(keeping.memory.model.runTotal == 1_000)
        #expect(keeping.kept().count == 1)
        #expect(keeping.kept("b").count == 999)
        #expect(keeping.memory.model.endedRuns[id]?.first?.at == .newYear - .seconds(1))
    }

    @Test func `a running scheduler does all that by itself, and tells`() async throws {
        let harness = try ActorHarness()
        harness.memory.put(.example(), at: .newYear)
        try await harness.whileRunning {
            try await harness.waitForQueued(1)
            let job = harness.queued[0]
            harness.memory.change { model in
                _ = model.startJob(job)
                _ = model.endJob(job, as: .failed, error: "KeyError")
            }
            try await eventually("the end to be told", within: .seconds(90)) {
                harness.clock.advance(by: .milliseconds(50))
                return harness.recorder.events.contains {
                    if case .ended(let runs) = $0 { runs.map(\.outcome) == [.failed] } else { false }
                }
            }
            let health = await harness.actor.currentHealth()
            #expect(health.outcomes == [.failed: 1])
            #expect(health.openRuns == 0)
        }
    }
}
