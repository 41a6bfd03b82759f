/// How to read what nodes of a cluster say about slots and each other.
enum ClusterSlots {
    /// The node that `MOVED 3999 127.0.0.1:6381` names.
    ///
    /// An empty host means the host that said it; `?` means that it is unknown. IPv6 addresses have no brackets.
    static func target(of error: RedisError, from endpoint: RedisEndpoint) -> RedisEndpoint? {
        // Newer versions may append more words.
        let words = error.reason.split(separator: " ")
        guard words.count >= 2, let colon = words[1].lastIndex(of: ":"),
            let port = UInt16(words[1][words[1].index(after: colon)...]), port != 0
        else { return nil }
        return node(host: String(words[1][..<colon]), port: port, saidBy: endpoint)
    }

    /// All masters and replicas in the reply of `CLUSTER SLOTS`, each once.
    static func nodes(in reply: RedisReply, saidBy endpoint: RedisEndpoint) -> [RedisEndpoint] {
        var nodes: [RedisEndpoint] = []
        for range in reply.array ?? [] {
            for entry in (range.array ?? []).dropFirst(2) {
                guard let node = node(entry, saidBy: endpoint), !nodes.contains(node) else { continue }
                nodes.append(node)
            }
        }
        return nodes
    }

    /// The entry of the range that contains a slot: its first and last slot, its master, and the master's replicas.
    static func range(with slot: Int, in reply: RedisReply) -> [RedisReply]? {
        for case .array(let range) in reply.array ?? [] {
            guard range.count >= 3, let first = range[0].integer, let last = range[1].integer else { continue }
            if first <= slot, slot <= last { return range }
        }
        return nil
    }

    /// The master of a range; `nil` if its address is unknown.
    static func master(of range: [RedisReply], saidBy endpoint: RedisEndpoint) -> RedisEndpoint? {
        guard range.count >= 3 else { return nil }
        return node(range[2], saidBy: endpoint)
    }

    private static func node(_ entry: RedisReply, saidBy endpoint: RedisEndpoint) -> RedisEndpoint? {
        guard let parts = entry.array, parts.count >= 2,
            let port = parts[1].integer.flatMap(UInt16.init(exactly:)), port != 0
        else { return nil }
        return node(host: parts[0].string ?? "", port: port, saidBy: endpoint)
    }

    private static func node(host: String, port: UInt16, saidBy endpoint: RedisEndpoint) -> RedisEndpoint? {
        switch endpoint {
        case .tcp(let own, _): host == "?" ? nil : .tcp(host: host.isEmpty ? own : host, port: port)
        case .tls(let own, _): host == "?" ? nil : .tls(host: host.isEmpty ? own : host, port: port)
        // A node reached by its Unix socket does not tell the others' host.
        case .unix: host == "?" || host.isEmpty ? nil : .tcp(host: host, port: port)
        }
    }

    /// Whether all keys with this prefix are in one slot.
    static func hasHashTag(_ keyPrefix: String) -> Bool { hashTag(of: keyPrefix) != nil }

    /// The part of a key that determines its slot: between the first `{` and the next `}`, unless empty.
    private static func hashTag(of key: String) -> Substring? {
        guard let open = key.firstIndex(of: "{") else { return nil }
        let tag = key[key.index(after: open)...].prefix { $0 != "}" }
        return tag.isEmpty || tag.endIndex == key.endIndex ? nil : tag
    }

    /// The slot of all keys with this prefix; `nil` if they are spread over many.
    static func slot(of keyPrefix: String) -> Int? {
        hashTag(of: keyPrefix).map { Int(checksum($0.utf8)) % 16_384 }
    }

    /// CRC-16/XMODEM, as the cluster's specification has it.
    private static func checksum(_ bytes: some Sequence<UInt8>) -> UInt16 {
        var sum: UInt16 = 0
        for byte in bytes {
            sum ^= UInt16(byte) << 8
            for _ in 0..<8 { sum = sum & 0x8000 == 0 ? sum << 1 : sum << 1 ^ 0x1021 }
        }
        return sum
    }
}
