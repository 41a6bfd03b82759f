import RQWire
import TestSupport
import Testing

@testable import RedisCron

/// How entries of the log of runs are taken off, with keys and arguments written out by hand.
@Suite(.timeLimit(.minutes(1)))
struct UnfoldRunsScriptTests {
    private struct Refused {
        var id = "a"
        var entry = "new"
        var last = 1
        var joins = false
    }

    private func unfold(
        _ server: RedisServer, first: String = "e1", count: Int = 1, portions: [String] = [], opened: [String] = [],
        refused: [Refused] = [],
        token: String = "t"
    ) throws -> ServerReply {
        let keys = ["rq:cron_jobs:lock", RunKeys.log, RunKeys.open, RunKeys.index, RunKeys.recent]
        let lists = refused.flatMap { [RunKeys.refused($0.id), "rq:cron_job:\($0.id)"] }
        var arguments: [any CommandPart] = [
            token, first, count, "9.5", "rq:cron_job:", portions.count, opened.count,
        ]
        arguments += portions as [any CommandPart]
        arguments += opened as [any CommandPart]
        for one in refused { arguments += [one.entry, one.last, one.joins ? "1" : ""] as [any CommandPart] }
        return try server.run(CronScript.unfoldRuns, keys: keys + lists, arguments)
    }

    private func prepare(_ server: RedisServer, entries: [String] = ["e1", "e2"]) throws {
        try server.command("SET", "rq:cron_jobs:lock", "t")
        try server.command(["RPUSH", RunKeys.log] + entries)
        try server.command("HSET", "rq:cron_job:a", "id", "a")
    }

    private func refusals(_ server: RedisServer, _ id: String = "a") throws -> [String] {
        try server.command("LRANGE", RunKeys.refused(id), 0, -1).strings
    }

    @Test func `runs become open, and the entries go`() async throws {
        try await withRedis { server async throws in
            try prepare(server)
            #expect(try unfold(server, opened: ["m2", "m1"]).integer == 1)
            #expect(try server.runLog() == ["e2"])
            #expect(try server.command("ZRANGE", RunKeys.open, 0, -1, "WITHSCORES").strings == ["m1", "0", "m2", "0"])
        }
    }

    @Test func `portions are appended to the recent runs, in their order`() async throws {
        try await withRedis { server async throws in
            try prepare(server)
            #expect(try unfold(server, portions: ["p1", "p2"], refused: [Refused()]).integer == 1)
            #expect(try unfold(server, first: "e2", portions: ["p3"], opened: ["m1"]).integer == 1)
            #expect(try unfold(server, first: "e2", portions: ["p3"]).integer == 0)
            #expect(try server.command("LRANGE", RunKeys.recent, 0, -1).strings == ["p1", "p2", "p3"])
            #expect(try server.command("ZRANGE", RunKeys.open, 0, -1).strings == ["m1"])
            #expect(try refusals(server) == ["new"])
        }
    }

    @Test func `more runs than one command takes are opened`() async throws {
        try await withRedis { server async throws in
            try prepare(server)
            #expect(try unfold(server, count: 2, opened: (0..<10_001).map { "m\($0)" }).integer == 1)
            #expect(try server.command("ZCARD", RunKeys.open).integer == 10_001)
            #expect(try server.command("EXISTS", RunKeys.log).integer == 0)
        }
    }

    @Test func `said twice, or of a log that is another now, it does nothing`() async throws {
        try await withRedis { server async throws in
            try prepare(server)
            #expect(try unfold(server, opened: ["m1"], refused: [Refused()]).integer == 1)
            try server.command("ZREM", RunKeys.open, "m1")
            let before = try server.dump()
            #expect(try unfold(server, opened: ["m1"], refused: [Refused()]).integer == 0)
            #expect(try unfold(server, first: "e2", count: 2, opened: ["m1"]).integer == 0)
            try server.command("DEL", RunKeys.log)
            #expect(try unfold(server, first: "e2", opened: ["m1"]).integer == 0)
            try server.command("RPUSH", RunKeys.log, "e2")
            #expect(try server.dump() == before)
        }
    }

