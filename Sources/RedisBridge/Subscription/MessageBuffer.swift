/// The messages that were not yet read, up to a limit: a pure state machine that says what to do with the reader.
struct MessageBuffer<Reader> {
    /// What a reader gets.
    enum Outcome {
        case element(RedisSubscription.Element)
        case failure(RedisError)
        case end
    }

    private let limit: Int
    private var elements: [RedisSubscription.Element] = []
    /// Read elements are dropped from the front in one go, not one by one.
    private var position = 0
    private var reader: Reader?
    /// What follows the elements, once known: the end, or a failure, which is reported once.
    private var ending: Outcome?

    /// - Parameter limit: how many messages may wait, at least 1.
    init(limit: Int) {
        self.limit = max(1, limit)
    }

    private var count: Int { elements.count - position }

    /// Takes in a message: returns the reader to give it to, or keeps it.
    ///
    /// When the buffer is full, one `.overflowed` replaces everything in it and the message: a reader that learns of a
    /// gap gains nothing from the rest.
    mutating func append(_ message: RedisMessage) -> (reader: Reader, outcome: Outcome)? {
        guard ending == nil else { return nil }
        if let reader {
            self.reader = nil
            return (reader, .element(.message(message)))
        }
        guard count < limit else {
            var dropped = 1
            for element in elements[position...] {
                switch element {
                case .message: dropped += 1
                case .overflowed(let earlier): dropped += earlier
                }
            }
            elements = [.overflowed(dropped: dropped)]
            position = 0
            return nil
        }
        elements.append(.message(message))
        return nil
    }

    /// Ends the messages: returns the reader to tell, if one waits.
    mutating func finish(_ error: RedisError?) -> (reader: Reader, outcome: Outcome)? {
        guard ending == nil else { return nil }
        ending = error.map { .failure($0) } ?? .end
        guard let reader else { return nil }
        self.reader = nil
        return (reader, takeEnding())
    }

    /// The next element or the end; if there is neither, keeps the reader and returns `nil`.
    mutating func read(_ reader: Reader) -> Outcome? {
        guard count == 0 else {
            let element = elements[position]
            position += 1
            if count == 0 || position > 1024 {
                elements.removeFirst(position)
                position = 0
            }
            return .element(element)
        }
        guard ending == nil else { return takeEnding() }
        guard self.reader == nil else {
            return .failure(RedisError(.misuse, "two readers of one subscription"))
        }
        self.reader = reader
        return nil
    }

    /// Removes the reader, which no longer waits; `nil` if it has been served.
    mutating func removeReader() -> Reader? {
        defer { reader = nil }
        return reader
    }

    private mutating func takeEnding() -> Outcome {
        defer { ending = .end }
        return ending ?? .end
    }
}

/// A subscription's buffer between the loop's thread, which fills it, and its reader.
///
/// No reader is resumed under the lock.
final class SubscriptionStorage: Sendable {
    private typealias Buffer = MessageBuffer<UnsafeContinuation<Outcome, Never>>
    private typealias Outcome = Result<RedisSubscription.Element?, RedisError>

    private let buffer: Guarded<Buffer>

    init(limit: Int) {
        buffer = Guarded(Buffer(limit: limit))
    }

    func append(_ message: RedisMessage) {
        let served = buffer.withLock { $0.append(message) }
        served?.reader.resume(returning: Self.result(served?.outcome))
    }

    func finish(_ error: RedisError?) {
        let served = buffer.withLock { $0.finish(error) }
        served?.reader.resume(returning: Self.result(served?.outcome))
    }

    func next() async throws(RedisError) -> RedisSubscription.Element? {
        let outcome: Outcome = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                wait(continuation)
            }
        } onCancel: {
            let reader = buffer.withLock { $0.removeReader() }
            reader?.resume(returning: .failure(.cancelled(fate: .notSent)))
        }
        return try outcome.get()
    }

    private func wait(_ continuation: UnsafeContinuation<Outcome, Never>) {
        let outcome: Outcome? = buffer.withLock { buffer in
            // Under the lock: a cancellation before this found no reader, a later one will find this reader.
            guard !Task.isCancelled else { return .failure(.cancelled(fate: .notSent)) }
            return buffer.read(continuation).map { Self.result($0) }
        }
        if let outcome {
            continuation.resume(returning: outcome)
        }
    }

    private static func result(_ outcome: Buffer.Outcome?) -> Outcome {
        switch outcome {
        case .element(let element): .success(element)
        case .failure(let error): .failure(error)
        case .end, nil: .success(nil)
        }
    }
}
