/// What came and was not yet read, with a bound: a pure state machine that says what to do with the reader.
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
    /// What follows the elements: nothing yet, or the end; a failure is reported once.
    private var ending: Outcome?

    /// - Parameter limit: how many messages may wait, at least 1.
    init(limit: Int) {
        self.limit = max(1, limit)
    }

    private var count: Int { elements.count - position }

    /// A message came: returns the reader to give it to, or keeps it.
    ///
    /// When the buffer is full, everything in it and the message give way to one `.overflowed`: a reader who learns that
    /// something is missing gains nothing from the rest.
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

    /// No more will come: returns the reader to tell, if one waits.
    mutating func finish(_ error: RedisError?) -> (reader: Reader, outcome: Outcome)? {
        guard ending == nil else { return nil }
        ending = error.map { .failure($0) } ?? .end
        guard let reader else { return nil }
        self.reader = nil
        return (reader, takeEnding())
    }

    /// The next element or the end at once, or `nil`: then the reader is kept until there is something.
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

    /// The reader no longer waits; returns it, or `nil` when it has been served.
    mutating func removeReader() -> Reader? {
        defer { reader = nil }
        return reader
    }

    private mutating func takeEnding() -> Outcome {
        defer { ending = .end }
        return ending ?? .end
    }
}
