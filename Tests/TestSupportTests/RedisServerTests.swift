import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RedisServerTests {
    @Test func `commands of every kind of reply go both ways`() async throws {
        try await withRedis { server in
            #expect(try server.command("SET", "text", "grün\r\n") == .status("OK"))
            #expect(try server.command("GET", "text").string == "grün\r\n")
            #expect(try server.command("GET", "absent") == .null)
            #expect(try server.command("RPUSH", "list", [0, 255] as [UInt8], 7) == .integer(2))
            #expect(try server.command("LRANGE", "list", 0, -1) == .array([.bulk([0, 255]), .bulk([55])]))
            try server.command("HSET", "hash", "a", "1", "b", "")
            #expect(try server.command("HGETALL", "hash").textFields == ["a": "1", "b": ""])
            try server.command("ZADD", "set", 1.5, "member")
            #expect(try server.command("ZSCORE", "set", "member").double == 1.5)
            let error = #expect(throws: SupportError.self) { try server.command("LLEN", "text") }
            #expect(error?.description.hasPrefix("LLEN: WRONGTYPE") == true)
        }
    }

    @Test func `a pipeline returns all answers in order`() async throws {
        try await withRedis { server in
            let replies = try server.pipeline((0..<1_201).map { ["ECHO", $0] })
            #expect(replies.map(\.integer) == Array(0..<1_201))
        }
    }

    @Test func `the server listens on its socket and on loopback only`() async throws {
        try await withRedis(.init(password: "secret word")) { server async throws in
            #expect(try server.command("CONFIG", "GET", "bind").strings == ["bind", "127.0.0.1"])
            #expect(try server.command("CONFIG", "GET", "port").strings == ["port", "\(server.port)"])
            #expect(FileManager.default.fileExists(atPath: server.socketPath))
            #expect(throws: SupportError.self) {
                try ServerConnection(socketPath: server.socketPath).command("GET", "a")
            }
        }
    }

    @Test func `two servers run side by side`() async throws {
        try await withRedis { first in
            try await withRedis { second in
                try first.command("SET", "key", "first")
                #expect(try second.command("EXISTS", "key") == .integer(0))
            }
        }
    }

    @Test func `a restart keeps port and appended data`() async throws {
        try await withRedis(.init(appendOnly: true)) { server in
            let (port, pid) = (server.port, server.pid)
            try server.command("SET", "kept", "yes")
            await server.kill()
            #expect(throws: SupportError.self) { try server.command("PING") }
            try await server.restart()
            #expect(try server.command("GET", "kept").string == "yes")
            #expect(server.port == port)
            #expect(server.pid != pid)
        }
    }

    @Test func `without persistence a restart is empty`() async throws {
        try await withRedis { server in
            try server.command("SET", "lost", "yes")
            try await server.restart()
            #expect(try server.command("GET", "lost") == .null)
        }
    }

    @Test func `a paused server answers after it is resumed`() async throws {
        try await withRedis { server in
            server.pause()
            let answer = Task.detached { try server.connect().command("PING") }
            server.resume()
            let reply = try await answer.value
            #expect(reply == .status("PONG"))
        }
    }

    @Test func `the server is gone when the body throws`() async throws {
        struct Thrown: Error {}
        let seen = Observed<RedisServer?>(nil)
        await #expect(throws: Thrown.self) {
            try await withRedis { server in
                seen.update { $0 = server }
                throw Thrown()
            }
        }
        let server = try #require(seen.current)
        #expect(server.pid == nil)
        #expect(!FileManager.default.fileExists(atPath: server.directory.path))
    }

    @Test func `a wrong configuration is an error with the server's words`() async throws {
        let error = await #expect(throws: SupportError.self) {
            try await withRedis(.init(lines: ["no-such-directive 1"])) { _ in }
        }
        #expect(error?.description.contains("no-such-directive") == true)
    }
}
