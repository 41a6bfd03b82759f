import RQWire
import RedisBridge
import RedisCronTesting
import TestSupport
import Testing

@testable import RedisCron

@Suite(.timeLimit(.minutes(1)))
struct HealthTests {
    @Test func `health tells of each state, of the last tick and heartbeat, and of what was queued`() async throws {
        let harness = try ActorHarness()
        let before = await harness.actor.currentHealth()
        #expect(before.state == .starting)
        #expect(before.lastTick == nil)
        #expect(before.lastHeartbeat == nil)
        harness.memory.put(.example(), at: .newYear)
        try await harness.whileRunning {
            try await harness.waitForQueued(1)
            try await harness.clock.sleeper(until: .newYear + .seconds(300))
            let health = await harness.actor.currentHealth()
            #expect(health.state == .leading)
            #expect(health.lastTick == .newYear)
            #expect(health.lastHeartbeat == .newYear)
            #expect(health.enqueued == 1)
            #expect(health.cachedDefinitions == 1)
            #expect(health.lag == .zero)
            #expect(health.disconnectedSince == nil)
        }
        #expect(await harness.actor.currentHealth().state == .stopped)
    }

    @Test func `lag is how far the oldest due definition is behind`() async throws {
        let harness = try ActorHarness()
        try await harness.actor.beginByHand()
        harness.memory.put(.example { $0.nextEnqueueTime = .newYear }, at: .newYear)
        harness.clock.advance(by: .seconds(7))
        harness.store.beforeNext(.enqueue) { throw MadeUpFailure() }
        await #expect(throws: MadeUpFailure.self) { _ = try await harness.actor.tick() }
        #expect(await harness.actor.currentHealth().lag == .seconds(7))
        _ = try await harness.actor.tick()
        #expect(await harness.actor.currentHealth().lag == .zero)
    }

    @Test func `a score of 0 is no lag of half a century`() async throws {
        let harness = try ActorHarness()
        try await harness.actor.beginByHand()
        harness.memory.put(.example(), at: Timestamp(score: 0))
        harness.store.beforeNext(.enqueue) { throw MadeUpFailure() }
        await #expect(throws: MadeUpFailure.self) { _ = try await harness.actor.tick() }
        #expect(await harness.actor.currentHealth().lag == .zero)
    }

    @Test func `health says since when Redis has been out of reach`() async throws {
        let harness = try ActorHarness()
        harness.store.before(.fetchDue) { throw MadeUpFailure() }
        try await harness.whileRunning {
            try await harness.recorder.wait(for: "the loss") { if case .disconnected = $0 { true } else { false } }
            #expect(await harness.actor.currentHealth().disconnectedSince == .newYear)
            harness.store.before(.fetchDue, nil)
            try await harness.passTime(until: "the return") { $0.recorder.events.contains(.reconnected) }
            #expect(await harness.actor.currentHealth().disconnectedSince == nil)
        }
    }
}
