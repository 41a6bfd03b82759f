import TestSupport
import Testing

@testable import RedisBridge

@Suite(.timeLimit(.minutes(5))) struct ClusterTests {
    private static func client(_ url: String, keyPrefix: String = "{rq}") throws -> RedisClient {
        try RedisClient(
            url: RedisURL(url), keyPrefix: keyPrefix,
            backoff: Backoff(first: .milliseconds(20), maximum: .milliseconds(200)), on: EventLoop())
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

    @Test func `scripts, pipelines and subscriptions work from the wrong node`() async throws {
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

    @Test func `a slot that moves while commands run takes them along, none lost and none done twice`() async throws {
        try await withCluster { nodes in
            let (source, target) = try nodes.owner(of: "{rq}:n")
            let client = try Self.client("redis://127.0.0.1:\(source.port)")
            let slot = try source.command("CLUSTER", "KEYSLOT", "{rq}:n").integer ?? 0
            let (sourceID, targetID) = (try source.clusterID(), try target.clusterID())
            let script = RedisScript("redis.call('INCR', KEYS[2]) return redis.call('INCR', KEYS[1])")
            #expect(try await script.run(keys: ["{rq}:n", "{rq}:m"], on: client).integer == 1)

            try target.command("CLUSTER", "SETSLOT", slot, "IMPORTING", sourceID)
            try source.command("CLUSTER", "SETSLOT", slot, "MIGRATING", targetID)
            // One of two keys has moved: neither node can run the script, and the client waits for the end of the move.
            try source.command("MIGRATE", "127.0.0.1", target.port, "{rq}:n", 0, 5000)
            #expect(try await client.send(RedisCommand("GET", "{rq}:n")).string == "1")
            #expect(
                try await client.pipeline([RedisCommand("GET", "{rq}:n"), RedisCommand("GET", "{rq}:m")]).count == 2)
            let waiting = Task { try await script.run(keys: ["{rq}:n", "{rq}:m"], on: client, timeout: .seconds(60)) }
            try await eventually("the script to have been turned away") {
                // Which of the two says so is another thing in each version of the server.
                let errors = try [source, target].map { try $0.command("INFO", "errorstats").string ?? "" }.joined()
                return errors.contains("errorstat_TRYAGAIN") || errors.contains("errorstat_NOSCRIPT")
            }
            try source.command("MIGRATE", "127.0.0.1", target.port, "{rq}:m", 0, 5000)
            for node in [target, source] + nodes.filter({ $0.port != target.port && $0.port != source.port }) {
                try node.command("CLUSTER", "SETSLOT", slot, "NODE", targetID)
            }
            #expect(try await waiting.value.integer == 2)
            #expect(try await script.run(keys: ["{rq}:n", "{rq}:m"], on: client).integer == 3)
            #expect(try target.command("GET", "{rq}:n").integer == 3)
            #expect(try target.command("GET", "{rq}:m").integer == 3)
            #expect(try await client.connection().endpoint == .tcp(host: "127.0.0.1", port: UInt16(target.port)))
            await client.close()
        }
    }

    @Test func `other nodes are asked when the one that was named first is gone`() async throws {
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
            // Named by itself, it is not needed either.
            let named = try Self.client("redis+cluster://127.0.0.1:\(other.port),127.0.0.1:\(owner.port)")
            #expect(try await named.send(RedisCommand("GET", "{rq}:n")).string == "1")
            await named.close()
            let gone = try Self.client("redis+cluster://127.0.0.1:\(other.port),127.0.0.1:\(other.port)")
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

    @Test(arguments: [
        ("3999 127.0.0.1:6381", RedisEndpoint.tcp(host: "127.0.0.1", port: 6381)),
        ("3999 :6381", .tcp(host: "seed", port: 6381)), ("3999 ::1:6381", .tcp(host: "::1", port: 6381)),
        ("3999 node.example:6381 more words", .tcp(host: "node.example", port: 6381)),
    ])
    func `a redirection names a node`(reason: String, target: RedisEndpoint) {
        let error = RedisError(.server, reason, prefix: .moved)
        #expect(ClusterSlots.target(of: error, from: .tcp(host: "seed", port: 1)) == target)
    }

    @Test(arguments: ["", "3999", "3999 ?:6381", "3999 host:0", "3999 host:x", "3999 host"])
    func `a redirection that names no node is none`(reason: String) {
        let error = RedisError(.server, reason, prefix: .moved)
        #expect(ClusterSlots.target(of: error, from: .tcp(host: "seed", port: 1)) == nil)
    }

    @Test(arguments: [
        ("{rq}", true), ("a{b}c", true), ("{a}{b}", true), ("rq", false), ("{}", false), ("{rq", false),
        ("}rq{", false),
        ("{}{rq}", false), ("", false),
    ])
    func `a hash tag is what the server takes for one`(prefix: String, hasOne: Bool) {
        #expect(ClusterSlots.hasHashTag(prefix) == hasOne)
    }
}