    @Test func `without our lock nothing happens`() async throws {
        try await withRedis { server async throws in
            try prepare(server)
            let before = try server.dump()
            #expect(try unfold(server, opened: ["m1"], token: "other").string == "L")
            #expect(try server.dump() == before)
        }
    }

    @Test func `what was refused stands first, joins what stands first, and pushes the oldest out`() async throws {
        try await withRedis { server async throws in
            try prepare(server, entries: ["e1", "e2", "e3", "e4"])
            // There is nothing yet that it could join.
            #expect(try unfold(server, refused: [Refused(entry: "1", joins: true)]).integer == 1)
            #expect(try refusals(server) == ["1"])
            let two = [Refused(entry: "2"), Refused(entry: "3")]
            #expect(try unfold(server, first: "e2", refused: two).integer == 1)
            #expect(try refusals(server) == ["3", "2"])
            #expect(try unfold(server, first: "e3", refused: [Refused(entry: "4", joins: true)]).integer == 1)
            #expect(try refusals(server) == ["4", "2"])
            #expect(try unfold(server, first: "e4", refused: [Refused(entry: "5", last: 0)]).integer == 1)
            #expect(try refusals(server) == ["5"])
            #expect(try server.command("ZSCORE", RunKeys.index, "a").string == "9.5")
        }
    }

    @Test func `nothing is kept of a definition that is gone or keeps nothing, and its runs become open`() async throws
    {
        try await withRedis { server async throws in
            try prepare(server)
            let refused = [Refused(last: -1), Refused(id: "gone"), Refused(id: "gone", joins: true)]
            #expect(try unfold(server, opened: ["m1"], refused: refused).integer == 1)
            #expect(try server.command("KEYS", "rq:cron_runs*").strings.sorted() == [RunKeys.log, RunKeys.open])
        }
    }

    @Test func `when a run was over is not overwritten by a refusal`() async throws {
        try await withRedis { server async throws in
            try prepare(server)
            try server.command("ZADD", RunKeys.index, 50, "a")
            #expect(try unfold(server, refused: [Refused()]).integer == 1)
            #expect(try server.command("ZSCORE", RunKeys.index, "a").string == "50")
        }
    }

    @Test(arguments: [RunKeys.log, RunKeys.open, RunKeys.recent])
    func `a key of another type is named, and nothing is written`(key: String) async throws {
        try await withRedis { server async throws in
            try prepare(server)
            try server.command("DEL", key)
            try server.command("SET", key, "x")
            let before = try server.dump()
            let error = #expect(throws: SupportError.self) { try unfold(server, opened: ["m1"], refused: [Refused()]) }
            #expect(error?.description.contains(key) == true)
            #expect(try server.dump() == before)
        }
    }

    @Test(arguments: [RunKeys.refused(), RunKeys.index])
    func `a key of another type loses what belongs into it, and nothing else`(key: String) async throws {
        try await withRedis { server async throws in
            try prepare(server)
            try server.command("SET", key, "x")
            let refused = [Refused(joins: true), Refused(id: "b")]
            try server.command("HSET", "rq:cron_job:b", "id", "b")
            #expect(try unfold(server, opened: ["m1"], refused: refused).integer == 1)
            #expect(try server.command("GET", key).string == "x")
            #expect(try refusals(server, "b") == ["new"])
            #expect(try server.command("ZCARD", RunKeys.open).integer == 1)
            #expect(try server.runLog() == ["e2"])
        }
    }

    @Test(arguments: ["lindex", "llen", "ltrim", "zadd", "rpush", "exists", "lset", "lpush"])
    func `a right that is missing stops it before it writes anything`(command: String) async throws {
        try await withRedis { server async throws in
            try prepare(server)
            try server.command("ACL", "SETUSER", "default", "-\(command)")
            let before = try server.dump()
            let error = #expect(throws: SupportError.self) { try unfold(server, opened: ["m1"], refused: [Refused()]) }
            #expect(error?.description.contains(command.uppercased()) == true)
            #expect(try server.dump() == before)
        }
    }
}
