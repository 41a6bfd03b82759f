import RQWire
import RedisBridge
import RedisCron
import TestSupport
import Testing

/// What RQ's own keys say of workers.
@Suite(.timeLimit(.minutes(1)))
struct WorkerSurveyTests {
    /// Findings about workers, of a server with one definition for the queue `q`.
    private func findings(
        prefix: String = "rq", user: String? = nil, _ prepare: (RedisServer) throws -> Void
    ) async throws -> [Finding] {
        try await withRedis { server in
            try prepare(server)
            let url = try RedisURL(user.map { "redis://\($0)@127.0.0.1:\(server.port)/0" } ?? server.url)
            let connection = try RedisCronConnection(url: url, keyPrefix: prefix)
            let scheduler = try RedisCronScheduler(connection: connection, options: .init())
            try await scheduler.register(functionName: "m.f", queueName: "q", id: "a", cron: "@daily")
            let findings = try await scheduler.connection.diagnose().filter { [.worker, .access].contains($0.check) }
            await connection.close()
            return findings
        }
    }

    @Test func `a queue whose only worker was killed is a warning that names it`() async throws {
        let found = try await findings { try $0.command("SADD", "rq:workers:q", "rq:worker:host.7") }
        #expect(found.map(\.subject) == ["q"])
        #expect(found.map(\.severity) == [.warning])
        #expect(found.first?.message.contains("the last one, 'host.7', was killed") == true)
    }

    @Test(arguments: [(nil, "until rq resume"), (900, "until rq resume, or for 8")])
    func `suspended workers are a warning, with the time that is left`(seconds: Int?, text: String) async throws {
        let found = try await findings { server in
            try server.command("SET", "rq:suspended", 1)
            if let seconds { try server.command("EXPIRE", "rq:suspended", seconds) }
            try server.command("SADD", "rq:workers:q", "rq:worker:w")
            try server.command("HSET", "rq:worker:w", "queues", "q")
        }
        #expect(found.map(\.subject) == ["rq:suspended"])
        #expect(found.map(\.severity) == [.warning])
        #expect(found.first?.message.contains(text) == true, "\(found)")
    }

    @Test func `a key prefix that no worker uses is a warning, where workers use rq`() async throws {
        func lives(_ prefix: String, _ server: RedisServer) throws {
            try server.command("SADD", "\(prefix):workers", "\(prefix):worker:w")
            try server.command("HSET", "\(prefix):worker:w", "queues", "q")
        }
        let unused = try await findings(prefix: "app") { try lives("rq", $0) }
        #expect(Set(unused.compactMap(\.subject)) == ["q", "app"])
        #expect(unused.contains { $0.message.contains("RQ reads RQ_KEY_PREFIX from version 3 on") })
        let both = try await findings(prefix: "app") { server in
            try lives("rq", server)
            try lives("app", server)
        }
        #expect(both.map(\.subject) == ["q"])
        let nobody = try await findings(prefix: "app") { try $0.command("SADD", "rq:workers", "rq:worker:dead") }
        #expect(nobody.map(\.subject) == ["q"])
        let usual = try await findings { try lives("rq", $0) }
        #expect(usual.map(\.subject) == ["q"])
    }

    @Test func `a user who may not read the sets of workers is told that nobody looked`() async throws {
        let found = try await findings(user: "few:word") { server in
            try server.command("ACL", "SETUSER", "few", "on", ">word", "~*", "&*", "+@all", "-smembers")
            try server.command("SADD", "rq:workers:q", "rq:worker:dead")
        }
        #expect(found.map(\.check) == [.access])
        #expect(found.map(\.subject) == ["SMEMBERS"])
        // Nor does another prefix's set, which a user of one prefix alone may not read, end the look.
        let apart = try await findings(prefix: "app", user: "few:word") { server in
            try server.command("ACL", "SETUSER", "few", "on", ">word", "~app:*", "&*", "+@all")
            try server.command("SADD", "rq:workers", "rq:worker:w")
        }
        #expect(apart.map(\.subject) == ["q"])
    }
}
