import TestSupport
import Testing

@testable import RedisBridge

@Suite(.timeLimit(.minutes(5))) struct ClusterTests {
    private static func client(_ url: String, keyPrefix: String = "{rq}") throws -> RedisClient {
        try RedisClient(
            url: RedisURL(url), keyPrefix: keyPrefix,
            backoff: Backoff(first: .milliseconds(20), maximum: .milliseconds(200)), on: RedisEventLoop())
    }

    @Test func `the right node is found from any node`() async throws {
        try await withCluster { nodes in
            let (owner, _) = try nodes.owner(of: "{rq}:n")
            for (count, node) in nodes.enumerated() {
                let client = try Self.client("redis://127.0.0.1:\(node.port)")
                #expect(try await client.send(RedisCommand("INCR", "{rq}:n")).integer == count + 1)
                #expect(try await client.connection().endpoint == .tcp(host: "127.0.0.1", port: UInt16(owner.port)))
                await client.close()
            }
        }
    }

    @Test func `scripts, pipelines and subscriptions work when the URL names the wrong node`() async throws {
        try await withCluster { nodes in
            let (owner, other) = try nodes.owner(of: "{rq}:n")
            let script = RedisScript("redis.call('PUBLISH', ARGV[1], 'hello') return redis.call('INCR', KEYS[1])")
            let scripts = try Self.client("redis://127.0.0.1:\(other.port)")
            let subscription = try await scripts.subscribe(to: ["news"])
            #expect(try await script.run(keys: ["{rq}:n"], arguments: ["news"], on: scripts).integer == 1)
            var iterator = subscription.makeAsyncIterator()
            #expect(try await iterator.next() == .message(.init(channel: "news", payload: Array("hello".utf8))))
            await subscription.close()
            await scripts.close()

            let pipelines = try Self.client("redis://127.0.0.1:\(other.port)")
            let replies = try await pipelines.pipeline((0..<50).map { RedisCommand("SET", "{rq}:\($0)", $0) })
            #expect(replies == Array(repeating: .status("OK"), count: 50))
            #expect(try owner.command("GET", "{rq}:49").integer == 49)
            await pipelines.close()
        }
    }

    @Test func `a key prefix without a hash tag is explained`() async throws {
        try await withCluster { nodes in
            for node in nodes {
                let client = try Self.client("redis://127.0.0.1:\(node.port)", keyPrefix: "rq")
                let script = RedisScript("return redis.call('EXISTS', KEYS[1], KEYS[2])")
                let error = try await #require(throws: RedisError.self) {
                    try await script.run(keys: ["rq:a", "rq:b"], on: client)
                }
                #expect(error.prefix == .crossSlot)
                #expect(error.reason.contains("Redis Cluster"))
                #expect(error.reason.contains("{rq}"))
                await client.close()
            }
        }
    }

    @Test func `commands wait while their slot moves, then follow it, and each runs once`() async throws {
        try await withCluster { nodes in
            let (source, target) = try nodes.owner(of: "{rq}:n")
            let client = try Self.client("redis://127.0.0.1:\(source.port)")
            let slot = try source.command("CLUSTER", "KEYSLOT", "{rq}:n").integer ?? 0
            let (sourceID, targetID) = (try source.clusterID(), try target.clusterID())
            let script = RedisScript("redis.call('INCR', KEYS[2]) return redis.call('INCR', KEYS[1])")
            #expect(try await script.run(keys: ["{rq}:n", "{rq}:m"], on: client).integer == 1)
            let subscription = try await client.subscribe(to: ["news"])

            try target.command("CLUSTER", "SETSLOT", slot, "IMPORTING", sourceID)
            try source.command("CLUSTER", "SETSLOT", slot, "MIGRATING", targetID)
            // One of two keys has moved: neither node can run the script (TRYAGAIN), and one key alone is elsewhere (ASK).
            try source.command("MIGRATE", "127.0.0.1", target.port, "{rq}:n", 0, 5000)
            let waiting = Task { try await script.run(keys: ["{rq}:n", "{rq}:m"], on: client, timeout: .seconds(60)) }
            let single = Task { try await client.send(RedisCommand("GET", "{rq}:n"), timeout: .seconds(60)) }
            let several = Task {
                try await client.pipeline(
                    [RedisCommand("GET", "{rq}:n"), RedisCommand("GET", "{rq}:m")], timeout: .seconds(60))
            }
            try await eventually("all to have been turned away") {
                let errors = try source.command("INFO", "errorstats").string ?? ""
                return errors.contains("errorstat_TRYAGAIN") && errors.contains("errorstat_ASK")
            }
            let soon = try await #require(throws: RedisError.self) {
                try await client.send(RedisCommand("GET", "{rq}:n"), timeout: .milliseconds(120))
            }
            #expect(soon.prefix == .ask)
            try source.command("MIGRATE", "127.0.0.1", target.port, "{rq}:m", 0, 5000)
            for node in [target, source] + nodes.filter({ $0.port != target.port && $0.port != source.port }) {
                try node.command("CLUSTER", "SETSLOT", slot, "NODE", targetID)
            }
            #expect(try await waiting.value.integer == 2)
            #expect(try await ["1", "2"].contains(single.value.string ?? ""))
            #expect(try await several.value.count == 2)
            #expect(try await script.run(keys: ["{rq}:n", "{rq}:m"], on: client).integer == 3)
            #expect(try target.command("GET", "{rq}:n").integer == 3)
            #expect(try target.command("GET", "{rq}:m").integer == 3)
            #expect(try await client.connection().endpoint == .tcp(host: "127.0.0.1", port: UInt16(target.port)))
            // The subscription ends because the commands go elsewhere, although its server says nothing.
            var iterator = subscription.makeAsyncIterator()
            let ended = try await #require(throws: RedisError.self) { try await iterator.next() }
            #expect(ended.code == .connectionLost)
            await client.close()
        }
    }

    @Test func `other nodes are asked when the first one in the URL is gone`() async throws {
        try await withCluster { nodes in
            let (owner, other) = try nodes.owner(of: "{rq}:n")
            let client = try Self.client("redis://127.0.0.1:\(other.port)")
            _ = try await client.send(RedisCommand("INCR", "{rq}:n"))
            await other.kill()
            try owner.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            try await eventually("the owner to be found again") {
                (try? await client.send(RedisCommand("GET", "{rq}:n")))?.string == "1"
            }
            await client.close()
            // Nor is it needed if the URL names only the other one.
            let named = try Self.client("redis+cluster://127.0.0.1:\(other.port),127.0.0.1:\(owner.port)")
            #expect(try await named.send(RedisCommand("GET", "{rq}:n")).string == "1")
            await named.close()
            let nobody = try RedisServer.freePort()
            let gone = try Self.client("redis+cluster://127.0.0.1:\(other.port),127.0.0.1:\(nobody)")
            let error = try await #require(throws: RedisError.self) { try await gone.send(RedisCommand("PING")) }
            #expect(error.code == .connectFailed)
            #expect(error.reason.hasPrefix("none of the 2 nodes can be reached: "))
            await gone.close()
        }
    }

    @Test func `a database that a cluster does not have is explained`() async throws {
        try await withCluster { nodes in
            let client = try Self.client("redis://127.0.0.1:\(nodes[0].port)/3")
            let error = try await #require(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
            #expect(error.reason.contains("database 0 only"))
            await client.close()
        }
    }

    @Test func `a node that was removed from the cluster is left, even if the URL names it first`()
        async throws
    {
        try await withCluster { nodes in
            let (owner, heir) = try nodes.owner(of: "{rq}:n")
            let url = "redis+cluster://127.0.0.1:\(owner.port),127.0.0.1:\(heir.port)"
            let client = try Self.client(url)
            #expect(try await client.send(RedisCommand("INCR", "{rq}:n")).integer == 1)
            let subscription = try await client.subscribe(to: ["news"])
            let (ownerID, heirID) = (try owner.clusterID(), try heir.clusterID())
            let slots = try #require(
                ClusterMember.all(in: owner.command("CLUSTER", "NODES").string ?? "").first(where: \.isMyself)?.slots)
            try await Self.cli(
                ["reshard", "127.0.0.1:\(owner.port)", "--cluster-from", ownerID, "--cluster-to", heirID]
                    + ["--cluster-slots", "\(slots.reduce(0) { $0 + $1.count })", "--cluster-yes"])
            try await Self.cli(["del-node", "127.0.0.1:\(heir.port)", ownerID])
            // It has forgotten the others; it listens, and serves nothing.
            #expect(try owner.command("CLUSTER", "SLOTS").array.isEmpty)
            #expect(try await client.send(RedisCommand("INCR", "{rq}:n")).integer == 2)
            var iterator = subscription.makeAsyncIterator()
            await #expect(throws: RedisError.self) { try await iterator.next() }
            await client.close()
            let late = try Self.client(url)
            #expect(try await late.send(RedisCommand("INCR", "{rq}:n")).integer == 3)
            await late.close()

            let alone = try Self.client("redis+cluster://127.0.0.1:\(owner.port)")
            let error = try await #require(throws: RedisError.self) { try await alone.send(RedisCommand("PING")) }
            #expect(error.prefix == .clusterDown)
            #expect(error.reason.contains("nobody serves slot"), "\(error)")
            await alone.close()
        }
    }

    private static func cli(_ arguments: [String]) async throws {
        let process = try ChildProcess("redis-cli", ["--cluster"] + arguments)
        let outcome = try await process.waitUntilExit(within: .seconds(120))
        guard outcome == .exited(0) else {
            throw SupportError("redis-cli \(arguments) ended with \(outcome):\n\(process.output)\(process.errors)")
        }
    }

    /// A node of a cluster that has no other node, with all slots, as each side of a partition sees it.
    private static func loneNode(epoch: Int, lines: [String] = []) async throws -> RedisServer {
        let node = try await RedisServer.start(
            .init(lines: ["cluster-enabled yes", "cluster-port \(try RedisServer.freePort())"] + lines))
        try node.command("CLUSTER", "SET-CONFIG-EPOCH", epoch)
        try node.command("CLUSTER", "ADDSLOTSRANGE", 0, 16_383)
        try await eventually("the node to be well") {
            try node.command("CLUSTER", "INFO").string?.contains("cluster_state:ok") == true
        }
        return node
    }

    @Test func `a master that was cut off and says CLUSTERDOWN is left for the one with the higher epoch`() async throws
    {
        let former = try await Self.loneNode(epoch: 1)
        let next = try await Self.loneNode(epoch: 5)
        let client = try Self.client("redis+cluster://127.0.0.1:\(former.port),127.0.0.1:\(next.port)")
        #expect(try await client.send(RedisCommand("INCR", "{rq}:n")).integer == 1)
        #expect(try former.command("GET", "{rq}:n").integer == 1)
        // It still names itself as the owner of the slot, and refuses commands, as in the minority of a partition.
        try former.command("CLUSTER", "DELSLOTS", 0)
        try await eventually("it to refuse") {
            try former.command("CLUSTER", "INFO").string?.contains("cluster_state:fail") == true
        }
        #expect(try await client.send(RedisCommand("INCR", "{rq}:n")).integer == 1)
        #expect(try next.command("GET", "{rq}:n").integer == 1)
        // Once it is up again, with its old claim, it is not used again, even after the new connection was lost.
        try former.command("CLUSTER", "ADDSLOTS", 0)
        try next.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        try await eventually("the new one to be found again") {
            (try? await client.send(RedisCommand("INCR", "{rq}:n")).integer) == 2
        }
        await client.close()
        for node in [former, next] { await node.stop() }
    }

    /// What may be wrong with one node.
    enum Fault: CaseIterable {
        case garbage, wantsPassword, hangsUp, silent, loads

        func node() throws -> FakeServer {
            try FakeServer { peer in
                switch self {
                case .hangsUp: return
                case .silent: return peer.stall()
                case .garbage, .wantsPassword, .loads:
                    while !peer.read().isEmpty {
                        switch self {
                        case .garbage: peer.write("HTTP/1.1 400 Bad Request\r\n\r\n")
                        case .loads: peer.write(String(repeating: "-LOADING Redis is loading\r\n", count: 3))
                        default: peer.write(String(repeating: "-NOAUTH Authentication required.\r\n", count: 3))
                        }
                    }
                }
            }
        }
    }

    @Test(arguments: Fault.allCases)
    func `whatever is wrong with one node, the next one is tried`(fault: Fault) async throws {
        let sick = try fault.node()
        defer { sick.stop() }
        let well = try await Self.loneNode(epoch: 1)
        var options = RedisConnectionOptions()
        options.connectTimeout = .seconds(1)
        let nodes = [RedisEndpoint.unix(path: sick.socketPath), .tcp(host: "127.0.0.1", port: UInt16(well.port))]
        let client = RedisClient(
            resolver: NodeResolver(seeds: nodes, isCluster: true, keyPrefix: "{rq}"), options: options,
            on: try RedisEventLoop())
        #expect(try await client.send(RedisCommand("INCR", "{rq}:n")).integer == 1)
        await client.close()
        await well.stop()
    }

    @Test(.enabled(if: TLSContext.isAvailable, "this build has no TLS"))
    func `a node with a bad certificate is skipped for one with a good certificate`() async throws {
        try await withTemporaryDirectory { directory in
            let certificates = try await TLSCertificates.make(in: directory)
            var nodes: [RedisServer] = []
            var endpoints: [RedisEndpoint] = []
            // The client's certificate is for another host.
            for (certificate, key) in [
                (certificates.client, certificates.clientKey), (certificates.server, certificates.serverKey),
            ] {
                let port = try RedisServer.freePort()
                let tls = [
                    "tls-port \(port)", "tls-cert-file \(certificate)", "tls-key-file \(key)",
                    "tls-ca-cert-file \(certificates.authority)", "tls-auth-clients no",
                ]
                nodes.append(try await Self.loneNode(epoch: nodes.count + 1, lines: tls))
                endpoints.append(.tls(host: "127.0.0.1", port: UInt16(port)))
            }
            var options = RedisConnectionOptions()
            options.tls.trustedFile = certificates.authority
            let client = RedisClient(
                resolver: NodeResolver(seeds: endpoints, isCluster: true, keyPrefix: "{rq}"), options: options,
                on: try RedisEventLoop())
            #expect(try await client.send(RedisCommand("INCR", "{rq}:n")).integer == 1)
            #expect(try await client.connection().endpoint == endpoints[1])
            await client.close()
            for node in nodes { await node.stop() }
        }
    }

    @Test func `an unreachable node that another one names costs one connect time-out, and the error names both`()
        async throws
    {
        let hole = try BlackHole()
        let namer = try FakeServer { peer in
            while peer.read(until: "INFO\r\n") {
                peer.write(
                    "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:\(hole.port)\r\n$0\r\n\r\n$0\r\n\r\n")
            }
        }
        defer { namer.stop() }
        var options = RedisConnectionOptions()
        options.connectTimeout = .seconds(2)
        let client = RedisClient(
            resolver: NodeResolver(seeds: [.unix(path: namer.socketPath)], isCluster: true, keyPrefix: "{rq}"),
            options: options, on: try RedisEventLoop())
        let start = ContinuousClock.now
        let error = try await #require(throws: RedisError.self) { try await client.send(RedisCommand("GET", "{rq}:n")) }
        #expect(ContinuousClock.now - start < .seconds(4))
        #expect(error.code == .connectTimedOut)
        #expect(error.endpoint == "127.0.0.1:\(hole.port)")
        #expect(error.announcer == "the node at \(namer.socketPath)")
        await client.close()
    }

    @Test(arguments: [
        ("3999 127.0.0.1:6381", RedisEndpoint.tcp(host: "127.0.0.1", port: 6381)),
        ("3999 :6381", .tcp(host: "seed", port: 6381)), ("3999 ::1:6381", .tcp(host: "::1", port: 6381)),
        ("3999 node.example:6381 more words", .tcp(host: "node.example", port: 6381)),
    ])
    func `MOVED names a node`(reason: String, target: RedisEndpoint) {
        let error = RedisError(.server, reason, prefix: .moved)
        #expect(ClusterSlots.target(of: error, from: .tcp(host: "seed", port: 1)) == target)
    }

    @Test(arguments: ["", "3999", "3999 ?:6381", "3999 host:0", "3999 host:x", "3999 host"])
    func `MOVED without an address names no node`(reason: String) {
        let error = RedisError(.server, reason, prefix: .moved)
        #expect(ClusterSlots.target(of: error, from: .tcp(host: "seed", port: 1)) == nil)
    }

    @Test(arguments: [
        ("{rq}", 141), ("{rq}:cron", 141), ("123456789", nil), ("a{123456789}", 12739), ("{a}{b}", 15495),
    ])
    func `the slot of a key prefix is the one that the server computes`(prefix: String, slot: Int?) {
        #expect(ClusterSlots.slot(of: prefix) == slot)
    }

    @Test(arguments: [
        ("{rq}", true), ("a{b}c", true), ("{a}{b}", true), ("rq", false), ("{}", false), ("{rq", false),
        ("}rq{", false),
        ("{}{rq}", false), ("", false),
    ])
    func `a hash tag is recognised as the server does`(prefix: String, hasOne: Bool) {
        #expect(ClusterSlots.hasHashTag(prefix) == hasOne)
    }
}
