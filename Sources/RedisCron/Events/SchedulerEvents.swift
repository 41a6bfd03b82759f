/// What a scheduler does, from the moment at which one begins to read.
///
/// Each iteration is a reader of its own. A reader that falls more than 1,024 events behind loses the oldest ones; it
/// never holds up the scheduler. The sequence ends when the scheduler is let go, or when the reading task is cancelled.
public struct SchedulerEvents: AsyncSequence, Sendable {
    /// One event.
    public typealias Element = SchedulerEvent
    /// Reading never fails.
    public typealias Failure = Never

    let channel: EventChannel

    /// Begins to read.
    public func makeAsyncIterator() -> AsyncStream<SchedulerEvent>.Iterator {
        channel.stream().makeAsyncIterator()
    }
}
