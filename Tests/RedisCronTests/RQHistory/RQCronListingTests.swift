import Foundation
import RQWire
import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

/// The definitions in a scheduler's entry in RQ's registry.
@Suite(.timeLimit(.minutes(2)))
struct RQCronListingTests {
    private static let entry = "rq:cron_scheduler:s"

    /// A server with the entry of a scheduler that holds the lock with the token `t`.
    private func withListing(
        _ body: (RedisServer, RedisCronConnection, RQCronListing) async throws -> Void
    ) async throws {
        try await withRedis { server in
            try server.command("SET", "rq:cron_jobs:lock", "t")
            try server.command("HSET", Self.entry, "name", "s", "cron_jobs", "[]")
            try await withConnection(to: server) { connection in
                try await body(server, connection, RQCronListing(connection: connection, schedulerName: "s"))
            }
        }
    }

    private func define(_ server: RedisServer, _ hash: CronJobHash, at score: Int) throws {
        let fields = hash.encode().flatMap { field, value -> [any CommandPart] in [field.name, value] }
        try server.command(["HSET", "rq:cron_job:\(hash.id)"] + fields)
        try server.command("ZADD", "rq:cron_jobs", score, hash.id)
    }

    private func field(_ server: RedisServer) throws -> String? {
        try server.command("HGET", Self.entry, "cron_jobs").string
    }

    /// The names in the field, in their order.
    private func names(_ server: RedisServer) throws -> [String] {
        guard case .array(let jobs) = try JSONValue(parsing: field(server) ?? "") else { return [] }
        return jobs.compactMap { job in
            guard case .object(let job) = job, case .string(let name)? = job["name"] else { return nil }
            return name.text
        }
    }

    @Test func `those next due are listed, without what RQ keeps beside them and what cannot be used`() async throws {
        try await withListing { server, _, listing in
            for number in 0..<1_002 { try define(server, .example("\(number)"), at: 5_000 - number) }
            try define(server, .example("odd", cron: "0 9 15W * *"), at: 2)
            try define(server, .example("off") { $0.enabled = false }, at: 3)
            try server.command("ZADD", "rq:cron_jobs", 1, "rqs")
            try server.command("ZADD", "rq:cron_job:rqs:jobs", 1, "x")
            try server.command("HSET", "rq:cron_job:3", "interval", "x")
            try await listing.update(token: "t", now: .newYear)
            #expect(try names(server) == (5...1_001).reversed().map(String.init))
        }
    }

    @Test func `an interval that never ran has the time of its entry, unless Python wrote that`() async throws {
        try await withListing { server, _, listing in
            try define(server, .example("a"), at: 1_800_000_000)
            try define(server, .example("b"), at: 0)
            try await listing.update(token: "t", now: .newYear)
            let parts = try #require(try field(server)).components(separatedBy: "\"next_enqueue_time\":")
            #expect(parts.count == 3)
            #expect(parts.last?.hasPrefix("\"2027-01-15T08:00:00.000000Z\"") == true)
            #expect(parts[1].hasPrefix("null"))
        }
    }

    @Test func `they are read and written again only when something has changed`() async throws {
        try await withListing { server, _, listing in
            try define(server, .example("a"), at: 100)
            try await listing.update(token: "t", now: .newYear)
            let first = try #require(try field(server))
            // As long as the text itself, so that only whoever reads it sees it.
            let mark = String(repeating: "x", count: first.utf8.count)
            func isWrittenAgain(after change: () throws -> Void) async throws -> Bool {
                try server.command("HSET", Self.entry, "cron_jobs", mark)
                try change()
                try await listing.update(token: "t", now: .newYear)
                return try field(server) != mark
            }
            let unchanged = try await isWrittenAgain {}
            #expect(!unchanged)
            // A tick moved it.
            let moved = try await isWrittenAgain {
                try server.command("HSET", "rq:cron_job:a", "next_enqueue_time", "2026-01-01T00:05:00.000000Z")
                try server.command("ZADD", "rq:cron_jobs", 200, "a")
            }
            #expect(moved)
            #expect(try field(server)?.contains("2026-01-01T00:05:00.000000Z") == true)
            try server.command("HSET", "rq:cron_job:a", "queue_name", "other")
            try server.command("SET", "rq:cron_jobs:last_update", "7.5")
            try await listing.update(token: "t", now: .newYear)
            #expect(try field(server)?.contains("other") == true)
            // The entry expired, and a heartbeat wrote it anew.
            try server.command("HSET", Self.entry, "cron_jobs", "[]")
            try await listing.update(token: "t", now: .newYear)
            #expect(try names(server) == ["a"])
        }
    }

