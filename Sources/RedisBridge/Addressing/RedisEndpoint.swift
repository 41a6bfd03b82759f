#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Where one Redis server listens.
package enum RedisEndpoint: Sendable, Hashable, CustomStringConvertible {
    /// A TCP port; `host` is a name or a numeric IPv4 or IPv6 address.
    case tcp(host: String, port: UInt16)
    /// A TCP port that speaks TLS; its certificate must be for `host`.
    case tls(host: String, port: UInt16)
    /// A Unix socket in the file system.
    case unix(path: String)

    /// Whether the port speaks TLS.
    var speaksTLS: Bool {
        if case .tls = self { true } else { false }
    }

    /// `127.0.0.1:6379`, `[::1]:6379`, or the socket's path.
    package var description: String {
        switch self {
        case .tcp(let host, let port), .tls(let host, let port):
            host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): path
        }
    }
}

/// Addresses that need no look-up.
package enum NumericAddress {
    /// Whether a text is an IPv6 address, without a zone.
    package static func isIPv6(_ text: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET6, text, &address) == 1
    }
}

/// Where to find the server that executes our commands.
package enum RedisLocation: Sendable, Hashable {
    /// One server; if it turns out to be a node of a cluster, the node that has our keys.
    case server(RedisEndpoint)
    /// The master that sentinels name.
    case sentinel(RedisSentinels)
    /// The node of a cluster that has our keys; each of these nodes knows the others.
    case cluster([RedisEndpoint])
}

extension RedisLocation: CustomStringConvertible {
    /// The servers' addresses, separated by commas.
    package var description: String {
        switch self {
        case .server(let endpoint): endpoint.description
        case .sentinel(let sentinels): Self.list(sentinels.endpoints)
        case .cluster(let nodes): Self.list(nodes)
        }
    }

    private static func list(_ endpoints: [RedisEndpoint]) -> String {
        endpoints.map(\.description).joined(separator: ",")
    }
}
