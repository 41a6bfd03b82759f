import Testing

/// Runs `body` with a Redis Cluster, and stops it afterwards.
///
/// - Parameters:
///   - masters: How many masters; a cluster has at least three.
///   - replicas: How many replicas each of them has.
///   - tls: Certificates to speak TLS with among each other and at a port of their own, if they do.
///   - start: Starts a node with this configuration and bus port; returns it with the port that it announces.
///   - body: Gets the nodes once all of them agree that the cluster is well, and every replica is in step.
/// - Throws: ``SupportError`` when a node does not start or redis-cli does not join them, and what `body` throws.
public func withCluster<Result>(
    masters: Int = 3, replicas: Int = 0, tls: TLSCertificates? = nil,
    start: (_ configuration: RedisServer.Configuration, _ bus: Int) async throws -> (server: RedisServer, port: Int) = {
        configuration, _ in
        let server = try await RedisServer.start(configuration)
        return (server, server.tlsPort ?? server.port)
    },
    _ body: ([RedisServer]) async throws -> Result
) async throws -> Result {
    var nodes: [RedisServer] = []
    var ports: [Int] = []
    let result: Result
    do {
        for _ in 0..<masters * (1 + replicas) {
            // The bus would be 10,000 ports further on, beyond the last one for most free ports.
            let bus = try RedisServer.freePort()
            let node = try await start(
                .init(
                    lines: [
                        "cluster-enabled yes", "cluster-port \(bus)", "cluster-node-timeout 2000",
                        "repl-diskless-sync-delay 0",
                    ] + (tls == nil ? [] : ["tls-cluster yes", "tls-replication yes"]), tls: tls), bus)
            nodes.append(node.server)
            ports.append(node.port)
        }
        let create = try ChildProcess(
            "redis-cli",
            (tls.map { ["--tls", "--cacert", $0.authority] } ?? [])
                + ["--cluster", "create"] + ports.map { "127.0.0.1:\($0)" }
                + ["--cluster-replicas", "\(replicas)", "--cluster-yes"])
        let outcome = try await create.waitUntilExit(within: .seconds(60))
        guard outcome == .exited(0) else {
            throw SupportError("redis-cli --cluster create ended with \(outcome):\n\(create.output)\(create.errors)")
        }
        for node in nodes {
            try await eventually("the cluster to be well", within: .seconds(30)) {
                // Not while it loads what its master sends.
                let info = (try? node.command("CLUSTER", "INFO").string) ?? ""
                return info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:\(nodes.count)")
            }
        }
        for node in nodes {
            try await eventually("the replicas to be in step", within: .seconds(30)) {
                let role = try node.command("ROLE").array
                let isMaster = role.first?.string == "master"
                return isMaster ? role.last?.array.count == replicas : role[3].string == "connected"
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

    /// A replica of a cluster's node.
    public func replica(of master: RedisServer) throws -> RedisServer {
        for node in self where node.port != master.port {
            let role = try node.command("ROLE").array
            if role.count > 2, role[0].string == "slave", role[2].integer == master.port { return node }
        }
        throw SupportError("nobody replicates \(master.port)")
    }
}

extension RedisServer {
    /// The id of a cluster's node.
    public func clusterID() throws -> String { try command("CLUSTER", "MYID").string ?? "" }

    /// Whether it is a master by its own account; false while it cannot be asked.
    public var isMaster: Bool {
        // A change of roles may hang up on connections that were there before.
        (try? connect().command("ROLE").array.first?.string) == "master"
    }
}