    @Test func `nothing is written without the lock, nor into an entry that is gone`() async throws {
        try await withListing { server, _, listing in
            try define(server, .example("a"), at: 100)
            try await listing.update(token: "another", now: .newYear)
            #expect(try field(server) == "[]")
            try server.command("DEL", Self.entry)
            try await listing.update(token: "t", now: .newYear)
            #expect(try server.command("EXISTS", Self.entry).integer == 0)
            try server.command("HSET", Self.entry, "cron_jobs", "[]")
            try await listing.update(token: "t", now: .newYear)
            #expect(try names(server) == ["a"])
        }
    }

    @Test(arguments: [false, true])
    func `a leader lists its definitions only if it is told to`(writes: Bool) async throws {
        try await withRedis { server in
            try await withConnection(to: server) { connection in
                let scheduler = try RedisCronScheduler(
                    connection: connection, options: .forTest { $0.writesRQHistory = writes })
                try await scheduler.register(
                    functionName: "m.f", queueName: "q", id: "a", interval: .seconds(3_600))
                try await whileRunning(scheduler) {
                    let entry = "rq:cron_scheduler:\(scheduler.name)"
                    try await eventually("a run") { try server.command("LLEN", "rq:queue:q").integer == 1 }
                    if writes {
                        try await eventually("the definition", within: .seconds(30)) {
                            try server.command("HGET", entry, "cron_jobs").string?.contains("\"name\":\"a\"") == true
                        }
                        let queued = try server.command("LRANGE", "rq:queue:q", 0, -1).strings
                        try await eventually("the run", within: .seconds(30)) {
                            try server.command("ZRANGE", "rq:cron_job:a:jobs", 0, -1).strings == queued
                        }
                    }
                    let heartbeat = try #require(
                        try server.command("ZSCORE", "rq:cron_schedulers", scheduler.name).double)
                    try await scheduler.heartbeat()
                    #expect(try server.command("ZSCORE", "rq:cron_schedulers", scheduler.name).double ?? 0 > heartbeat)
                    let listed = try server.command("HGET", entry, "cron_jobs").string
                    #expect((listed != "[]") == writes)
                    #expect(try server.command("HLEN", entry).integer == 6)
                }
                let histories = try server.command("KEYS", "rq:cron_job:*:jobs").strings
                #expect(histories == (writes ? ["rq:cron_job:a:jobs"] : []))
            }
        }
    }

    @Test func `a server that refuses it gets a warning, and the schedule goes on`() async throws {
        let server = RedisServer.Configuration(lines: [#"rename-command HSTRLEN """#])
        try await withRedis(server) { server in
            try await withConnection(to: server) { connection in
                let lines = Observed<[String]>([])
                let options = RedisCronScheduler.Options.forTest {
                    $0.writesRQHistory = true
                    $0.logger = SchedulerLogger(minimumLevel: .warning) { _, line in lines.update { $0.append(line) } }
                }
                let scheduler = try RedisCronScheduler(connection: connection, options: options)
                try await scheduler.register(functionName: "m.f", queueName: "q", id: "a", interval: .seconds(1))
                try await whileRunning(scheduler) {
                    try await eventually("two runs", within: .seconds(30)) {
                        try server.command("LLEN", "rq:queue:q").integer ?? 0 >= 2
                    }
                    try await eventually("the warning", within: .seconds(30)) {
                        lines.current.contains { $0.contains("for RQ's pages") && $0.contains("HSTRLEN") }
                    }
                }
            }
        }
    }
}
