public import RQWire
import RedisBridge

/// The time by which a scheduler lives: the system's, or a test's own.
package protocol SchedulerClock: Sendable {
    /// The wall clock: schedules follow it, even when it is stepped.
    func now() -> Timestamp

    /// A clock that is never stepped and goes on while the machine is suspended: leases are measured with it.
    func monotonic() -> Duration

    /// Sleeps until the wall clock shows a time, however it is stepped, but no longer than `limit` by the monotonic clock.
    ///
    /// - Parameter time: `nil` sleeps as long as `limit`.
    /// - Throws: `CancellationError` at once when the task is cancelled.
    func sleep(until time: Timestamp?, atMost limit: Duration) async throws
}

extension SchedulerClock {
    /// Sleeps for this long, whatever the wall clock does.
    ///
    /// - Throws: `CancellationError` at once when the task is cancelled.
    package func sleep(for duration: Duration) async throws {
        try await sleep(until: nil, atMost: duration)
    }
}

extension Task<Void, any Error> {
    /// Waits for the end of this sleep, or of the waiting task; not an error when it was the sleep that was cancelled.
    func waitOut() async throws {
        try await withTaskCancellationHandler {
            do {
                try await value
            } catch is CancellationError {
                try Task<Never, Never>.checkCancellation()
            }
        } onCancel: {
            cancel()
        }
    }
}

/// The clocks of the system, with the event loop's timers.
struct SystemClock: SchedulerClock {
    private static let start = ContinuousClock().now
    /// Where several schedulers share a thread, their long sleeps end at multiples of this.
    private static let grid = Duration.milliseconds(250)

    private let loop: RedisEventLoop
    /// Who else lives on that thread; `nil` for nobody.
    private let turns: LockTurns?

    init(loop: RedisEventLoop, turns: LockTurns? = nil) {
        self.loop = loop
        self.turns = turns
    }

    func now() -> Timestamp { .now }

    func monotonic() -> Duration { Self.start.duration(to: ContinuousClock().now) }

    func sleep(until time: Timestamp?, atMost limit: Duration) async throws {
        guard let time else { return try await loop.sleep(for: aligned(limit)) }
        try await loop.sleep(untilWallClockMicroseconds: time.microseconds, atMost: limit)
    }

    /// A sleep of a second or more, made up to a quarter of a second longer so that it ends with others: what a hundred
    /// schedulers ask of Redis at one instant leaves in one write.
    private func aligned(_ limit: Duration) -> Duration {
        guard limit >= .seconds(1), limit <= .seconds(86_400), let turns, turns.hasTurns else { return limit }
        let end = (monotonic() + limit) / Self.grid
        return limit + Self.grid * (end.rounded(.up) - end)
    }
}

extension Timestamp {
    /// The present, by the system's wall clock.
    public static var now: Timestamp { Timestamp(microseconds: RedisEventLoop.wallClockMicroseconds) }

    /// The instant that much later, fractions of a microsecond cut off; stops at `latest` and `earliest`.
    public static func + (instant: Timestamp, duration: Duration) -> Timestamp { instant.advanced(by: duration) }

    /// The instant that much earlier, fractions of a microsecond cut off; stops at `latest` and `earliest`.
    public static func - (instant: Timestamp, duration: Duration) -> Timestamp {
        instant.advanced(byNegated: duration)
    }

    /// The time from the right instant to the left one, negative when the left one is earlier.
    public static func - (left: Timestamp, right: Timestamp) -> Duration { right.duration(to: left) }

    /// Moves the instant by that much; stops at `latest` and `earliest`.
    public static func += (instant: inout Timestamp, duration: Duration) { instant = instant + duration }

    /// Moves the instant back by that much; stops at `latest` and `earliest`.
    public static func -= (instant: inout Timestamp, duration: Duration) { instant = instant - duration }
}
