import TestSupport
import Testing

@testable import RedisBridge

@Suite(.timeLimit(.minutes(5))) struct SentinelTests {
    private static func client(_ url: String) throws -> RedisClient {
        try RedisClient(
            url: RedisURL(url), backoff: Backoff(first: .milliseconds(20), maximum: .milliseconds(200)),
            on: RedisEventLoop()
        )
    }

    private static func client(of sentinels: [RedisEndpoint]) throws -> RedisClient {
        RedisClient(
            resolver: SentinelResolver(RedisSentinels(endpoints: sentinels, service: "mymaster"), options: .init()),
            backoff: Backoff(first: .milliseconds(20), maximum: .milliseconds(200)), on: try RedisEventLoop())
    }

    private static func tcp(_ server: RedisServer) -> RedisEndpoint {
        .tcp(host: "127.0.0.1", port: UInt16(server.port))
    }

    /// Whether a client has subscribed to a sentinel's news.
    private static func isListenedTo(_ sentinel: RedisServer) throws -> Bool {
        try sentinel.command("CLIENT", "LIST").string?.contains(" sub=3 ") == true
    }

    /// Sends until the server that the sentinels name accepts it.
    private static func sendUntilTaken(
        _ command: RedisCommand, through client: RedisClient, within limit: Duration = .seconds(60)
    ) async throws {
        try await eventually("a master to take \(command)", within: limit) {
            (try? await client.send(command, timeout: .seconds(1))) != nil
        }
    }

    /// Over a connection of its own, because a promotion closes all earlier ones.
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

    @Test func `a sentinel that denies our user its news is told apart from one that does not`() async throws {
        try await withSentinels(sentinels: 1) { system in
            let sentinel = system.sentinels[0]
            try sentinel.command("ACL", "SETUSER", "poor", "on", ">pw", "+sentinel|get-master-addr-by-name")
            for (login, isHeard) in [("", true), ("?sentinel_username=poor&sentinel_password=pw", false)] {
                let client = try Self.client(system.url + login)
                let opinion = SentinelOpinion(
                    sentinel: "127.0.0.1:\(sentinel.port)", master: "127.0.0.1:\(system.master.port)", isHeard: isHeard)
                #expect(await client.topology() == .sentinels(service: "mymaster", [opinion]))
                #expect(try await client.send(RedisCommand("ROLE")).array?.first?.string == "master")
                await client.close()
            }
        }
    }

    @Test func `an unreachable sentinel is skipped`() async throws {
        try await withSentinels(sentinels: 1) { system in
            let dead = try RedisServer.freePort()
            let client = try Self.client(
                "redis+sentinel://127.0.0.1:\(dead),no-such-host.invalid:1,127.0.0.1:\(system.sentinels[0].port)/mymaster"
            )
            #expect(try await client.send(RedisCommand("PING"), timeout: .seconds(10)) == .status("PONG"))
            await client.close()
            let gone = try RedisServer.freePort()
            let nobody = try Self.client("redis+sentinel://127.0.0.1:\(dead),127.0.0.1:\(gone)/mymaster")
            let error = try await #require(throws: RedisError.self) { try await nobody.send(RedisCommand("PING")) }
            #expect(error.code == .noMaster)
            #expect(error.reason.hasPrefix("none of the 2 sentinels can name the master of 'mymaster': "))
            await nobody.close()
        }
    }

    @Test func `the URL of a server that names a sentinel is explained, and the reverse`()
        async throws
    {
        try await withSentinels(sentinels: 1) { system in
            let server = try Self.client("redis+sentinel://127.0.0.1:\(system.master.port)/mymaster")
            let noSentinel = try await #require(throws: RedisError.self) { try await server.send(RedisCommand("PING")) }
            #expect(noSentinel.code == .noMaster)
            #expect(noSentinel.reason.contains("it is not a sentinel"))
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
                let sentinel = try FakeSentinel(naming: replica.port)
                defer { sentinel.stop() }
                let client = try Self.client(of: [sentinel.endpoint])
                let error = try await #require(throws: RedisError.self) {
                    try await client.send(RedisCommand("SET", "k", "v"))
                }
                #expect(error.reason.contains("role is slave"))
                await client.close()
            }
        }
    }

    @Test func `commands continue after the master died and a replica was promoted`() async throws {
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

    @Test func `commands and subscriptions move at once in a failover by hand, and lose nothing`()
        async throws
    {
        try await withSentinels { system in
            let client = try Self.client(system.url)
            _ = try await client.send(RedisCommand("SET", "before", "1"))
            let subscription = try await client.subscribe(to: ["news"])
            for sentinel in system.sentinels {
                try await eventually("the client to listen to each sentinel") { try Self.isListenedTo(sentinel) }
            }
            try await eventually("the failover to be accepted", within: .seconds(30)) {
                (try? system.sentinels[0].command("SENTINEL", "FAILOVER", "mymaster")) != nil
            }
            // Without a command: the sentinels' news is enough.
            var iterator = subscription.makeAsyncIterator()
            let ended = try await #require(throws: RedisError.self) { try await iterator.next() }
            #expect(ended.code == .connectionLost)
            // Ten seconds before the old master becomes a replica and refuses writes.
            #expect(try system.master.connect().command("ROLE").array.first?.string == "master")
            _ = try await client.send(RedisCommand("SET", "after", "1"))
            #expect(try Self.value(of: "after", at: system.replicas[0]) == "1")
            #expect(try Self.value(of: "before", at: system.replicas[0]) == "1")
            let again = try await client.subscribe(to: ["news"])
            _ = try await client.send(RedisCommand("PUBLISH", "news", "hello"))
            var next = again.makeAsyncIterator()
            #expect(try await next.next() == .message(.init(channel: "news", payload: Array("hello".utf8))))
            await again.close()
            await client.close()
            for sentinel in system.sentinels {
                try await eventually("nobody to listen any more") { try !Self.isListenedTo(sentinel) }
            }
        }
    }

    @Test func `a command to a frozen master fails when the sentinels name another master`() async throws {
        try await withSentinels { system in
            let client = try Self.client(system.url)
            _ = try await client.send(RedisCommand("SET", "before", "1"))
            for sentinel in system.sentinels {
                try await eventually("the client to listen to each sentinel") { try Self.isListenedTo(sentinel) }
            }
            system.master.pause()
            let error = try await #require(throws: RedisError.self) {
                try await client.send(RedisCommand("SET", "held", "1"), timeout: .seconds(60))
            }
            #expect(error.code == .connectionLost)
            #expect(error.fate == .unknown)
            try await Self.sendUntilTaken(RedisCommand("SET", "after", "1"), through: client)
            #expect(try Self.value(of: "after", at: system.replicas[0]) == "1")
            await client.close()
            system.master.resume()
        }
    }

    /// What a sentinel names after it was cut off for a while.
    enum Stale: CaseIterable {
        case nobody, demoted, formerMaster
    }

    @Test(arguments: Stale.allCases)
    func `a stale sentinel is overruled by the others, even if the URL names it first`(stale: Stale) async throws {
        try await withRedis { master in
            try await withRedis { other in
                let wrong =
                    switch stale {
                    case .nobody: try RedisServer.freePort()
                    case .demoted, .formerMaster: other.port
                    }
                if stale == .demoted { try other.command("REPLICAOF", "127.0.0.1", master.port) }
                let first = try FakeSentinel(naming: wrong, epoch: 1)
                let others = try (0..<2).map { _ in try FakeSentinel(naming: master.port, epoch: 2) }
                defer { for sentinel in [first] + others { sentinel.stop() } }
                let client = try Self.client(of: ([first] + others).map(\.endpoint))
                for _ in 0..<3 {
                    #expect(try await client.send(RedisCommand("ROLE")).array?.first?.string == "master")
                    #expect(try await client.connection().endpoint == Self.tcp(master))
                    let connection = try await client.connection()
                    await client.discard(connection, because: "the test wants another one")
                }
                await client.close()
            }
        }
    }

    @Test func `a server that refuses us is skipped for one that another sentinel names`() async throws {
        try await withRedis(.init(password: "unknown")) { strange in
            try await withRedis { master in
                // Two answers with the same epoch.
                let sentinels = try [strange, master].map { try FakeSentinel(naming: $0.port, epoch: 3) }
                defer { for sentinel in sentinels { sentinel.stop() } }
                let client = try Self.client(of: sentinels.map(\.endpoint))
                #expect(try await client.send(RedisCommand("SET", "k", "v")) == .status("OK"))
                #expect(try master.command("GET", "k").string == "v")
                await client.close()
            }
        }
    }

    @Test func `a dead master is not replaced by an older one that still takes writes`() async throws {
        try await withRedis { former in
            let dead = try RedisServer.freePort()
            let stale = try FakeSentinel(naming: former.port, epoch: 1)
            let latest = try FakeSentinel(naming: dead, epoch: 2)
            defer { for sentinel in [stale, latest] { sentinel.stop() } }
            let client = try Self.client(of: [stale.endpoint, latest.endpoint])
            let error = try await #require(throws: RedisError.self) {
                try await client.send(RedisCommand("SET", "k", "v"))
            }
            #expect(error.code == .connectFailed)
            #expect(error.fate == .notSent)
            #expect(error.endpoint == "127.0.0.1:\(dead)")
            #expect(error.announcer == "the sentinel at \(latest.endpoint)")
            await client.close()
        }
    }

    @Test func `a master that lacks replicas is left if the sentinels name another, and kept otherwise`()
        async throws
    {
        try await withRedis(.init(lines: ["min-replicas-to-write 1"])) { former in
            try await withRedis { next in
                let sentinel = try FakeSentinel(naming: former.port)
                defer { sentinel.stop() }
                let client = try Self.client(of: [sentinel.endpoint])
                let script = RedisScript("return redis.call('INCR', KEYS[1])")
                let error = try await #require(throws: RedisError.self) {
                    try await script.run(keys: ["n"], on: client)
                }
                #expect(error.prefix == .noReplicas)
                #expect(try await client.connection().endpoint == Self.tcp(former))
                sentinel.named.update { $0 = next.port }
                #expect(try await script.run(keys: ["n"], on: client).integer == 1)
                #expect(try next.command("GET", "n").integer == 1)
                await client.close()
            }
        }
    }

    /// For a moment a newly promoted master has no replica, and the sentinels still name the one that it replaces, whose
    /// writes will be lost.
    @Test func `a promoted master that lacks replicas is not left for the one that it replaces`()
        async throws
    {
        try await withRedis(.init(lines: ["min-replicas-to-write 1"])) { first in
            try await withRedis(.init(lines: ["min-replicas-to-write 1"])) { second in
                let sentinel = try FakeSentinel(naming: first.port, epoch: 4)
                defer { sentinel.stop() }
                let resolver = SentinelResolver(
                    RedisSentinels(endpoints: [sentinel.endpoint], service: "mymaster"), options: .init())
                let client = RedisClient(
                    resolver: resolver, backoff: Backoff(first: .milliseconds(20), maximum: .milliseconds(200)),
                    on: try RedisEventLoop())
                let script = RedisScript("return redis.call('INCR', KEYS[1])")
                _ = try await client.send(RedisCommand("PING"))
                // To the new master, back, and there again: each time with another epoch.
                for (former, promoted, epoch) in [(first, second, 4), (second, first, 6), (first, second, 9)] {
                    try former.command("CONFIG", "SET", "min-replicas-to-write", "0")
                    try promoted.command("CONFIG", "SET", "min-replicas-to-write", "1")
                    let before = try former.command("GET", "n").integer
                    sentinel.named.update { $0 = former.port }
                    sentinel.epoch.update { $0 = epoch }
                    resolver.hear(
                        of: SentinelPromotion(
                            server: Self.tcp(promoted), replaced: Self.tcp(former), announcer: sentinel.endpoint))
                    await client.leave(try await client.connection(), because: "a sentinel says so")
                    for _ in 0..<2 {
                        let error = try await #require(throws: RedisError.self) {
                            try await script.run(keys: ["n"], on: client)
                        }
                        #expect(error.prefix == .noReplicas)
                        // Not after a loss either.
                        await client.discard(try await client.connection(), because: "the test wants another one")
                    }
                    try promoted.command("CONFIG", "SET", "min-replicas-to-write", "0")
                    _ = try await script.run(keys: ["n"], on: client)
                    #expect(try await client.connection().endpoint == Self.tcp(promoted))
                    #expect(try former.command("GET", "n").integer == before)
                }
                // A later epoch of the sentinels counts again.
                sentinel.epoch.update { $0 = 10 }
                await client.discard(try await client.connection(), because: "the test wants another one")
                _ = try await script.run(keys: ["n"], on: client)
                #expect(try await client.connection().endpoint == Self.tcp(first))
                await client.close()
            }
        }
    }

    @Test(arguments: [
        (ServerErrorPrefix.noReplicas, RedisErrorConsequence.keep, RedisErrorConsequence.reconnectAndResend),
        (.loading, .keep, .reconnectAndResend), (.readOnly, .reconnectAndResend, .reconnectAndResend),
        (.masterDown, .reconnectAndResend, .reconnectAndResend), (.outOfMemory, .keep, .keep),
    ])
    func `the consequence of a refusal depends on which server the sentinels name`(
        prefix: ServerErrorPrefix, same: RedisErrorConsequence, another: RedisErrorConsequence
    ) async throws {
        let sentinel = try FakeSentinel(naming: 6379)
        defer { sentinel.stop() }
        let resolver = SentinelResolver(
            RedisSentinels(endpoints: [sentinel.endpoint], service: "mymaster"), options: .init())
        let connector = RedisConnector(options: .init(), eventLoop: try RedisEventLoop())
        for (port, expected) in [(UInt16(6379), same), (6380, another)] {
            let consequence = try await resolver.consequence(
                of: RedisError(.server, "no", prefix: prefix), from: .tcp(host: "127.0.0.1", port: port),
                keyPrefix: nil, with: connector)
            #expect(consequence == expected)
        }
    }

    @Test func `a master that became a replica is left, and the command is sent to the new master`()
        async throws
    {
        try await withRedis { first in
            try await withRedis { second in
                let sentinel = try FakeSentinel(naming: first.port)
                defer { sentinel.stop() }
                let client = try Self.client(of: [sentinel.endpoint])
                let script = RedisScript("return redis.call('INCR', KEYS[1])")
                #expect(try await script.run(keys: ["n"], on: client).integer == 1)
                // Connections stay open meanwhile: only READONLY reveals it.
                try first.command("REPLICAOF", "127.0.0.1", second.port)
                sentinel.named.update { $0 = second.port }
                #expect(try await script.run(keys: ["n"], on: client).integer == 1)
                #expect(try second.command("GET", "n").integer == 1)
                await client.close()
            }
        }
    }
}
