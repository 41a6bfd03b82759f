/// What is published on some channels, from the moment when the server confirmed the subscription, over a connection of
/// its own.
///
/// Messages that nobody reads wait, up to a limit. Beyond it everything that waits gives way to one `.overflowed`, so
/// that a slow reader neither loses anything unawares nor makes memory grow. Reading ends with an error when the
/// connection does; a peer that died in silence is found out by PING. To go on, subscribe again, and expect to have
/// missed what was published meanwhile.
///
/// One task reads at a time.
public final class RedisSubscription: AsyncSequence, Sendable {
    /// What a reader gets.
    public enum Element: Sendable, Hashable {
        /// A message.
        case message(RedisMessage)
        /// So many messages were dropped here because they were not read in time.
        case overflowed(dropped: Int)
    }

    private let storage: SubscriptionStorage
    fileprivate let connection: RedisConnection

    private init(_ connection: RedisConnection, _ storage: SubscriptionStorage) {
        self.connection = connection
        self.storage = storage
    }

    /// Connects and subscribes; returns when the server has confirmed every channel.
    ///
    /// - Parameters:
    ///   - channels: names of channels.
    ///   - patterns: patterns of names, as PSUBSCRIBE takes them.
    ///   - endpoint: the server.
    ///   - options: how to connect; `healthCheckInterval` is 15 s unless given.
    ///   - eventLoop: the loop to live on.
    ///   - bufferLimit: how many messages may wait to be read.
    /// - Throws: as `RedisConnection.connect`, and `.server` when the user may not subscribe.
    public static func subscribe(
        to channels: [String], patterns: [String] = [], at endpoint: RedisEndpoint,
        options: RedisConnectionOptions = .init(), bufferLimit: Int = 1024, on eventLoop: RedisEventLoop
    ) async throws(RedisError) -> RedisSubscription {
        var options = options
        options.healthCheckInterval = options.healthCheckInterval ?? .seconds(15)
        let connection = try await RedisConnection.connect(to: endpoint, options: options, on: eventLoop)
        let storage = SubscriptionStorage(limit: bufferLimit)
        do {
            try await connection.enterSubscription(
                channels.map { RedisCommand("SUBSCRIBE", $0) } + patterns.map { RedisCommand("PSUBSCRIBE", $0) },
                storage)
        } catch {
            await connection.close()
            throw error.at(endpoint: endpoint.description)
        }
        return RedisSubscription(connection, storage)
    }

    /// Ends the subscription: reading ends, without an error, after what has come already.
    public func close() async {
        storage.finish(nil)
        await connection.close()
    }

    /// Reads what comes.
    public func makeAsyncIterator() -> Iterator {
        Iterator(subscription: self)
    }

    /// Reads what comes; keeps the subscription alive.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let subscription: RedisSubscription

        /// The next message, or `nil` after `close()` or after an error.
        ///
        /// - Throws: `.connectionLost` or whatever ended the connection, once; `.cancelled` when the task is cancelled,
        ///   which loses no message.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(RedisError) -> RedisSubscription.Element? {
            try await subscription.storage.next()
        }
    }
}

extension RedisConnection {
    /// Sends what begins a subscription; from then on the connection is for it alone.
    func enterSubscription(_ commands: [RedisCommand], _ storage: SubscriptionStorage) async throws(RedisError) {
        core.onPush = { reply in
            guard let message = RedisMessage(reply) else { return false }
            storage.append(message)
            return true
        }
        core.whenEnded { storage.finish($0) }
        // One command a channel, because each channel is confirmed by a reply of its own.
        _ = try await transmit(commands, timeout: nil) { _, reply throws(RedisError) in
            if let error = reply.error { throw error }
        }
    }
}

extension RedisClient {
    /// Subscribes on the server that the client is connected to, over a connection of its own.
    ///
    /// It ends, with an error, when the commands go to another server: then subscribe again. The former one may be cut off
    /// from the others, or no part of the cluster any more.
    ///
    /// - Throws: as `RedisSubscription.subscribe`, and as `connection()`.
    public func subscribe(
        to channels: [String], patterns: [String] = [], bufferLimit: Int = 1024
    ) async throws(RedisError) -> RedisSubscription {
        while true {
            let endpoint = try await connection().endpoint
            let subscription = try await RedisSubscription.subscribe(
                to: channels, patterns: patterns, at: endpoint, options: options, bufferLimit: bufferLimit,
                on: eventLoop)
            if subscribed(by: subscription.connection) { return subscription }
            // The commands went elsewhere meanwhile.
            await subscription.close()
        }
    }
}
