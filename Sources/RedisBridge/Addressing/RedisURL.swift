/// Where Redis is and how to log in, in the URL forms of redis-py's `Redis.from_url`, and two more.
///
/// `redis://user:password@host:port/db`, `rediss://` for TLS, `unix://user:password@/path?db=0`; every part except the
/// scheme is optional. As in redis-py, names and passwords are percent-decoded, the database is that of `?db=` or of
/// the path (a path that is not a number is ignored), the host is `localhost` and the port 6379 by default.
///
/// `redis+sentinel://user:password@host:port,host:port/service/db` names sentinels (port 26379 by default) and the
/// service to ask them for (`mymaster`). The log-in is for the servers; that for the sentinels is in the query.
/// `redis+cluster://user:password@host:port,host:port` names nodes of a cluster. Both have a form with `rediss` for
/// TLS, and `sentinel_ssl` in the query says whether sentinels differ from the servers in it.
///
/// docs/bridge.md lists the options of the query.
package struct RedisURL: Sendable, Hashable {
    /// The server, or the sentinels or nodes that know it.
    package let location: RedisLocation
    /// Log-in, database, time-outs and TLS as in the URL; the rest has its defaults.
    package var options: RedisConnectionOptions

    /// Reads a URL.
    ///
    /// - Throws: `.invalidURL`, which names the wrong part but never the password.
    package init(_ text: String) throws(RedisError) {
        // As urllib does: these cannot be intended.
        let cleaned = text.unicodeScalars.filter { !["\t", "\r", "\n"].contains($0) }
        let parts = try URLParts(String(String.UnicodeScalarView(cleaned)))
        if parts.scheme != .unix {
            // Before the query: what is not a port may be the beginning of a password, and the options its rest.
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
                    throw .invalidURL("the path of redis+sentinel:// is /service/db, where db is a number")
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
                throw .invalidURL("\(parts.scheme.rawValue):// needs a host, or several separated by commas")
            }
            let port = try address.port ?? defaultPort
            endpoints.append(speakTLS ? .tls(host: host, port: port) : .tcp(host: host, port: port))
        }
        return endpoints
    }
}

extension RedisURL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The URL with `***` for the password; of the query, only `sentinel_ssl`.
    package var description: String {
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

    /// The query that sentinels need if they differ from their servers.
    private func ownTLS(of sentinels: RedisSentinels) -> String {
        guard sentinels.speakTLS != sentinels.serversSpeakTLS else { return "" }
        return sentinels.speakTLS ? "?sentinel_ssl=True" : "?sentinel_ssl=False"
    }

    /// The URL with `***` for the password.
    package var debugDescription: String { description }

    /// The URL with `***` for the password.
    package var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}
