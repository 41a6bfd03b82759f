import TestSupport
import Testing

@testable import RedisCron

@Suite(.timeLimit(.minutes(1)))
struct DeleteFinishedScriptTests {
    private let keys = [
        "rq:cron_jobs:lock", "rq:cron_job:a", "rq:cron_jobs", "rq:cron_jobs:last_update", "rq:cron_jobs:deletions",
    ]

    private func delete(_ server: RedisServer, token: String = "t", score: String = "500") throws -> ServerReply {
        try server.run(
            CronScript.deleteFinished, keys: keys + ["rq:cron_job:a:jobs"] + RunKeys.deletion(of: "a"),
            [token, "a", score, "rq:cron_jobs:events", "message", "9.5", #"[["a","#])
    }

    private func prepare(
        _ server: RedisServer, next: String = GovernedBatch.never, deleteAfter: String = "60"
    ) throws {
        try server.command("SET", "rq:cron_jobs:lock", "t")
        try server.command(
            "HSET", "rq:cron_job:a", "id", "a", "next_enqueue_time", next, "delete_after", deleteAfter)
        try server.command("ZADD", "rq:cron_jobs", 9, "a")
        try server.command("ZADD", "rq:cron_jobs:deletions", 500, "a")
    }

    @Test func `a finished definition is deleted as an editor would delete it`() async throws {
        try await withRedis { server async throws in
            try prepare(server)
            let listener = try server.connect()
            try listener.command("SUBSCRIBE", "rq:cron_jobs:events")
            #expect(try delete(server).integer == 1)
            #expect(
                try server.command("KEYS", "rq:*").strings.sorted() == [
                    "rq:cron_jobs:last_update", "rq:cron_jobs:lock",
                ])
            #expect(try server.command("GET", "rq:cron_jobs:last_update").string == "9.5")
            #expect(try listener.readReply().strings == ["message", "rq:cron_jobs:events", "message"])
        }
    }

    @Test(arguments: [("2026-01-01T00:05:00.000000Z", "60"), (GovernedBatch.never, "")])
    func `one that is not finished any more, or not to be deleted, stays and is not looked at again`(
        next: String, deleteAfter: String
    ) async throws {
        try await withRedis { server async throws in
            try prepare(server, next: next, deleteAfter: deleteAfter)
            #expect(try delete(server).integer == 0)
            #expect(try server.indexScore() == "9")
            #expect(try server.command("EXISTS", "rq:cron_job:a").integer == 1)
            #expect(try server.deletionScore() == nil)
        }
    }

    @Test(arguments: ["DEL", "SET"])
    func `an entry without a definition is taken out`(command: String) async throws {
        try await withRedis { server async throws in
            try prepare(server)
            try server.command(["DEL", "rq:cron_job:a"])
            if command == "SET" { try server.command("SET", "rq:cron_job:a", "x") }
            #expect(try delete(server).integer == 0)
            #expect(try server.deletionScore() == nil)
            #expect(try server.command("EXISTS", "rq:cron_job:a").integer == (command == "SET" ? 1 : 0))
        }
    }

    @Test func `without our lock, or with another score, nothing happens`() async throws {
        try await withRedis { server async throws in
            try prepare(server)
            let before = try server.dump()
            #expect(try delete(server, token: "other").string == "L")
            #expect(try delete(server, score: "501").integer == -1)
            #expect(try server.dump() == before)
        }
    }

    @Test(arguments: ["rq:cron_jobs", "rq:cron_jobs:last_update", "rq:cron_jobs:deletions"])
    func `a key of another type is named, and nothing is written`(key: String) async throws {
        try await withRedis { server async throws in
            try prepare(server)
            try server.command("DEL", key)
            try server.command("RPUSH", key, "x")
            let before = try server.dump()
            let error = #expect(throws: SupportError.self) { try delete(server) }
            #expect(error?.description.contains(key) == true)
            #expect(try server.dump() == before)
        }
    }

    @Test(arguments: ["hmget", "del", "zrem", "set", "zscore", "publish"])
    func `a right that is missing stops it before it writes anything`(command: String) async throws {
        try await withRedis { server async throws in
            try prepare(server)
            try server.command("ACL", "SETUSER", "default", "-\(command)")
            let before = try server.dump()
            #expect(throws: SupportError.self) { try delete(server) }
            #expect(try server.dump() == before)
        }
    }
}
