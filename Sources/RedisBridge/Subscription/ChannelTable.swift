/// Who reads which channels of one connection.
///
/// Each reader has a buffer of its own, so that a slow one costs the others nothing. For the loop's thread.
final class ChannelTable {
    /// One reader of some channels.
    struct Reader: Sendable {
        let channels: [String]
        let storage: SubscriptionStorage
    }

    private var readers: [Int: Reader] = [:]
    /// The readers of each channel.
    private var places: [String: Set<Int>] = [:]
    private var added = 0

    /// Whether nobody reads.
    var isEmpty: Bool { readers.isEmpty }

    /// Adds a reader, which gets messages from now on.
    ///
    /// - Returns: Its place, for ``remove(_:)``.
    func add(_ reader: Reader) -> Int {
        added += 1
        readers[added] = reader
        for channel in reader.channels { places[channel, default: []].insert(added) }
        return added
    }

    /// Removes a reader.
    ///
    /// - Returns: The channels that nobody reads any more; none if it was removed before.
    func remove(_ place: Int) -> [String] {
        guard let reader = readers.removeValue(forKey: place) else { return [] }
        return Set(reader.channels).filter { channel in
            places[channel]?.remove(place)
            guard places[channel]?.isEmpty == true else { return false }
            places[channel] = nil
            return true
        }
    }

    /// Hands a message to the readers of its channel.
    ///
    /// - Returns: Whether it was a message; any other reply answers a command.
    func take(_ reply: borrowing RedisReplyView) -> Bool {
        guard let message = RedisMessage(reply) else { return false }
        for place in places[message.channel] ?? [] { readers[place]?.storage.append(message) }
        return true
    }

    /// The connection has ended: all readers are told.
    func end(_ error: RedisError) {
        for reader in readers.values { reader.storage.finish(error) }
        readers = [:]
        places = [:]
    }
}

/// A reader's part of a connection that it may share with others.
///
/// For the loop's thread, except for the release of the last reference.
final class ChannelReader {
    private let connection: RedisConnection
    /// Where the connection is given back to; `nil` if it is the reader's alone.
    private let pool: LinkPool?
    private let storage: SubscriptionStorage
    private let place: Int
    private(set) var isOver = false

    var endpoint: RedisEndpoint { connection.endpoint }

    init(_ connection: RedisConnection, _ pool: LinkPool?, _ storage: SubscriptionStorage, place: Int) {
        self.connection = connection
        self.pool = pool
        self.storage = storage
        self.place = place
    }

    /// Ends the reading, after the messages that have come already, with an error or without one.
    func end(_ error: RedisError?) {
        guard !isOver else { return }
        isOver = true
        storage.finish(error)
        connection.core.unsubscribe(place)
        let connection = connection
        if let pool {
            pool.assumeIsolated { $0.giveBack(connection, .channels) }
        } else {
            connection.core.close()
        }
    }
}
