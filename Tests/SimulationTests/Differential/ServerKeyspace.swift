import RedisCronTesting
import TestSupport

/// All keys of a server with their values as text, so that they can be compared with those of the model.
struct ServerKeyspace {
    private(set) var values: [String: String] = [:]
    /// Milliseconds that are left, of keys that expire.
    private(set) var millisecondsToLive: [String: Int] = [:]

    init(of server: RedisServer) throws {
        let keys = try server.command("KEYS", "*").strings
        let kinds = try server.pipeline(keys.map { ["TYPE", $0] }).map { $0.string ?? "" }
        let contents = try server.pipeline(zip(keys, kinds).map(Self.command))
        let times = try server.pipeline(keys.map { ["PTTL", $0] })
        for (position, key) in keys.enumerated() {
            values[key] = Self.text(of: contents[position], kind: kinds[position])
            if let left = times[position].integer, left >= 0 { millisecondsToLive[key] = left }
        }
    }

    private static func command(for key: String, kind: String) -> [any CommandPart] {
        switch kind {
        case "hash": ["HGETALL", key]
        case "zset": ["ZRANGE", key, "0", "-1", "WITHSCORES"]
        case "list": ["LRANGE", key, "0", "-1"]
        case "set": ["SMEMBERS", key]
        default: ["GET", key]
        }
    }

    private static func text(of reply: ServerReply, kind: String) -> String {
        switch kind {
        case "hash": RedisModel.text(of: reply.textFields.map { ($0.key, $0.value) })
        case "zset": RedisModel.text(of: reply.textFields.map { ($0.key, Double($0.value) ?? .nan) })
        case "list": "list " + reply.strings.joined(separator: " ")
        case "set": "set " + reply.strings.sorted().joined(separator: " ")
        default: "string \(reply.string ?? "")"
        }
    }
}
