public import RQWire
import RedisBridge

/// The clocks of the system, with the event loop's timers.
struct SystemClock: SchedulerClock {
    private static let start = ContinuousClock().now
    private let loop: RedisEventLoop

    init(loop: RedisEventLoop) {
        self.loop = loop
    }

    /// The wall clock.
    static var wallClock: Timestamp { .now }

    func now() -> Timestamp { .now }

    func monotonic() -> Duration { Self.start.duration(to: ContinuousClock().now) }

    func sleep(until time: Timestamp) async throws {
        try await loop.sleep(untilWallClockMicroseconds: time.microseconds)
    }

    func sleep(for duration: Duration) async throws {
        try await loop.sleep(for: duration)
    }
}

extension Timestamp {
    /// The present, by the system's wall clock.
    public static var now: Timestamp { Timestamp(microseconds: RedisEventLoop.wallClockMicroseconds) }
}
