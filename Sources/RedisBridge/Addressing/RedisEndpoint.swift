/// Where one Redis server listens.
public enum RedisEndpoint: Sendable, Hashable, CustomStringConvertible {
    /// A TCP port; `host` is a name or a numeric IPv4 or IPv6 address.
    case tcp(host: String, port: UInt16)
    /// A TCP port that speaks TLS; the certificate must be for `host`.
    case tls(host: String, port: UInt16)
    /// A Unix socket in the file system.
    case unix(path: String)

    /// Whether it is one that speaks TLS.
    var speaksTLS: Bool {
        if case .tls = self { true } else { false }
    }

    /// `127.0.0.1:6379`, `[::1]:6379`, or the socket's path.
    public var description: String {
        switch self {
        case .tcp(let host, let port), .tls(let host, let port):
            host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): path
        }
    }
}
