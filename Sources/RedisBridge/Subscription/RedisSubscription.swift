/// The messages of some channels, from the moment when the server confirmed the subscription, over a connection of its
/// own.
///
/// Unread messages wait, up to a limit. Beyond it one `.overflowed` replaces all that wait, so that a slow reader
/// neither loses anything unnoticed nor makes memory grow. Reading ends with an error when the connection does; PING
/// detects a server that died silently. To continue, subscribe again; whatever was published meanwhile is missed.
///
/// One task reads at a time.
package final class RedisSubscription: AsyncSequence, Sendable {
    /// What a reader gets.
    package enum Element: Sendable, Hashable {
        /// A message.
        case message(RedisMessage)
        /// This many messages were dropped here because they were not read in time.
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
    ///   - endpoint: the server.
    ///   - options: how to connect; `healthCheckInterval` is 15 s by default.
    ///   - bufferLimit: how many messages may wait to be read.
    ///   - eventLoop: the loop to live on.
    /// - Throws: as `RedisConnection.connect`, and `.server` when the user may not subscribe.
    package static func subscribe(
        to channels: [String], at endpoint: RedisEndpoint,
        options: RedisConnectionOptions = .init(), bufferLimit: Int = 1024, on eventLoop: RedisEventLoop
    ) async throws(RedisError) -> RedisSubscription {
        var options = options
        options.healthCheckInterval = options.healthCheckInterval ?? .seconds(15)
        let connection = try await RedisConnection.connect(to: endpoint, options: options, on: eventLoop)
        let storage = SubscriptionStorage(limit: bufferLimit)
        do {
            try await connection.enterSubscription(
                channels.map { RedisCommand("SUBSCRIBE", $0) }, storage)
        } catch {
            await connection.close()
            throw error.at(endpoint: endpoint.description)
        }
        return RedisSubscription(connection, storage)
    }

    /// Ends the subscription: reading ends, without an error, after the messages that have come already.
    package func close() async {
        storage.finish(nil)
        await connection.close()
    }

    /// Reads the messages.
    package func makeAsyncIterator() -> Iterator {
        Iterator(subscription: self)
    }

    /// Reads the messages; keeps the subscription alive.
    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let subscription: RedisSubscription

        /// The next message, or `nil` after `close()` or after an error.
        ///
        /// - Throws: `.connectionLost` or whatever ended the connection, once; `.cancelled` when the task is cancelled,
        ///   which loses no message.
        package mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(RedisError) -> RedisSubscription.Element? {
            try await subscription.storage.next()
        }
    }
}

extension RedisConnection {
    /// Sends the commands that begin a subscription; from then on the connection is only for that.
    func enterSubscription(_ commands: [RedisCommand], _ storage: SubscriptionStorage) async throws(RedisError) {
        core.onPush = { reply in
            guard let message = RedisMessage(reply) else { return false }
            storage.append(message)
            return true
        }
        core.whenEnded { storage.finish($0) }
        // One command per channel, because each channel is confirmed by a reply of its own.
        _ = try await transmit(commands, timeout: nil) { _, reply throws(RedisError) in
            if let error = reply.error { throw error }
        }
    }
}

extension RedisClient {
    /// Subscribes on the server that the client is connected to, over a connection of its own.
    ///
    /// It ends, with an error, when the commands go to another server: then subscribe again. The former server may be
    /// cut off from the others, or no longer part of the cluster.
    ///
    /// - Throws: as `RedisSubscription.subscribe`, and as `connection()`.
    package func subscribe(
        to channels: [String], bufferLimit: Int = 1024
    ) async throws(RedisError) -> RedisSubscription {
        while true {
            let endpoint = try await connection().endpoint
            let subscription = try await RedisSubscription.subscribe(
                to: channels, at: endpoint, options: options, bufferLimit: bufferLimit, on: eventLoop)
            if subscribed(by: subscription.connection) { return subscription }
            // The commands have gone elsewhere meanwhile.
            await subscription.close()
        }
    }
}

/// A published message.
package struct RedisMessage: Sendable, Hashable {
    /// The channel it was published to.
    package let channel: String
    /// Its content.
    package let payload: [UInt8]

    /// A message, for tests and models of a server.
    package init(channel: String, payload: [UInt8]) {
        self.channel = channel
        self.payload = payload
    }

    /// Reads what the server pushes; `nil` for anything else, such as the answer to SUBSCRIBE or PING.
    init?(_ reply: borrowing RedisReplyView) {
        guard reply.kind == .array, reply.count == 3, reply.withElement(0, { $0.string }) == "message" else {
            return nil
        }
        channel = reply.withElement(1) { $0.string } ?? ""
        payload = reply.withElement(2) { $0.copiedBytes }
    }
}
