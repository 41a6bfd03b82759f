/// A message that was published.
public struct RedisMessage: Sendable, Hashable {
    /// The channel it was published to.
    public let channel: String
    /// What was published.
    public let payload: [UInt8]
    /// The pattern that the channel matched, for a message that a pattern subscription brought.
    public let pattern: String?

    /// A message, for tests and models of a server.
    public init(channel: String, payload: [UInt8], pattern: String? = nil) {
        self.channel = channel
        self.payload = payload
        self.pattern = pattern
    }

    /// Reads what the server pushes; `nil` for anything else, such as the answer to SUBSCRIBE or PING.
    init?(_ reply: borrowing RedisReplyView) {
        guard reply.kind == .array, reply.count >= 3 else { return nil }
        let kind = reply.withElement(0) { $0.string }
        switch (kind, reply.count) {
        case ("message", 3): pattern = nil
        case ("pmessage", 4): pattern = reply.withElement(1) { $0.string }
        default: return nil
        }
        let last = reply.count - 1
        channel = reply.withElement(last - 1) { $0.string } ?? ""
        payload = reply.withElement(last) { $0.withBytes { $0.map { [UInt8]($0) } ?? [] } }
    }
}
