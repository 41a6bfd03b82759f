package import RQWire
import RedisBridge
import RedisCron

/// A clock that stands still until somebody moves it.
package final class ManualClock: SchedulerClock {
    /// What a sleep waits for: whichever comes first.
    package struct Deadline: Sendable, Hashable {
        /// A time of the wall clock.
        package var wall: Timestamp?
        /// A time of the monotonic clock.
        package var monotonic: Duration
    }

    private struct Sleeper {
        let deadline: Deadline
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now: Timestamp
        var monotonic: Duration = .seconds(1000)
        var sleepers: [UInt64: Sleeper] = [:]
        var lastSleeper: UInt64 = 0

        func isOver(_ deadline: Deadline) -> Bool {
            deadline.monotonic <= monotonic || deadline.wall.map { $0 <= now } ?? false
        }

        /// Takes out those whose time has come.
        mutating func takeOver() -> [Sleeper] {
            let over = sleepers.filter { isOver($0.value.deadline) }
            for key in over.keys { sleepers[key] = nil }
            return Array(over.values)
        }
    }

    private let state: Guarded<State>

    /// Makes a clock that shows that time.
    package init(at now: Timestamp) {
        state = Guarded(State(now: now))
    }

    package func now() -> Timestamp { state.withLock { $0.now } }

    package func monotonic() -> Duration { state.withLock { $0.monotonic } }

    /// What is slept for at present.
    package var sleeps: [Deadline] { state.withLock { $0.sleepers.values.map(\.deadline) } }

    /// Lets time pass, as both clocks see it.
    package func advance(by duration: Duration) {
        move { state in
            state.now += duration
            state.monotonic += duration
        }
    }

    /// Steps the wall clock, as an administrator or NTP does.
    package func stepWallClock(by duration: Duration) {
        move { $0.now += duration }
    }

    private func move(_ change: (inout State) -> Void) {
        let over = state.withLock { state in
            change(&state)
            return state.takeOver()
        }
        for sleeper in over { sleeper.continuation.resume() }
    }

    package func sleep(until time: Timestamp?, atMost limit: Duration) async throws {
        let (key, deadline) = state.withLock { state in
            state.lastSleeper += 1
            return (state.lastSleeper, Deadline(wall: time, monotonic: state.monotonic + limit))
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result = state.withLock { state -> Result<Void, any Error>? in
                    // The handler of a cancellation that came first has run and found nobody.
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if state.isOver(deadline) { return .success(()) }
                    state.sleepers[key] = Sleeper(deadline: deadline, continuation: continuation)
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: key) }?.continuation.resume(throwing: CancellationError())
        }
    }
}
