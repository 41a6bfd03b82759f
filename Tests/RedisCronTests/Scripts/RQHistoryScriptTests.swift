import Cron
import RQWire
import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

/// Our part of RQ's own history of cron jobs.
@Suite(.timeLimit(.minutes(1)))
struct RQHistoryScriptTests {
    private static let key = "rq:cron_job:a:jobs"
    private static let ours = (0..<3).map {
        RQJobID.planned(definition: "a", at: .newYear + .seconds($0)).description
    }
    private static let theirs = RQJobID.random().description

    private func define(_ server: RedisServer, _ id: String = "a") throws {
        try server.command("HSET", "rq:cron_job:\(id)", "id", id, "enabled", "1")
        try server.command("ZADD", "rq:cron_jobs", 100, id)
    }

    private func write(_ server: RedisServer, sharing isShared: Bool = false) throws {
        for (score, id) in (Self.ours + (isShared ? [Self.theirs] : [])).enumerated() {
            try server.command("ZADD", Self.key, score, id)
        }
    }

    private func members(_ server: RedisServer, _ key: String = key) throws -> [String] {
        try server.command("ZRANGE", key, 0, -1).strings
    }

    @Test func `runs are added to their definitions, the oldest beyond the limit go, and the key expires`() async throws
    {
        try await withRedis { server async throws in
            try define(server)
            try define(server, "b")
            try server.command("SET", "rq:cron_job:b:jobs", "no set")
            let keys = ["a", "b", "gone"].flatMap { ["rq:cron_job:\($0)", "rq:cron_job:\($0):jobs"] }
            let arguments: [any CommandPart] = [
                2, 60, 3, "3.5", Self.ours[0], "1.5", Self.ours[1], "2.5", Self.ours[2], 1, "1", "x", 1, "1", "y",
            ]
            #expect(try server.run(CronScript.appendRQHistory, keys: keys, arguments).integer == 1)
            #expect(try members(server) == [Self.ours[2], Self.ours[0]])
            #expect(try server.command("ZSCORE", Self.key, Self.ours[0]).string == "3.5")
            #expect(try server.command("TTL", Self.key).integer.map { $0 > 50 && $0 <= 60 } == true)
            #expect(try server.command("GET", "rq:cron_job:b:jobs").string == "no set")
            #expect(try server.command("EXISTS", "rq:cron_job:gone:jobs").integer == 0)
        }
    }

    @Test(arguments: [false, true])
    func `deleting a definition takes our part away and leaves RQ's`(isShared: Bool) async throws {
        try await withRedis { server async throws in
            try await withConnection(to: server) { connection in
                _ = try await connection.register(
                    id: "a", call: CallSpec("m.f", queue: "q"), schedule: .every(.seconds(60)), enabled: nil,
                    idGenerator: RedisCronJob.randomID, assuming: .utc)
                try write(server, sharing: isShared)
                #expect(try await connection.deleteJob(id: "a"))
                #expect(try members(server) == (isShared ? [Self.theirs] : []))
            }
        }
    }

    @Test func `so does the deletion of one that is finished`() async throws {
        try await withRedis { server async throws in
            try define(server)
            try write(server, sharing: true)
            try server.command("SET", "rq:cron_jobs:lock", "t")
            try server.command(
                "HSET", "rq:cron_job:a", "next_enqueue_time", GovernedBatch.never, "delete_after", "60")
            try server.command("ZADD", "rq:cron_jobs:deletions", 500, "a")
            let keys = [
                "rq:cron_jobs:lock", "rq:cron_job:a", "rq:cron_jobs", "rq:cron_jobs:last_update",
                "rq:cron_jobs:deletions", Self.key,
            ]
            let arguments = ["t", "a", "500", "rq:cron_jobs:events", "message", "9.5"]
            #expect(try server.run(CronScript.deleteFinished, keys: keys, arguments).integer == 1)
            #expect(try members(server) == [Self.theirs])
        }
    }

    @Test(arguments: [false, true])
    func `an index entry with nothing but our history is pruned with it, one with RQ's is left alone`(
        isShared: Bool
    ) async throws {
        try await withRedis { server async throws in
            try write(server, sharing: isShared)
            try server.command("ZADD", "rq:cron_jobs", 5_000_000_000, "a")
            try await withConnection(to: server) { connection in
                let scheduler = try RedisCronScheduler(connection: connection, options: .forTest())
                let findings = try await connection.diagnose().filter { $0.subject == "a" }
                #expect(findings.map(\.check) == (isShared ? [] : [.index]))
                for finding in findings { #expect(try await scheduler.connection.repair(finding)) }
                #expect(try await connection.pruneIndex() == 0)
            }
            #expect(try server.command("ZCARD", "rq:cron_jobs").integer == (isShared ? 1 : 0))
            #expect(try members(server) == (isShared ? [Self.theirs] : []))
        }
    }

    @Test func `the histories of definitions that are gone are forgotten, of those that exist they stay`() async throws
    {
        try await withRedis { server async throws in
            try define(server, "b")
            try write(server, sharing: true)
            try server.command("ZADD", "rq:cron_job:b:jobs", 1, Self.ours[0])
            try await withConnection(to: server) { connection in
                try await RQHistoryWriter(connection).forget([DefinitionID("a"), DefinitionID("b")])
            }
            #expect(try members(server) == [Self.theirs])
            #expect(try members(server, "rq:cron_job:b:jobs") == [Self.ours[0]])
        }
    }

    @Test func `more members than a command takes are taken out too`() async throws {
        try await withRedis { server async throws in
            for page in 0..<5 {
                let ids = (0..<1_000).flatMap { number -> [any CommandPart] in
                    let time = Timestamp.newYear + .seconds(page * 1_000 + number)
                    return [number, RQJobID.planned(definition: "a", at: time).description]
                }
                try server.command(["ZADD", Self.key] + ids)
            }
            try await withConnection(to: server) { connection in
                try await RQHistoryWriter(connection).forget([DefinitionID("a")])
            }
            #expect(try server.command("EXISTS", Self.key).integer == 0)
        }
    }

    @Test func `a page of runs after the other is written, and runs with random ids are not`() async throws {
        try await withRedis { server async throws in
            try define(server)
            try define(server, "b")
            let runs = (0..<600).map { number in
                let (id, time) = (number % 2 == 0 ? "a" : "b", Timestamp.newYear + .seconds(number))
                return (
                    definition: DefinitionID(id), jobID: RQJobID.planned(definition: id, at: time).description,
                    enqueuedAt: time
                )
            }
            let random = (definition: DefinitionID("a"), jobID: Self.theirs, enqueuedAt: Timestamp.newYear)
            try await withConnection(to: server) { connection in
                let writer = RQHistoryWriter(connection)
                let counts = [
                    try await writer.append([]), try await writer.append(runs + [random]),
                    try await writer.append(runs),
                ]
                #expect(counts == [0, 600, 600])
            }
            for id in ["a", "b"] {
                let expected = runs.filter { $0.definition == DefinitionID(id) }.map(\.jobID)
                #expect(try members(server, "rq:cron_job:\(id):jobs") == expected)
            }
        }
    }
}
