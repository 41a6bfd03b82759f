import CRedisLink

extension RedisEventLoop {
    /// Nanoseconds of the monotonic clock, for time-outs.
    ///
    /// Any thread.
    static var monotonicNanoseconds: Int64 { event_loop_now(EVENT_LOOP_MONOTONIC) }

    /// The wall clock, in microseconds since 1970 UTC, rounded down.
    ///
    /// Any thread.
    public static var wallClockMicroseconds: Int64 {
        let nanoseconds = event_loop_now(EVENT_LOOP_WALL)
        return nanoseconds / 1000 - (nanoseconds % 1000 < 0 ? 1 : 0)
    }

    /// Suspends for a time by the monotonic clock, which no step of the wall clock changes.
    ///
    /// Never returns early. Late by some 50 µs on an idle machine, plus what the loop's jobs take. A duration of zero or
    /// less returns in the loop's next turn.
    ///
    /// - Throws: `CancellationError`, at once, when the task is cancelled, or was before.
    public func sleep(for duration: Duration) async throws {
        try await sleep(until: [Self.deadline(in: duration)])
    }

    /// Suspends until the wall clock shows a time, in microseconds since 1970 UTC, as libev's `ev_periodic` does:
    /// when the clock is stepped, or the machine was suspended, the sleep ends by the new time.
    ///
    /// Never returns while the clock shows an earlier time, unless `limit` has passed by the monotonic clock. A time already
    /// past returns in the loop's next turn.
    ///
    /// - Throws: `CancellationError`, at once, when the task is cancelled, or was before.
    public func sleep(untilWallClockMicroseconds microseconds: Int64, atMost limit: Duration? = nil) async throws {
        let (nanoseconds, overflow) = microseconds.multipliedReportingOverflow(by: 1000)
        let wall = Deadline(
            clock: EVENT_LOOP_WALL, time: overflow ? (microseconds < 0 ? .min : .max) : nanoseconds)
        try await sleep(until: limit.map { [wall, Self.deadline(in: $0)] } ?? [wall])
    }

    /// A time of one of the loop's clocks, in nanoseconds.
    fileprivate struct Deadline {
        let clock: event_loop_clock
        let time: Int64
    }

    private static func deadline(in duration: Duration) -> Deadline {
        let (sum, overflow) = monotonicNanoseconds.addingReportingOverflow(max(0, duration.nanosecondsClamped))
        return Deadline(clock: EVENT_LOOP_MONOTONIC, time: overflow ? .max : sum)
    }

    /// Suspends until the first of the deadlines.
    private func sleep(until deadlines: [Deadline]) async throws {
        let sleeper = Sleeper(core: core, deadlines: deadlines)
        let isCancelled = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                execute { sleeper.start(continuation) }
            }
        } onCancel: {
            execute { sleeper.end(isCancelled: true) }
        }
        if isCancelled {
            throw CancellationError()
        }
    }
}

/// One sleep: resumed once, by the first of its alarms or by cancellation, whichever the loop's thread sees first.
///
/// `@unchecked Sendable`: its mutable state is touched on the loop's thread alone.
private final class Sleeper: @unchecked Sendable {
    private enum State {
        case idle
        case asleep(UnsafeContinuation<Bool, Never>, [EventLoopCore.AlarmName])
        case over
    }

    private let core: EventLoopCore
    private let deadlines: [RedisEventLoop.Deadline]
    private var state = State.idle

    init(core: EventLoopCore, deadlines: [RedisEventLoop.Deadline]) {
        self.core = core
        self.deadlines = deadlines
    }

    func start(_ continuation: UnsafeContinuation<Bool, Never>) {
        guard case .idle = state else {
            // Cancelled before it began.
            continuation.resume(returning: true)
            return
        }
        let names = deadlines.map { deadline in
            core.scheduleAlarm(deadline.clock, at: deadline.time) { self.end(isCancelled: false) }
        }
        state = .asleep(continuation, names)
    }

    func end(isCancelled: Bool) {
        let former = state
        if case .over = former { return }
        state = .over
        guard case .asleep(let continuation, let names) = former else { return }
        // The one that has gone off is not found any more.
        for (deadline, name) in zip(deadlines, names) { core.cancelAlarm(deadline.clock, name) }
        continuation.resume(returning: isCancelled)
    }
}
