import TestSupport
import Testing

@testable import RedisBridge

@Suite(.timeLimit(.minutes(2))) struct RedisClientTests {
    static func withClient(
        _ configuration: RedisServer.Configuration = .init(), _ body: (RedisServer, RedisClient) async throws -> Void
    ) async throws {
        try await withRedis(configuration) { server in
            let client = try RedisClient(
                url: RedisURL(server.socketURL), backoff: Backoff(first: .milliseconds(5), maximum: .milliseconds(50)),
                on: RedisEventLoop())
            try await body(server, client)
            await client.close()
        }
    }

    @Test func `a client connects with its first command and not before`() async throws {
        try await Self.withClient { _, client async throws in
            #expect(await client.state == .idle)
            #expect(try await client.send(RedisCommand("PING")) == .status("PONG"))
            guard case .open = await client.state else {
                Issue.record("not open: \(await client.state)")
                return
            }
        }
    }

    @Test func `many who need a connection at once share one attempt`() async throws {
        try await Self.withClient { server, client in
            let before = try server.command("INFO", "stats").string ?? ""
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<200 {
                    group.addTask { _ = try await client.send(RedisCommand("PING")) }
                }
                try await group.waitForAll()
            }
            let after = try server.command("INFO", "stats").string ?? ""
            func connections(_ info: String) -> Int? {
                info.split(separator: "\r\n").first { $0.hasPrefix("total_connections_received:") }
                    .flatMap { Int($0.dropFirst("total_connections_received:".count)) }
            }
            #expect(connections(after) == connections(before).map { $0 + 1 })
        }
    }

    @Test func `after a loss the next command connects again, and the lost command is not resent`() async throws {
        try await Self.withClient { server, client in
            #expect(try await client.send(RedisCommand("INCR", "n")).integer == 1)
            let blocked = Task { try await client.send(RedisCommand("BLPOP", "list", 0), timeout: .seconds(60)) }
            try await eventually("the command to wait") {
                try server.command("INFO", "clients").string?.contains("blocked_clients:1") == true
            }
            try server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            let error = try await #require(throws: RedisError.self) { try await blocked.value }
            #expect(error.code == .connectionLost)
            #expect(error.fate == .unknown)
            #expect(try await client.send(RedisCommand("INCR", "n")).integer == 2)
            // Nobody sent BLPOP a second time.
            #expect(try server.command("INFO", "clients").string?.contains("blocked_clients:0") == true)
        }
    }

    @Test func `commands and pipelines survive that the client leaves its connection, and each runs once`() async throws
    {
        try await Self.withClient { server, client in
            try await withThrowingTaskGroup { group in
                for _ in 0..<8 {
                    group.addTask {
                        for round in 0..<250 {
                            // While others send.
                            if round % 15 == 0 {
                                await client.leave(try await client.connection(), because: "the test says so")
                            }
                            _ = try await client.pipeline([RedisCommand("INCR", "n"), RedisCommand("INCR", "n")])
                            _ = try await client.send(RedisCommand("INCR", "n"))
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try server.command("GET", "n").integer == 8 * 250 * 3)
        }
    }

    @Test func `a client survives restarts of the server`() async throws {
        try await Self.withClient(.init(appendOnly: true)) { server, client in
            for number in 1...3 {
                try await eventually("the server to answer again") {
                    (try? await client.send(RedisCommand("PING"))) == .status("PONG")
                }
                #expect(try await client.send(RedisCommand("INCR", "n")).integer == number)
                try await server.restart()
            }
        }
    }

    @Test func `the client's state follows its connection`() async throws {
        try await Self.withClient { server, client in
            #expect(await client.state == .idle)
            _ = try await client.send(RedisCommand("PING"))
            #expect(await client.state == .open(.unix(path: server.socketPath)))
            await server.kill()
            _ = try? await client.send(RedisCommand("PING"))
            let state = await client.state
            #expect({ if case .disconnected = state { true } else { false } }(), "\(state)")
            await client.close()
            #expect(await client.state == .closed)
        }
    }

    @Test func `closing fails the commands that wait for a connection, and later ones`() async throws {
        let accepted = Latch("the connection")
        let server = try FakeServer { peer in
            accepted.arrive()
            peer.stall()
        }
        defer { server.stop() }
        let client = try RedisClient(url: RedisURL("unix://:secret@\(server.socketPath)"), on: RedisEventLoop())
        let waiting = Task { try await client.send(RedisCommand("PING")) }
        try await accepted.wait()
        await client.close()
        for task in [waiting, Task { try await client.send(RedisCommand("PING")) }] {
            let error = try await #require(throws: RedisError.self) { try await task.value }
            #expect(error.code == .closed)
            #expect(error.command == "PING")
        }
    }

    @Test func `closing ends an attempt to connect, and returns when that is over`() async throws {
        let resolver = HesitantResolver()
        let client = try RedisClient(resolver: resolver, on: RedisEventLoop())
        let waiting = Task { try await client.send(RedisCommand("PING")) }
        try await resolver.asked.wait()
        #expect(await client.state == .connecting(failures: 0))
        await client.close()
        #expect(resolver.isOver.current)
        let error = try await #require(throws: RedisError.self) { try await waiting.value }
        #expect(error.code == .closed)
    }

    @Test func `cancelling one command that waits for a connection leaves the attempt to the others`() async throws {
        let release = Latch("the release")
        let accepted = Latch("the connection")
        let server = try FakeServer { peer in
            peer.read(until: "secret")
            accepted.arrive()
            peer.hold(until: release)
            peer.write("+OK\r\n")
            while peer.read(until: "PING\r\n") { peer.write("+PONG\r\n") }
        }
        defer { server.stop() }
        let client = try RedisClient(url: RedisURL("unix://:secret@\(server.socketPath)"), on: RedisEventLoop())
        let first = Task { try await client.send(RedisCommand("PING")) }
        try await accepted.wait()
        let second = Task { try await client.send(RedisCommand("PING")) }
        first.cancel()
        let error = try await #require(throws: RedisError.self) { try await first.value }
        #expect(error.code == .cancelled)
        #expect(error.fate == .notSent)
        release.arrive()
        #expect(try await second.value == .status("PONG"))
        await client.close()
    }

    @Test func `a server that says nothing at all gets a new connection`() async throws {
        let connections = Observed(0)
        let server = try FakeServer { peer in
            connections.update { $0 += 1 }
            guard peer.number > 0 else { return peer.stall() }
            while peer.read(until: "PING\r\n") { peer.write("+PONG\r\n") }
        }
        defer { server.stop() }
        let client = try RedisClient(
            url: RedisURL("unix://\(server.socketPath)"), backoff: Backoff(first: .milliseconds(5)),
            on: RedisEventLoop())
        let error = try await #require(throws: RedisError.self) {
            try await client.send(RedisCommand("PING"), timeout: .milliseconds(50))
        }
        #expect(error.code == .timedOut)
        #expect(try await client.send(RedisCommand("PING")) == .status("PONG"))
        #expect(connections.current == 2)
        await client.close()
    }

    @Test func `a wrong password is an error that names the cause and not the password`() async throws {
        try await withRedis(.init(password: "right")) { server in
            let url = try RedisURL("unix://:wrong-secret@\(server.socketPath)")
            let client = try RedisClient(url: url, on: RedisEventLoop())
            let error = try await #require(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
            #expect(error.prefix == .wrongPass)
            #expect(error.command == "AUTH")
            let state = await client.state
            for text in [error.description, String(reflecting: error), "\(state)", String(reflecting: url), "\(url)"] {
                #expect(!text.contains("secret"))
            }
            var dumped = ""
            dump(url, to: &dumped)
            dump(url.options, to: &dumped)
            dump(RedisCommand("AUTH", "wrong-secret"), to: &dumped)
            #expect(!dumped.contains("secret"))
            await client.close()
        }
    }

    @Test func `a pipeline keeps errors about a command in their place`() async throws {
        try await Self.withClient { server, client in
            try server.command("SET", "text", "x")
            let replies = try await client.pipeline([RedisCommand("GET", "text"), RedisCommand("HGETALL", "text")])
            #expect(replies.first?.string == "x")
            guard case .error(let error)? = replies.last else {
                Issue.record("no error: \(replies)")
                return
            }
            #expect(error.prefix == .wrongType)
        }
    }

    @Test func `a pipeline throws that the server is loading its data`() async throws {
        let server = try FakeServer { peer in
            peer.read(until: "two\r\n")
            peer.write("+one\r\n-LOADING Redis is loading the dataset in memory\r\n")
            peer.stall()
        }
        defer { server.stop() }
        let client = try RedisClient(url: RedisURL("unix://\(server.socketPath)"), on: RedisEventLoop())
        let error = try await #require(throws: RedisError.self) {
            try await client.pipeline([RedisCommand("GET", "one"), RedisCommand("GET", "two")])
        }
        #expect(error.prefix == .loading)
        #expect(error.command == "GET")
        #expect(error.endpoint == server.socketPath)
        await client.close()
    }
}

/// Finds no server, and ends slowly when it is cancelled.
private struct HesitantResolver: RedisEndpointResolver {
    let asked = Latch("the question")
    let isOver = Observed(false)

    func connect(with connector: RedisConnector) async throws(RedisError) -> RedisConnection {
        asked.arrive()
        try? await connector.eventLoop.sleep(for: .seconds(3600))
        for _ in 0..<1000 { await Task.yield() }
        isOver.update { $0 = true }
        throw .cancelled(fate: .notSent)
    }

    func consequence(
        of error: RedisError, from endpoint: RedisEndpoint, keyPrefix: String?, with connector: RedisConnector
    ) async throws(RedisError) -> RedisErrorConsequence {
        .keep
    }
}
