import RQWire
import RedisBridge
import RedisCronTesting
import TestSupport
import Testing

@testable import RedisCron

@Suite(.timeLimit(.minutes(2)))
struct TickTests {
    private func leading(
        _ change: (inout RedisCronScheduler.Options) -> Void = { _ in }
    ) async throws -> ActorHarness {
        let harness = try ActorHarness(change)
        try await harness.actor.beginByHand()
        return harness
    }

    @Test func `a first run is queued at once under its created_at and moved by one interval`() async throws {
        let harness = try await leading()
        harness.memory.put(.example(createdAt: .newYear - .seconds(10)), at: .newYear)
        let result = try await harness.actor.tick(collecting: true)
        #expect(result.queued.map(\.planned) == [.newYear - .seconds(10)])
        #expect(harness.queued == [.planned(definition: "metric:pm25", at: .newYear - .seconds(10))])
        #expect(harness.due("metric:pm25") == .newYear + .seconds(290))
        #expect(result.nextScore == (.newYear + .seconds(290)).score)
    }

    @Test func `a late interval runs once and resumes on its grid`() async throws {
        let harness = try await leading()
        harness.memory.put(.example(), at: .newYear)
        try await harness.advance(by: .seconds(3700))
        _ = try await harness.actor.tick()
        _ = try await harness.actor.tick()
        #expect(harness.queued == [.planned(definition: "metric:pm25", at: .newYear)])
        #expect(harness.due("metric:pm25") == .newYear + .seconds(3900))
    }

    @Test func `a late expression runs once under the time that stood there`() async throws {
        let harness = try await leading()
        harness.memory.put(
            .example(cron: "*/5 * * * *") { $0.nextEnqueueTime = .newYear + .seconds(300) },
            at: .newYear + .seconds(300))
        try await harness.advance(by: .seconds(3700))
        _ = try await harness.actor.tick()
        #expect(harness.queued == [.planned(definition: "metric:pm25", at: .newYear + .seconds(300))])
        #expect(harness.due("metric:pm25") == .newYear + .seconds(3900))
    }

    @Test func `a run whose job was queued before is stepped over, and what was missed since runs`() async throws {
        let harness = try await leading()
        harness.memory.put(.example(), at: .newYear)
        let definition = try PreparedDefinition.example()
        harness.memory.change { $0.addJob(.planned(definition: "metric:pm25", at: .newYear), of: definition) }
        try await harness.advance(by: .seconds(700))
        let result = try await harness.actor.tick(collecting: true)
        #expect(result.queued.map(\.planned) == [.newYear + .seconds(300)])
        #expect(harness.due("metric:pm25") == .newYear + .seconds(900))
    }

    @Test func `what is not due is not queued, and says when to come again`() async throws {
        let harness = try await leading()
        harness.memory.put(.example(), at: .newYear + .seconds(1))
        let result = try await harness.actor.tick()
        #expect(harness.queued.isEmpty)
        #expect(result.nextScore == (.newYear + .seconds(1)).score)
    }

    @Test func `a page of many batches is queued whole, each job once`() async throws {
        let harness = try await leading { $0.batchSize = 3 }
        for number in 0..<200 { harness.memory.put(.example("job:\(number)"), at: .newYear) }
        _ = try await harness.actor.tick()
        #expect(Set(harness.queued).count == 200)
        #expect(harness.queued.count == 200)
        #expect(harness.store.calls.count { $0 == .enqueue } == 67)
        #expect(await harness.actor.currentHealth().enqueued == 200)
    }

    @Test func `the log has one line for all jobs of a short tick, and one for a single job by its name`() async throws
    {
        let lines = Observed<[String]>([])
        let logger = SchedulerLogger(minimumLevel: .info) { _, line in lines.update { $0.append(line) } }
        let (memory, clock) = (MemoryStore(), ManualClock())
        let settings = try SchedulerSettings(
            options: .forTest {
                $0.batchSize = 3
                $0.logger = logger
            }, keys: RQKeys(), createdAt: clock.now(), seed: 1, isHopeless: { _ in false })
        // Nobody reads its events.
        let actor = SchedulerActor(
            store: memory, clock: clock, settings: settings, channel: EventChannel(), executor: try RedisEventLoop())
        try await actor.beginByHand()
        for number in 0..<200 { memory.put(.example("job:\(number)"), at: .newYear) }
        _ = try await actor.tick()
        _ = try await actor.tick()
        memory.put(.example("alone"), at: .newYear)
        _ = try await actor.tick()
        #expect(await logger.flush())
        let enqueued = lines.current.filter { $0.contains("enqueued") }
        #expect(enqueued.count == 2)
        #expect(enqueued.first == "enqueued 200 jobs")
        #expect(enqueued.last?.contains("'alone'") == true)
    }

