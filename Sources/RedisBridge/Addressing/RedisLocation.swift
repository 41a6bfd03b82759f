/// Where to find the server that takes our commands.
public enum RedisLocation: Sendable, Hashable {
    /// One server; when it turns out to be a node of a cluster, whichever node has our keys.
    case server(RedisEndpoint)
    /// The master that sentinels name.
    case sentinel(RedisSentinels)
    /// The node of a cluster that has our keys; any of these knows the others.
    case cluster([RedisEndpoint])
}

/// Sentinels, and the service that they are asked for.
public struct RedisSentinels: Sendable, Hashable {
    /// The sentinels, in the order in which they are asked first.
    public var endpoints: [RedisEndpoint]
    /// The name under which they watch the master.
    public var service: String
    /// The ACL user to log in to the sentinels as; the servers have `RedisConnectionOptions.username`.
    public var username: String?
    /// The password to log in to the sentinels with; none is sent when `nil`, whatever the servers' is.
    public var password: RedisSecret?

    /// Sentinels that need no password, unless told otherwise.
    public init(endpoints: [RedisEndpoint], service: String) {
        self.endpoints = endpoints
        self.service = service
    }
}

extension RedisLocation: CustomStringConvertible {
    /// The servers' addresses, with commas between them.
    public var description: String {
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
