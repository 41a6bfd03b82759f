import RQWire
import RedisBridge
import RedisCronTesting
import TestSupport
import Testing

@testable import RedisCron

@Suite(.timeLimit(.minutes(2)))
struct LifeTests {
    @Test func `run takes the lock, registers, and leaves nothing behind`() async throws {
        let harness = try ActorHarness { $0.name = "s" }
        try await harness.whileRunning {
            try await harness.recorder.wait(for: "leading") { $0 == .becameLeader(name: "s") }
            let state = harness.memory.model
            #expect(state.lock?.token.hasPrefix("s:") == true)
            #expect(Array(state.schedulers.keys) == ["s"])
            #expect(await harness.actor.currentHealth().state == .leading)
        }
        let state = harness.memory.model
        #expect(state.lock == nil)
        #expect(state.schedulers.isEmpty)
        #expect(await harness.actor.currentHealth().state == .stopped)
        try await harness.recorder.wait(for: "the end") { $0 == .stopped(name: "s") }
    }

    @Test func `a task that was cancelled before runs nothing at all`() async throws {
        let harness = try ActorHarness()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await harness.actor.run()
        }
        try await task.value
        #expect(harness.store.calls.isEmpty)
        #expect(await harness.actor.currentHealth().state == .stopped)
    }

    @Test func `a second run is an error, while it runs and afterwards`() async throws {
        let harness = try ActorHarness()
        try await harness.whileRunning {
            try await harness.store.called(.fetchDue)
            let error = await #expect(throws: RedisCronError.self) { try await harness.actor.run() }
            #expect(error?.code == .alreadyRunning)
        }
        let error = await #expect(throws: RedisCronError.self) { try await harness.actor.run() }
        #expect(error?.code == .alreadyRunning)
    }

    @Test func `a held lock fails before anything is registered`() async throws {
        let harness = try ActorHarness()
        harness.memory.change { $0.hold("other:1") }
        let error = await #expect(throws: RedisCronError.self) { try await harness.actor.run() }
        #expect(error?.code == .lockHeld)
        #expect(harness.memory.model.lock?.token == "other:1")
        #expect(harness.store.calls == [.acquireLock])
    }

    @Test func `one that stands by says so once, and takes over when the lock is free`() async throws {
        let harness = try ActorHarness { $0.whenLockHeld = .standBy }
        harness.memory.change { $0.hold("other:1") }
        try await harness.whileRunning {
            for count in 1...3 {
                try await harness.store.called(.acquireLock, count)
                try await harness.clock.sleeper(for: .milliseconds(500))
                #expect(await harness.actor.currentHealth().state == .standingBy)
                harness.clock.advance(by: .milliseconds(500))
            }
            harness.memory.change { $0.hold(nil) }
            try await harness.passTime(until: "it leads") { !$0.memory.model.schedulers.isEmpty }
        }
        let standingBy = harness.recorder.events.count { if case .standingBy = $0 { true } else { false } }
        #expect(standingBy == 1)
    }

    @Test func `a stop while standing by leaves the lock to its holder`() async throws {
        let harness = try ActorHarness { $0.whenLockHeld = .standBy }
        harness.memory.change { $0.hold("other:1") }
        try await harness.whileRunning {
            try await harness.clock.sleeper(for: .milliseconds(500))
        }
        #expect(harness.memory.model.lock?.token == "other:1")
        #expect(!harness.store.calls.contains(.release))
        try await harness.recorder.wait(for: "the end") { if case .stopped = $0 { true } else { false } }
    }

    @Test func `a stop while the lock is asked for does not wait for the answer, and releases what was taken`()
        async throws
    {
        let harness = try ActorHarness()
        let gate = Gate("the answer")
        harness.store.afterNext(.acquireLock) { try await gate.pass(within: .seconds(60)) }
        try await harness.whileRunning {
            try await gate.arrival()
            #expect(harness.memory.model.lock != nil)
        }
        // Nobody opened the gate.
        #expect(harness.memory.model.lock == nil)
        #expect(harness.store.calls == [.acquireLock, .release])
    }

    @Test func `a lock whose answer got lost is ours at the next try`() async throws {
        let harness = try ActorHarness { $0.whenLockHeld = .standBy }
        harness.store.afterNext(.acquireLock) { throw MadeUpFailure() }
        try await harness.whileRunning {
            try await harness.passTime(until: "it leads") { !$0.memory.model.schedulers.isEmpty }
        }
        #expect(harness.memory.model.lock == nil)
        #expect(!harness.recorder.events.contains { if case .standingBy = $0 { true } else { false } })
    }

    @Test func `a request for the lock that arrives after the next one was refused is ours at the one after it`()
        async throws
    {
        let harness = try ActorHarness {
            $0.name = "s"
            $0.whenLockHeld = .standBy
        }
        let sent = Observed<String?>(nil)
        harness.store.afterNext(.acquireLock) { [memory = harness.memory] in
            // It got no answer and, for all that Redis knows, has not arrived: another one holds the lock.
            let token = memory.model.lock?.token
            sent.update { $0 = token }
            memory.change { $0.hold("other:1") }
            throw MadeUpFailure()
        }
        try await harness.whileRunning {
            try await harness.passTime(until: "it stands by") { $0.recorder.events.contains(.standingBy(name: "s")) }
            harness.memory.change { $0.hold(sent.current) }
            try await harness.passTime(until: "it leads") { !$0.memory.model.schedulers.isEmpty }
            #expect(harness.memory.model.lock?.token == sent.current)
        }
        #expect(harness.memory.model.lock == nil)
    }

    @Test func `a birth that fails gives the lock back`() async throws {
        let harness = try ActorHarness()
        harness.store.beforeNext(.heartbeat) { throw MadeUpFailure() }
        await #expect(throws: MadeUpFailure.self) { try await harness.actor.beginByHand() }
        #expect(harness.memory.model.lock == nil)
        try await harness.actor.beginByHand()
        #expect(harness.memory.model.lock != nil)
    }

    @Test func `the first contact that fails ends run with its error, a later one does not`() async throws {
        let failing = try ActorHarness()
        failing.store.before(.acquireLock) { throw MadeUpFailure() }
        await #expect(throws: MadeUpFailure.self) { try await failing.actor.run() }

        let standing = try ActorHarness { $0.whenLockHeld = .standBy }
        standing.store.before(.acquireLock) { [weak store = standing.store] in
            if let store, store.calls.count < 4 { throw MadeUpFailure() }
        }
        try await standing.whileRunning {
            try await standing.passTime(until: "it leads") { !$0.memory.model.schedulers.isEmpty }
        }
    }

    @Test func `a lost lock ends leading at once, and the registry entry goes`() async throws {
        let harness = try ActorHarness { $0.name = "s" }
        harness.memory.put(.example(), at: .newYear + .seconds(1))
        let error = await #expect(throws: RedisCronError.self) {
            try await harness.whileRunning {
                try await harness.settleDownFor(.seconds(1))
                harness.memory.change { $0.hold("other:1") }
                harness.clock.advance(by: .seconds(1))
                try await harness.recorder.wait(for: "the loss") { $0 == .lockLost(name: "s") }
                try await harness.memory.wait(for: "no entry") { $0.schedulers.isEmpty }
                // Until run has ended by itself.
                try await harness.recorder.wait(for: "a second question") { _ in
                    harness.store.calls.count { $0 == .acquireLock } == 2
                }
            }
        }
        #expect(error?.code == .lockLost)
        #expect(harness.queued.isEmpty)
        #expect(harness.memory.model.lock?.token == "other:1")
    }

    @Test func `the heartbeat notices the loss of the lock without a tick`() async throws {
        let harness = try ActorHarness {
            $0.name = "s"
            $0.whenLockHeld = .standBy
            $0.maxSleepInterval = .seconds(3600)
        }
        try await harness.whileRunning {
            try await harness.clock.sleeper(for: .seconds(30))
            harness.memory.change { $0.hold("other:1") }
            harness.clock.advance(by: .seconds(30))
            try await harness.recorder.wait(for: "standing by") { $0 == .standingBy(name: "s") }
            harness.memory.change { $0.hold(nil) }
            try await harness.passTime(until: "it leads again") { $0.memory.model.lock != nil }
        }
    }

    @Test func `who leads again reads definitions again, even before anybody listens`() async throws {
        let harness = try ActorHarness {
            $0.name = "s"
            $0.whenLockHeld = .standBy
        }
        harness.memory.put(.example(interval: .seconds(2)), at: .newYear)
        // Redis may have gone back while another led: what was read before is of no use then.
        harness.store.before(.announcements) { throw MadeUpFailure() }
        try await harness.whileRunning {
            try await harness.waitForQueued(1)
            harness.memory.change { $0.hold("other:1") }
            try await harness.passTime(until: "it stands by") { harness in
                harness.recorder.events.contains(.standingBy(name: "s"))
            }
            #expect(harness.store.calls.count { $0 == .definitions } == 1)
            harness.memory.change { $0.hold(nil) }
            try await harness.passTime(until: "the next run") { $0.queued.count == 2 }
        }
        #expect(harness.store.calls.count { $0 == .definitions } == 2)
    }

    @Test func `a long batch does not starve the heartbeat`() async throws {
        let harness = try ActorHarness()
        harness.memory.put(.example(), at: .newYear)
        let gate = Gate("the batch")
        harness.store.beforeNext(.enqueue) { try await gate.pass(within: .seconds(60)) }
        try await harness.whileRunning {
            try await gate.arrival()
            for beat in 2...4 {
                try await harness.clock.sleeper(for: .seconds(30))
                harness.clock.advance(by: .seconds(30))
                try await harness.store.called(.heartbeat, beat)
            }
            gate.open()
            try await harness.waitForQueued(1)
        }
    }

    @Test func `a stop lets the batch in flight finish and sends no other`() async throws {
        let harness = try ActorHarness {
            $0.batchSize = 1
            $0.batchesInFlight = 2
        }
        for number in 0..<10 { harness.memory.put(.example("job:\(number)"), at: .newYear) }
        let gate = Gate("two batches")
        harness.store.before(.enqueue) { try await gate.pass(within: .seconds(60)) }
        let running = Task { try await harness.actor.run() }
        try await gate.arrival(2)
        running.cancel()
        try await eventually("it drains") { await harness.actor.currentHealth().state == .stopping }
        gate.open()
        try await running.value
        #expect(harness.queued.count == 2)
        #expect(harness.memory.model.lock == nil)
    }

    @Test func `a stop that takes too long is cut short, and run returns without an error`() async throws {
        let harness = try ActorHarness()
        harness.memory.put(.example(), at: .newYear)
        let gate = Gate("a batch that never ends")
        harness.store.before(.enqueue) { try await gate.pass(within: .seconds(60)) }
        let running = Task { try await harness.actor.run() }
        try await gate.arrival()
        running.cancel()
        try await harness.clock.sleeper(for: .seconds(10))
        harness.clock.advance(by: .seconds(10))
        try await running.value
        #expect(await harness.actor.currentHealth().state == .stopped)
    }

    @Test func `two that register by hand at once get one lock`() async throws {
        let harness = try ActorHarness()
        let rival = try harness.rival { $0.whenLockHeld = .standBy }
        try await harness.actor.beginByHand()
        let held = await #expect(throws: RedisCronError.self) { try await rival.actor.beginByHand() }
        #expect(held?.code == .lockHeld)
        let again = await #expect(throws: RedisCronError.self) { try await harness.actor.beginByHand() }
        #expect(again?.code == .alreadyRunning)
        _ = try await harness.actor.endByHand()
        try await rival.actor.beginByHand()
        #expect(harness.memory.model.schedulers.count == 1)
    }

    @Test(arguments: InterposedStore.Call.soon)
    func `a stop at each of its awaits ends run and leaves nothing behind`(call: InterposedStore.Call) async throws {
        let harness = try ActorHarness()
        harness.memory.put(.example("gone"), at: .newYear)
        harness.memory.put(.example("queued"), at: .newYear)
        harness.memory.change { $0.definitions[DefinitionID("gone")] = nil }
        try await harness.store.cancelRun(of: harness.actor, during: call)
        let state = harness.memory.model
        #expect(state.lock == nil)
        #expect(state.schedulers.isEmpty)
        // Either it was queued and its schedule moved, or neither.
        #expect(state.queued.isEmpty == (state.due("queued") == .newYear))
    }
}

extension ActorHarness {
    /// Waits until the scheduler leads, listens, and sleeps for that long.
    fileprivate func settleDownFor(_ duration: Duration) async throws {
        try await store.called(.announcements)
        try await store.called(.fetchDue, 2)
        try await clock.sleeper(until: clock.now() + duration)
    }
}
