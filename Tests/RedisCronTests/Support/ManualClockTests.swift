import RQWire
import RedisCronTesting
import TestSupport
import Testing

@testable import RedisCron

@Suite(.timeLimit(.minutes(1)))
struct ManualClockTests {
    @Test func `a sleep ends when the wall clock reaches its time, by passing or by a step`() async throws {
        let clock = ManualClock()
        async let slept: Void = clock.sleep(until: .newYear + .seconds(60), atMost: .seconds(3600))
        try await clock.sleeper(until: .newYear + .seconds(60))
        clock.advance(by: .seconds(1))
        clock.stepWallClock(by: .seconds(59))
        try await slept
        #expect(clock.now() == .newYear + .seconds(60))
        #expect(clock.monotonic() == .seconds(1001))
    }

    @Test func `a step of the wall clock does not end a monotonic sleep`() async throws {
        let clock = ManualClock()
        async let slept: Void = clock.sleep(for: .seconds(60))
        try await clock.sleeper(for: .seconds(60))
        clock.stepWallClock(by: .seconds(3600))
        try await clock.sleeper(for: .seconds(60))
        clock.advance(by: .seconds(60))
        try await slept
    }

    @Test func `a cancelled sleep ends at once`() async throws {
        let clock = ManualClock()
        let sleep = Task { try await clock.sleep(for: .seconds(60)) }
        try await clock.sleeper(for: .seconds(60))
        sleep.cancel()
        await #expect(throws: CancellationError.self) { try await sleep.value }
    }

    @Test func `a sleep with a limit follows the wall clock and ends by the limit`() async throws {
        let clock = ManualClock()
        let time = Timestamp.newYear + .seconds(30)
        let first = Task { try await clock.sleep(until: time, atMost: .seconds(60)) }
        try await clock.sleeper(until: time)
        clock.stepWallClock(by: .seconds(30))
        try await first.value

        // Stepped back by an hour, it waits for the wall clock no longer than the limit.
        clock.stepWallClock(by: .seconds(-3600))
        let second = Task { try await clock.sleep(until: time, atMost: .seconds(60)) }
        try await clock.sleeper(for: .seconds(60))
        clock.advance(by: .seconds(60))
        try await second.value
        #expect(clock.now() < time)
    }
}
