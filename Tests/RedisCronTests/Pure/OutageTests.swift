import RQWire
import Testing

@testable import RedisBridge
@testable import RedisCron

struct OutageTests {
    private static let refused = RedisError.server("OOM command not allowed", endpoint: "here")
    private static let gone = RedisError(.connectionLost, "the server closed the connection")

    private var outage = Outage()
    private var random = SplitMix64(state: 1)

    private mutating func fail(
        _ operation: Outage.Operation, _ error: RedisError = refused, at seconds: Int = 0
    ) -> Bool {
        outage.failed(
            operation, by: error, now: Timestamp(unixSeconds: 1000) + .seconds(seconds), monotonic: .seconds(seconds))
    }

    @Test mutating func `only the operation that failed ends the trouble`() {
        #expect(fail(.tick))
        for other in [Outage.Operation.lock, .registration, .heartbeat, .listening] {
            #expect(outage.succeeded(other) == .nothing)
            #expect(outage.since == Timestamp(unixSeconds: 1000))
        }
        #expect(outage.succeeded(.tick) == .over)
        #expect(outage.since == nil)
        #expect(outage.reason == nil)
    }

    @Test mutating func `it lasts until the last operation that failed has succeeded`() {
        #expect(fail(.tick, Self.gone))
        #expect(!fail(.heartbeat, Self.gone, at: 5))
        #expect(outage.succeeded(.heartbeat) == .operationWorks)
        #expect(outage.since == Timestamp(unixSeconds: 1000))
        #expect(outage.isFailing(.tick))
        #expect(outage.succeeded(.tick) == .over)
    }

    @Test mutating func `a cause is told once a minute, and another one at once`() {
        #expect(fail(.tick, Self.gone))
        #expect(!fail(.tick, Self.gone, at: 58))
        #expect(!fail(.heartbeat, RedisError(.connectFailed, "connection refused"), at: 59))
        #expect(fail(.tick, at: 59))
        #expect(outage.reason?.contains("OOM") == true)
        #expect(fail(.tick, Self.gone, at: 60))
        #expect(!fail(.tick, at: 118))
        #expect(fail(.tick, at: 119))
    }

    @Test mutating func `a success of another operation leaves the pauses as long as they were`() {
        var pauses: [Duration] = []
        for second in 0..<8 {
            _ = fail(.tick, at: second)
            pauses.append(outage.pause(before: .tick, using: &random))
            _ = outage.succeeded(.heartbeat)
        }
        #expect(pauses.last.map { (Duration.seconds(2.5)...(.seconds(5))).contains($0) } == true)
        _ = outage.succeeded(.tick)
        _ = fail(.tick)
        #expect(outage.pause(before: .tick, using: &random) <= .milliseconds(100))
    }

    @Test mutating func `the lock is asked for within a second, since nothing else shows that the server is back`() {
        var longest = Duration.zero
        for second in 0..<20 {
            _ = fail(.lock, at: second)
            longest = max(longest, outage.pause(before: .lock, using: &random))
        }
        #expect(longest > .milliseconds(500))
        #expect(longest <= .seconds(1))
    }

    @Test mutating func `one that stands by does not answer for what only a leader does`() {
        _ = fail(.tick)
        _ = fail(.heartbeat)
        #expect(outage.standsBy() == .over)
        #expect(outage.since == nil)
        #expect(outage.standsBy() == .nothing)
        _ = fail(.tick)
        _ = fail(.lock)
        #expect(outage.standsBy() == .nothing)
        #expect(outage.succeeded(.lock) == .over)
    }
}
