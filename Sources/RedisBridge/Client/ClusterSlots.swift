/// What the nodes of a cluster say about each other.
enum ClusterSlots {
    /// Where `MOVED 3999 127.0.0.1:6381` points to.
    ///
    /// No host means the one that said it; `?`, that it does not know. IPv6 addresses stand there without brackets.
    static func target(of error: RedisError, from endpoint: RedisEndpoint) -> RedisEndpoint? {
        // As many words follow the address as a version likes.
        let words = error.reason.split(separator: " ")
        guard words.count >= 2, let colon = words[1].lastIndex(of: ":"),
            let port = UInt16(words[1][words[1].index(after: colon)...]), port != 0
        else { return nil }
        return node(host: String(words[1][..<colon]), port: port, toldBy: endpoint)
    }

    /// All masters and replicas in the reply of `CLUSTER SLOTS`, each once.
    static func nodes(in reply: RedisReply, toldBy endpoint: RedisEndpoint) -> [RedisEndpoint] {
        var nodes: [RedisEndpoint] = []
        for range in reply.array ?? [] {
            for entry in (range.array ?? []).dropFirst(2) {
                guard let parts = entry.array, parts.count >= 2,
                    let port = parts[1].integer.flatMap(UInt16.init(exactly:)), port != 0,
                    let node = node(host: parts[0].string ?? "", port: port, toldBy: endpoint)
                else { continue }
                if !nodes.contains(node) { nodes.append(node) }
            }
        }
        return nodes
    }

    private static func node(host: String, port: UInt16, toldBy endpoint: RedisEndpoint) -> RedisEndpoint? {
        switch endpoint {
        case .tcp(let own, _): host == "?" ? nil : .tcp(host: host.isEmpty ? own : host, port: port)
        case .tls(let own, _): host == "?" ? nil : .tls(host: host.isEmpty ? own : host, port: port)
        // A node reached by its Unix socket: where the others are, only an address can say.
        case .unix: host == "?" || host.isEmpty ? nil : .tcp(host: host, port: port)
        }
    }

    /// Whether all keys with this prefix fall into one slot: something stands between the first `{` and the next `}`.
    static func hasHashTag(_ keyPrefix: String) -> Bool {
        guard let open = keyPrefix.firstIndex(of: "{") else { return false }
        let tag = keyPrefix[keyPrefix.index(after: open)...]
        guard let close = tag.firstIndex(of: "}") else { return false }
        return close > tag.startIndex
    }
}
