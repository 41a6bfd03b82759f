import RQWire
import RedisBridge

/// The clocks of the system, with the event loop's timers.
struct SystemClock: SchedulerClock {
    private static let start = ContinuousClock().now
    private let loop: RedisEventLoop

    init(loop: RedisEventLoop) {
        self.loop = loop
    }

    /// The wall clock.
    static var wallClock: Timestamp { Timestamp(microseconds: RedisEventLoop.wallClockMicroseconds) }

    func now() -> Timestamp { Self.wallClock }

    func monotonic() -> Duration { Self.start.duration(to: ContinuousClock().now) }

    func sleep(until time: Timestamp?, atMost limit: Duration) async throws {
        guard let time else { return try await loop.sleep(for: limit) }
        try await loop.sleep(untilWallClockMicroseconds: time.microseconds, atMost: limit)
    }
}
