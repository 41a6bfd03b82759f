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
        let now = Self.monotonicNanoseconds
        let (sum, overflow) = now.addingReportingOverflow(max(0, duration.nanosecondsClamped))
        try await sleep(EVENT_LOOP_MONOTONIC, until: overflow ? .max : sum)
    }

    /// Suspends until the wall clock shows a time, in microseconds since 1970 UTC, as libev's `ev_periodic` does:
    /// when the clock is stepped, or the machine was suspended, the sleep ends by the new time.
    ///
    /// Never returns while the clock shows an earlier time. A time already past returns in the loop's next turn.
    ///
    /// - Throws: `CancellationError`, at once, when the task is cancelled, or was before.
    public func sleep(untilWallClockMicroseconds microseconds: Int64) async throws {
        let (nanoseconds, overflow) = microseconds.multipliedReportingOverflow(by: 1000)
        try await sleep(EVENT_LOOP_WALL, until: overflow ? (microseconds < 0 ? .min : .max) : nanoseconds)
    }

    private func sleep(_ clock: event_loop_clock, until deadline: Int64) async throws {
        let sleeper = Sleeper(core: core, clock: clock, deadline: deadline)
        let isCancelled = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                execute { sleeper.start(continuation) }
            }
        } onCancel: {
            execute { sleeper.cancel() }
        }
        if isCancelled {
            throw CancellationError()
        }
    }
}

/// One sleep: resumed once, by its alarm or by cancellation, whichever the loop's thread sees first.
///
/// `@unchecked Sendable`: its mutable state is touched on the loop's thread alone.
private final class Sleeper: @unchecked Sendable {
    private enum State {
        case idle
        case asleep(UnsafeContinuation<Bool, Never>, EventLoopCore.AlarmName)
        case over
    }

    private let core: EventLoopCore
    private let clock: event_loop_clock
    private let deadline: Int64
    private var state = State.idle

    init(core: EventLoopCore, clock: event_loop_clock, deadline: Int64) {
        self.core = core
        self.clock = clock
        self.deadline = deadline
    }

    func start(_ continuation: UnsafeContinuation<Bool, Never>) {
        guard case .idle = state else {
            // Cancelled before it began.
            continuation.resume(returning: true)
            return
        }
        let name = core.scheduleAlarm(clock, at: deadline) { self.end(isCancelled: false) }
        state = .asleep(continuation, name)
    }

    func cancel() {
        if case .asleep(_, let name) = state {
            core.cancelAlarm(clock, name)
        }
        end(isCancelled: true)
    }

    private func end(isCancelled: Bool) {
        let former = state
        if case .over = former { return }
        state = .over
        if case .asleep(let continuation, _) = former {
            continuation.resume(returning: isCancelled)
        }
    }
}