    @Test func `a next time lies behind its run, however long the definition took to be read`() async throws {
        let harness = try await leading()
        harness.memory.put(.example("slow", interval: .seconds(1)), at: .newYear)
        harness.store.beforeNext(.definitions) { harness.clock.advance(by: .seconds(2)) }
        let first = Observed<CronJobHash?>(nil)
        harness.store.afterNext(.enqueue) {
            let definition = harness.memory.model.definitions[DefinitionID("slow")]?.hash
            first.update { $0 = definition }
        }
        _ = try await harness.actor.tick()
        let latest = try #require(first.current?.latestEnqueueTime)
        let next = try #require(first.current?.nextEnqueueTime)
        #expect(latest < next)
    }

    @Test func `nothing is queued without the lock`() async throws {
        let harness = try ActorHarness()
        harness.memory.put(.example(), at: .newYear)
        let result = try await harness.actor.tick(collecting: true)
        #expect(result.queued.isEmpty)
        #expect(harness.store.calls.isEmpty)
    }

    @Test func `one bad definition is reported once and stops nothing`() async throws {
        let harness = try await leading()
        harness.memory.put(.example("bad"), at: .newYear)
        harness.memory.change { $0.spoil("bad", reason: "args: no JSON") }
        harness.memory.put(.example("good"), at: .newYear)
        for _ in 0..<6 {
            _ = try await harness.actor.tick()
            try await harness.advance(by: .seconds(61))
        }
        #expect(harness.queued.count == 2)
        try await harness.recorder.wait(for: "the good job", count: 2) { $0.enqueuedIDs == ["good"] }
        let reports = harness.recorder.events.filter {
            if case .badDefinition("bad", nil, "args: no JSON") = $0 { true } else { false }
        }
        #expect(reports.count == 1)
    }

    @Test func `a bad definition is read again once in the longest sleep`() async throws {
        let harness = try await leading()
        harness.memory.put(.example("bad"), at: .newYear)
        harness.memory.change { $0.spoil("bad", reason: "args: no JSON") }
        _ = try await harness.actor.tick()
        _ = try await harness.actor.tick()
        #expect(harness.store.calls.count { $0 == .definitions } == 1)

        harness.memory.change { $0.repair() }
        harness.clock.advance(by: .seconds(30))
        _ = try await harness.actor.tick()
        #expect(harness.queued.isEmpty)
        harness.clock.advance(by: .seconds(30))
        _ = try await harness.actor.tick()
        #expect(harness.queued.count == 1)
    }

    @Test func `a definition that is mended while it is read is not passed over`() async throws {
        let harness = try await leading()
        let id = DefinitionID("bad")
        harness.memory.put(.example("bad"), at: .newYear)
        harness.memory.change { $0.spoil("bad", reason: "args: no JSON") }
        harness.store.afterNext(.definitions) { [harness] in
            harness.memory.change { $0.repair() }
            await harness.actor.jobStore.take(.changed(id))
        }
        _ = try await harness.actor.tick()
        #expect(harness.queued.count == 1)
    }

    @Test func `definitions that are too large to be read together are read a few at a time`() async throws {
        let harness = try await leading()
        for number in 0..<60 { harness.memory.put(.example("d\(number)"), at: .newYear) }
        harness.store.failBeyond(3)
        for _ in 0..<60 where harness.queued.count < 60 { _ = try? await harness.actor.tick() }
        #expect(Set(harness.queued).count == 60)
        #expect(harness.queued.count == 60)
    }

