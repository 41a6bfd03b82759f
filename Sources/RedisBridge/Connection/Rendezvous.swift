import CRedisLink

/// One value that somebody waits for, until a deadline: it comes, or the time is up, or the wait is cancelled; what the
/// loop's thread sees first counts, and the rest is ignored.
///
/// The value may come before the wait begins.
///
/// `@unchecked Sendable`: its state is touched on the loop's thread alone.
final class Rendezvous<Value: Sendable>: @unchecked Sendable {
    private typealias Outcome = Result<Value, RedisError>

    private enum State {
        case idle
        case waiting(UnsafeContinuation<Outcome, Never>, EventLoopCore.AlarmName)
        case over(Outcome)
    }

    private let eventLoop: RedisEventLoop
    private var state = State.idle

    init(on eventLoop: RedisEventLoop) {
        self.eventLoop = eventLoop
    }

    /// Waits.
    ///
    /// Once; any thread.
    ///
    /// - Parameters:
    ///   - deadline: in nanoseconds of the monotonic clock.
    ///   - timeout: what is thrown when it has passed.
    /// - Throws: `timeout`, `.cancelled`, or what the value's giver failed with.
    func wait(until deadline: Int64, orThrow timeout: RedisError) async throws(RedisError) -> Value {
        let outcome = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                eventLoop.execute { self.start(continuation, deadline, timeout) }
            }
        } onCancel: {
            finish(.failure(.cancelled(fate: .notSent)))
        }
        return try outcome.get()
    }

    /// Gives the value or the failure.
    ///
    /// Any thread.
    func finish(_ outcome: Result<Value, RedisError>) {
        eventLoop.execute { self.end(outcome) }
    }

    private func start(
        _ continuation: UnsafeContinuation<Outcome, Never>, _ deadline: Int64, _ timeout: RedisError
    ) {
        if case .over(let outcome) = state {
            continuation.resume(returning: outcome)
            return
        }
        let alarm = eventLoop.core.scheduleAlarm(EVENT_LOOP_MONOTONIC, at: deadline) { self.end(.failure(timeout)) }
        state = .waiting(continuation, alarm)
    }

    private func end(_ outcome: Outcome) {
        switch state {
        case .over:
            return
        case .idle:
            state = .over(outcome)
        case .waiting(let continuation, let alarm):
            eventLoop.core.cancelAlarm(EVENT_LOOP_MONOTONIC, alarm)
            state = .over(outcome)
            continuation.resume(returning: outcome)
        }
    }
}
