import TestSupport
import Testing

@testable import RedisBridge

@Suite(.timeLimit(.minutes(2))) struct MalformedReplyTests {
    /// A connection to a server that runs the test's script on each connection.
    static func withServer(
        _ serve: @escaping @Sendable (FakeServer.Peer) -> Void, _ body: (RedisConnection) async throws -> Void
    ) async throws {
        let server = try FakeServer(serve)
        defer { server.stop() }
        let connection = try await RedisConnection.connect(to: .unix(path: server.socketPath), on: RedisEventLoop())
        try await body(connection)
        await connection.close()
    }

    @Test func `a reply that comes byte by byte arrives whole`() async throws {
        try await Self.withServer { peer in
            peer.read(until: "PING\r\n")
            for byte in "*3\r\n$5\r\nhello\r\n:-42\r\n*1\r\n$-1\r\n".utf8 { peer.write([byte]) }
            peer.stall()
        } _: { connection in
            let reply = try await connection.send(RedisCommand("PING"))
            #expect(reply == .array([.bytes(Array("hello".utf8)), .integer(-42), .array([.null])]))
        }
    }

    @Test func `malformed bytes end the connection, after the replies before them were delivered`() async throws {
        try await Self.withServer { peer in
            peer.read(until: "LAST\r\n")
            peer.write("+first\r\nHTTP/1.1 400 Bad Request\r\n\r\n")
            peer.stall()
        } _: { connection in
            async let first = connection.send(RedisCommand("ECHO", "FIRST"))
            async let second = connection.send(RedisCommand("ECHO", "LAST"))
            let results = [try? await first, try? await second]
            #expect(results.compactMap { $0 } == [.status("first")])
            let error = try await #require(throws: RedisError.self) {
                try await connection.send(RedisCommand("PING"))
            }
            #expect(error.code == .closed)
            #expect(await connection.endReason?.code == .malformedReply)
        }
    }

    @Test func `commands behind the one on which the server hangs up fail for the same reason`() async throws {
        let command = RedisCommand("ECHO", "x")
        try await Self.withServer { peer in
            peer.read(atLeast: 2 * command.byteCount)
            peer.write("-ERR Protocol error: unauthenticated multibulk length\r\n")
        } _: { connection in
            let sent = (0..<2).map { _ in Task { try await connection.send(command) } }
            var errors: [RedisError] = []
            for task in sent { errors.append(try await #require(throws: RedisError.self) { _ = try await task.value }) }
            #expect(errors.map(\.prefix) == [.noAuth, .noAuth])
            #expect(Set(errors.map(\.fate)) == [.refused, .unknown])
        }
    }

    @Test func `a hang-up in the middle of a reply is a lost connection, and the fate of the command is unknown`()
        async throws
    {
        try await Self.withServer { peer in
            peer.read(until: "PING\r\n")
            peer.write("$100\r\nhalf of it")
        } _: { connection in
            let error = try await #require(throws: RedisError.self) {
                try await connection.send(RedisCommand("PING"))
            }
            #expect(error.code == .connectionLost)
            #expect(error.fate == .unknown)
        }
    }

    @Test func `replies that came before a hang-up are delivered`() async throws {
        try await Self.withServer { peer in
            peer.read(until: "PING\r\n")
            peer.write("+one\r\n+two\r\n")
        } _: { connection in
            let replies = try? await connection.pipeline([RedisCommand("ECHO", 1), RedisCommand("PING")])
            #expect(replies == [.status("one"), .status("two")])
        }
    }

    @Test func `an unsolicited reply ends the connection`() async throws {
        try await Self.withServer { peer in
            peer.read(until: "PING\r\n")
            peer.write("+PONG\r\n+surprise\r\n")
            peer.stall()
        } _: { connection in
            _ = try? await connection.send(RedisCommand("PING"))
            try await eventually("the end of the connection") { await !connection.isOpen }
            #expect(await connection.endReason?.code == .malformedReply)
        }
    }

    @Test func `the reason that a server gives before it hangs up is the reason of the end`() async throws {
        let server = try FakeServer { peer in
            peer.write("-ERR max number of clients reached\r\n")
        }
        defer { server.stop() }
        var options = RedisConnectionOptions()
        options.clientName = "test"
        for _ in 0..<100 {
            let error = try await #require(throws: RedisError.self) {
                let connection = try await RedisConnection.connect(
                    to: .unix(path: server.socketPath), options: options, on: RedisEventLoop())
                _ = try await connection.send(RedisCommand("PING"))
            }
            #expect(error.reason.contains("max number of clients"))
        }
    }

    enum Oddity: String, CaseIterable {
        case hugeArray = "*2147483647\r\n"
        case negativeArray = "*-2\r\n"
        case negativeLength = "$-5\r\n"
        case lengthBeyond64Bits = "$99999999999999999999\r\n"
        case noNumber = ":12x\r\n"
        case shortOfABillion = "*1000000000\r\n:1\r\n"
        case tooLong = "$3\r\nabcd"
        case zeros = "\0\0\0\0"
        case verbatim = "=15\r\ntxt:Some string\r\n"
        case deepNesting = "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"
    }

    @Test(arguments: Oddity.allCases)
    func `replies that no server sends neither crash nor hang`(_ oddity: Oddity) async throws {
        try await Self.withServer { peer in
            peer.read(until: "PING\r\n")
            peer.write(oddity == .deepNesting ? String(repeating: oddity.rawValue, count: 500) : oddity.rawValue)
        } _: { connection in
            // Some of the bytes begin a reply; the hang-up ends it.
            _ = try? await connection.send(RedisCommand("PING"))
            try await eventually("the end of the connection") { await !connection.isOpen }
        }
    }

    @Test(arguments: [Oddity.hugeArray, .shortOfABillion])
    func `a list that announces impossibly many elements is malformed and takes no memory`(_ oddity: Oddity)
        async throws
    {
        try await Self.withServer { peer in
            peer.read(until: "PING\r\n")
            peer.write(oddity.rawValue)
            peer.stall()
        } _: { connection in
            _ = try? await connection.send(RedisCommand("PING"))
            try await eventually("the end of the connection") { await !connection.isOpen }
            let reason = await connection.endReason
            #expect(reason?.code == .malformedReply)
            #expect(reason?.reason.contains("more than 16777216 elements") == true)
        }
    }

    @Test(.seeded) func `a thousand replies of random bytes neither crash nor hang`() async throws {
        let generator = Observed(SeededGenerator.ofTest())
        let server = try FakeServer { peer in
            peer.read(until: "PING\r\n")
            let bytes: [UInt8] = generator.update { generator in
                let alphabet = Array("*$:+-\r\n0123456789_,#!=%~>(".utf8)
                return (0..<Int.random(in: 1...40, using: &generator)).map { _ in
                    Bool.random(using: &generator)
                        ? alphabet.randomElement(using: &generator) ?? 0 : UInt8.random(in: 0...255, using: &generator)
                }
            }
            peer.write(bytes)
        }
        defer { server.stop() }
        let loop = try RedisEventLoop()
        for _ in 0..<1000 {
            let connection = try await RedisConnection.connect(to: .unix(path: server.socketPath), on: loop)
            _ = try? await connection.pipeline([RedisCommand("ECHO", "x"), RedisCommand("PING")])
            await connection.close()
        }
        #expect(loop.isCurrent == false)
    }
}