    @Test func `entries that are passed over do not hide what is due behind them`() async throws {
        let harness = try await leading { $0.batchSize = 1 }
        // Three pages of RQ's own names, and one definition behind them.
        for number in 0..<75 {
            let id = DefinitionID("rq:\(number)")
            harness.memory.change { $0.addForeign(id, at: .newYear - .seconds(100)) }
        }
        harness.memory.put(.example(), at: .newYear)
        _ = try await harness.actor.tick()
        #expect(harness.queued.count == 1)

        let reconciled = harness.store.calls.count { $0 == .reconcile }
        harness.clock.advance(by: .seconds(1))
        _ = try await harness.actor.tick()
        #expect(harness.store.calls.count { $0 == .reconcile } == reconciled)
        #expect(harness.memory.model.index.count == 76)
    }

    @Test func `an entry that could not be moved is tried again though others are passed over`() async throws {
        let harness = try await leading()
        harness.memory.change { $0.addForeign(DefinitionID("rq"), at: .newYear + .milliseconds(1)) }
        harness.memory.put(.example(), at: .newYear)
        harness.clock.advance(by: .seconds(1))
        harness.store.beforeNext(.enqueue) { [harness] in
            // An edit between reading and queueing.
            harness.memory.put(.example { $0.updatedAt = .newYear + .seconds(1) }, at: .newYear)
        }
        _ = try await harness.actor.tick()
        #expect(harness.queued.count == 1)
    }

    @Test func `entries that can never be moved cost a pause, not a busy loop`() async throws {
        let harness = try await leading()
        harness.memory.put(.example(), at: .newYear)
        harness.store.before(.enqueue) { [weak store = harness.store, memory = harness.memory] in
            let edits = store?.calls.count { $0 == .enqueue } ?? 0
            memory.put(.example { $0.updatedAt = .newYear + .microseconds(edits) }, at: .newYear)
        }
        let result = try await harness.actor.tick()
        #expect(harness.queued.isEmpty)
        #expect(harness.store.calls.count { $0 == .enqueue } == 3)
        #expect(result.nextScore == (.newYear + .milliseconds(200)).score)
    }

    @Test func `an expression that names no time is given its next one, and runs then`() async throws {
        let harness = try await leading()
        harness.memory.put(.example(cron: "*/5 * * * *"), at: Timestamp(score: 0))
        _ = try await harness.actor.tick()
        #expect(harness.queued.isEmpty)
        #expect(harness.due("metric:pm25") == .newYear + .seconds(300))
        try await harness.advance(by: .seconds(300))
        _ = try await harness.actor.tick()
        #expect(harness.queued == [.planned(definition: "metric:pm25", at: .newYear + .seconds(300))])
    }

    @Test func `an expression whose years are over is taken out of the index, not run`() async throws {
        let harness = try await leading()
        harness.memory.put(.example(cron: "0 0 1 1 * 0 1999"), at: .newYear)
        let result = try await harness.actor.tick()
        #expect(harness.queued.isEmpty)
        #expect(harness.due("metric:pm25") == nil)
        #expect(result.nextScore == nil)
        try await harness.recorder.wait(for: "the report") { $0 == .skipped(id: "metric:pm25", .over) }
    }

    @Test func `a last run leaves the index`() async throws {
        let harness = try await leading()
        harness.memory.put(.example(cron: "0 0 1 1 * 0 2026") { $0.nextEnqueueTime = .newYear }, at: .newYear)
        _ = try await harness.actor.tick()
        #expect(harness.queued.count == 1)
        #expect(harness.due("metric:pm25") == nil)
        // An editor that puts it back changes nothing.
        harness.memory.change { $0.index[DefinitionID("metric:pm25")] = Timestamp.newYear.score }
        _ = try await harness.actor.tick()
        #expect(harness.queued.count == 1)
        #expect(harness.due("metric:pm25") == nil)
    }

    @Test func `a clock that is stepped back between page and batch makes nothing undue`() async throws {
        let harness = try await leading()
        harness.memory.put(.example { $0.nextEnqueueTime = .newYear }, at: .newYear)
        harness.store.afterNext(.fetchDue) { [harness] in harness.clock.stepWallClock(by: .seconds(-3600)) }
        _ = try await harness.actor.tick()
        #expect(harness.queued.count == 1)
        #expect(harness.due("metric:pm25") == .newYear + .seconds(300))
    }

