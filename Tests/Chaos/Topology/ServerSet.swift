import Foundation
import TestSupport
import Testing

/// Servers that follow each other's data, each behind a proxy whose port is the only one that it announces; and which of
/// them has the keys.
final class ServerSet: Sendable {
    struct Node: Sendable {
        let server: RedisServer
        /// In front of its port for replicas, and for clients that have no other one.
        let proxy: LinkProxy
        /// In front of its port for clients with TLS, where that is another one.
        let clientProxy: LinkProxy?
        /// In front of its port for other nodes of a cluster.
        let bus: LinkProxy?
        let line: RedisLine

        /// Where clients connect to.
        var clientPort: Int { (clientProxy ?? proxy).port }

        /// Changes how the bytes of all clients and replicas fare.
        func setLink(to condition: LinkCondition, sparing spared: Set<String> = []) {
            for proxy in [proxy, clientProxy] { proxy?.become(condition, sparing: spared) }
        }

        /// Sends a command until it is done, for as long as a busy machine may take.
        @discardableResult
        func insist(_ parts: any CommandPart...) async throws -> ServerReply {
            let deadline = ContinuousClock.now + .seconds(30)
            while true {
                do {
                    return try await line.command(parts)
                } catch let error as SupportError {
                    guard ContinuousClock.now < deadline else { throw error }
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
        }

        /// Brings it back from what it has written down.
        func restart() async throws {
            await server.kill()
            try AppendOnlyFile.cutIncompleteEnd(inServerDirectory: server.directory.path)
            var tries = 0
            while true {
                do {
                    return try await server.restart()
                } catch let error as SupportError {
                    // Somebody's connection may have its port for a moment.
                    tries += 1
                    guard tries < 10, server.log.contains("Address already in use") else { throw error }
                    try await Task.sleep(for: .milliseconds(500))
                }
            }
        }
    }

    /// What lets the files be read, and a replica be in step soon.
    ///
    /// A server that is killed has written what it acknowledged, without any fsync. A copy is written down as commands, and
    /// no value in a compressed form.
    private static let lines = [
        "appendfsync no", "auto-aof-rewrite-percentage 0", "aof-use-rdb-preamble no", "rdbcompression no",
        "hash-max-listpack-value 1000", "repl-backlog-size 64mb", "repl-timeout 10", "repl-ping-replica-period 1",
    ]

    let archive: AppendOnlyArchive
    /// With which they show who they are; `nil` without TLS.
    let certificates: TLSCertificates?
    private let state = Observed(State())

    private struct State: Sendable {
        var nodes: [Node] = []
        var master = 0
        /// Who says since which epoch which node has the keys, by who says it.
        var claims: [Int: (epoch: Int, node: Int?)] = [:]
    }

    init(certificates: TLSCertificates?) throws {
        self.certificates = certificates
        archive = try AppendOnlyArchive()
    }

    /// Runs `body` with a set, with certificates if wanted, and closes it afterwards.
    static func with<Result>(tls: Bool, _ body: (ServerSet) async throws -> Result) async throws -> Result {
        try await withTemporaryDirectory { directory in
            let servers = try ServerSet(certificates: tls ? try await .make(in: directory) : nil)
            defer { servers.close() }
            return try await body(servers)
        }
    }

    /// `rediss` with the authority to trust, or `redis`.
    func url(_ scheme: String, _ rest: String, client: String? = nil) -> String {
        let options =
            (certificates.map { ["ssl_ca_certs=\($0.authority)"] } ?? []) + (client.map { ["client_name=\($0)"] } ?? [])
        return "\(certificates == nil ? "redis" : "rediss")+\(scheme)://\(rest)"
            + (options.isEmpty ? "" : "?\(options.joined(separator: "&"))")
    }

    var nodes: [Node] { state.current.nodes }
    /// The number of the node that has the keys.
    var master: Int { state.current.master }
    var others: [Int] { nodes.indices.filter { $0 != master } }

    /// Starts a server that belongs to the set.
    ///
    /// - Parameter bus: Its port for other nodes of a cluster.
    /// - Returns: It, and the port that it announces.
    func start(_ configuration: RedisServer.Configuration, bus: Int? = nil) async throws -> (RedisServer, Int) {
        let proxy = try LinkProxy()
        var configuration = configuration
        configuration.appendOnly = true
        configuration.lines += Self.lines + ["replica-announce-ip 127.0.0.1", "replica-announce-port \(proxy.port)"]
        configuration.tls = certificates
        var (busProxy, clientProxy): (LinkProxy?, LinkProxy?)
        if certificates != nil, bus == nil {
            // Sentinels hand out one port, so that it must be the one for all.
            configuration.lines.append("tls-replication yes")
        } else if certificates != nil {
            let proxyOfClients = try LinkProxy()
            clientProxy = proxyOfClients
            configuration.lines.append("cluster-announce-tls-port \(proxyOfClients.port)")
        }
        if let bus {
            let proxyOfBus = try LinkProxy(to: bus)
            busProxy = proxyOfBus
            configuration.lines += [
                "cluster-announce-ip 127.0.0.1", "cluster-announce-port \(proxy.port)",
                "cluster-announce-bus-port \(proxyOfBus.port)",
                // A master whose slots are taken away stays one until it is told otherwise.
                "cluster-allow-replica-migration no",
            ]
        }
        let server = try await RedisServer.start(configuration)
        if let clientProxy {
            proxy.lead(to: server.port)
            clientProxy.lead(to: server.tlsPort ?? server.port)
        } else {
            proxy.lead(to: server.tlsPort ?? server.port)
        }
        archive.add(server)
        archive.keep()
        let node = Node(
            server: server, proxy: proxy, clientProxy: clientProxy, bus: busProxy,
            line: RedisLine(timeout: .seconds(2)) { server })
        state.update { $0.nodes.append(node) }
        return (server, proxy.port)
    }

    /// Takes in what somebody says about who has the keys; whoever knows of the latest epoch is believed.
    ///
    /// - Parameter node: `nil` where the node that says it has not got them.
    func note(_ node: Int?, epoch: Int, by speaker: Int) {
        state.update { state in
            state.claims[speaker] = (epoch, node)
            let latest = state.claims.values.filter { $0.node != nil }.max { $0.epoch < $1.epoch }
            if let node = latest?.node { state.master = node }
        }
    }

    /// Keeps the files that are written, until the run is over, while somebody calls ``note(_:epoch:by:)``.
    func keepFiles(until isOver: Observed<Bool>) async throws {
        while !isOver.current {
            archive.keep()
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Waits until another node than this one has the keys.
    func awaitPromotion(insteadOf node: Int, within limit: Duration = .seconds(60)) async throws -> WireTime {
        try await state.wait(for: "another master than server \(node)", within: limit) {
            $0.master == node ? nil : .now
        }
    }

    /// Waits until all are well, asking ten times a second.
    ///
    /// - Parameter trouble: What is not well, or `nil`.
    func awaitHealth(_ trouble: (_ elapsed: Duration) async -> String?) async throws {
        let began = ContinuousClock.now
        while let reason = await trouble(ContinuousClock.now - began) {
            guard ContinuousClock.now - began < .seconds(120) else {
                throw SupportError("the servers are not well again after 120 s: \(reason)")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    func setLink(of name: String, to condition: LinkCondition) {
        for node in nodes { node.proxy.become(condition, for: name) }
    }

    func leaveEvidence(in folder: String, and others: [RedisServer] = []) throws {
        try archive.copy(to: folder)
        for (number, server) in (nodes.map(\.server) + others).enumerated() {
            try server.log.write(toFile: "\(folder)/redis-\(number).log", atomically: true, encoding: .utf8)
        }
    }

    func close() {
        for node in nodes {
            node.proxy.close()
            node.clientProxy?.close()
            node.bus?.close()
        }
        archive.remove()
    }
}
