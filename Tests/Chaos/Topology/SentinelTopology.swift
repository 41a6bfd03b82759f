import TestSupport
import Testing

/// A master with two replicas, watched by three sentinels.
struct SentinelTopology: ReplicatedTopology {
    private static let service = "mymaster"
    let servers: ServerSet
    private let sentinels: [RedisServer]
    /// Two to each sentinel: one to see what it says, one to tell it something.
    private let watchLines: [RedisLine]
    private let lines: [RedisLine]
    let schedulers: Int
    let buildHasTLS: Bool
    private let hosts: String

    /// Runs `body` with the servers, and stops them afterwards.
    static func withServers<Result>(
        schedulers: Int, tls: Bool, buildHasTLS: Bool, _ body: (any Topology) async throws -> Result
    ) async throws -> Result {
        try await ServerSet.with(tls: tls) { servers in
            try await withSentinels(
                replicas: 2,
                start: { configuration in
                    guard configuration.isSentinel else { return try await servers.start(configuration) }
                    var configuration = configuration
                    configuration.tls = servers.certificates
                    if tls { configuration.lines.append("tls-replication yes") }
                    let sentinel = try await RedisServer.start(configuration)
                    return (sentinel, sentinel.tlsPort ?? sentinel.port)
                },
                { sentinels in
                    try await body(
                        SentinelTopology(
                            servers, sentinels.sentinels, schedulers: schedulers, buildHasTLS: buildHasTLS))
                })
        }
    }

    private init(_ servers: ServerSet, _ sentinels: [RedisServer], schedulers: Int, buildHasTLS: Bool) {
        self.servers = servers
        self.sentinels = sentinels
        self.schedulers = schedulers
        self.buildHasTLS = buildHasTLS
        hosts = sentinels.map { "127.0.0.1:\($0.tlsPort ?? $0.port)" }.joined(separator: ",")
        watchLines = sentinels.map { sentinel in RedisLine(timeout: .seconds(1)) { sentinel } }
        lines = sentinels.map { sentinel in RedisLine(timeout: .seconds(1)) { sentinel } }
    }

    var keyPrefix: String { "rq" }
    var ownFaults: [FaultKind] { [.sentinelFrozen, .sentinelStale] }
    var editorURL: String { servers.url("sentinel", "\(hosts)/\(Self.service)") }

    func url(ofScheduler index: Int) -> String {
        servers.url("sentinel", "\(hosts)/\(Self.service)", client: SchedulerFleet.name(index))
    }

    func watch(until isOver: Observed<Bool>) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await servers.keepFiles(until: isOver) }
            for (speaker, line) in watchLines.enumerated() {
                group.addTask {
                    while !isOver.current {
                        if let view = try? await line.command("SENTINEL", "MASTER", Self.service).textFields,
                            let epoch = view["config-epoch"].flatMap({ Int($0) }),
                            let node = node(announcing: view["port"])
                        {
                            servers.note(node, epoch: epoch, by: speaker)
                        }
                        try await Task.sleep(for: .milliseconds(100))
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    func history() throws -> WitnessedHistory {
        let (official, lost) = try Lineage(servers.archive.stretches()).history(endingAt: servers.master)
        return WitnessedHistory(official: official, lost: lost)
    }

    func leaveEvidence(in folder: String) throws {
        try servers.leaveEvidence(in: folder, and: sentinels)
    }

    func close() {
        servers.close()
    }

    private func node(announcing port: String?) -> Int? {
        servers.nodes.firstIndex { "\($0.proxy.port)" == port }
    }

    // MARK: Faults

    func replicas(of master: Int) -> [Int] { servers.nodes.indices.filter { $0 != master } }

    func askForFailover() async throws {
        try await lines[lines.count - 1].command("SENTINEL", "FAILOVER", Self.service)
    }

    /// A master asks nobody for anything, so nothing goes through a closed proxy.
    func cutOff(_ node: Int, sparing spared: Set<String>) {
        servers.nodes[node].setLink(to: .partitioned, sparing: spared)
    }

    func reconnect(_ node: Int) {
        servers.nodes[node].setLink(to: .good)
    }

    func dealOwn(_ kind: FaultKind, using generator: inout SeededGenerator) async throws -> WireTime? {
        let length = generator.milliseconds(300...3_000)
        switch kind {
        case .sentinelFrozen:
            let sentinel = sentinels.randomElement(using: &generator)
            sentinel?.pause()
            try? await last(length)
            sentinel?.resume()
            return nil
        case .sentinelStale:
            // All schedulers ask the first one first.
            sentinels[0].pause()
            defer { sentinels[0].resume() }
            let promoted = try await failOver()
            try await last(length)
            return promoted
        default: throw NotDealt()
        }
    }

    func awaitHealth(helpAfter: Duration) async throws {
        try await servers.awaitHealth { elapsed in
            let master = servers.master
            let port = "\(servers.nodes[master].proxy.port)"
            var trouble: String?
            for (number, node) in servers.nodes.enumerated() {
                guard let info = try? await node.line.command("INFO", "replication").infoFields else {
                    trouble = "server \(number) does not answer"
                    continue
                }
                if number == master {
                    if info["role"] != "master" { trouble = "server \(number) is not the master" }
                } else if info["role"] == "master" {
                    trouble = "server \(number) takes itself for the master"
                    if elapsed > helpAfter { _ = try? await node.line.command("REPLICAOF", "127.0.0.1", port) }
                } else if info["master_port"] != port || info["master_link_status"] != "up" {
                    trouble = "server \(number) does not follow the master"
                }
            }
            for (number, line) in lines.enumerated() {
                let view = try? await line.command("SENTINEL", "MASTER", Self.service).textFields
                let replicas = try? await line.command("SENTINEL", "REPLICAS", Self.service).array.map(\.textFields)
                if view?["port"] != port || view?["flags"] != "master"
                    || replicas?.filter({ $0["flags"] == "slave" && $0["master-link-status"] == "ok" }).count
                        != servers.nodes.count - 1
                {
                    trouble = trouble ?? "sentinel \(number) does not see master and replicas as they are"
                }
            }
            return trouble
        }
    }
}

extension ServerReply {
    /// The lines `name:value` of a section of `INFO`.
    var infoFields: [String: String] {
        var fields: [String: String] = [:]
        for line in (string ?? "").split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { fields[String(parts[0])] = String(parts[1]) }
        }
        return fields
    }
}
