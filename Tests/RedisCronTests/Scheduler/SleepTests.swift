import RQWire
import RedisCronTesting
import TestSupport
import Testing

@testable import RedisCron

@Suite(.timeLimit(.minutes(2)))
struct SleepTests {
    @Test func `it sleeps until the next score and queues then`() async throws {
        let harness = try ActorHarness()
        harness.memory.put(
            .example { $0.nextEnqueueTime = .newYear + .seconds(40) }, at: .newYear + .seconds(40))
        try await harness.whileRunning {
            try await harness.clock.sleeper(until: .newYear + .seconds(40))
            #expect(harness.queued.isEmpty)
            harness.clock.advance(by: .seconds(40))
            try await harness.waitForQueued(1)
            try await harness.clock.sleeper(until: .newYear + .seconds(340))
        }
        #expect(harness.queued == [.planned(definition: "metric:pm25", at: .newYear + .seconds(40))])
    }

    @Test func `with nothing to do it looks again after the longest sleep`() async throws {
        let harness = try ActorHarness()
        try await harness.whileRunning {
            try await harness.settleDown()
            harness.memory.put(.example(), at: .newYear)
            harness.clock.advance(by: .seconds(60))
            try await harness.waitForQueued(1)
        }
    }

    @Test func `an event ends the sleep`() async throws {
        let harness = try ActorHarness()
        try await harness.whileRunning {
            try await harness.settleDown()
            harness.memory.put(.example(), at: .newYear)
            harness.memory.announce(.changed(DefinitionID("metric:pm25")))
            try await harness.waitForQueued(1)
        }
    }

    @Test func `a channel that is silent while definitions change is subscribed to anew, with one warning`()
        async throws
    {
        let warnings = Observed<[String]>([])
        let harness = try ActorHarness {
            $0.logger = SchedulerLogger(minimumLevel: .warning) { _, line in warnings.update { $0.append(line) } }
        }
        try await harness.whileRunning {
            try await harness.settleDown()
            for count in 1...2 {
                harness.memory.change { $0.marker = [UInt8(count)] }
                harness.clock.advance(by: .seconds(60))
                try await eventually("another subscription") {
                    // The pause before it.
                    harness.clock.advance(by: .milliseconds(100))
                    return harness.memory.readerCount == 1 + count
                }
            }
            // What is announced is heard.
            harness.memory.put(.example(), at: .newYear)
            harness.memory.announce(.changed(DefinitionID("metric:pm25")))
            try await harness.waitForQueued(1)
        }
        #expect(warnings.current.count == 1)
        #expect(warnings.current.first?.contains("subscribed to anew") == true)
    }

    @Test func `a wall clock that is stepped forward ends the sleep`() async throws {
        let harness = try ActorHarness()
        let due = Timestamp.newYear + .seconds(3600)
        harness.memory.put(.example { $0.nextEnqueueTime = due }, at: due)
        try await harness.whileRunning {
            try await harness.clock.sleeper(until: due)
            harness.clock.stepWallClock(by: .seconds(3600))
            try await harness.waitForQueued(1)
        }
    }

    @Test func `a wall clock that is stepped back by a day does not lengthen the longest sleep`() async throws {
        let harness = try ActorHarness()
        try await harness.whileRunning {
            try await harness.settleDown()
            harness.clock.stepWallClock(by: .seconds(-86_400))
            harness.memory.put(.example(createdAt: .newYear - .seconds(86_400)), at: .newYear - .seconds(86_400))
            harness.clock.advance(by: .seconds(60))
            try await harness.waitForQueued(1)
        }
    }

    @Test func `a storm of events is few ticks, and its last edit is seen`() async throws {
        let harness = try ActorHarness()
        try await harness.whileRunning {
            try await harness.settleDown()
            let before = harness.store.calls.count { $0 == .fetchDue }
            for number in 0..<20_000 {
                harness.memory.announce(.changed(DefinitionID("job:\(number)")))
            }
            harness.memory.put(.example(), at: .newYear)
            harness.memory.announce(.changed(DefinitionID("metric:pm25")))
            // The storm is held back by one spacing of the clock that the test holds.
            try await harness.clock.sleeper(for: WakeTimer.spacing)
            harness.clock.advance(by: WakeTimer.spacing)
            try await harness.waitForQueued(1)
            #expect(harness.store.calls.count { $0 == .fetchDue } - before < 200)
        }
    }

    @Test func `a channel that was cut is listened to again, and what was missed meanwhile is found`() async throws {
        let harness = try ActorHarness()
        try await harness.whileRunning {
            try await harness.settleDown()
            harness.memory.cutChannel(MadeUpFailure())
            try await eventually("no reader") { harness.memory.readerCount == 0 }
            harness.memory.put(.example(), at: .newYear)
            try await harness.passTime(until: "it listens again") { $0.store.calls.count { $0 == .announcements } == 2 }
            try await harness.waitForQueued(1)
        }
    }

    @Test func `a channel that nobody may read costs ever longer pauses and no cached definition`() async throws {
        let harness = try ActorHarness { $0.maxSleepInterval = .seconds(1) }
        harness.store.before(.announcements) { throw MadeUpFailure() }
        harness.memory.put(.example(interval: .seconds(1)), at: .newYear)
        try await harness.whileRunning {
            try await harness.passTime(until: "60 runs") { $0.queued.count >= 60 }
        }
        #expect(harness.store.calls.count { $0 == .definitions } == 1)
        #expect(harness.store.calls.count { $0 == .announcements } < 40)
    }

    @Test func `a tick that fails is tried again after growing pauses, and said once`() async throws {
        let harness = try ActorHarness()
        harness.memory.put(.example(), at: .newYear)
        harness.store.before(.fetchDue) { [weak store = harness.store] in
            if let store, store.calls.count(where: { $0 == .fetchDue }) < 6 { throw MadeUpFailure() }
        }
        let began = harness.clock.monotonic()
        try await harness.whileRunning {
            try await harness.passTime(until: "the job") { $0.queued.count == 1 }
            try await harness.recorder.wait(for: "the end of it") { $0 == .reconnected }
        }
        // 100, 200, 400, 800 and 1600 ms, each with up to half of it taken off.
        #expect(harness.clock.monotonic() - began >= .milliseconds(1550))
        #expect(harness.recorder.events.count { if case .disconnected = $0 { true } else { false } } == 1)
    }
}

extension ActorHarness {
    /// Waits until the scheduler leads, listens, and sleeps its longest sleep.
    func settleDown() async throws {
        try await store.called(.announcements)
        // The subscription itself wakes it once.
        try await store.called(.fetchDue, 2)
        try await clock.sleeper(for: .seconds(60))
    }

    /// Lets time pass in small steps until the condition holds.
    func passTime(until what: String, _ condition: (ActorHarness) -> Bool) async throws {
        // A minute takes 1,200 steps, each a while on a machine that runs all tests at once.
        try await eventually(what, within: .seconds(90)) {
            if condition(self) { return true }
            clock.advance(by: .milliseconds(50))
            return false
        }
    }
}
