import RQWire
import RedisBridge
import RedisCron

/// What changed since viewers were told last.
struct CatalogueChanges: Sendable {
    /// The most ids of one message.
    private static let most = 200
    /// The least time between two messages.
    private static let pause: Duration = .seconds(1)

    private var ids: Set<DefinitionID> = []
    private var isMore = false
    private var isListChanged = false
    /// Whether another scheduler leads, or Redis went or came back.
    var isStatusChanged = false
    private var lastSent: ContinuousClock.Instant?

    /// Whether there is something to tell.
    var areWaiting: Bool { !ids.isEmpty || isStatusChanged }

    mutating func insert(_ id: DefinitionID, isListChanged: Bool) {
        if ids.count < Self.most { ids.insert(id) } else if !ids.contains(id) { isMore = true }
        if isListChanged { self.isListChanged = true }
    }

    /// The message for viewers, if there is something to tell and the last one is long enough ago.
    mutating func take(version: UInt64, now: ContinuousClock.Instant) -> [UInt8]? {
        guard areWaiting else { return nil }
        if let lastSent, now - lastSent < Self.pause { return nil }
        let listed = isMore ? JSONValue.null : .array(ids.map { .string($0.display) })
        let object: JSONObject = [
            "version": .int(Int(clamping: version)), "ids": listed, "list": .bool(isListChanged),
            "status": .bool(isStatusChanged),
        ]
        (ids, isMore, isListChanged, isStatusChanged, lastSent) = ([], false, false, false, now)
        return Array("event: change\ndata: \(JSONValue.object(object))\n\n".utf8)
    }
}

/// Tells any number of viewers what happens; one that is slow misses messages, and holds nobody up.
final class CatalogueFeed: Sendable {
    private static let keepAlivePeriod: Duration = .seconds(15)
    private static let comment = Array(": \n\n".utf8)
    /// How many messages wait for a slow reader.
    private static let buffered = 16

    private struct State {
        var readers: [UInt64: AsyncStream<[UInt8]>.Continuation] = [:]
        var nextKey: UInt64 = 0
        var isFinished = false
    }

    private let state = Guarded(State())

    var hasReaders: Bool { state.withLock { !$0.readers.isEmpty } }

    /// Begins to read what happens from now on.
    func read() -> AsyncStream<[UInt8]> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: [UInt8].self, bufferingPolicy: .bufferingNewest(Self.buffered))
        let key = state.withLock { state -> UInt64? in
            guard !state.isFinished else { return nil }
            state.nextKey += 1
            state.readers[state.nextKey] = continuation
            return state.nextKey
        }
        guard let key else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [state] _ in
            state.withLock { _ = $0.readers.removeValue(forKey: key) }
        }
        continuation.yield(Self.greeting)
        return stream
    }

    /// Tells all.
    func send(_ message: [UInt8]) {
        for reader in state.withLock({ Array($0.readers.values) }) { reader.yield(message) }
    }

    /// Says something now and then, so that a connection that broke unnoticed ends, and no proxy thinks it idle.
    static func keepAlive(_ feeds: [CatalogueFeed]) async {
        while !Task.isCancelled {
            // Cancelled, the loop ends.
            try? await Task.sleep(for: keepAlivePeriod)
            for feed in feeds { feed.send(comment) }
        }
    }

    /// Ends all reading.
    func finish() {
        let readers = state.withLock { state in
            state.isFinished = true
            defer { state.readers = [:] }
            return Array(state.readers.values)
        }
        for reader in readers { reader.finish() }
    }

    /// Tells the browser when to try again, and that the stream is open.
    private static let greeting = Array("retry: 3000\n: open\n\n".utf8)
}
