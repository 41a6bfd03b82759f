import RedisBridge

/// Hands what a scheduler does to any number of readers.
///
/// A reader that falls behind loses the oldest events, never the newest, and never holds up the scheduler.
final class EventChannel: Sendable {
    /// Events that a reader may fall behind before the oldest are dropped.
    static let buffered = 1024

    private struct Readers {
        var continuations: [UInt64: AsyncStream<SchedulerEvent>.Continuation] = [:]
        var nextKey: UInt64 = 0
        var isFinished = false
    }

    private let readers = Guarded(Readers())

    /// Whether anybody reads: what costs something to describe is described for readers only.
    var hasReaders: Bool { readers.withLock { !$0.continuations.isEmpty } }

    /// A stream of what happens from now on, until the reader stops or the scheduler is let go.
    func stream() -> AsyncStream<SchedulerEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: SchedulerEvent.self, bufferingPolicy: .bufferingNewest(Self.buffered))
        let key = readers.withLock { readers -> UInt64? in
            guard !readers.isFinished else { return nil }
            readers.nextKey += 1
            readers.continuations[readers.nextKey] = continuation
            return readers.nextKey
        }
        guard let key else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [readers] _ in
            readers.withLock { $0.continuations[key] = nil }
        }
        return stream
    }

    /// Tells all readers.
    func send(_ event: SchedulerEvent) {
        let continuations = readers.withLock { Array($0.continuations.values) }
        for continuation in continuations { continuation.yield(event) }
    }

    deinit {
        let continuations = readers.withLock { readers in
            readers.isFinished = true
            return Array(readers.continuations.values)
        }
        for continuation in continuations { continuation.finish() }
    }
}
