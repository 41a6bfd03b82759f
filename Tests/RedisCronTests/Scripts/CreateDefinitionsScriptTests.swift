import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

@Suite(.timeLimit(.minutes(1)))
struct CreateDefinitionsScriptTests {
    private struct New {
        let id: String
        var score = "100"
        var deletion = ""
        var fields = ["enabled", "1"]
    }

    private func create(_ server: RedisServer, _ new: [New]) throws -> ServerReply {
        let keys = ["rq:cron_jobs", "rq:cron_jobs:last_update", "rq:cron_jobs:deletions"]
        let arguments = new.flatMap { new in
            [new.id, "made \(new.id)", new.score, new.deletion, String(new.fields.count + 2), "id", new.id] + new.fields
        }
        return try server.run(
            CronScript.createDefinitions, keys: keys + new.map { "rq:cron_job:\($0.id)" },
            ["rq:cron_jobs:events", "9.5", String(new.count)] + arguments)
    }

    @Test func `hashes, index, marker and events are one step`() async throws {
        try await withRedis { server async throws in
            let listener = try server.connect()
            try listener.command("SUBSCRIBE", "rq:cron_jobs:events")
            try server.command("ZADD", "rq:cron_jobs", 5, "off")
            try server.command("ZADD", "rq:cron_jobs:deletions", 5, "a")
            let reply = try create(
                server,
                [
                    New(id: "a", fields: ["enabled", "1", "note", "x"]),
                    New(id: "off", score: "", fields: ["enabled", "0"]),
                    New(id: "over", score: "", deletion: "77"),
                ])
            #expect(reply.string == "+++")
            #expect(
                try server.command("HGETALL", "rq:cron_job:a").textFields == ["id": "a", "enabled": "1", "note": "x"])
            #expect(try server.command("HGET", "rq:cron_job:off", "enabled").string == "0")
            #expect(try server.command("ZRANGE", "rq:cron_jobs", 0, -1, "WITHSCORES").strings == ["a", "100"])
            #expect(
                try server.command("ZRANGE", "rq:cron_jobs:deletions", 0, -1, "WITHSCORES").strings == ["over", "77"])
            #expect(try server.command("GET", "rq:cron_jobs:last_update").string == "9.5")
            for id in ["a", "off", "over"] {
                #expect(try listener.readReply().strings == ["message", "rq:cron_jobs:events", "made \(id)"])
            }
        }
    }

    @Test func `what is there already is left alone, and nothing is announced of it`() async throws {
        try await withRedis { server async throws in
            try server.command("HSET", "rq:cron_job:a", "id", "a", "note", "mine")
            try server.command("SET", "rq:cron_job:b", "x")
            #expect(try create(server, [New(id: "a"), New(id: "b")]).string == "--")
            #expect(try server.command("GET", "rq:cron_jobs:last_update") == .null)
            #expect(try create(server, [New(id: "a"), New(id: "c"), New(id: "b")]).string == "-+-")
            #expect(try server.command("HGETALL", "rq:cron_job:a").textFields == ["id": "a", "note": "mine"])
            #expect(try server.command("ZRANGE", "rq:cron_jobs", 0, -1).strings == ["c"])
        }
    }

    @Test(arguments: ["rq:cron_jobs", "rq:cron_jobs:last_update", "rq:cron_jobs:deletions"])
    func `a key of another type stops it before anything is written`(key: String) async throws {
        try await withRedis { server async throws in
            try server.command("RPUSH", key, "x")
            #expect(throws: (any Error).self) { try create(server, [New(id: "a")]) }
            #expect(try server.command("EXISTS", "rq:cron_job:a").integer == 0)
        }
    }

    @Test func `a user who may not publish writes nothing`() async throws {
        try await withRedis { server async throws in
            try server.command("ACL", "SETUSER", "default", "-publish")
            #expect(throws: (any Error).self) { try create(server, [New(id: "a"), New(id: "b")]) }
            #expect(try server.command("DBSIZE").integer == 0)
        }
    }
}
