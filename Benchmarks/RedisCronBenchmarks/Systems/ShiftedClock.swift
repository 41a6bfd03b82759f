import RQWire
import RedisBridge
import RedisCron

/// The system's clocks, with the wall clock set to where the benchmark wants it.
final class ShiftedClock: SchedulerClock {
    private static let start = ContinuousClock().now
    private let loop: EventLoop
    /// Microseconds by which the clock is ahead of the system's.
    private let shift = Guarded<Int64>(0)

    init(loop: EventLoop) {
        self.loop = loop
    }

    /// Sets the clock; it goes on from there.
    func set(to time: Timestamp) {
        let ahead = time.microseconds - EventLoop.wallClockMicroseconds
        shift.withLock { $0 = ahead }
    }

    func now() -> Timestamp {
        let ahead = shift.withLock { $0 }
        return Timestamp(microseconds: EventLoop.wallClockMicroseconds + ahead)
    }

    func monotonic() -> Duration { Self.start.duration(to: ContinuousClock().now) }

    func sleep(until time: Timestamp) async throws {
        let ahead = shift.withLock { $0 }
        try await loop.sleep(untilWallClockMicroseconds: time.microseconds - ahead)
    }

    func sleep(for duration: Duration) async throws {
        try await loop.sleep(for: duration)
    }
}
