import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

@Suite(.timeLimit(.minutes(1)))
struct SaveDefinitionScriptTests {
    private let keys = ["rq:cron_job:a", "rq:cron_jobs", "rq:cron_jobs:last_update", "rq:cron_jobs:deletions"]

    private func save(
        _ server: RedisServer, mode: String = "create", expectedNext: String = "*", place: String = "100",
        ifMissing: String = "100", deletion: String = "", version: String = "*", removing removed: [String] = [],
        fields: [String] = ["id", "a", "enabled", "1"]
    ) throws -> Int? {
        let arguments = [
            "a", mode, expectedNext, place, ifMissing, "rq:cron_jobs:events", "message", "9.5", deletion, version, "2",
            "timezone", "later", String(removed.count),
        ]
        return try server.run(CronScript.saveDefinition, keys: keys, arguments + removed + fields).integer
    }

    private func delete(_ server: RedisServer, version: String? = nil) throws -> Int? {
        try server.run(
            CronScript.deleteDefinition, keys: keys + ["rq:cron_job:a:jobs"] + RunKeys.deletion(of: "a"),
            ["a", "rq:cron_jobs:events", "message", "9.5", #"[["a","#] + (version.map { [$0] } ?? [])
        ).integer
    }

    private func score(_ server: RedisServer) throws -> String? {
        try server.command("ZSCORE", "rq:cron_jobs", "a").string
    }

    @Test func `hash, index, marker and event are one step`() async throws {
        try await withRedis { server async throws in
            let listener = try server.connect()
            try listener.command("SUBSCRIBE", "rq:cron_jobs:events")
            #expect(try save(server) == 1)
            #expect(try server.command("HGETALL", "rq:cron_job:a").textFields == ["id": "a", "enabled": "1"])
            #expect(try score(server) == "100")
            #expect(try server.command("GET", "rq:cron_jobs:last_update").string == "9.5")
            #expect(try listener.readReply().strings == ["message", "rq:cron_jobs:events", "message"])
        }
    }

    @Test func `fields of others are kept, those of ours that the new definition lacks are not`() async throws {
        try await withRedis { server async throws in
            try server.command(
                "HSET", "rq:cron_job:a", "note", "kept", "timezone", "Europe/Berlin", "args", "[1]", "later", "x")
            #expect(try save(server, fields: ["id", "a", "enabled", "1", "args", "[2]"]) == 1)
            let fields = try server.command("HGETALL", "rq:cron_job:a").textFields
            #expect(fields == ["note": "kept", "args": "[2]", "id": "a", "enabled": "1"])
            #expect(try save(server, fields: ["id", "a", "enabled", "1", "timezone", "UTC"]) == 1)
            #expect(try server.command("HGET", "rq:cron_job:a", "timezone").string == "UTC")
            #expect(try save(server, mode: "edit", fields: ["id", "a"]) == 1)
            #expect(try server.command("HGET", "rq:cron_job:a", "timezone").string == "UTC")
        }
    }

    @Test func `an edit of what was deleted does not bring it back`() async throws {
        try await withRedis { server async throws in
            #expect(try save(server, mode: "edit") == 0)
            #expect(try server.dump().isEmpty)
        }
    }

    @Test func `a new definition does not overwrite another`() async throws {
        try await withRedis { server async throws in
            #expect(try save(server, mode: "new") == 1)
            let before = try server.dump()
            #expect(try save(server, mode: "new", fields: ["id", "b"]) == -1)
            #expect(try server.dump() == before)
        }
    }

    @Test func `an edit that depends on the next time fails when that has moved`() async throws {
        try await withRedis { server async throws in
            #expect(try save(server, fields: ["id", "a", "enabled", "1", "next_enqueue_time", "then"]) == 1)
            #expect(try save(server, mode: "edit", expectedNext: "then", place: "200", fields: ["args", "[]"]) == 1)
            #expect(try score(server) == "200")
            #expect(try save(server, mode: "edit", expectedNext: "now", place: "300", fields: ["args", "[]"]) == -1)
            #expect(try save(server, mode: "edit", expectedNext: "", place: "300", fields: ["args", "[]"]) == -1)
            #expect(try score(server) == "200")
            try server.command("HDEL", "rq:cron_job:a", "next_enqueue_time")
            #expect(try save(server, mode: "edit", expectedNext: "", place: "300", fields: ["args", "[]"]) == 1)
        }
    }

    @Test func `an edit and a deletion that are meant for one version fail when there is another`() async throws {
        try await withRedis { server async throws in
            let fields = ["id", "a", "enabled", "1", "updated_at", "then"]
            #expect(try save(server, version: "then", fields: fields) == 1)
            #expect(try save(server, mode: "edit", version: "then", fields: ["args", "[]", "updated_at", "now"]) == 1)
            let before = try server.dump()
            #expect(try save(server, mode: "edit", version: "then", fields: ["args", "[1]"]) == -1)
            #expect(try save(server, version: "", fields: fields) == -1)
            #expect(try delete(server, version: "then") == -1)
            #expect(try delete(server, version: "") == -1)
            #expect(try server.dump() == before)
            try server.command("HDEL", "rq:cron_job:a", "updated_at")
            #expect(try save(server, mode: "edit", version: "", fields: ["args", "[]", "updated_at", "now"]) == 1)
            #expect(try delete(server, version: "now") == 1)
            #expect(try delete(server, version: "now") == 0)
        }
    }

    @Test func `an entry is kept, added where it is missing, or put nowhere`() async throws {
        try await withRedis { server async throws in
            #expect(try save(server) == 1)
            #expect(try save(server, mode: "edit", place: "", ifMissing: "555", fields: ["args", "[]"]) == 1)
            #expect(try score(server) == "100")
            try server.command("ZREM", "rq:cron_jobs", "a")
            #expect(try save(server, mode: "edit", place: "", ifMissing: "", fields: ["args", "[]"]) == 1)
            #expect(try score(server) == nil)
            #expect(try save(server, mode: "edit", place: "", ifMissing: "555", fields: ["args", "[]"]) == 1)
            #expect(try score(server) == "555")
            #expect(try save(server, mode: "edit", place: "over", fields: ["args", "[]"]) == 1)
            #expect(try score(server) == nil)
        }
    }

    @Test func `a definition that stands disabled stays out of the index, whoever disabled it`() async throws {
        try await withRedis { server async throws in
            #expect(try save(server, fields: ["id", "a", "enabled", "0"]) == 1)
            #expect(try score(server) == nil)
            #expect(try save(server, mode: "edit", fields: ["args", "[]"]) == 1)
            #expect(try score(server) == nil)
            #expect(try save(server, mode: "edit", fields: ["enabled", "1"]) == 1)
            #expect(try score(server) == "100")
        }
    }

    @Test func `a time of deletion is written, kept and taken back, and goes with the definition`() async throws {
        try await withRedis { server async throws in
            func deletion() throws -> String? { try server.command("ZSCORE", "rq:cron_jobs:deletions", "a").string }
            #expect(try save(server, deletion: "500") == 1)
            #expect(try deletion() == "500")
            #expect(try save(server, mode: "edit", deletion: "*", fields: ["args", "[]"]) == 1)
            #expect(try deletion() == "500")
            #expect(try save(server, mode: "edit", deletion: "", fields: ["args", "[]"]) == 1)
            #expect(try deletion() == nil)
            #expect(try save(server, mode: "edit", deletion: "600", fields: ["args", "[]"]) == 1)
            #expect(try delete(server) == 1)
            #expect(try server.command("EXISTS", "rq:cron_jobs:deletions").integer == 0)
        }
    }

    @Test(arguments: ["create", "edit"]) func `fields are removed in every mode`(mode: String) async throws {
        try await withRedis { server async throws in
            try server.command("HSET", "rq:cron_job:a", "paused_at", "then", "pause_note", "why", "note", "kept")
            let removed = ["paused_at", "pause_note", "paused_until"]
            #expect(try save(server, mode: mode, removing: removed, fields: ["enabled", "1"]) == 1)
            let fields = try server.command("HGETALL", "rq:cron_job:a").textFields
            #expect(fields == ["note": "kept", "enabled": "1"])
        }
    }

    @Test(arguments: [
        "rq:cron_job:a", "rq:cron_jobs", "rq:cron_jobs:last_update", "rq:cron_jobs:deletions",
    ])
    func `a key of another type is named, and nothing is written`(key: String) async throws {
        try await withRedis { server async throws in
            try server.command("RPUSH", key, "x")
            let before = try server.dump()
            let error = #expect(throws: SupportError.self) { try save(server) }
            #expect(error?.description.contains("WRONGTYPE") == true)
            #expect(try server.dump() == before)
        }
    }

    @Test(arguments: ["hset", "hdel", "zadd", "zrem", "set", "publish"])
    func `a right that is missing stops a save before it writes anything`(command: String) async throws {
        try await withRedis { server async throws in
            #expect(try save(server) == 1)
            try server.command("ACL", "SETUSER", "default", "-\(command)")
            let before = try server.dump()
            #expect(throws: SupportError.self) { try save(server, fields: ["id", "a", "enabled", "0"]) }
            #expect(try server.dump() == before)
        }
    }

    @Test func `a deletion takes hash and entry and is announced`() async throws {
        try await withRedis { server async throws in
            #expect(try save(server) == 1)
            let listener = try server.connect()
            try listener.command("SUBSCRIBE", "rq:cron_jobs:events")
            #expect(try delete(server) == 1)
            #expect(try server.command("EXISTS", "rq:cron_job:a", "rq:cron_jobs").integer == 0)
            #expect(try listener.readReply().strings.last == "message")
        }
    }

    @Test func `deleting what is no definition changes nothing, not even RQ's entry of that name`() async throws {
        try await withRedis { server async throws in
            try server.command("ZADD", "rq:cron_jobs", 1, "a")
            let before = try server.dump()
            #expect(try delete(server) == 0)
            #expect(try server.dump() == before)
            try server.command("SET", "rq:cron_job:a", "no hash")
            #expect(try delete(server) == 0)
            #expect(try server.command("EXISTS", "rq:cron_job:a").integer == 1)
        }
    }
}
