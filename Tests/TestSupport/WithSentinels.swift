import Testing

/// A master with replicas, and the sentinels that watch it as `mymaster`.
public struct Sentinels: Sendable {
    /// The server that is the master at the beginning.
    public let master: RedisServer
    /// Its replicas at the beginning.
    public let replicas: [RedisServer]
    /// The sentinels.
    public let sentinels: [RedisServer]

    /// `redis+sentinel://127.0.0.1:…,127.0.0.1:…/mymaster`, with the servers' password where they have one.
    public var url: String {
        let login = master.configuration.password.map { ":\($0)@" } ?? ""
        let hosts = sentinels.map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
        let query = sentinels.first?.configuration.password.map { "?sentinel_password=\($0)" } ?? ""
        return "redis+sentinel://\(login)\(hosts)/mymaster\(query)"
    }

    /// The port of the master that the first sentinel names.
    public func masterPort() throws -> Int? {
        try sentinels[0].command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster").array.last?.integer
    }

    /// The server on this port.
    public func server(on port: Int?) -> RedisServer? {
        ([master] + replicas).first { $0.port == port }
    }
}

/// Runs `body` with a master, its replicas and sentinels, and stops them afterwards.
///
/// - Parameters:
///   - password: Of the servers, if they have one.
///   - sentinelPassword: Of the sentinels, if they have one.
///   - start: Starts a server or sentinel with this configuration; returns it with the port that it announces.
///   - body: Gets them once every sentinel knows all of the others and every replica.
/// - Throws: ``SupportError`` when one does not start, and what `body` throws.
public func withSentinels<Result>(
    replicas replicaCount: Int = 1, sentinels sentinelCount: Int = 3, password: String? = nil,
    sentinelPassword: String? = nil,
    start: (_ configuration: RedisServer.Configuration) async throws -> (server: RedisServer, port: Int) = {
        let server = try await RedisServer.start($0)
        return (server, server.port)
    },
    _ body: (Sentinels) async throws -> Result
) async throws -> Result {
    var started: [RedisServer] = []
    let result: Result
    do {
        let auth = password.map { ["masterauth \($0)"] } ?? []
        let (master, masterPort) = try await start(.init(password: password, lines: auth))
        started.append(master)
        for _ in 0..<replicaCount {
            started.append(
                try await start(
                    .init(
                        password: password,
                        lines: auth + ["replicaof 127.0.0.1 \(masterPort)", "repl-diskless-sync-delay 0"])
                ).server)
        }
        let replicas = Array(started.dropFirst())
        for replica in replicas {
            try await eventually("the replica to be in step", within: .seconds(30)) {
                try replica.command("INFO", "replication").string?.contains("master_link_status:up") == true
            }
        }
        var lines = [
            "sentinel monitor mymaster 127.0.0.1 \(masterPort) \(sentinelCount / 2 + 1)",
            "sentinel down-after-milliseconds mymaster 1500", "sentinel failover-timeout mymaster 6000",
        ]
        if let password { lines.append("sentinel auth-pass mymaster \(password)") }
        if let sentinelPassword { lines.append("sentinel sentinel-pass \(sentinelPassword)") }
        for _ in 0..<sentinelCount {
            started.append(
                try await start(.init(password: sentinelPassword, lines: lines, isSentinel: true)).server)
        }
        let sentinels = Array(started.suffix(sentinelCount))
        for sentinel in sentinels {
            try await eventually("the sentinels to know each other", within: .seconds(30)) {
                let fields = try sentinel.command("SENTINEL", "MASTER", "mymaster").textFields
                return fields["num-other-sentinels"] == "\(sentinelCount - 1)"
                    && fields["num-slaves"] == "\(replicaCount)" && fields["flags"] == "master"
            }
        }
        result = try await body(Sentinels(master: master, replicas: replicas, sentinels: sentinels))
    } catch {
        for server in started { await server.stop() }
        throw error
    }
    for server in started { await server.stop() }
    return result
}
