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
        self = Self.read(reply)
    }

    private static func read(_ reply: borrowing RedisReplyView) -> HashReading {
        var decoder = CronJobHash.Decoder()
        var updatedAtBytes: [UInt8] = []
        var next: [UInt8] = []
        var refusal: RQWireError?
        reply.forEachPair { name, value in
            guard refusal == nil else { return }
            do throws(RQWireError) {
                switch try decoder.take(field: name, value: value) {
                case .some(.updatedAt): updatedAtBytes = Array(value)
                case .some(.nextEnqueueTime): next = Array(value)
                default: break
                }
            } catch {
                refusal = error
            }
        }
        do throws(RQWireError) {
            if let refusal { throw refusal }
            return .hash(
                DefinitionLoader.Fetched(
                    hash: try decoder.finish(), updatedAtBytes: updatedAtBytes, nextEnqueueTime: next))
        } catch {
            return .unreadable(field: error.field, reason: error.reason)
        }
    }
}
