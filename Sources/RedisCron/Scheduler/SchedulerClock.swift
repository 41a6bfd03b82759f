package import RQWire

/// Time, as the scheduler sees it.
///
/// A value of its own in the tests.
package protocol SchedulerClock: Sendable {
    /// The wall clock: schedules follow it, even when it is stepped.
    func now() -> Timestamp

    /// A clock that never steps and goes on while the machine is suspended: leases are measured with it.
    func monotonic() -> Duration

    /// Sleeps until the wall clock shows that time; wakes early when the clock is stepped over it.
    ///
    /// - Throws: `CancellationError` at once when the task is cancelled.
    func sleep(until time: Timestamp) async throws

    /// Sleeps for so long, whatever the wall clock does.
    ///
    /// - Throws: `CancellationError` at once when the task is cancelled.
    func sleep(for duration: Duration) async throws
}

extension SchedulerClock {
    /// Sleeps until the wall clock shows that time, but no longer than `limit`, however the wall clock is stepped.
    ///
    /// - Parameter time: `nil` sleeps as long as `limit`.
    /// - Throws: `CancellationError` at once when the task is cancelled.
    func sleep(until time: Timestamp?, atMost limit: Duration) async throws {
        guard let time else { return try await sleep(for: limit) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.sleep(until: time) }
            group.addTask { try await self.sleep(for: limit) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
