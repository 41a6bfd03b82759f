import RQWire
import TestSupport
import Testing

@testable import RedisCron

/// Listing, as rq-rediscron lists.
extension ReferenceBehaviourTests {
    @Test func `jobs gives the enabled ones by their next times, and pruneIndex tidies the index`() async throws {
        try await with { server, _, scheduler async throws in
            try await register(scheduler, id: "cron", interval: nil, cron: "0 0 1 1 *")
            try await register(scheduler, id: "now")
            try await register(scheduler, id: "disabled", enabled: false)
            try server.command("ZADD", "rq:cron_jobs", 1, "orphan", 2, "disabled", 3, "rqs-own")
            try server.command("ZADD", "rq:cron_job:rqs-own:jobs", 1, "x")
            #expect(try await scheduler.connection.jobs().map(\.id) == ["now", "cron"])
            #expect(try await scheduler.connection.pruneIndex() == 2)
            #expect(try server.command("ZRANGE", "rq:cron_jobs", 0, -1).strings == ["rqs-own", "now", "cron"])
        }
    }

    @Test func `jobs of an index of thousands gives each once`() async throws {
        try await with { server, _, scheduler async throws in
            try await register(scheduler)
            let hash = try server.command("HGETALL", "rq:cron_job:a").array
            let commands: [[any CommandPart]] = (0..<3000).flatMap { number -> [[any CommandPart]] in
                let id = "job:\(number)"
                let fields = hash.compactMap(\.bytes).map { $0 as any CommandPart }
                return [
                    ["HSET", "rq:cron_job:\(id)"] + fields + ["id", id], ["ZADD", "rq:cron_jobs", 5_000 + number, id],
                ]
            }
            try server.pipeline(commands)
            let jobs = try await scheduler.connection.jobs()
            #expect(jobs.count == 3001)
            #expect(jobs.prefix(3000).map(\.id) == (0..<3000).map { "job:\($0)" })
        }
    }

    @Test func `allJobs gives disabled ones too, by id, and passes over what is no definition`() async throws {
        try await with { server, _, scheduler async throws in
            try await register(scheduler, id: "b", enabled: false)
            try await register(scheduler, id: "a")
            try server.command("ZADD", "rq:cron_job:nightly:jobs", 1, "x")
            try server.command("SET", "rq:cron_job:string", "x")
            try server.command("HSET", "rq:cron_job:broken", "id", "broken")
            try server.command(
                "HSET", "rq:cron_job:no:jobs", "id", "no:jobs", "func_name", "m.f", "queue_name", "q", "interval", 1,
                "enabled", 1)
            #expect(try await scheduler.connection.allJobs().map(\.id) == ["a", "b"])
            let unreadable = try await scheduler.connection.inventory().unreadable
            #expect(unreadable.map(\.id) == ["broken", "no:jobs", "string"])
            #expect(unreadable.map(\.field) == ["func_name", "id", nil])
            #expect(unreadable[0].reason == "expected a function's dotted name, but it is missing")
        }
    }

    @Test func `listing uses no KEYS`() async throws {
        try await with { server, _, scheduler async throws in
            try await register(scheduler)
            try server.command("CONFIG", "RESETSTAT")
            _ = try await (scheduler.connection.allJobs(), scheduler.connection.jobs())
            let statistics = try server.command("INFO", "commandstats").string ?? ""
            #expect(statistics.contains("cmdstat_scan:"))
            #expect(!statistics.contains("cmdstat_keys:"))
        }
    }
}