    @Test func `a lease that cannot be trusted any more sends no batch`() async throws {
        let harness = try await leading()
        harness.memory.put(.example(), at: .newYear)
        harness.clock.advance(by: .seconds(120))
        _ = try await harness.actor.tick()
        #expect(harness.queued.isEmpty)
        #expect(!harness.store.calls.contains(.enqueue))
        #expect(try await harness.actor.heartbeat())
        _ = try await harness.actor.tick()
        #expect(harness.queued.count == 1)
    }

    @Test func `an error of the store leaves what was queued queued, and the next tick does the rest`() async throws {
        let harness = try await leading { options in
            options.batchSize = 1
            options.batchesInFlight = 1
        }
        for number in 0..<3 { harness.memory.put(.example("job:\(number)"), at: .newYear) }
        harness.store.before(.enqueue) { [weak store = harness.store] in
            if store?.calls.count(where: { $0 == .enqueue }) == 2 { throw MadeUpFailure() }
        }
        await #expect(throws: MadeUpFailure.self) { _ = try await harness.actor.tick() }
        #expect(harness.queued.count == 1)
        _ = try await harness.actor.tick()
        #expect(Set(harness.queued).count == 3)
        #expect(harness.queued.count == 3)
    }

    @Test func `an answer that gets lost after Redis did the work queues nothing twice`() async throws {
        let harness = try await leading()
        harness.memory.put(.example(), at: .newYear)
        harness.store.afterNext(.enqueue) { throw MadeUpFailure() }
        await #expect(throws: MadeUpFailure.self) { _ = try await harness.actor.tick() }
        _ = try await harness.actor.tick()
        #expect(harness.queued == [.planned(definition: "metric:pm25", at: .newYear)])
    }

    @Test func `a batch that fails lets those in flight finish, and starts no other`() async throws {
        let harness = try await leading { options in
            options.batchSize = 1
            options.batchesInFlight = 2
        }
        for number in 0..<6 { harness.memory.put(.example("job:\(number)"), at: .newYear) }
        let gate = Gate("the second batch")
        let batches = Observed(0)
        harness.store.before(.enqueue) {
            let number = batches.update { count in
                count += 1
                return count
            }
            switch number {
            case 1: throw MadeUpFailure()
            case 2: try await gate.pass(within: .seconds(60))
            default: break
            }
        }
        let tick = Task { try await harness.actor.tick() }
        try await gate.arrival()
        gate.open()
        await #expect(throws: MadeUpFailure.self) { _ = try await tick.value }
        // What was in flight is in effect, and known to be.
        #expect(harness.queued.count == 1)
        #expect(await harness.actor.currentHealth().enqueued == 1)
        #expect(harness.store.calls.count { $0 == .enqueue } == 2)
    }

    @Test func `two ticks at the same time queue each run once, and each returns its own`() async throws {
        let harness = try await leading { $0.batchSize = 3 }
        for number in 0..<200 { harness.memory.put(.example("job:\(number)"), at: .newYear) }
        async let first = harness.actor.tick(collecting: true)
        async let second = harness.actor.tick(collecting: true)
        let results = try await [first, second]
        #expect(Set(harness.queued).count == 200)
        #expect(harness.queued.count == 200)
        #expect(results.map(\.enqueued) == results.map(\.queued.count))
        #expect(results.reduce(0) { $0 + $1.enqueued } == 200)
        #expect(Set(results.flatMap(\.queued).map(\.entry.id)).count == 200)
        #expect(await harness.actor.currentHealth().enqueued == 200)
    }

    @Test func `a tick that fails beside another one takes nothing from it`() async throws {
        let harness = try await leading { $0.batchSize = 3 }
        for number in 0..<100 { harness.memory.put(.example("job:\(number)"), at: .newYear) }
        let batches = Observed(0)
        harness.store.before(.enqueue) {
            let isFirst = batches.update { count in
                count += 1
                return count == 1
            }
            if isFirst { throw MadeUpFailure() }
        }
        let ticks = (0..<2).map { _ in Task { try await harness.actor.tick(collecting: true) } }
        var results: [Result<SchedulerActor.TickResult, any Error>] = []
        for tick in ticks { results.append(await tick.result) }
        #expect(results.count { (try? $0.get()) != nil } == 1)
        #expect(Set(harness.queued).count == harness.queued.count)
        #expect(harness.queued.count == 100)
    }
}
