import CRedisLink

/// One value that one task waits for until a deadline.
///
/// The wait ends with the value, a deadline or the task's cancellation, whichever the loop's thread sees first; what
/// comes later is ignored. The value may come before the wait begins.
struct OneShotPromise<Value: Sendable>: Sendable {
    typealias Outcome = Result<Value, RedisError>

    private final class Wait {
        enum State {
            case idle
            case waiting(UnsafeContinuation<Outcome, Never>, [EventLoopCore.TimerID])
            case over(Outcome)
        }

        var state = State.idle
    }

    private let eventLoop: RedisEventLoop
    private let shared: LoopBound<Wait>

    init(on eventLoop: RedisEventLoop) {
        self.eventLoop = eventLoop
        shared = LoopBound(Wait(), on: eventLoop)
    }

    /// Waits.
    ///
    /// Once; any thread.
    ///
    /// - Parameters:
    ///   - deadline: in nanoseconds of the monotonic clock.
    ///   - wallClock: another deadline, in nanoseconds since 1970 of the wall clock, however that is stepped.
    ///   - late: how the wait ends at the first of the deadlines.
    /// - Throws: `.cancelled`, or the failure that the promise was finished with.
    func wait(
        until deadline: Int64, orWallClock wallClock: Int64? = nil, otherwise late: Outcome
    ) async throws(RedisError) -> Value {
        let outcome = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                shared.run { begin($0, continuation, until: deadline, orWallClock: wallClock, otherwise: late) }
            }
        } onCancel: {
            finish(.failure(.cancelled(fate: .notSent)))
        }
        return try outcome.get()
    }

    /// Ends the wait with a value or a failure.
    ///
    /// Any thread.
    func finish(_ outcome: Outcome) {
        shared.run { end($0, outcome) }
    }

    private func begin(
        _ wait: Wait, _ continuation: UnsafeContinuation<Outcome, Never>, until deadline: Int64,
        orWallClock wallClock: Int64?, otherwise late: Outcome
    ) {
        if case .over(let outcome) = wait.state {
            continuation.resume(returning: outcome)
            return
        }
        let deadlines = [(EVENT_LOOP_MONOTONIC, deadline)] + (wallClock.map { [(EVENT_LOOP_WALL, $0)] } ?? [])
        let timers = deadlines.map { clock, time in
            eventLoop.core.scheduleTimer(by: clock, at: time) { end(wait, late) }
        }
        wait.state = .waiting(continuation, timers)
    }

    private func end(_ wait: Wait, _ outcome: Outcome) {
        switch wait.state {
        case .over:
            return
        case .idle:
            wait.state = .over(outcome)
        case .waiting(let continuation, let timers):
            // The one that has fired is not found any more.
            for timer in timers { eventLoop.core.cancelTimer(timer) }
            wait.state = .over(outcome)
            continuation.resume(returning: outcome)
        }
    }
}
