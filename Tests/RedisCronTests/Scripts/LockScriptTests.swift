import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

@Suite(.timeLimit(.minutes(1)))
struct LockScriptTests {
    private let lock = "rq:cron_jobs:lock"
    private let registry = "rq:cron_schedulers"
    private let hash = "rq:cron_scheduler:s"
    private let zone = "rq:cron_jobs:timezone"

    private func acquire(_ server: RedisServer, _ token: String, _ milliseconds: Int = 60_000) throws -> Int? {
        try server.run(CronScript.acquireLock, keys: [lock], [token, milliseconds]).integer
    }

    private func heartbeat(_ server: RedisServer, _ token: String, isFirst: Bool = false) throws -> Int? {
        try server.run(
            CronScript.heartbeat, keys: [lock, registry, hash, zone],
            [
                token, 90_000, "s", "1767225600.5", 120, isFirst ? "1" : "0", "Europe/Berlin", "name", "s",
                "created_at", "then",
            ]
        ).integer
    }

    private func release(_ server: RedisServer, _ token: String, createdAt: String = "then") throws -> Int? {
        try server.run(CronScript.release, keys: [lock, registry, hash], [token, "s", createdAt]).integer
    }

    @Test func `a free lock is taken with its TTL, a held one is not`() async throws {
        try await withRedis { server async throws in
            #expect(try acquire(server, "a:1") == 1)
            #expect(try server.command("GET", lock).string == "a:1")
            let life = try server.command("PTTL", lock).integer ?? 0
            #expect((1...60_000).contains(life))
            #expect(try acquire(server, "b:1") == 0)
            #expect(try server.command("GET", lock).string == "a:1")
        }
    }

    @Test func `asked for again under the same token it is extended`() async throws {
        try await withRedis { server async throws in
            #expect(try acquire(server, "a:1", 10_000) == 1)
            #expect(try acquire(server, "a:1", 60_000) == 1)
            #expect(try server.command("PTTL", lock).integer.map { $0 > 10_000 } == true)
        }
    }

    @Test func `a heartbeat extends our lock and renews our entry`() async throws {
        try await withRedis { server async throws in
            try server.command("SET", lock, "a:1", "PX", 1000)
            #expect(try heartbeat(server, "a:1", isFirst: true) == 1)
            #expect(try server.command("PTTL", lock).integer.map { $0 > 1000 } == true)
            #expect(try server.command("ZSCORE", registry, "s").string == "1767225600.5")
            #expect(try server.command("HGETALL", hash).textFields == ["name": "s", "created_at": "then"])
            #expect(try server.command("TTL", hash).integer.map { $0 > 100 } == true)
        }
    }

    @Test func `a heartbeat publishes the zone without an expiry, and release leaves it there`() async throws {
        try await withRedis { server async throws in
            #expect(try heartbeat(server, "a:1", isFirst: true) == 0)
            #expect(try server.command("EXISTS", zone).integer == 0)
            try server.command("SET", lock, "a:1", "PX", 60_000)
            #expect(try heartbeat(server, "a:1", isFirst: true) == 1)
            #expect(try server.command("GET", zone).string == "Europe/Berlin")
            #expect(try server.command("TTL", zone).integer == -1)
            // Whoever emptied Redis: the next beat puts it back.
            try server.command("DEL", zone)
            #expect(try heartbeat(server, "a:1") == 1)
            #expect(try release(server, "a:1") == 1)
            #expect(try server.command("GET", zone).string == "Europe/Berlin")
        }
    }

    @Test func `a heartbeat writes the hash anew when it has expired, and only then`() async throws {
        try await withRedis { server async throws in
            try server.command("SET", lock, "a:1", "PX", 60_000)
            _ = try heartbeat(server, "a:1", isFirst: true)
            try server.command("HSET", hash, "name", "changed")
            _ = try heartbeat(server, "a:1")
            #expect(try server.command("HGET", hash, "name").string == "changed")
            try server.command("DEL", hash)
            _ = try heartbeat(server, "a:1")
            #expect(try server.command("HGET", hash, "name").string == "s")
        }
    }

    @Test func `a heartbeat without the lock does nothing`() async throws {
        try await withRedis { server async throws in
            #expect(try heartbeat(server, "a:1") == 0)
            try server.command("SET", lock, "b:1", "PX", 60_000)
            let before = try server.dump().keys.sorted()
            #expect(try heartbeat(server, "a:1", isFirst: true) == 0)
            #expect(try server.dump().keys.sorted() == before)
        }
    }

    @Test func `release takes away lock and entry if they are ours`() async throws {
        try await withRedis { server async throws in
            try server.command("SET", lock, "a:1")
            _ = try heartbeat(server, "a:1", isFirst: true)
            #expect(try release(server, "a:1") == 1)
            #expect(try server.command("EXISTS", lock, registry).integer == 0)
        }
    }

    @Test func `release leaves another's lock and another's entry of the same name`() async throws {
        try await withRedis { server async throws in
            try server.command("SET", lock, "b:1")
            _ = try heartbeat(server, "b:1", isFirst: true)
            #expect(try release(server, "a:1", createdAt: "before") == 0)
            #expect(try server.command("GET", lock).string == "b:1")
            #expect(try server.command("ZCARD", registry).integer == 1)
        }
    }

    @Test func `a lock's key of another type is named`() async throws {
        try await withRedis { server async throws in
            try server.command("RPUSH", lock, "x")
            let error = #expect(throws: SupportError.self) { try acquire(server, "a:1") }
            #expect(error?.description.contains("WRONGTYPE \(lock) holds a list, not a string") == true)
            #expect(try server.command("LLEN", lock).integer == 1)
        }
    }

    @Test(arguments: ["rq:cron_schedulers", "rq:cron_scheduler:s"])
    func `a registry of another type stops a birth before it writes, and a leader not at all`(
        key: String
    ) async throws {
        try await withRedis { server async throws in
            try server.command("SET", lock, "a:1", "PX", 1000)
            try server.command("RPUSH", key, "x")
            let error = #expect(throws: SupportError.self) { try heartbeat(server, "a:1", isFirst: true) }
            #expect(error?.description.contains("WRONGTYPE \(key) holds a list") == true)
            #expect(try server.command("DBSIZE").integer == 2)
            #expect(try heartbeat(server, "a:1") == 1)
            #expect(try server.command("PTTL", lock).integer.map { $0 > 1000 } == true)
            #expect(try release(server, "a:1") == 1)
            #expect(try server.command("EXISTS", lock).integer == 0)
            #expect(try server.command("LLEN", key).integer == 1)
        }
    }
}
