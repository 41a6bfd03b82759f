import RQWire

/// Time, as the scheduler sees it.
///
/// A value of its own in the tests.
protocol SchedulerClock: Sendable {
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
