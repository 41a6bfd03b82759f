import RQWire
import TestSupport
import Testing

@testable import RedisCron

/// Time that stands still until a test moves it.
final class ManualClock: SchedulerClock {
    /// What a sleep waits for: whichever comes first.
    struct Deadline: Sendable, Hashable {
        /// A time of the wall clock.
        var wall: Timestamp?
        /// A time of the monotonic clock.
        var monotonic: Duration
    }

    private struct State: Sendable {
        var now: Timestamp
        var monotonic: Duration = .seconds(1000)
        var sleepers: [UInt64: Deadline] = [:]
        var lastSleeper: UInt64 = 0

        func isOver(_ deadline: Deadline) -> Bool {
            deadline.monotonic <= monotonic || deadline.wall.map { $0 <= now } ?? false
        }
    }

    private let state: Observed<State>

    /// A clock that shows 2026-01-01T00:00:00Z, or another time.
    init(at now: Timestamp = .newYear) {
        state = Observed(State(now: now))
    }

    func now() -> Timestamp { state.current.now }

    func monotonic() -> Duration { state.current.monotonic }

    /// Lets time pass, as both clocks see it.
    func advance(by duration: Duration) {
        state.update { state in
            state.now += duration
            state.monotonic += duration
        }
    }

    /// Steps the wall clock, as an administrator or NTP does.
    func stepWallClock(by duration: Duration) {
        state.update { $0.now += duration }
    }

    func sleep(until time: Timestamp?, atMost limit: Duration) async throws {
        try await sleep(Deadline(wall: time, monotonic: state.current.monotonic + limit))
    }

    /// Waits until somebody sleeps until that time.
    func sleeper(until time: Timestamp) async throws {
        try await sleeper("until \(time)") { $0.wall == time }
    }

    /// Waits until somebody sleeps for at most that long from now.
    func sleeper(for duration: Duration) async throws {
        let time = monotonic() + duration
        try await sleeper("for \(duration)") { $0.monotonic == time }
    }

    private func sleeper(_ what: String, _ matches: @escaping @Sendable (Deadline) -> Bool) async throws {
        try await state.wait(for: "a sleep \(what)", within: .seconds(30)) { state in
            state.sleepers.values.contains(where: matches) ? () : nil
        }
    }

    private func sleep(_ deadline: Deadline) async throws {
        try Task.checkCancellation()
        let key = state.update { state in
            state.lastSleeper += 1
            state.sleepers[state.lastSleeper] = deadline
            return state.lastSleeper
        }
        defer { state.update { $0.sleepers[key] = nil } }
        try await state.wait(for: "the clock to reach \(deadline)", within: .seconds(120)) { state in
            state.isOver(deadline) ? () : nil
        }
    }
}

extension Timestamp {
    /// 2026-01-01T00:00:00Z, a Thursday.
    static let newYear = Timestamp(unixSeconds: 1_767_225_600)
}
