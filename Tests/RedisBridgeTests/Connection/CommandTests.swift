import Dispatch
import TestSupport
import Testing

@testable import RedisBridge

@Suite(.timeLimit(.minutes(2))) struct CommandTests {
    /// The server and an open connection to its Unix socket.
    static func withConnection(
        _ configuration: RedisServer.Configuration = .init(), options: RedisConnectionOptions = .init(),
        _ body: (RedisServer, RedisConnection) async throws -> Void
    ) async throws {
        try await withRedis(configuration) { server in
            let loop = try RedisEventLoop()
            let connection = try await RedisConnection.connect(
                to: .unix(path: server.socketPath), options: options, on: loop)
            try await body(server, connection)
            await connection.close()
        }
    }

    @Test func `each type of reply keeps its type and value`() async throws {
        try await Self.withConnection { _, connection in
            #expect(try await connection.send(RedisCommand("PING")) == .status("PONG"))
            #expect(try await connection.send(RedisCommand("SET", "n", 41)) == .status("OK"))
            #expect(try await connection.send(RedisCommand("INCR", "n")) == .integer(42))
            #expect(try await connection.send(RedisCommand("GET", "n")) == .bytes(Array("42".utf8)))
            #expect(try await connection.send(RedisCommand("GET", "none")) == .null)
            #expect(try await connection.send(RedisCommand("LRANGE", "none", 0, -1)) == .array([]))
            let nested = try await connection.send(RedisCommand("EVAL", "return {1, {'two', {3}}, false}", 0))
            #expect(
                nested
                    == .array([.integer(1), .array([.bytes(Array("two".utf8)), .array([.integer(3)])]), .null]))
        }
    }

    @Test func `keys and values may contain any bytes`() async throws {
        try await Self.withConnection { _, connection in
            let bytes = (0...255).map { UInt8($0) } + Array("\r\n$3\r\n\0".utf8)
            _ = try await connection.send(RedisCommand("SET", "key\r\n\0", bytes))
            #expect(try await connection.send(RedisCommand("GET", "key\r\n\0")) == .bytes(bytes))
            #expect(try await connection.send(RedisCommand("ECHO", "")) == .bytes([]))
        }
    }

    @Test func `a server's error is thrown with its prefix, the command and the server`() async throws {
        try await Self.withConnection { server, connection in
            _ = try await connection.send(RedisCommand("SET", "text", "x"))
            let error = try await #require(throws: RedisError.self) {
                try await connection.send(RedisCommand("LPUSH", "text", "secret"))
            }
            #expect(error.code == .server)
            #expect(error.prefix == .wrongType)
            #expect(error.command == "LPUSH")
            #expect(error.fate == .refused)
            #expect(error.endpoint == server.socketPath)
            #expect(!error.description.contains("secret"))
            let unknown = try await #require(throws: RedisError.self) {
                try await connection.send(RedisCommand("NOSUCH"))
            }
            #expect(unknown.prefix == .err)
        }
    }

    @Test func `concurrent commands get their own replies`() async throws {
        try await Self.withConnection { _, connection in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<2000 {
                    group.addTask {
                        let reply = try await connection.send(RedisCommand("ECHO", number))
                        #expect(reply.string == String(number))
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `a pipeline returns one reply per command, with errors in their places`() async throws {
        try await Self.withConnection { _, connection in
            let replies = try await connection.pipeline([
                RedisCommand("SET", "a", "1"), RedisCommand("LPUSH", "a", "2"), RedisCommand("GET", "a"),
            ])
            #expect(replies.count == 3)
            #expect(replies[0] == .status("OK"))
            guard case .error(let error) = replies[1] else {
                Issue.record("no error: \(replies[1])")
                return
            }
            #expect(error.prefix == .wrongType)
            #expect(replies[2].string == "1")
            #expect(try await connection.pipeline([]) == [])
        }
    }

    @Test func `a reply of many megabytes arrives whole`() async throws {
        try await Self.withConnection { _, connection in
            let big = [UInt8](repeating: 0x78, count: 40 << 20)
            _ = try await connection.send(RedisCommand("SET", "big", big))
            let length = try await connection.send(RedisCommand("GET", "big")) { reply throws(RedisError) in
                reply.withBytes { $0?.count }
            }
            #expect(length == big.count)
            let many = try await connection.send(
                RedisCommand("EVAL", "local t = {} for i = 1, 100000 do t[i] = i end return t", 0))
            #expect(many.array?.count == 100_000)
            #expect(many.array?.last == .integer(100_000))
        }
    }

    @Test func `what is queued on the loop waits for a part of a long pipeline's replies, not for all`() async throws {
        let commands = (0..<1_000).map { _ in RedisCommand("GET", "big") }
        let text = String(repeating: "x", count: 1_024)
        let server = try FakeServer { peer in
            peer.read(atLeast: commands.reduce(0) { $0 + $1.byteCount })
            for _ in commands { peer.write("$1024\r\n\(text)\r\n") }
            peer.stall()
        }
        defer { server.stop() }
        let loop = try RedisEventLoop()
        let connection = try await RedisConnection.connect(to: .unix(path: server.socketPath), on: loop)
        let decoded = Guarded((count: 0, whenQueuedRan: 0))
        _ = try await connection.pipeline(commands, timeout: .seconds(30)) { index, reply throws(RedisError) in
            if index == 0 {
                let isQueued = DispatchSemaphore(value: 0)
                DispatchQueue.global().async {
                    loop.execute { decoded.withLock { $0.whenQueuedRan = $0.count } }
                    isQueued.signal()
                }
                isQueued.wait()
            }
            // Slower than the server writes, so that there is always more to read.
            _ = DispatchSemaphore(value: 0).wait(timeout: .now() + .microseconds(50))
            decoded.withLock { $0.count += 1 }
        }
        let (count, whenQueuedRan) = decoded.withLock { $0 }
        #expect(count == 1_000)
        #expect((1...200).contains(whenQueuedRan))
        await connection.close()
    }

    @Test func `a reply is decoded in place, on the loop's thread`() async throws {
        try await Self.withConnection { _, connection in
            _ = try await connection.send(RedisCommand("RPUSH", "list", "one", "two", "three"))
            let loop = connection.eventLoop
            let lengths = try await connection.send(RedisCommand("LRANGE", "list", 0, -1)) { reply throws(RedisError) in
                guard loop.isCurrent else { throw RedisError(.unexpectedReply, "elsewhere") }
                var lengths: [Int] = []
                reply.forEach { element in lengths.append(element.withBytes { $0?.count ?? -1 }) }
                return lengths
            }
            #expect(lengths == [3, 3, 5])
        }
    }

    @Test func `a command that would change what replies mean is refused`() async throws {
        try await Self.withConnection { _, connection in
            for command in [RedisCommand("SUBSCRIBE", "c"), RedisCommand("monitor"), RedisCommand("HELLO", 3)] {
                let error = try await #require(throws: RedisError.self) { try await connection.send(command) }
                #expect(error.code == .misuse)
                #expect(error.fate == .notSent)
            }
            #expect(try await connection.send(RedisCommand("SET", "s", "1")) == .status("OK"))
        }
    }
}
