import Testing

/// Runs `body` with a Redis Cluster of masters alone, and stops it afterwards.
///
/// - Parameters:
///   - count: How many nodes; a cluster has at least three.
///   - body: Gets the nodes once all of them agree that the cluster is well.
/// - Throws: ``SupportError`` when a node does not start or redis-cli does not join them, and what `body` throws.
public func withCluster<Result>(
    nodes count: Int = 3, _ body: ([RedisServer]) async throws -> Result
) async throws -> Result {
    var nodes: [RedisServer] = []
    let result: Result
    do {
        for _ in 0..<count {
            // The bus would be 10,000 ports further on, beyond the last one for most free ports.
            let bus = try RedisServer.freePort()
            nodes.append(
                try await RedisServer.start(
                    .init(lines: ["cluster-enabled yes", "cluster-port \(bus)", "cluster-node-timeout 2000"])))
        }
        let create = try ChildProcess(
            "redis-cli", ["--cluster", "create"] + nodes.map { "127.0.0.1:\($0.port)" } + ["--cluster-yes"])
        let outcome = try await create.waitUntilExit(within: .seconds(60))
        guard outcome == .exited(0) else {
            throw SupportError("redis-cli --cluster create ended with \(outcome):\n\(create.output)\(create.errors)")
        }
        for node in nodes {
            try await eventually("the cluster to be well", within: .seconds(30)) {
                let info = try node.command("CLUSTER", "INFO").string ?? ""
                return info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:\(count)")
            }
        }
        result = try await body(nodes)
    } catch {
        for node in nodes { await node.stop() }
        throw error
    }
    for node in nodes { await node.stop() }
    return result
}

extension [RedisServer] {
    /// The node of a cluster that serves a key's slot, and one that does not.
    public func owner(of key: String) throws -> (owner: RedisServer, other: RedisServer) {
        for node in self where (try? node.command("EXISTS", key)) != nil {
            guard let other = first(where: { $0.port != node.port }) else { break }
            return (node, other)
        }
        throw SupportError("no node serves the slot of \(key)")
    }
}

extension RedisServer {
    /// The id of a cluster's node.
    public func clusterID() throws -> String { try command("CLUSTER", "MYID").string ?? "" }
}
