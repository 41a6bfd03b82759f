import RQWire
import RedisBridge

/// What a server says of itself, as far as the scheduler cares.
///
/// A fact that the server withholds, as an ACL may make it, is `nil`.
struct ServerFacts: Sendable, Hashable {
    /// The fields of `INFO`.
    var info: [String: String]?
    /// The save points of `CONFIG GET save`; empty when it takes no snapshots.
    var savePoints: String?
    /// The server's clock minus ours, taken in the middle of the round trip.
    var clockSkew: Duration?
    /// How long the answer took: the skew is known no better than that.
    var roundTrip: Duration = .zero
    /// What the server answered to a write that changes nothing, where it was tried and refused.
    var writeRefusal: RedisError?
    /// What stands in the lock.
    var lockToken: [UInt8]?
    /// Milliseconds that the lock has left: -1 for no expiry, -2 for no lock.
    var lockTimeLeft: Int?

    /// Asks a server, in one round trip.
    ///
    /// - Throws: What the client throws; commands that the server denies are facts left out.
    init(from client: RedisClient, keys: RQKeys, clock: @Sendable () -> Timestamp) async throws {
        let sent = clock()
        let replies = try await client.pipeline([
            RedisCommand("INFO"), RedisCommand("CONFIG", "GET", "save"), RedisCommand("GET", keys.lock),
            RedisCommand("PTTL", keys.lock), RedisCommand("TIME"),
        ])
        let received = clock()
        guard replies.count == 5 else { return }
        info = replies[0].string.map(Self.fields)
        savePoints = replies[1].array?.last?.string
        lockToken = replies[2].bytes
        lockTimeLeft = replies[3].integer
        roundTrip = max(.zero, received - sent)
        if let parts = replies[4].array?.compactMap({ $0.string.flatMap(Int64.init) }), parts.count == 2 {
            clockSkew = Timestamp(microseconds: parts[0] * 1_000_000 + parts[1]) - (sent + roundTrip / 2)
        }
    }

    init(info: [String: String]? = nil, savePoints: String? = nil) {
        self.info = info
        self.savePoints = savePoints
    }

    /// The lines `name:value` of `INFO`.
    private static func fields(_ text: String) -> [String: String] {
        var fields: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[String(line[..<colon])] = String(line[line.index(after: colon)...])
        }
        return fields
    }
}
