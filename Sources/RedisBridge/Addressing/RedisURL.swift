/// A Redis server and how to log in to it, in the URL forms that redis-py's `Redis.from_url` takes.
///
/// `redis://user:password@host:port/db`, `rediss://` for TLS, `unix://user:password@/path?db=0`; every part but the
/// scheme may be missing. As there: names and passwords are percent-decoded, the database comes from `?db=` or else from
/// the path (a path that is no number is ignored), the host is `localhost`, the port 6379. docs/bridge.md lists what
/// the query may hold.
public struct RedisURL: Sendable, Hashable {
    /// The server.
    public let endpoint: RedisEndpoint
    /// What the URL says of log-in, database and time-outs; the rest has its defaults.
    public var options: RedisConnectionOptions

    /// Reads a URL.
    ///
    /// - Throws: `.invalidURL`, which names the part that is wrong but never the password.
    public init(_ text: String) throws(RedisError) {
        // As urllib does: none of these can be meant.
        let cleaned = text.unicodeScalars.filter { !["\t", "\r", "\n"].contains($0) }
        let parts = try URLParts(String(String.UnicodeScalarView(cleaned)))
        var query = try RedisURLQuery(parts.query)

        let username = parts.username.map(URLParts.decoded).flatMap { $0.isEmpty ? nil : $0 }
        let password = parts.password.map(URLParts.decoded).flatMap { $0.isEmpty ? nil : $0 }
        query.options.username = username ?? query.options.username
        query.options.password = password.map { RedisSecret($0) } ?? query.options.password

        switch parts.scheme {
        case .unix:
            let path = parts.path.isEmpty ? query.path : URLParts.decoded(parts.path)
            guard let path, !path.isEmpty else {
                throw .invalidURL("unix:// needs the socket's absolute path, as in unix:///run/redis.sock")
            }
            endpoint = .unix(path: path)
        case .redis, .rediss:
            let host = parts.host.map(URLParts.decoded) ?? query.host ?? "localhost"
            let (own, queried) = (try parts.port, try query.port)
            let port = own ?? queried ?? 6379
            endpoint = parts.scheme == .rediss ? .tls(host: host, port: port) : .tcp(host: host, port: port)
            if !query.hasDatabase {
                let digits = URLParts.decoded(parts.path).filter { $0 != "/" }
                query.options.database = PythonNumber.integer(digits) ?? 0
            }
        }
        options = query.options
    }
}

extension RedisURL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The URL with `***` for the password.
    public var description: String {
        let login =
            switch (options.username, options.password) {
            case (nil, nil): ""
            case (let user?, nil): "\(user)@"
            case (let user, .some): "\(user ?? ""):***@"
            }
        return switch endpoint {
        case .tcp: "redis://\(login)\(endpoint)/\(options.database)"
        case .tls: "rediss://\(login)\(endpoint)/\(options.database)"
        case .unix(let path): "unix://\(login)\(path)?db=\(options.database)"
        }
    }

    /// The URL with `***` for the password.
    public var debugDescription: String { description }

    /// The URL with `***` for the password.
    public var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}
