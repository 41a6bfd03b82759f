import TestSupport
import Testing

@testable import RedisBridge

@Suite(.timeLimit(.minutes(5))) struct SentinelTests {
    private static func client(_ url: String) throws -> RedisClient {
        try RedisClient(
            url: RedisURL(url), backoff: Backoff(first: .milliseconds(20), maximum: .milliseconds(200)), on: EventLoop()
        )
    }

    /// Sends until the server that the sentinels name takes it.
    private static func sendUntilTaken(
        _ command: RedisCommand, through client: RedisClient, within limit: Duration = .seconds(60)
    ) async throws {
        try await eventually("a master to take \(command)", within: limit) {
            (try? await client.send(command, timeout: .seconds(1))) != nil
        }
    }

    /// Over a connection of its own: a promotion hangs up on all that were there before.
    private static func value(of key: String, at server: RedisServer) throws -> String? {
        try server.connect().command("GET", key).string
    }

    @Test func `the master is found by its service, with passwords for servers and sentinels`() async throws {
        try await withSentinels(sentinels: 1, password: "server-pw", sentinelPassword: "sentinel-pw") { system in
            let client = try Self.client(system.url)
            #expect(try await client.send(RedisCommand("ROLE")).array?.first?.string == "master")
            let endpoint = try await client.connection().endpoint
            #expect(endpoint == .tcp(host: "127.0.0.1", port: UInt16(system.master.port)))
            await client.close()

            let hosts = "127.0.0.1:\(system.sentinels[0].port)"
            let uninvited = try Self.client("redis+sentinel://:server-pw@\(hosts)/mymaster")
            let refused = try await #require(throws: RedisError.self) {
                try await uninvited.send(RedisCommand("PING"))
            }
            #expect(refused.prefix == .noAuth)
            #expect(refused.reason.contains("add sentinel_password=… to the URL's query"))
            await uninvited.close()

            let mistaken = try Self.client("redis+sentinel://:server-pw@\(hosts)/mymaster?sentinel_password=server-pw")
            let wrong = try await #require(throws: RedisError.self) { try await mistaken.send(RedisCommand("PING")) }
            #expect(wrong.prefix == .wrongPass)
            #expect(wrong.reason.contains("check sentinel_username and sentinel_password"))
            await mistaken.close()

            let lost = try Self.client("redis+sentinel://:server-pw@\(hosts)/nobody?sentinel_password=sentinel-pw")
            let unknown = try await #require(throws: RedisError.self) { try await lost.send(RedisCommand("PING")) }
            #expect(unknown.reason.contains("'nobody'"))
            #expect(!unknown.description.contains("-pw"))
            await lost.close()
        }
    }

    @Test func `a sentinel that is gone is passed over`() async throws {
        try await withSentinels(sentinels: 1) { system in
            let dead = try RedisServer.freePort()
            let client = try Self.client(
                "redis+sentinel://127.0.0.1:\(dead),no-such-host.invalid:1,127.0.0.1:\(system.sentinels[0].port)/mymaster"
            )
            #expect(try await client.send(RedisCommand("PING"), timeout: .seconds(10)) == .status("PONG"))
            await client.close()
            let nobody = try Self.client("redis+sentinel://127.0.0.1:\(dead),127.0.0.1:\(dead)/mymaster")
            let error = try await #require(throws: RedisError.self) { try await nobody.send(RedisCommand("PING")) }
            #expect(error.code == .noMaster)
            #expect(error.reason.hasPrefix("none of the 2 sentinels can name the master of 'mymaster': "))
            await nobody.close()
        }
    }

    @Test func `a server that is taken for a sentinel is told from one, and a sentinel that is taken for a server`()
        async throws
    {
        try await withSentinels(sentinels: 1) { system in
            let server = try Self.client("redis+sentinel://127.0.0.1:\(system.master.port)/mymaster")
            let noSentinel = try await #require(throws: RedisError.self) { try await server.send(RedisCommand("PING")) }
            #expect(noSentinel.code == .noMaster)
            #expect(noSentinel.reason.contains("it is no sentinel"))
            await server.close()

            let sentinel = try Self.client("redis://127.0.0.1:\(system.sentinels[0].port)")
            let noServer = try await #require(throws: RedisError.self) {
                try await sentinel.send(RedisCommand("GET", "k"))
            }
            #expect(noServer.unknownCommand == "GET")
            await sentinel.close()
        }
    }

    @Test func `a replica that is named as the master is not used`() async throws {
        try await withRedis { master in
            try await withRedis(.init(lines: ["replicaof 127.0.0.1 \(master.port)"])) { replica in
                let port = replica.port
                let sentinel = try FakeServer { peer in
                    while peer.read(until: "mymaster\r\n") {
                        let text = String(port)
                        peer.write("*2\r\n$9\r\n127.0.0.1\r\n$\(text.utf8.count)\r\n\(text)\r\n")
                    }
                }
                defer { sentinel.stop() }
                let sentinels = RedisSentinels(
                    endpoints: [.unix(path: sentinel.socketPath)], service: "mymaster")
                let client = RedisClient(
                    resolver: SentinelResolver(sentinels, options: .init()), on: try EventLoop())
                let error = try await #require(throws: RedisError.self) {
                    try await client.send(RedisCommand("SET", "k", "v"))
                }
                #expect(error.reason.contains("role is slave"))
                await client.close()
            }
        }
    }

    @Test func `commands go on after the master died and a replica was promoted`() async throws {
        try await withSentinels { system in
            let client = try Self.client(system.url)
            _ = try await client.send(RedisCommand("SET", "before", "1"))
            await system.master.kill()
            try await Self.sendUntilTaken(RedisCommand("SET", "after", "1"), through: client)
            #expect(try Self.value(of: "after", at: system.replicas[0]) == "1")
            let endpoint = try await client.connection().endpoint
            #expect(endpoint == .tcp(host: "127.0.0.1", port: UInt16(system.replicas[0].port)))
            await client.close()
        }
    }

    @Test func `commands and subscriptions follow a failover that the sentinels were told to do`() async throws {
        try await withSentinels { system in
            let client = try Self.client(system.url)
            _ = try await client.send(RedisCommand("SET", "before", "1"))
            let subscription = try await client.subscribe(to: ["news"])
            try await eventually("the failover to be accepted", within: .seconds(30)) {
                (try? system.sentinels[0].command("SENTINEL", "FAILOVER", "mymaster")) != nil
            }
            // Until then the old one takes writes that are lost with its demotion.
            try await eventually("the old master to be a replica", within: .seconds(60)) {
                (try? system.master.connect().command("ROLE").array.first?.string) == "slave"
            }
            try await Self.sendUntilTaken(RedisCommand("SET", "after", "1"), through: client)
            #expect(try Self.value(of: "after", at: system.replicas[0]) == "1")
            // The old one hangs up when it becomes a replica; then one subscribes anew, at the new master.
            await subscription.close()
            let again = try await client.subscribe(to: ["news"])
            _ = try await client.send(RedisCommand("PUBLISH", "news", "hello"))
            var iterator = again.makeAsyncIterator()
            #expect(try await iterator.next() == .message(.init(channel: "news", payload: Array("hello".utf8))))
            await again.close()
            await client.close()
        }
    }

    @Test func `a master that became a replica under an open connection is left, and the command sent to the new one`()
        async throws
    {
        try await withRedis { first in
            try await withRedis { second in
                let named = Observed(first.port)
                let sentinel = try FakeServer { peer in
                    while peer.read(until: "mymaster\r\n") {
                        let text = String(named.current)
                        peer.write("*2\r\n$9\r\n127.0.0.1\r\n$\(text.utf8.count)\r\n\(text)\r\n")
                    }
                }
                defer { sentinel.stop() }
                let sentinels = RedisSentinels(
                    endpoints: [.unix(path: sentinel.socketPath)], service: "mymaster")
                let client = RedisClient(
                    resolver: SentinelResolver(sentinels, options: .init()), on: try EventLoop())
                let script = RedisScript("return redis.call('INCR', KEYS[1])")
                #expect(try await script.run(keys: ["n"], on: client).integer == 1)
                // Connections stay open over this: only READONLY tells.
                try first.command("REPLICAOF", "127.0.0.1", second.port)
                named.update { $0 = second.port }
                #expect(try await script.run(keys: ["n"], on: client).integer == 1)
                #expect(try second.command("GET", "n").integer == 1)
                await client.close()
            }
        }
    }
}
