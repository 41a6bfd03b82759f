/// Where to find the server that takes our commands.
public enum RedisLocation: Sendable, Hashable {
    /// One server; when it turns out to be a node of a cluster, whichever node has our keys.
    case server(RedisEndpoint)
    /// The master that sentinels name.
    case sentinel(RedisSentinels)
    /// The node of a cluster that has our keys; any of these knows the others.
    case cluster([RedisEndpoint])
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
