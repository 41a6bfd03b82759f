/// The events of a scheduler, from the moment at which reading begins.
///
/// Each iteration is a reader of its own. A reader that falls more than 1,024 events behind loses the oldest ones, and
/// ``SchedulerEvent/missed(count:)`` says how many. It never holds up the scheduler.
///
/// The sequence ends after ``SchedulerEvent/stopped(name:)`` when ``RedisCronScheduler/run()`` returns or throws; a reader that
/// begins later gets that event alone. It also ends when the scheduler is released from memory, and when the reading task is cancelled.
public struct SchedulerEvents: AsyncSequence, Sendable {
    /// One event.
    public typealias Element = SchedulerEvent
    /// Reading never fails.
    public typealias Failure = Never

    let channel: EventChannel
    /// Whether events of runs are among them.
    var withRuns = true

    /// Begins to read.
    public func makeAsyncIterator() -> Iterator { channel.read(withRuns: withRuns) }

    /// One reader.
    public struct Iterator: AsyncIteratorProtocol {
        let reader: EventReader
        var wakeUps: AsyncStream<Void>.Iterator

        /// Waits for the next event.
        ///
        /// - Returns: `nil` when there will be none, or when the task was cancelled.
        public mutating func next() async -> SchedulerEvent? {
            await next(isolation: nil)
        }

        /// As ``next()``, on the caller's actor.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> SchedulerEvent? {
            while true {
                if let event = reader.take() { return event }
                // The last events may have come together with the end.
                guard await wakeUps.next(isolation: actor) != nil else { return reader.take() }
            }
        }
    }
}
