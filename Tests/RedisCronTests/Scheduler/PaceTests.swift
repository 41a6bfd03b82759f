import RQWire
import RedisCronTesting
import TestSupport
import Testing

@testable import RedisCron

/// The rate limit: places one behind the other, and ticks that keep to them.
@Suite(.timeLimit(.minutes(2)))
struct PaceTests {
    @Test func `jobs go one behind the other, and at once after a pause`() {
        var pace = Pace(rate: 100)
        #expect(pace.take(10, at: .seconds(5)) == .seconds(5))
        #expect(pace.heldBack(at: .seconds(5)) == .zero)
        #expect(pace.take(10, at: .seconds(5)) == .seconds(5) + .milliseconds(100))
        #expect(pace.take(1, at: .seconds(5)) == .seconds(5) + .milliseconds(200))
        #expect(pace.take(1, at: .seconds(7)) == .seconds(7))
    }

    @Test func `places that were not used are free again`() {
        var pace = Pace(rate: 100)
        _ = pace.take(50, at: .zero)
        pace.giveBack(40)
        #expect(pace.take(1, at: .zero) == .milliseconds(100))
    }

    @Test func `what is held back is told from the first job that waits to the first that does not`() {
        var pace = Pace(rate: 10)
        for _ in 0..<3 { _ = pace.take(10, at: .seconds(1)) }
        #expect(pace.heldBack(at: .seconds(3)) == .seconds(2))
        _ = pace.take(1, at: .seconds(9))
        #expect(pace.heldBack(at: .seconds(9)) == .zero)
        for _ in 0..<2 { _ = pace.take(10, at: .seconds(9)) }
        pace.rest()
        #expect(pace.heldBack(at: .seconds(10)) == .zero)
    }

    @Test(arguments: [(1, 1), (9, 1), (50, 5), (10_000, 100)])
    func `a batch holds what a tenth of a second allows`(rate: Int, size: Int) {
        #expect(Pace.batchSize(rate: rate, atMost: 100) == size)
    }

    @Test func `a burst is spread in order, and the delay is told to be the limit's`() async throws {
        let harness = try ActorHarness { $0.maxRate = 20 }
        let ids = (0..<6).map { "job:\($0)" }
        for (number, id) in ids.enumerated() {
            let due: Timestamp = .newYear - .seconds(60 - number)
            harness.memory.put(.example(id, createdAt: due), at: due)
        }
        try await harness.actor.beginByHand()
        let tick = Task { try await harness.actor.tick() }
        for queued in [2, 4] {
            try await harness.waitForQueued(queued)
            try await harness.clock.sleeper(for: .milliseconds(100))
            #expect(harness.queued.count == queued)
            harness.clock.advance(by: .milliseconds(100))
        }
        #expect(await harness.actor.currentHealth().heldBack == .milliseconds(200))
        let result = try await tick.value
        #expect(result.enqueued == 6)
        #expect(
            harness.queued
                == ids.enumerated().map { .planned(definition: $1, at: .newYear - .seconds(60 - $0)) })
        #expect(await harness.actor.currentHealth().heldBack == .zero)
    }

    @Test func `a stop does not wait for the rate`() async throws {
        let harness = try ActorHarness { $0.maxRate = 1 }
        for number in 0..<5 { harness.memory.put(.example("job:\(number)"), at: .newYear) }
        let running = Task { try await harness.actor.run() }
        try await harness.waitForQueued(1)
        try await harness.clock.sleeper(for: .milliseconds(100))
        running.cancel()
        try await eventually("it drains") { await harness.actor.currentHealth().state != .leading }
        harness.clock.advance(by: .milliseconds(100))
        try await running.value
        #expect(harness.queued.count == 1)
        #expect(harness.memory.model.lock == nil)
    }
}
