/// The messages of some channels, from the moment when the server confirmed the subscription.
///
/// Subscriptions of clients that share their links have one connection to a server for all their channels; any other has
/// a connection of its own. Unread messages wait, up to a limit. Beyond it one `.overflowed` replaces all that wait, so
/// that a slow reader neither loses anything unnoticed, nor makes memory grow, nor costs others anything. Reading ends
/// with an error when the connection does; PING detects a server that died silently. To continue, subscribe again;
/// whatever was published meanwhile is missed.
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
    let reader: LoopBound<ChannelReader>

    private init(_ reader: LoopBound<ChannelReader>, _ storage: SubscriptionStorage) {
        self.reader = reader
        self.storage = storage
    }

    deinit {
        reader.run { $0.end(nil) }
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
        do {
            return try await subscribe(to: channels, over: connection, from: nil, bufferLimit: bufferLimit)
        } catch {
            await connection.close()
            throw error
        }
    }

    /// Subscribes over a connection that may be one of a pool, and that stays open when that fails.
    fileprivate static func subscribe(
        to channels: [String], over connection: RedisConnection, from pool: LinkPool?, bufferLimit: Int
    ) async throws(RedisError) -> RedisSubscription {
        let storage = SubscriptionStorage(limit: bufferLimit)
        do {
            let place = try await connection.subscribe(ChannelTable.Reader(channels: channels, storage: storage))
            let reader = LoopBound(
                ChannelReader(connection, pool, storage, place: place), on: connection.eventLoop)
            return RedisSubscription(reader, storage)
        } catch {
            throw error.at(endpoint: connection.endpoint.description)
        }
    }

    /// Ends the subscription: reading ends, without an error, after the messages that have come already.
    package func close() async {
        storage.finish(nil)
        await end()
    }

    private func end() async {
        let over = OneShotPromise<Void>(on: reader.eventLoop)
        reader.run { reader in
            reader.end(nil)
            over.finish(.success(()))
        }
        // Nobody fails it; a cancelled task need not wait.
        try? await over.wait(until: .max, otherwise: .success(()))
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
    /// Adds a reader of channels; from the first one on the connection is only for that.
    ///
    /// - Returns: Its place in the connection's table, once the server has confirmed every channel.
    func subscribe(_ reader: ChannelTable.Reader) async throws(RedisError) -> Int {
        let table = core.channels ?? ChannelTable()
        // A connection that has ended since has nobody to tell.
        if let endReason = core.endReason { throw endReason }
        core.channels = table
        let place = table.add(reader)
        let sent = RedisEventLoop.monotonicNanoseconds
        do {
            // One command per channel, because each channel is confirmed by a reply of its own. Those that others read are
            // confirmed again.
            _ = try await transmit(
                reader.channels.map { RedisCommand("SUBSCRIBE", $0) }, timeout: nil
            ) { _, reply throws(RedisError) in
                if let error = reply.error { throw error }
            }
            return place
        } catch {
            core.unsubscribe(place)
            if error.code == .timedOut, core.lastReceived < sent {
                core.end(RedisError(.connectionLost, "the server fell silent", endpoint: endpoint.description))
            }
            throw error
        }
    }
}

extension ConnectionCore {
    /// Removes a reader, and tells the server which channels nobody reads any more.
    func unsubscribe(_ place: Int) {
        guard let channels, isOpen else { return }
        let unread = channels.remove(place)
        // The connection ends with its last reader.
        guard !channels.isEmpty else { return }
        for channel in unread {
            enqueue(
                RedisCommand("UNSUBSCRIBE", channel), IgnoredReply(),
                deadline: RedisEventLoop.deadline(after: options.commandTimeout))
        }
    }
}

/// Waits for a reply that changes nothing.
private final class IgnoredReply: ReplyWaiter {
    func receive(_ reply: borrowing RedisReplyView) {}

    // A connection that ended has no subscriptions; of a server that is silent PING will tell.
    func fail(_ error: RedisError) {}
}

extension RedisClient {
    /// Subscribes on the server that the client is connected to, over the one connection that its links have there for
    /// all channels.
    ///
    /// It ends, with an error, when the commands go to another server: then subscribe again. The former server may be
    /// cut off from the others, or no longer part of the cluster.
    ///
    /// - Throws: as `RedisSubscription.subscribe`, and as `connection()`.
    package func subscribe(
        to channels: [String], bufferLimit: Int = 1024
    ) async throws(RedisError) -> RedisSubscription {
        let pool = links.pool
        while true {
            let endpoint = try await connection().endpoint
            let connection = try await pool.take(endpoint, for: .channels)
            let subscription: RedisSubscription
            do {
                subscription = try await RedisSubscription.subscribe(
                    to: channels, over: connection, from: pool, bufferLimit: bufferLimit)
            } catch {
                await pool.giveBack(connection, .channels)
                throw error
            }
            if subscribed(by: subscription) { return subscription }
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
