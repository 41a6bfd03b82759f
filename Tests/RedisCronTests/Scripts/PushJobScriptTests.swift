import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

@Suite(.timeLimit(.minutes(1)))
struct PushJobScriptTests {
    private func push(_ server: RedisServer, ttl: String = "", logged: String = "") throws -> String? {
        try server.run(
            CronScript.pushJob, keys: ["rq:queues", "rq:queue:q", "rq:job:1", "rq:cron_job:a", "rq:cron_runs_log"],
            ["1", ttl, "", "", "", "", "", "0", "", "", "rq:pubsub:", logged, "0", "0", "status", "queued"]
        ).string
    }

    @Test func `a job is written, announced to its queue and pushed`() async throws {
        try await withRedis { server async throws in
            #expect(try push(server) == "+")
            #expect(try server.command("HGETALL", "rq:job:1").textFields == ["status": "queued"])
            #expect(try server.command("SMEMBERS", "rq:queues").strings == ["rq:queue:q"])
            #expect(try server.command("LRANGE", "rq:queue:q", 0, -1).strings == ["1"])
            #expect(try server.command("TTL", "rq:job:1").integer == -1)
        }
    }

    @Test func `a ttl lets the job expire`() async throws {
        try await withRedis { server async throws in
            #expect(try push(server, ttl: "60") == "+")
            #expect(try server.command("TTL", "rq:job:1").integer.map { (1...60).contains($0) } == true)
        }
    }

    @Test func `the definition remembers the job, unless it is gone or no hash`() async throws {
        try await withRedis { server async throws in
            #expect(try push(server) == "+")
            #expect(try server.command("EXISTS", "rq:cron_job:a").integer == 0)
            try server.command("SET", "rq:cron_job:a", "x")
            #expect(try push(server) == "+")
            try server.command("DEL", "rq:cron_job:a")
            try server.command("HSET", "rq:cron_job:a", "id", "a")
            #expect(try push(server) == "+")
            #expect(
                try server.command("HGETALL", "rq:cron_job:a").textFields == ["id": "a", "triggered_job": "1"])
            #expect(try server.command("LLEN", "rq:queue:q").integer == 3)
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
