import TestSupport
import Testing

@testable import RedisBridge

@Suite struct BackoffTests {
    @Test(.seeded) func `delays double up to the maximum, and jitter takes away at most half`() {
        var generator = SeededGenerator.ofTest()
        var backoff = Backoff(first: .milliseconds(100), maximum: .milliseconds(1500))
        for whole in [100, 200, 400, 800, 1500, 1500, 1500] {
            let delay = backoff.delayAfterFailure(using: &generator)
            #expect(delay >= .milliseconds(whole) / 2 && delay <= .milliseconds(whole))
        }
        #expect(backoff.failures == 7)
        backoff.succeed()
        #expect(backoff.failures == 0)
        #expect(backoff.delayAfterFailure(using: &generator) <= .milliseconds(100))
    }

    @Test(.seeded) func `many clients do not reconnect at the same instant`() {
        var generator = SeededGenerator.ofTest()
        let delays = (0..<100).map { _ in
            var backoff = Backoff()
            return backoff.delayAfterFailure(using: &generator)
        }
        #expect(Set(delays).count > 90)
    }

    @Test func `after a million failures the delay is within the maximum`() {
        var generator = SystemRandomNumberGenerator()
        var backoff = Backoff(first: .milliseconds(1), maximum: .seconds(2))
        for _ in 0..<1_000_000 { _ = backoff.delayAfterFailure(using: &generator) }
        #expect(backoff.delayAfterFailure(using: &generator) <= .seconds(2))
    }
}
