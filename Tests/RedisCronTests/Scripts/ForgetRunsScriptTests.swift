import RQWire
import TestSupport
import Testing

@testable import RedisCron

/// That nothing stays of the runs of definitions that are gone, and no more in all than wanted.
@Suite(.timeLimit(.minutes(1)))
struct ForgetRunsScriptTests {
    /// What is kept of the runs of two definitions whose names begin alike.
    private func prepare(_ server: RedisServer, hashes: [String] = ["a", "ab"]) throws {
        for id in hashes { try server.command("HSET", "rq:cron_job:\(id)", "id", id, "enabled", "1") }
        for (id, count) in [("a", 3), ("ab", 2)] {
            for number in 0..<count { try server.command("LPUSH", RunKeys.ended(id), "\(number)") }
            try server.command("LPUSH", RunKeys.refused(id), "refused")
            try server.command("ZADD", RunKeys.index, 5, id)
            for key in [RunKeys.open, RunKeys.watched] {
                try server.command("ZADD", key, 0, TrackedRun.example(id, at: -4_000_000_000).member)
                try server.command("ZADD", key, 0, TrackedRun.example(id, at: 9).member)
            }
        }
        try server.command("SET", RunKeys.total, 5)
    }

    /// What is left when all of `a` is gone.
    private func expectOnlyOther(_ server: RedisServer) throws {
        #expect(
            try server.command("KEYS", "rq:cron_runs*").strings.sorted()
                == (RunKeys.shared + [RunKeys.ended("ab"), RunKeys.refused("ab")]).sorted())
        #expect(try server.command("ZRANGE", RunKeys.index, 0, -1).strings == ["ab"])
        for key in [RunKeys.open, RunKeys.watched] {
            #expect(try server.command("ZRANGE", key, 0, -1).strings.allSatisfy { $0.hasPrefix(#"["ab","#) })
            #expect(try server.command("ZCARD", key).integer == 2)
        }
        #expect(try server.runTotal() == "2")
    }

    @Test func `a deletion takes all that is kept of its runs, and nothing of others`() async throws {
        try await withRedisHarness { harness async throws in
            let server = harness.server
            try prepare(server)
            #expect(try await harness.connection.definitions.delete("a"))
            try expectOnlyOther(server)
            #expect(try await harness.connection.definitions.delete("ab"))
            #expect(try server.command("KEYS", "rq:cron_runs*").strings == [])
        }
    }

    @Test func `a finished definition that is deleted takes what is kept of its runs with it`() async throws {
        try await withRedisHarness { harness async throws in
            let server = harness.server
            try prepare(server)
            try server.command("SET", "rq:cron_jobs:lock", "t")
            try server.command("HSET", "rq:cron_job:a", "next_enqueue_time", GovernedBatch.never, "delete_after", "60")
            try server.command("ZADD", "rq:cron_jobs:deletions", 5, "a")
            #expect(try await harness.store.deleteFinished(token: "t", now: .newYear).map(\.display) == ["a"])
            try expectOnlyOther(server)
        }
    }

    @Test(arguments: ["zremrangebylex", "incrby", "llen"])
    func `an editor who may not remove them deletes the definition all the same`(right: String) async throws {
        try await withRedisHarness { harness async throws in
            let server = harness.server
            try prepare(server)
            try server.command("ACL", "SETUSER", "default", "-\(right)")
            #expect(try await harness.connection.definitions.delete("a"))
            #expect(try server.command("EXISTS", "rq:cron_job:a").integer == 0)
            try server.command("ACL", "SETUSER", "default", "+\(right)")
            #expect(try server.endedRuns("a").count == 3)
            try await harness.store.forgetRuns(of: [DefinitionID("a")])
            try expectOnlyOther(server)
        }
    }

    @Test func `only definitions that are gone are forgotten`() async throws {
        try await withRedisHarness { harness async throws in
            let server = harness.server
            try prepare(server, hashes: ["ab"])
            let gone = try await harness.store.forgetRuns(of: (["a", "ab", "b"]).map { DefinitionID($0) })
            #expect(gone.map(\.display) == ["a", "b"])
            try expectOnlyOther(server)
            let before = try server.dump()
            try await harness.store.forgetRuns(of: ["a", "ab"].map { DefinitionID($0) })
            #expect(try server.dump() == before)
        }
    }

    @Test(arguments: [RunKeys.ended(), RunKeys.open, RunKeys.watched, RunKeys.index, RunKeys.total])
    func `a key of another type stops no deletion`(key: String) async throws {
        try await withRedisHarness { harness async throws in
            let server = harness.server
            try prepare(server)
            try server.command("DEL", key)
            if key == RunKeys.total {
                try server.command("RPUSH", key, "x")
            } else {
                try server.command("SET", key, "x")
            }
            #expect(try await harness.connection.definitions.delete("a"))
            #expect(try server.command("EXISTS", "rq:cron_job:a", RunKeys.ended(), RunKeys.refused()).integer == 0)
            #expect(try server.command("EXISTS", key).integer == (key == RunKeys.ended() ? 0 : 1))
        }
    }

    // MARK: Sweeping

    private func sweep(_ store: some CronStore) async throws {
        var cursor = 0
        repeat { cursor = try await store.sweepRuns(from: cursor) } while cursor != 0
    }

    @Test func `a sweep forgets what Python deleted`() async throws {
        try await withRedisHarness { harness async throws in
            let server = harness.server
            try prepare(server, hashes: ["ab"])
            try await sweep(harness.store)
            try expectOnlyOther(server)
            let before = try server.dump()
            try await sweep(harness.store)
            #expect(try server.dump() == before)
        }
    }

    @Test(arguments: ["900", "-3", "0", "x", nil])
    func `a sweep corrects a number that cannot be right`(total: String?) async throws {
        try await withRedisHarness { harness async throws in
            let server = harness.server
            try prepare(server)
            if let total {
                try server.command("SET", RunKeys.total, total)
            } else {
                try server.command("DEL", RunKeys.total)
                try server.command("RPUSH", RunKeys.total, "x")
            }
            try await sweep(harness.store)
            #expect(try server.runTotal() == "5")
        }
    }

    @Test func `an index of another type is nothing to sweep or to trim`() async throws {
        try await withRedisHarness { harness async throws in
            try harness.server.command("SET", RunKeys.index, "x")
            try harness.server.command("SET", RunKeys.total, 7)
            #expect(try await harness.store.sweepRuns(from: 0) == 0)
            #expect(try await harness.store.trimRuns(to: 1) == 7)
        }
    }

    @Test func `the number is taken to be right while runs come and go`() {
        func correction(_ first: Int, _ counted: Int, _ last: Int) -> Int? {
            var count = RunCount(total: first)
            count.add(counted)
            return count.correction(of: last)
        }
        #expect(correction(1_000, 1_500, 2_000) == nil)
        #expect(correction(2_000, 1_500, 1_000) == nil)
        #expect(correction(100_000, 100_900, 100_000) == nil)
        #expect(correction(100_000, 102_000, 100_000) == 2_000)
        #expect(correction(100_000, 50_000, 101_000) == -50_000)
        #expect(correction(0, 5, 0) == 5)
        #expect(correction(-5, 3, -5) == 8)
    }

    // MARK: Trimming

    /// A record that was over that many seconds after New Year.
    private func record(_ id: String, at seconds: Int) -> [UInt8] {
        EndedRun(.example(id, at: seconds), .example(at: seconds)).bytes
    }

    /// Records that were over at these times, as the scheduler writes them.
    private func keep(_ id: String, _ times: [Int], on server: RedisServer) throws {
        for time in times { try server.command("LPUSH", RunKeys.ended(id), record(id, at: time)) }
        try server.command("ZADD", RunKeys.index, times.max() ?? 0, id)
        try server.command("INCRBY", RunKeys.total, times.count)
    }

    @Test func `the runs that were over longest ago go, and no others`() async throws {
        try await withRedisHarness { harness async throws in
            let server = harness.server
            try keep("a", [1, 5, 9], on: server)
            try keep("b", [2, 3, 20], on: server)
            try keep("c", [30], on: server)
            #expect(try await harness.store.trimRuns(to: 7) == 7)
            #expect(try await harness.store.trimRuns(to: 4) == 4)
            #expect(try server.endedRuns("a").map { Array($0.utf8) } == [record("a", at: 9), record("a", at: 5)])
            #expect(try server.endedRuns("b").map { Array($0.utf8) } == [record("b", at: 20)])
            #expect(try await harness.store.trimRuns(to: 1) == 1)
            #expect(try server.command("KEYS", "rq:cron_runs:*").strings == [RunKeys.ended("c")])
            #expect(try server.command("ZRANGE", RunKeys.index, 0, -1).strings == ["c"])
            #expect(try server.runTotal() == "1")
        }
    }

    @Test func `long lists and many definitions are trimmed in steps, and what holds no runs is passed over`()
        async throws
    {
        try await withRedisHarness { harness async throws in
            let server = harness.server
            for number in 0..<150 {
                try server.command("LPUSH", RunKeys.refused("r\(number)"), "x")
                try server.command("ZADD", RunKeys.index, -1, "r\(number)")
                try server.command("ZADD", RunKeys.index, -2, "empty\(number)")
            }
            try server.command("SET", RunKeys.ended("junk"), "x")
            try server.command("ZADD", RunKeys.index, -3, "junk")
            try keep("a", Array(0..<250), on: server)
            var left = 250
            for _ in 0..<10 where left > 10 { left = try await harness.store.trimRuns(to: 10) }
            #expect(left == 10)
            #expect(
                try server.endedRuns("a").map { Array($0.utf8) } == (240..<250).reversed().map { record("a", at: $0) })
            #expect(try server.runTotal() == "10")
            // What neither has runs nor refused times needs no entry.
            #expect(try server.command("ZCARD", RunKeys.index).integer == 152)
        }
    }

    @Test func `records that nobody can read go first`() async throws {
        try await withRedisHarness { harness async throws in
            try keep("a", [1], on: harness.server)
            try keep("b", [2], on: harness.server)
            try harness.server.command("RPUSH", RunKeys.ended("b"), "junk")
            try harness.server.command("INCRBY", RunKeys.total, 1)
            #expect(try await harness.store.trimRuns(to: 2) == 2)
            #expect(try harness.server.endedRuns("b").map { Array($0.utf8) } == [record("b", at: 2)])
        }
    }
}
