import RQWire

@testable import RedisCron

/// The clocks of one simulated machine: a wall clock that can be stepped, and a monotonic one.
///
/// `@unchecked Sendable`: see ``World``.
final class SimulatedClock: SchedulerClock, @unchecked Sendable {
    /// What a sleep waits for: whichever comes first.
    private struct Deadline {
        /// Microseconds of the wall clock.
        let wall: Int64?
        /// Microseconds of the world.
        let monotonic: Int64
    }

    private struct Sleeper {
        let number: Int
        let deadline: Deadline
        let continuation: UnsafeContinuation<Void, any Error>
    }

    private unowned let world: World
    /// How far the wall clock is off.
    private(set) var offset: Int64 = 0
    /// When the first sleeper wakes, in the time of the world; `Int64.max` if nobody sleeps.
    private(set) var nextWake: Int64 = .max
    /// Whether nobody sleeps any more: the process is gone.
    var isOver = false
    private var sleepers: [Sleeper] = []
    private var numbers = 0

    init(world: World) {
        self.world = world
    }

    func now() -> Timestamp { Timestamp(microseconds: wall) }

    func monotonic() -> Duration { .microseconds(world.time) }

    func sleep(until time: Timestamp?, atMost limit: Duration) async throws {
        let (seconds, attoseconds) = limit.components
        let monotonic = world.time + seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        try await sleep(Deadline(wall: time?.microseconds, monotonic: monotonic))
    }

    /// Steps the wall clock.
    func step(by microseconds: Int64) {
        offset += microseconds
        findNextWake()
    }

    /// Wakes one of those whose time has come.
    func wakeDue() {
        guard let position = sleepers.firstIndex(where: { wakeTime($0) <= world.time }) else { return }
        let sleeper = sleepers.remove(at: position)
        findNextWake()
        sleeper.continuation.resume()
    }

    private func findNextWake() {
        nextWake = .max
        var position = sleepers.count - 1
        while position >= 0 {
            nextWake = min(nextWake, wakeTime(sleepers[position]))
            position -= 1
        }
    }

    /// Ends all sleep for good.
    func end() {
        isOver = true
        let all = sleepers
        sleepers = []
        nextWake = .max
        for sleeper in all { sleeper.continuation.resume(throwing: CancellationError()) }
    }

    private var wall: Int64 { World.epoch + world.time + offset }

    private func wakeTime(_ sleeper: Sleeper) -> Int64 {
        let deadline = sleeper.deadline
        guard let wall = deadline.wall else { return deadline.monotonic }
        return min(wall - World.epoch - offset, deadline.monotonic)
    }

    private func sleep(_ deadline: Deadline) async throws {
        numbers += 1
        let number = numbers
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<Void, any Error>) in
                if isOver || Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    let sleeper = Sleeper(number: number, deadline: deadline, continuation: continuation)
                    sleepers.append(sleeper)
                    nextWake = min(nextWake, wakeTime(sleeper))
                }
            }
        } onCancel: {
            cancel(number)
        }
    }

    private func cancel(_ number: Int) {
        guard let position = sleepers.firstIndex(where: { $0.number == number }) else { return }
        let sleeper = sleepers.remove(at: position)
        findNextWake()
        sleeper.continuation.resume(throwing: CancellationError())
    }
}
