import RQWire
import RedisCronTesting
import TestSupport
import Testing

@testable import RedisCron

/// What is read again of runs after something was cut, and after another server has taken over.
@Suite(.timeLimit(.minutes(2))) struct RunReloadTests {
    /// More than two pages.
    private static let openCount = 2_500

    /// A leader that follows many runs, none of which is over.
    private func following() async throws -> (keeping: Keeping, keeper: RunKeeper) {
        let keeping = try await Keeping.of()
        let runs = (0..<Self.openCount).map { TrackedRun.example("d\($0)") }
        keeping.memory.change { model in
            for run in runs { model.put(.example(run.definition.display, interval: Keeping.interval)) }
            model.tracked[.open] = Set(runs)
        }
        let keeper = keeping.keeper()
        #expect(try await keeper.step())
        #expect(await keeper.openCount == Self.openCount)
        return (keeping, keeper)
    }

    /// The calls of a step that read or ask, without those that look at runs.
    private func reads(of keeper: RunKeeper, _ keeping: Keeping) async throws -> [InterposedStore.Call: Int] {
        let before = keeping.store.calls.count
        #expect(try await keeper.step())
        let kinds: Set<InterposedStore.Call> = [.serverLineage, .recentRuns, .trackedRuns, .standings, .endedRuns]
        return Dictionary(grouping: keeping.store.calls.dropFirst(before).filter(kinds.contains), by: \.self)
            .mapValues(\.count)
    }

    @Test func `a cut of the channel, or of the connection, costs one question, whatever is open`() async throws {
        let (keeping, keeper) = try await following()
        #expect(try await reads(of: keeper, keeping) == [:])
        await keeper.serverMayHaveChanged()
        #expect(try await reads(of: keeper, keeping) == [.serverLineage: 1])
        #expect(try await reads(of: keeper, keeping) == [:])
        keeping.memory.cutConnection()
        #expect(try await reads(of: keeper, keeping) == [.serverLineage: 1])
        #expect(await keeper.openCount == Self.openCount)
    }

    @Test(arguments: [true, false])
    func `after a restart all is read again, and with a server that says nothing after each cut`(
        isSilent: Bool
    ) async throws {
        let (keeping, keeper) = try await following()
        let all: [InterposedStore.Call: Int] = [.serverLineage: 1, .recentRuns: 1, .trackedRuns: 4]
        keeping.memory.restart(isSilent: isSilent)
        #expect(try await reads(of: keeper, keeping) == all)
        #expect(try await reads(of: keeper, keeping) == [:])
        await keeper.serverMayHaveChanged()
        #expect(try await reads(of: keeper, keeping) == (isSilent ? all : [.serverLineage: 1]))
    }

    @Test func `a question that fails is asked again, and a reading that fails is done again`() async throws {
        let (keeping, keeper) = try await following()
        keeping.memory.restart()
        for call in [InterposedStore.Call.serverLineage, .trackedRuns] {
            keeping.store.beforeNext(call) { throw MadeUpFailure() }
            await #expect(throws: MadeUpFailure.self) { try await keeper.step() }
        }
        #expect(try await reads(of: keeper, keeping) == [.recentRuns: 1, .trackedRuns: 4])
    }

    @Test func `a server that takes over while all is read is noticed`() async throws {
        let (keeping, keeper) = try await following()
        keeping.memory.restart()
        keeping.store.afterNext(.recentRuns) { keeping.memory.restart() }
        #expect(try await reads(of: keeper, keeping)[.trackedRuns] == 4)
        #expect(try await reads(of: keeper, keeping)[.trackedRuns] == 4)
        #expect(try await reads(of: keeper, keeping) == [:])
    }

    @Test func `the leader of a real server reads no run again when its channel or its connection is cut`() async throws
    {
        try await withRedisHarness { harness in
            let runs = (0..<Self.openCount).map { TrackedRun.example("d\($0)") }
            try harness.server.pipeline(runs.map { ["ZADD", "rq:cron_runs_open", 0, $0.member] })
            try await harness.whileRunning {
                // Three pages of open runs, and one of the others.
                try await harness.store.called(.trackedRuns, 4)
                try await harness.store.called(.announcements)
                try harness.server.command("CLIENT", "KILL", "TYPE", "pubsub")
                try await harness.store.called(.announcements, 2)
                try await harness.store.called(.serverLineage, 2)
                try harness.server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                try await harness.store.called(.serverLineage, 3)
                // What is read is read before the next sweep.
                let sweeps = harness.store.calls.count { $0 == .sweepRuns }
                try harness.server.command("CLIENT", "KILL", "TYPE", "pubsub")
                try await harness.store.called(.sweepRuns, sweeps + 1)
                #expect(harness.store.calls.count { $0 == .trackedRuns } == 4)
            }
        }
    }

    @Test func `runs of definitions that are deleted go with their portion, which nobody puts asunder`() async throws {
        let keeping = try await Keeping()
        for id in ["a", "b", "c"] {
            keeping.memory.put(.example(id, interval: Keeping.interval), at: .newYear)
        }
        let keeper = keeping.keeper()
        let jobs = try await keeping.tick()
        #expect(try await keeper.step())
        #expect(keeping.memory.model.recentRuns.first?.runs.count == 3)
        keeping.memory.change { model in
            for id in ["a", "b"] {
                model.remove(DefinitionID(id))
                model.setScore(nil, of: DefinitionID(id))
            }
            // Made anew before anybody has seen to it.
            model.put(.example("b", interval: Keeping.interval))
        }
        for id in ["a", "b"] { await keeper.definitionDeleted(DefinitionID(id)) }
        #expect(try await keeper.step())
        #expect(keeping.memory.model.recentRuns.first?.runs.count == 3)
        #expect(keeping.memory.model.tracked[.open]?.isEmpty ?? true)
        #expect(await keeper.openCount == 2)
        for job in jobs { keeping.work(job, as: .finished) }
        let before = keeping.store.calls.count
        keeping.pass(.seconds(3))
        #expect(try await keeper.step())
        #expect(keeping.store.calls.dropFirst(before).count { $0 == .record } == 1)
        #expect(keeping.memory.model.recentRuns.isEmpty)
        #expect(["a", "b", "c"].map { keeping.kept($0).map(\.outcome) } == [[], [.finished], [.finished]])
        #expect(await keeper.openCount == 0)
    }
}
