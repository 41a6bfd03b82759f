/// Where Redis is and how to log in to it, in the URL forms that redis-py's `Redis.from_url` takes, and two more.
///
/// `redis://user:password@host:port/db`, `rediss://` for TLS, `unix://user:password@/path?db=0`; every part but the
/// scheme may be missing. As there: names and passwords are percent-decoded, the database comes from `?db=` or else from
/// the path (a path that is no number is ignored), the host is `localhost`, the port 6379.
///
/// `redis+sentinel://user:password@host:port,host:port/service/db` names sentinels (port 26379 unless given) and the
/// service to ask them for (`mymaster`); the log-in is for the servers, that for the sentinels is in the query.
/// `redis+cluster://user:password@host:port,host:port` names nodes of a cluster. Both have a form with `rediss` for TLS,
/// and `sentinel_ssl` in the query is for sentinels that differ in it from the servers.
///
/// docs/bridge.md lists what the query may hold.
public struct RedisURL: Sendable, Hashable {
    /// The server, or who knows it.
    public let location: RedisLocation
    /// What the URL says of log-in, database, time-outs and TLS; the rest has its defaults.
    public var options: RedisConnectionOptions

    /// Reads a URL.
    ///
    /// - Throws: `.invalidURL`, which names the part that is wrong but never the password.
    public init(_ text: String) throws(RedisError) {
        // As urllib does: none of these can be meant.
        let cleaned = text.unicodeScalars.filter { !["\t", "\r", "\n"].contains($0) }
        let parts = try URLParts(String(String.UnicodeScalarView(cleaned)))
        if parts.scheme != .unix {
            // Before the query: where this is no port, it may be a password, and options its rest.
            for address in parts.addresses { _ = try address.port }
        }
        var query = try RedisURLQuery(parts.query, for: parts.scheme)

        let username = parts.username.map(URLParts.decoded).flatMap { $0.isEmpty ? nil : $0 }
        let password = parts.password.map(URLParts.decoded).flatMap { $0.isEmpty ? nil : $0 }
        query.options.username = username ?? query.options.username
        query.options.password = password.map { RedisSecret($0) } ?? query.options.password

        switch parts.scheme {
        case .unix:
            location = .server(try Self.socket(parts, query))
        case .redis, .rediss:
            location = .server(try Self.server(parts, query))
            query.takeDatabase(fromPath: URLParts.decoded(parts.path).filter { $0 != "/" })
        case .sentinel, .secureSentinel:
            let words = parts.path.split(separator: "/").map { URLParts.decoded(String($0)) }
            guard words.count <= 2 else { throw .invalidURL("the path of redis+sentinel:// is /service/db") }
            var sentinels = RedisSentinels(
                endpoints: try Self.hosts(
                    parts, defaultPort: 26379, speakTLS: query.sentinelsSpeakTLS ?? parts.scheme.isSecure),
                service: words.first ?? "mymaster")
            sentinels.username = query.sentinelUsername
            sentinels.password = query.sentinelPassword
            sentinels.serversSpeakTLS = parts.scheme.isSecure
            location = .sentinel(sentinels)
            if words.count == 2 {
                guard PythonNumber.integer(words[1]) != nil else {
                    throw .invalidURL("the path of redis+sentinel:// is /service/db, and db a number")
                }
                query.takeDatabase(fromPath: words[1])
            }
        case .cluster, .secureCluster:
            query.takeDatabase(fromPath: URLParts.decoded(parts.path).filter { $0 != "/" })
            guard query.options.database == 0 else { throw .invalidURL("a cluster has database 0 only") }
            location = .cluster(try Self.hosts(parts, defaultPort: 6379, speakTLS: parts.scheme.isSecure))
        }
        options = query.options
    }

    private static func socket(_ parts: URLParts, _ query: RedisURLQuery) throws(RedisError) -> RedisEndpoint {
        let path = parts.path.isEmpty ? query.path : URLParts.decoded(parts.path)
        guard let path, !path.isEmpty else {
            throw .invalidURL("unix:// needs the socket's absolute path, as in unix:///run/redis.sock")
        }
        return .unix(path: path)
    }

    private static func server(_ parts: URLParts, _ query: RedisURLQuery) throws(RedisError) -> RedisEndpoint {
        let address = parts.addresses[0]
        let host = address.host.map(URLParts.decoded) ?? query.host ?? "localhost"
        let (own, queried) = (try address.port, try query.port)
        let port = own ?? queried ?? 6379
        return parts.scheme.isSecure ? .tls(host: host, port: port) : .tcp(host: host, port: port)
    }

    private static func hosts(
        _ parts: URLParts, defaultPort: UInt16, speakTLS: Bool
    ) throws(RedisError) -> [RedisEndpoint] {
        var endpoints: [RedisEndpoint] = []
        for address in parts.addresses {
            guard let host = address.host.map(URLParts.decoded) else {
                throw .invalidURL("\(parts.scheme.rawValue):// needs a host, or several with commas between them")
            }
            let port = try address.port ?? defaultPort
            endpoints.append(speakTLS ? .tls(host: host, port: port) : .tcp(host: host, port: port))
        }
        return endpoints
    }
}

extension RedisURL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The URL with `***` for the password, without what else stands in the query but for `sentinel_ssl`.
    public var description: String {
        let login =
            switch (options.username, options.password) {
            case (nil, nil): ""
            case (let user?, nil): "\(user)@"
            case (let user, .some): "\(user ?? ""):***@"
            }
        return switch location {
        case .server(.tcp): "redis://\(login)\(location)/\(options.database)"
        case .server(.tls): "rediss://\(login)\(location)/\(options.database)"
        case .server(.unix): "unix://\(login)\(location)?db=\(options.database)"
        case .sentinel(let sentinels):
            """
            \(scheme(isSecure: sentinels.serversSpeakTLS))+sentinel://\(login)\(location)/\(sentinels.service)/\
            \(options.database)\(ownTLS(of: sentinels))
            """
        case .cluster(let nodes): "\(scheme(isSecure: nodes.first?.speaksTLS == true))+cluster://\(login)\(location)"
        }
    }

    private func scheme(isSecure: Bool) -> String { isSecure ? "rediss" : "redis" }

    /// What sentinels that differ from their servers have in the query.
    private func ownTLS(of sentinels: RedisSentinels) -> String {
        guard sentinels.speakTLS != sentinels.serversSpeakTLS else { return "" }
        return sentinels.speakTLS ? "?sentinel_ssl=True" : "?sentinel_ssl=False"
    }

    /// The URL with `***` for the password.
    public var debugDescription: String { description }

    /// The URL with `***` for the password.
    public var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}
