import RQWire
import RedisBridge
import RedisCron

/// A wall clock that stands where the benchmark sets it, so that nothing becomes due while a pass is under way; the
/// monotonic clock is the system's.
final class StandingClock: SchedulerClock {
    private static let start = ContinuousClock().now
    private let loop: RedisEventLoop
    private let time = Guarded(Timestamp(unixSeconds: 0))

    init(loop: RedisEventLoop) {
        self.loop = loop
    }

    func set(to time: Timestamp) {
        self.time.withLock { $0 = time }
    }

    func now() -> Timestamp { time.withLock { $0 } }

    func monotonic() -> Duration { Self.start.duration(to: ContinuousClock().now) }

    /// Sleeps as long as it would take by a clock that runs; whoever sets this one wakes the scheduler.
    func sleep(until time: Timestamp?, atMost limit: Duration) async throws {
        try await loop.sleep(for: time.map { min($0 - now(), limit) } ?? limit)
    }
}
