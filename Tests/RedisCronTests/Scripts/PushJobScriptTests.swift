import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

@Suite(.timeLimit(.minutes(1)))
struct PushJobScriptTests {
    private func push(_ server: RedisServer, ttl: String = "") throws -> Int? {
        try server.run(
            CronScript.pushJob, keys: ["rq:queues", "rq:queue:q", "rq:job:1"], ["1", ttl, "status", "queued"]
        ).integer
    }

    @Test func `a job is written, announced to its queue and pushed`() async throws {
        try await withRedis { server async throws in
            #expect(try push(server) == 1)
            #expect(try server.command("HGETALL", "rq:job:1").textFields == ["status": "queued"])
            #expect(try server.command("SMEMBERS", "rq:queues").strings == ["rq:queue:q"])
            #expect(try server.command("LRANGE", "rq:queue:q", 0, -1).strings == ["1"])
            #expect(try server.command("TTL", "rq:job:1").integer == -1)
        }
    }

    @Test func `a ttl lets the job expire`() async throws {
        try await withRedis { server async throws in
            #expect(try push(server, ttl: "60") == 1)
            #expect(try server.command("TTL", "rq:job:1").integer.map { (1...60).contains($0) } == true)
        }
    }

    @Test(arguments: ["rq:queues", "rq:queue:q"])
    func `a key of another type is named, and nothing is written`(key: String) async throws {
        try await withRedis { server async throws in
            try server.command("SET", key, "x")
            let before = try server.dump()
            let error = #expect(throws: SupportError.self) { try push(server) }
            #expect(error?.description.contains(key) == true)
            #expect(try server.dump() == before)
        }
    }
}
