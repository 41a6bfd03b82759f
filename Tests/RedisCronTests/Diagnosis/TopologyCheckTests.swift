import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

@Suite(.timeLimit(.minutes(5))) struct TopologyCheckTests {
    private static func member(
        _ id: String, _ flags: String = "master", master: String = "-", _ slots: String = ""
    ) -> String {
        "\(id) \(id):6379@16379 \(flags) \(master) 0 0 1 connected \(slots)"
    }

    /// Two masters that share all slots, and a replica of the first.
    private static let well = [
        member("a", "myself,master", "0-8000"), member("b", "master", "8001-16383"), member("c", "slave", master: "a"),
    ]

    private static func findings(
        _ lines: [String], isDown: Bool = false, slot: Int? = 141, others: [ClusterOpinion] = []
    ) -> [Finding] {
        let members = ClusterMember.all(in: lines.joined(separator: "\n"))
        let opinions = [ClusterOpinion(node: "a:6379", isDown: isDown, members: members)] + others
        return TopologyCheck(.cluster(slot: slot, opinions)).findings
    }

    @Test func `a cluster in good order gives no finding, and neither does one server`() {
        #expect(Self.findings(Self.well).isEmpty)
        #expect(TopologyCheck(.server).findings.isEmpty)
    }

    @Test func `a slot that nobody serves is an error if it is ours, or if it takes the whole cluster down`() throws {
        let holes = [Self.member("a", "myself,master", "0-140 142-8000"), Self.well[1], Self.well[2]]
        let ours = try #require(Self.findings(holes).first)
        #expect(ours.severity == .error)
        #expect(ours.subject == "slot 141")
        #expect(ours.message.hasPrefix("nobody serves the slot of our keys: "))
        let others = try #require(Self.findings(holes, slot: 5).first)
        #expect(others.severity == .warning)
        #expect(others.message.contains("1 of its slots, 141 among them;"))
        let down = try #require(Self.findings(holes, isDown: true, slot: 5).first)
        #expect(down.severity == .error)
        #expect(down.message.contains("takes no commands at all"))
    }

    @Test func `the slots of a master that has failed are served by nobody`() {
        let failed = [Self.member("a", "myself,master", "0-8000"), Self.member("b", "master,fail", "8001-16383")]
        #expect(Self.findings(failed, slot: 9000).contains { $0.subject == "slot 9000" && $0.severity == .error })
    }

    @Test func `where full coverage is required, a notice says that each master can stop all prefixes`() throws {
        func finding(_ lines: [String]) -> Finding? {
            let members = ClusterMember.all(in: lines.joined(separator: "\n"))
            return TopologyCheck(.cluster(slot: 141, [ClusterOpinion(node: "a:6379", isDown: false, members: members)]))
                .findingOfFullCoverage()
        }
        let several = try #require(finding(Self.well))
        #expect(several.severity == .notice)
        #expect(several.message.contains("the loss of one of the 2 masters stops the prefixes on all of them"))
        // The loss of the only master stops everything anyhow.
        let one = [Self.member("a", "myself,master", "0-16383"), Self.member("c", "slave", master: "a")]
        #expect(finding(one) == nil)
        #expect(finding(one + [Self.member("d")]) == nil, "a master without slots")
        #expect(TopologyCheck(.server).findingOfFullCoverage() == nil)
    }

    @Test func `an open slot is named, with where it goes`() throws {
        let open = [Self.member("a", "myself,master", "0-8000 [141->-b]"), Self.well[1], Self.well[2]]
        let finding = try #require(Self.findings(open).first)
        #expect(finding.subject == "slot 141")
        #expect(finding.message.contains("of our keys is open at a:6379: it is being moved to b:6379"))
        #expect(Self.findings(open).count == 1)
    }

    @Test func `a master without replicas is named`() throws {
        let finding = try #require(Self.findings(Array(Self.well.prefix(2))).first)
        #expect(finding.check == .replicas)
        #expect(finding.subject == "a:6379")
        let failed = Self.well.prefix(2) + [Self.member("c", "slave,fail", master: "a")]
        #expect(Self.findings(Array(failed)).map(\.check) == [.replicas])
    }

    @Test func `a node that is cut off, and one that cannot be asked, are named`() {
        let others = [
            ClusterOpinion(node: "b:6379", isDown: true), ClusterOpinion(node: "c:6379", failure: "Connection refused"),
        ]
        let findings = Self.findings(Self.well, others: others)
        #expect(findings.map(\.subject) == ["c:6379", "b:6379"])
        #expect(findings.map(\.severity) == [.warning, .warning])
    }

    @Test func `sentinels that disagree, or cannot be asked or heard, are named`() throws {
        let opinions = [
            SentinelOpinion(sentinel: "s1", master: "a:1"), SentinelOpinion(sentinel: "s2", master: "b:1"),
            SentinelOpinion(sentinel: "s3", master: "b:1"),
            SentinelOpinion(sentinel: "s4", failure: "Connection refused"),
            SentinelOpinion(sentinel: "s5", master: "b:1", isHeard: false),
        ]
        let findings = TopologyCheck(.sentinels(service: "mymaster", opinions)).findings
        #expect(findings.map(\.subject) == ["s4", "s5", "mymaster"])
        #expect(findings.last?.message.contains("b:1 (s2, s3, s5), a:1 (s1)") == true)
        #expect(findings.dropFirst().first?.message.contains("may not subscribe") == true)
        let agreed = TopologyCheck(.sentinels(service: "mymaster", Array(opinions[1...2]))).findings
        #expect(agreed.isEmpty)
    }

    @Test func `a master that cannot be reached where a sentinel says comes with what to do about it`() async throws {
        let lines = ["sentinel monitor mymaster 127.0.0.1 \(try RedisServer.freePort()) 1"]
        try await withRedis(RedisServer.Configuration(lines: lines, isSentinel: true)) { sentinel in
            let url = "redis+sentinel://127.0.0.1:\(sentinel.port)/mymaster"
            let connection = try RedisCronConnection(url: RedisURL(url))
            let error = try await #require(throws: RedisCronError.self) { try await connection.diagnose() }
            let text = Refusal.text(for: error)
            #expect(
                text.contains("(announced by the sentinel at 127.0.0.1:\(sentinel.port)): Connection refused"),
                "\(text)")
            #expect(text.contains("set replica-announce-ip"), "\(text)")
            await connection.close()
        }
    }

    @Test func `a cluster is diagnosed where it takes commands and where it does not`() async throws {
        try await withCluster { nodes in
            let (owner, _) = try nodes.owner(of: "{rq}:cron_jobs")
            let url = "redis+cluster://127.0.0.1:\(nodes[0].port)"
            let connection = try RedisCronConnection(url: RedisURL(url), keyPrefix: "{rq}")
            let scheduler = try RedisCronScheduler(connection: connection, options: .forTest())
            for node in nodes { try node.command("CONFIG", "SET", "cluster-require-full-coverage", "yes") }
            let well = try await scheduler.connection.diagnose()
            #expect(well.filter { $0.check == .cluster }.map(\.severity) == [.notice])
            #expect(well.filter { $0.check == .replicas }.map(\.subject) == ["127.0.0.1:\(owner.port)"])
            let target = try #require(nodes.first { $0.port != owner.port })
            try owner.command("CLUSTER", "SETSLOT", 141, "MIGRATING", target.clusterID())
            let open = try await scheduler.connection.diagnose()
            #expect(open.contains { $0.check == .cluster && $0.subject == "slot 141" }, "\(open)")
            // Our keys do not exist, so the node says ASK, and no more can be looked at.
            #expect(open.last?.check == .access)
            try owner.command("CLUSTER", "SETSLOT", 141, "STABLE")
            try await eventually("the cluster to notice", within: .seconds(30)) {
                // Each node has to forget it by itself.
                for node in [owner] + nodes { _ = try? node.command("CLUSTER", "DELSLOTS", 141) }
                return try nodes.allSatisfy {
                    try $0.command("CLUSTER", "INFO").string?.contains("cluster_state:fail") == true
                }
            }
            let ill = try await scheduler.connection.diagnose()
            #expect(ill.contains { $0.severity == .error && $0.subject == "slot 141" }, "\(ill)")
            #expect(ill.last?.check == .access)
            await connection.close()
        }
    }

    @Test func `sentinels are diagnosed, and a master that lost its replica`() async throws {
        try await withSentinels { system in
            let connection = try RedisCronConnection(url: RedisURL(system.url))
            let scheduler = try RedisCronScheduler(connection: connection, options: .forTest())
            let topology: Set<Finding.Check> = [.sentinel, .replicas]
            #expect(try await scheduler.connection.diagnose().filter { topology.contains($0.check) }.isEmpty)
            await system.replicas[0].kill()
            await system.sentinels[2].kill()
            try await eventually("the master to notice") {
                try system.master.command("INFO", "replication").string?.contains("connected_slaves:0") == true
            }
            let found = try await scheduler.connection.diagnose().filter { topology.contains($0.check) }
            #expect(found.map(\.check) == [.sentinel, .replicas])
            #expect(found.first?.subject == "127.0.0.1:\(system.sentinels[2].port)")
            await connection.close()
        }
    }
}
