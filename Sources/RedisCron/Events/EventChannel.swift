import RedisBridge

/// Delivers the events of a scheduler to any number of readers.
///
/// A reader that falls behind loses the oldest events, never the newest, and is told how many. It never holds up the scheduler.
final class EventChannel: Sendable {
    /// Events that a reader may fall behind before the oldest are dropped.
    static let buffered = 1024

    private struct State {
        var readers: [UInt64: EventReader] = [:]
        /// How many of them want to know of each run.
        var runReaders = 0
        var nextKey: UInt64 = 0
        var isFinished = false
        /// The last event: the only one for a reader that begins later.
        var last: SchedulerEvent?
    }

    private let state = Guarded(State())

    /// Whether anybody reads: descriptions that cost something are made for readers only.
    var hasReaders: Bool { state.withLock { !$0.readers.isEmpty } }

    /// Whether anybody wants to know of each run.
    var hasReadersOfRuns: Bool { state.withLock { $0.runReaders > 0 } }

    /// Begins to read what happens from now on.
    ///
    /// - Parameter withRuns: Whether the reader wants to know of each run.
    func read(withRuns: Bool = true) -> SchedulerEvents.Iterator {
        let (wakeUps, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let reader = EventReader(waking: continuation, wantsRuns: withRuns)
        let (key, last) = state.withLock { state -> (UInt64?, SchedulerEvent?) in
            guard !state.isFinished else { return (nil, state.last) }
            state.nextKey += 1
            state.readers[state.nextKey] = reader
            if withRuns { state.runReaders += 1 }
            return (state.nextKey, nil)
        }
        if let key {
            continuation.onTermination = { [state] _ in
                state.withLock { state in
                    if state.readers.removeValue(forKey: key)?.wantsRuns == true { state.runReaders -= 1 }
                }
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
        let reader = EventReader(waking: continuation, wantsRuns: true)
        state.withLock { state in
            state.nextKey += 1
            state.readers[state.nextKey] = reader
            state.runReaders += 1
        }
        return reader
    }

    /// Tells all readers.
    func send(_ event: SchedulerEvent) {
        let readers = state.withLock { Array($0.readers.values) }
        let isOfRuns = event.isOfRuns
        for reader in readers where reader.wantsRuns || !isOfRuns { reader.offer(event) }
    }

    /// Tells all readers for the last time, including those that begin later.
    func finish(with event: SchedulerEvent?) {
        let readers = state.withLock { state in
            guard !state.isFinished else { return [EventReader]() }
            state.isFinished = true
            state.last = event
            defer { (state.readers, state.runReaders) = ([:], 0) }
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
    /// Whether it is told of each run.
    let wantsRuns: Bool

    init(waking wakeUp: AsyncStream<Void>.Continuation, wantsRuns: Bool) {
        self.wakeUp = wakeUp
        self.wantsRuns = wantsRuns
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
