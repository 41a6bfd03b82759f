import RQWire
import RedisBridge

/// The reply to `HGETALL` for the key of a definition.
enum HashReading: Sendable {
    /// There is no such key.
    case missing
    /// It is no hash, or a field does not hold what it should.
    case unreadable(field: String?, reason: String)
    /// A definition, as far as its fields go.
    case hash(DefinitionLoader.Fetched)

    /// Reads the reply where it lies.
    ///
    /// - Throws: The server's error, unless it is about what the key holds: a server that is loading its data or that
    ///   denies the command says nothing about the definition.
    init(_ reply: borrowing RedisReplyView) throws(RedisError) {
        if let error = reply.error {
            guard error.prefix == .wrongType else { throw error }
            self = .unreadable(field: nil, reason: "its key holds no hash")
            return
        }
        guard reply.count > 0 else {
            self = .missing
            return
        }
        var decoder = CronJobHash.Decoder()
        var version: [UInt8] = []
        var next: [UInt8] = []
        do throws(RQWireError) {
            for index in stride(from: 0, to: reply.count - 1, by: 2) {
                try reply.withElement(index) { name throws(RQWireError) in
                    try reply.withElement(index + 1) { value throws(RQWireError) in
                        try Self.take(name, value, into: &decoder, version: &version, next: &next)
                    }
                }
            }
            self = .hash(
                DefinitionLoader.Fetched(hash: try decoder.finish(), version: version, nextEnqueueTime: next))
        } catch {
            self = .unreadable(field: error.field, reason: error.reason)
        }
    }

    private static func take(
        _ name: borrowing RedisReplyView, _ value: borrowing RedisReplyView, into decoder: inout CronJobHash.Decoder,
        version: inout [UInt8], next: inout [UInt8]
    ) throws(RQWireError) {
        try name.withBytes { name throws(RQWireError) in
            try value.withBytes { value throws(RQWireError) in
                guard let name, let value else { return }
                let field = name.assumingMemoryBound(to: UInt8.self)
                try decoder.take(field: field, value: value.assumingMemoryBound(to: UInt8.self))
                // Told apart by their lengths first: this runs for each field of each definition.
                if field.count == 10, field.elementsEqual("updated_at".utf8) { version = Array(value) }
                if field.count == 17, field.elementsEqual("next_enqueue_time".utf8) { next = Array(value) }
            }
        }
    }
}
