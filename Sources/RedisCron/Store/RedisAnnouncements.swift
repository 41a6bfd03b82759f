import RQWire
package import RedisBridge

/// The events channel of Redis, read message by message.
package struct RedisAnnouncements: AnnouncementReader {
    let subscription: RedisSubscription

    package init(subscription: RedisSubscription) {
        self.subscription = subscription
    }

    package func next() async throws -> Announcement? {
        // An iterator holds nothing but the subscription: a new one goes on where the last one stopped.
        var iterator = subscription.makeAsyncIterator()
        return switch try await iterator.next() {
        case .message(let message): Self.read(message.payload)
        case .overflowed: .anything
        case nil: nil
        }
    }

    package func close() async {
        await subscription.close()
    }

    /// The definition that a message names; any other message may mean anything.
    static func read(_ payload: [UInt8]) -> Announcement {
        guard case .object(let message) = try? JSONValue(parsing: payload),
            case .string(let id) = message["job_id"], !id.bytes.isEmpty
        else { return .anything }
        let definition = DefinitionID(bytes: id.bytes)
        return message["event"] == .string(CronEvent.deleted.rawValue) ? .deleted(definition) : .changed(definition)
    }
}
