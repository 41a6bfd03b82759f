import Cron
import Foundation
import RQWire
import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

/// A running scheduler among definitions that nobody can run, keys of other types, and garbage on the channel.
@Suite(.seeded, .timeLimit(.minutes(5)))
struct BadNeighboursTests {
    @Test func `all good jobs run, and each bad definition is named once`() async throws {
        try await withRedis { server in
            let good = (0..<120).map { "good:\($0)" }
            for id in good { try addJob(id, to: server) }
            let bad = try addBadDefinitions(to: server)
            try addOddEntries(to: server)
            try server.command("RPUSH", "rq:cron_jobs:last_update", "not a string")

            let connection = try RedisCronConnection(url: RedisURL(server.url), defaultZone: .utc)
            var options = RedisCronScheduler.Options()
            options.timeZone = "UTC"
            options.maxSleepInterval = .milliseconds(200)
            let scheduler = try RedisCronScheduler(connection: connection, options: options)
            let named = Observed([String]())
            let reading = Latch("the events are read")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    var events = scheduler.events.makeAsyncIterator()
                    reading.arrive()
                    while let event = await events.next() {
                        if case .badDefinition(let id, let field, let reason) = event {
                            named.update { $0.append(id) }
                            #expect(!reason.isEmpty)
                            #expect(field != nil || reason.contains("no hash"), "\(id): \(reason)")
                        }
                    }
                }
                try await reading.wait()
                group.addTask { try await scheduler.run() }

                try await waitForRuns(of: good, on: server)
                try await eventually("each bad definition is named", within: .seconds(60)) {
                    bad.subtracting(named.current).isEmpty
                }
                // Many ticks more, each after garbage that makes the scheduler doubt everything it holds.
                var mutator = Mutator(seeds: try Seeds.of(.announcement), random: .ofTest())
                for round in 0..<8 {
                    _ = try server.pipeline(
                        (0..<100).map { _ in ["PUBLISH", "rq:cron_jobs:events", mutator.next()] })
                    try addJob("late:\(round)", to: server)
                    try server.command(
                        "PUBLISH", "rq:cron_jobs:events", #"{"event":"created","job_id":"late:\#(round)"}"#)
                    try await waitForRuns(of: ["late:\(round)"], on: server)
                }
                let health = await scheduler.health
                #expect(health.state == .leading)
                group.cancelAll()
                try await group.waitForAll()
            }
            await connection.close()
            let counts = Dictionary(named.current.map { ($0, 1) }, uniquingKeysWith: +)
            #expect(Set(counts.keys) == bad)
            for (id, count) in counts where count != 1 { Issue.record("\(id) was named \(count) times") }
        }
    }

    // MARK: What stands in Redis

    private func addJob(_ id: String, to server: RedisServer, queue: String? = nil) throws {
        try server.command(
            "HSET", "rq:cron_job:\(id)", "id", id, "func_name", "app.tasks.run", "queue_name",
            queue ?? "queue of \(id)",
            "args", "[]", "kwargs", "{}", "interval", "3600", "cron", "", "enabled", "1", "meta", "{}",
            "next_enqueue_time", "2026-01-01T00:00:00.000000Z", "created_at", "2026-01-01T00:00:00.000000Z",
            "updated_at", "2026-01-01T00:00:00.000000Z")
        try server.command("ZADD", "rq:cron_jobs", 1_767_225_600, id)
    }

    private func waitForRuns(of ids: [String], on server: RedisServer) async throws {
        try await eventually("\(ids.count) jobs are queued, from \(ids.first ?? "")", within: .seconds(60)) {
            let lengths = try server.pipeline(ids.map { ["LLEN", "rq:queue:queue of \($0)"] })
            return lengths.allSatisfy { $0.integer == 1 }
        }
    }

    /// Definitions with each known fault and keys that hold no hash, all due.
    ///
    /// - Returns: Their ids.
    private func addBadDefinitions(to server: RedisServer) throws -> Set<String> {
        var generator = HashGenerator(random: .ofTest())
        var bad: Set<String> = []
        while bad.count < 300 {
            let (id, hash) = generator.next()
            guard case .refused = hash.expectation else { continue }
            let fields = hash.fields.flatMap { [$0.field, $0.value] as [any CommandPart] }
            try server.command(["HSET", "rq:cron_job:\(id)"] + fields)
            bad.insert(id)
        }
        let others: [[any CommandPart]] = [
            ["SET", "rq:cron_job:a string", "x"], ["RPUSH", "rq:cron_job:a list", "x"],
            ["SADD", "rq:cron_job:a set", "x"],
            ["ZADD", "rq:cron_job:a sorted set", 1, "x"], ["XADD", "rq:cron_job:a stream", "*", "k", "v"],
            ["SETBIT", "rq:cron_job:bits", 100_000, 1], ["PFADD", "rq:cron_job:a sketch", "x"],
        ]
        _ = try server.pipeline(others)
        bad.formUnion(["a string", "a list", "a set", "a sorted set", "a stream", "bits", "a sketch"])
        for (index, id) in bad.sorted().enumerated() { try server.command("ZADD", "rq:cron_jobs", index, id) }
        return bad
    }

    /// Index entries that lead to nothing or to RQ's own, and scores at the ends of what doubles hold.
    private func addOddEntries(to server: RedisServer) throws {
        let ids: [[UInt8]] = [
            [], [0], [0xFF, 0xFE, 0], Array("line\nbreak\u{1B}[2J".utf8), Array(repeating: 0x78, count: 200_000),
            Array("rq's own".utf8),
        ]
        try server.command("ZADD", "rq:cron_job:rq's own:jobs", 1, "some job")
        for (id, score) in zip(ids, ["-inf", "0", "-1e308", "1e-320", "5", "6"]) {
            try server.command("ZADD", "rq:cron_jobs", score, id)
        }
        try server.command("ZADD", "rq:cron_jobs", "inf", "never due")
        try addJob("no list to go to", to: server, queue: "blocked")
        try server.command("SET", "rq:queue:blocked", "no list")
    }
}
