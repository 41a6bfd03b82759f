import Cron
import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

/// What doctor finds by doing what a scheduler does.
@Suite(.timeLimit(.minutes(1))) struct CommandTrialTests {
    private static let usual: Set<Finding.Check> = [.lock, .persistence]

    private func findings(of server: RedisServer, as user: String? = nil) async throws -> [Finding] {
        try await withConnection(to: server, user: user) { connection in
            let scheduler = try RedisCronScheduler(connection: connection, options: .forTest())
            return try await scheduler.connection.diagnose().filter { !Self.usual.contains($0.check) }
        }
    }

    @Test(arguments: [
        (["CONFIG", "SET", "maxmemory", "1"], Finding.Check.writes), (["REPLICAOF", "127.0.0.1", "1"], .role),
        (["CONFIG", "SET", "min-replicas-to-write", "1"], .writes),
    ])
    func `a server that refuses writes is an error, and nothing is changed by finding out`(
        trouble: [String], check: Finding.Check
    ) async throws {
        try await withRedis { server in
            try server.command("ZADD", "rq:cron_jobs", "5000000000", "")
            try server.command("SET", "rq:cron_job:", "")
            let before = try server.dump()
            try server.command(trouble)
            let found = try await findings(of: server)
            #expect(found.first?.check == check)
            #expect(found.first?.severity == .error)
            #expect(try server.dump() == before)
        }
    }

    @Test func `a server in good order gives no finding, and no write is logged by it`() async throws {
        try await withRedis(RedisServer.Configuration(appendOnly: true)) { server in
            let before = try server.command("INFO", "persistence").string?.split(separator: "\r\n")
                .first { $0.hasPrefix("aof_current_size") }
            #expect(try await findings(of: server).isEmpty)
            let after = try server.command("INFO", "persistence").string?.split(separator: "\r\n")
                .first { $0.hasPrefix("aof_current_size") }
            #expect(before != nil && before == after)
        }
    }

    @Test(arguments: [
        "EVALSHA", "SCRIPT", "SCAN", "ZSCAN", "ZADD", "HSET", "PUBLISH", "EXPIRE", "SUBSCRIBE", "HGETALL", "TYPE",
    ])
    func `a command that the server does not know is an error that names it`(command: String) async throws {
        try await withRedis(RedisServer.Configuration(lines: ["rename-command \(command) \"\""])) { server in
            let found = try await findings(of: server)
            let named = found.filter { $0.check == .command }
            #expect(named.map(\.subject) == [command])
            #expect(!found.contains { $0.check == .writes })
            #expect(named.first?.message.contains("is needed for ") == true)
        }
    }

    @Test func `a server without RESTORE is in good order`() async throws {
        try await withRedis(RedisServer.Configuration(lines: ["rename-command RESTORE \"\""])) { server async throws in
            #expect(try await findings(of: server).isEmpty)
        }
    }

    @Test(arguments: [
        ("+@all -publish -rpush", Finding.Severity.warning, "RPUSH, PUBLISH"),
        ("+@all -@write", .notice, "but not write"),
        ("+@all -@scripting", .notice, "may not run scripts"),
    ])
    func `what the user may not do is told, and one who only looks is no alarm`(
        rights: String, severity: Finding.Severity, part: String
    ) async throws {
        try await withRedis(RedisServer.Configuration(lines: ["user one on nopass ~* &* \(rights)"])) { server in
            let found = try await findings(of: server, as: "one")
            #expect(found.map(\.check) == [.access])
            #expect(found.map(\.severity) == [severity])
            #expect(found.first?.message.contains(part) == true, "\(found)")
        }
    }

    @Test func `a sentinel is named as one`() async throws {
        try await withRedis(RedisServer.Configuration(isSentinel: true)) { sentinel in
            let connection = try RedisCronConnection(url: RedisURL(sentinel.url), defaultZone: .utc)
            let scheduler = try RedisCronScheduler(connection: connection, options: .forTest())
            let found = try await scheduler.connection.diagnose()
            #expect(found.map(\.check) == [.role])
            let error = try await #require(throws: RedisCronError.self) { try await scheduler.run() }
            let explained = await connection.explaining(error)
            #expect("\(explained)".contains("is a sentinel: name it as redis+sentinel://"), "\(explained)")
            await connection.close()
        }
    }
}
