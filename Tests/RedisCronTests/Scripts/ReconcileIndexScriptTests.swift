import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

@Suite(.timeLimit(.minutes(1)))
struct ReconcileIndexScriptTests {
    private struct Entry {
        var id: String
        var score = "100"
        var place = ""
        var next = ""
        var version = "*"
    }

    private func reconcile(_ server: RedisServer, _ entries: [Entry], token: String = "") throws -> String? {
        let keys: [any CommandPart] =
            ["rq:cron_jobs:lock", "rq:cron_jobs"] + entries.map { "rq:cron_job:\($0.id)" }
            + entries.map { "rq:cron_job:\($0.id):jobs" }
        var arguments: [any CommandPart] = [token, "rq:cron_job:", entries.count]
        for entry in entries { arguments += [entry.score, entry.place, entry.next, entry.version] }
        return try server.run(CronScript.reconcileIndex, keys: keys, arguments).string
    }

    private func define(_ server: RedisServer, _ id: String, enabled: String = "1") throws {
        try server.command("HSET", "rq:cron_job:\(id)", "id", id, "enabled", enabled, "updated_at", "v1")
        try server.command("ZADD", "rq:cron_jobs", 100, id)
    }

    private func index(_ server: RedisServer) throws -> [String] {
        try server.command("ZRANGE", "rq:cron_jobs", 0, -1, "WITHSCORES").strings
    }

    @Test func `what stands for nothing is pruned, RQ's own name is not`() async throws {
        try await withRedis { server async throws in
            try server.command("ZADD", "rq:cron_jobs", 100, "orphan", 100, "rqs")
            try server.command("ZADD", "rq:cron_job:rqs:jobs", 1, "x")
            #expect(try reconcile(server, [Entry(id: "orphan"), Entry(id: "rqs")]) == "pf")
            #expect(try index(server) == ["rqs", "100"])
        }
    }

    @Test(arguments: ["0", "00", " 0"])
    func `a disabled definition is taken out, however its 0 is written`(enabled: String) async throws {
        try await withRedis { server async throws in
            try define(server, "a", enabled: enabled)
            #expect(try reconcile(server, [Entry(id: "a", place: "400")]) == "d")
            #expect(try index(server).isEmpty)
        }
    }

    @Test func `an entry is moved, with the time in its hash where that is said`() async throws {
        try await withRedis { server async throws in
            try define(server, "a")
            try define(server, "b")
            let entries = [
                Entry(id: "a", place: "400", next: "then", version: "v1"), Entry(id: "b", place: "500"),
            ]
            #expect(try reconcile(server, entries) == "rr")
            #expect(try index(server) == ["a", "400", "b", "500"])
            #expect(try server.command("HGET", "rq:cron_job:a", "next_enqueue_time").string == "then")
            #expect(try server.command("HGET", "rq:cron_job:b", "next_enqueue_time") == .null)
        }
    }

    @Test func `a schedule that is over is taken out`() async throws {
        try await withRedis { server async throws in
            try define(server, "a")
            #expect(try reconcile(server, [Entry(id: "a", place: "over", version: "v1")]) == "o")
            #expect(try index(server).isEmpty)
            #expect(try server.command("EXISTS", "rq:cron_job:a").integer == 1)
        }
    }

    @Test func `what changed since it was read is left alone`() async throws {
        try await withRedis { server async throws in
            try define(server, "moved")
            try define(server, "edited")
            try define(server, "fine")
            try server.command("ZADD", "rq:cron_jobs", 7, "moved")
            let entries = [
                Entry(id: "moved", place: "400"), Entry(id: "edited", place: "over", version: "v0"), Entry(id: "fine"),
                Entry(id: "absent"),
            ]
            let before = try server.dump()
            #expect(try reconcile(server, entries) == "----")
            #expect(try server.dump() == before)
        }
    }

    @Test func `a key that holds no hash is left alone`() async throws {
        try await withRedis { server async throws in
            try server.command("SET", "rq:cron_job:a", "x")
            try server.command("ZADD", "rq:cron_jobs", 100, "a")
            #expect(try reconcile(server, [Entry(id: "a")]) == "-")
        }
    }

    @Test func `who must lead and does not changes nothing`() async throws {
        try await withRedis { server async throws in
            try server.command("ZADD", "rq:cron_jobs", 100, "orphan")
            try server.command("SET", "rq:cron_jobs:lock", "other")
            #expect(try reconcile(server, [Entry(id: "orphan")], token: "t") == "L")
            #expect(try index(server).count == 2)
            #expect(try reconcile(server, [Entry(id: "orphan")], token: "other") == "p")
        }
    }
}
