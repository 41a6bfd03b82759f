import RedisBridge

/// Delivers the events of a scheduler to any number of readers.
///
/// A reader that falls behind loses the oldest events, never the newest, and is told how many. It never holds up the scheduler.
final class EventChannel: Sendable {
    /// Events that a reader may fall behind before the oldest are dropped.
    static let buffered = 1024

    private struct State {
        var readers: [UInt64: EventReader] = [:]
        var nextKey: UInt64 = 0
        var isFinished = false
        /// The last event: the only one for a reader that begins later.
        var last: SchedulerEvent?
    }

    private let state = Guarded(State())

    /// Whether anybody reads: descriptions that cost something are made for readers only.
    var hasReaders: Bool { state.withLock { !$0.readers.isEmpty } }

    /// Begins to read what happens from now on.
    func read() -> SchedulerEvents.Iterator {
        let (wakeUps, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let reader = EventReader(waking: continuation)
        let (key, last) = state.withLock { state -> (UInt64?, SchedulerEvent?) in
            guard !state.isFinished else { return (nil, state.last) }
            state.nextKey += 1
            state.readers[state.nextKey] = reader
            return (state.nextKey, nil)
        }
        if let key {
            continuation.onTermination = { [state] _ in
                state.withLock { $0.readers[key] = nil }
            }
        } else {
            if let last { reader.offer(last) }
            reader.finish()
        }
        return SchedulerEvents.Iterator(reader: reader, wakeUps: wakeUps.makeAsyncIterator())
    }

    /// Begins to read what happens from now on, for somebody who asks instead of waiting.
    func collect() -> EventReader {
        let (_, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let reader = EventReader(waking: continuation)
        state.withLock { state in
            state.nextKey += 1
            state.readers[state.nextKey] = reader
        }
        return reader
    }

    /// Tells all readers.
    func send(_ event: SchedulerEvent) {
        let readers = state.withLock { Array($0.readers.values) }
        for reader in readers { reader.offer(event) }
    }

    /// Tells all readers for the last time, including those that begin later.
    func finish(with event: SchedulerEvent?) {
        let readers = state.withLock { state in
            guard !state.isFinished else { return [EventReader]() }
            state.isFinished = true
            state.last = event
            defer { state.readers = [:] }
            return Array(state.readers.values)
        }
        for reader in readers {
            if let event { reader.offer(event) }
            reader.finish()
        }
    }

    deinit {
        finish(with: nil)
    }
}

/// The events that one reader has not taken yet.
final class EventReader: Sendable {
    private let events = Guarded(NewestQueue<SchedulerEvent>(capacity: EventChannel.buffered))
    private let wakeUp: AsyncStream<Void>.Continuation

    init(waking wakeUp: AsyncStream<Void>.Continuation) {
        self.wakeUp = wakeUp
    }

    func offer(_ event: SchedulerEvent) {
        _ = events.withLock { $0.push(event) }
        wakeUp.yield()
    }

    /// Ends the reading; what is left can still be taken.
    func finish() {
        wakeUp.finish()
    }

    func take() -> SchedulerEvent? {
        switch events.withLock({ $0.pop() }) {
        case .element(let event): event
        case .lost(let count): .missed(count: count)
        case nil: nil
        }
    }
}
