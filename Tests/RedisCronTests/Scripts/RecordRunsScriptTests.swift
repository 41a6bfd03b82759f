import RQWire
import TestSupport
import Testing

@testable import RedisCron

/// What is recorded of runs, with keys and arguments written out by hand.
@Suite(.timeLimit(.minutes(1)))
struct RecordRunsScriptTests {
    private struct Change {
        var id = "a"
        var flags = "es"
        var member = "m1"
        var last = 1
        var former: String?
        var entry = "end of m1"
        var job = "j1"
        /// Whether the definition may bound failures in a row.
        var mayCount = true
    }

    private func record(
        _ server: some Scriptable, _ changes: [Change], settling portion: String = "", open: [String] = [],
        token: String = "t"
    ) throws -> ServerReply {
        let keys = [
            "rq:cron_jobs:lock", RunKeys.open, RunKeys.watched, RunKeys.index, RunKeys.total, "rq:cron_jobs",
            RunKeys.recent,
        ]
        let own = changes.flatMap { ["rq:cron_job:\($0.id)", RunKeys.ended($0.id)] }
        var arguments: [any CommandPart] = [
            token, OpenRun.nowText, "rq:cron_jobs:events", "rq:cron_job:", "one failed", "%d failed", 70,
            changes.map(\.job).joined(), portion, open.count,
        ]
        arguments += open as [any CommandPart]
        arguments.append(changes.count)
        for change in changes {
            arguments.append("\(change.flags)\(change.mayCount ? "b" : "")\(change.last)")
            if !change.flags.contains("r") || change.flags.contains("m") { arguments.append(change.member) }
            if change.flags.contains("x") { arguments.append(change.former ?? "") }
            if change.flags.contains("e") { arguments.append(change.entry) }
            if change.flags.contains("f") { arguments.append("event of \(change.id)") }
            if change.flags.contains("m") { arguments.append("[\(change.member.prefix(1))") }
        }
        return try server.run(CronScript.recordRuns, keys: keys + own, arguments)
    }

    private func codes(_ server: RedisServer, _ changes: Change...) throws -> String? {
        try record(server, changes).array.first?.string
    }

    private func prepare(_ server: RedisServer, open: [String] = ["m1"], fields: [String] = []) throws {
        try server.command("SET", "rq:cron_jobs:lock", "t")
        try server.command(["HSET", "rq:cron_job:a", "id", "a"] + fields)
        try server.command("ZADD", "rq:cron_jobs", 100, "a")
        for member in open { try server.command("ZADD", RunKeys.open, 0, member) }
    }

    private func members(_ server: RedisServer, _ key: String) throws -> [String] {
        try server.command("ZRANGE", key, 0, -1).strings
    }

    // MARK: Recording

    @Test func `the end of a run takes it out of the open ones and stands first among those that are over`()
        async throws
    {
        try await withRedis { server async throws in
            try prepare(server)
            try server.command("LPUSH", RunKeys.ended(), "old")
            try server.command("SET", RunKeys.total, 5)
            let answer = try record(server, [Change()])
            #expect(answer.array.first?.string == "+")
            #expect(answer.array.last?.integer == 6)
            #expect(try server.endedRuns() == ["end of m1", "old"])
            #expect(try server.runTotal() == "6")
            #expect(try server.command("ZSCORE", RunKeys.index, "a").string == "70")
            #expect(try server.command("EXISTS", RunKeys.open, RunKeys.watched).integer == 0)
        }
    }

    @Test func `said twice, it is recorded once`() async throws {
        try await withRedis { server async throws in
            try prepare(server)
            #expect(try codes(server, Change(), Change()) == "+-")
            let before = try server.dump()
            let answer = try record(server, [Change()])
            #expect(answer.array.first?.string == "-")
            #expect(answer.array.last?.integer == 1)
            #expect(try server.dump() == before)
        }
    }

    @Test func `a portion is settled once, with what became of its runs`() async throws {
        try await withRedis { server async throws in
            try prepare(server, open: [])
            try server.command("RPUSH", RunKeys.recent, "p1", "p2")
            let changes = [
                Change(flags: "res"), Change(flags: "refm", member: "m2"), Change(flags: "r"),
                Change(id: "gone", flags: "res"),
            ]
            let answer = try record(server, changes, settling: "p2", open: ["m4", "m3"])
            #expect(answer.array.first?.string == "+++g")
            #expect(answer.array.last?.integer == 2)
            #expect(try server.command("LRANGE", RunKeys.recent, 0, -1).strings == ["p1"])
            #expect(try members(server, RunKeys.open) == ["m3", "m4"])
            #expect(try members(server, RunKeys.watched) == ["m2"])
            #expect(try server.endedRuns() == ["end of m1", "end of m1"])
            let before = try server.dump()
            #expect(try record(server, changes, settling: "p2", open: ["m5"]).string == "P")
            #expect(try record(server, [], settling: "p2").string == "P")
            #expect(try record(server, changes, settling: "p1", token: "other").string == "L")
            #expect(try server.dump() == before)
            #expect(try record(server, [], settling: "p1", open: ["m5"]).array.first?.string == "")
            #expect(try members(server, RunKeys.open) == ["m3", "m4", "m5"])
            #expect(try server.command("EXISTS", RunKeys.recent).integer == 0)
        }
    }

    @Test func `no more are kept than wanted, and the total agrees with the lists`() async throws {
        try await withRedis { server async throws in
            try prepare(server, open: ["m1", "m2", "m3", "m4"])
            try server.command("HSET", "rq:cron_job:b", "id", "b")
            let changes = ["m1", "m2", "m3"].map { Change(member: $0, entry: $0) } + [Change(id: "b", member: "m4")]
            #expect(try record(server, changes).array.last?.integer == 3)
            #expect(try server.endedRuns() == ["m3", "m2"])
            // A definition that keeps fewer than before.
            try server.command("ZADD", RunKeys.open, 0, "m5")
            #expect(try record(server, [Change(member: "m5", last: 0)]).array.last?.integer == 2)
            #expect(try server.endedRuns() == ["end of m1"])
            #expect(try server.runTotal() == "2")
        }
    }

    @Test func `a definition that keeps nothing gets no record, and its failures count`() async throws {
        try await withRedis { server async throws in
            let bounded = ["pause_after_failures", "2", "open_runs", #"[["j1","q"]]"#]
            try prepare(server, fields: bounded)
            #expect(try codes(server, Change(flags: "efm", last: -1)) == "f")
            #expect(try server.field("failure_count") == "1")
            #expect(try server.command("KEYS", "rq:cron_runs*").strings == [])
        }
    }

    @Test(arguments: ["DEL", "SET"])
    func `of a definition that is gone nothing is recorded`(command: String) async throws {
        try await withRedis { server async throws in
            try prepare(server)
            try server.command("DEL", "rq:cron_job:a")
            if command == "SET" { try server.command("SET", "rq:cron_job:a", "x") }
            #expect(try codes(server, Change(flags: "efm")) == "g")
            #expect(try server.command("KEYS", "rq:cron_runs*").strings == [])
        }
    }

    @Test func `a definition without its id in it is one`() async throws {
        try await withRedis { server async throws in
            try prepare(server)
            try server.command("DEL", "rq:cron_job:a")
            try server.command("HSET", "rq:cron_job:a", "func_name", "m.f")
            #expect(try codes(server, Change()) == "+")
        }
    }

    // MARK: Watching

    @Test func `what may change is watched, of each definition the newest as many as are kept`() async throws {
        try await withRedis { server async throws in
            try prepare(server, open: ["a1", "a2", "a3", "a9", "b1"])
            let changes = ["a2", "a1", "a3", "a9"].map { Change(flags: "efm", member: $0, entry: $0) }
            #expect(try record(server, changes + [Change(flags: "em", member: "b1")]).array.first?.string == "+++++")
            #expect(try members(server, RunKeys.watched) == ["a3", "a9", "b1"])
            #expect(try server.command("ZCARD", RunKeys.open).integer == 0)
        }
    }

    @Test func `a run that was brought back is open again, and its record goes`() async throws {
        try await withRedis { server async throws in
            try prepare(server)
            #expect(try codes(server, Change(flags: "efm", entry: "failed")) == "+")
            #expect(try codes(server, Change(flags: "wxo", former: "failed")) == "+")
            #expect(try members(server, RunKeys.open) == ["m1"])
            #expect(try members(server, RunKeys.watched) == [])
            #expect(try server.endedRuns() == [])
            #expect(try server.runTotal() == "0")
            #expect(try codes(server, Change(flags: "es", entry: "finished")) == "+")
            #expect(try server.endedRuns() == ["finished"])
            #expect(try server.runTotal() == "1")
        }
    }

    @Test func `a later end takes the place of the former, and nothing can change any more of what is settled`()
        async throws
    {
        try await withRedis { server async throws in
            try prepare(server)
            #expect(try codes(server, Change(flags: "efm", entry: "failed")) == "+")
            #expect(try codes(server, Change(flags: "wxes", former: "failed", entry: "finished")) == "+")
            #expect(try server.endedRuns() == ["finished"])
            #expect(try server.runTotal() == "1")
            #expect(try members(server, RunKeys.watched) == [])
            try server.command("ZADD", RunKeys.watched, 0, "m1")
            #expect(try codes(server, Change(flags: "w")) == "+")
            #expect(try codes(server, Change(flags: "w")) == "-")
            #expect(try server.endedRuns() == ["finished"])
        }
    }

    @Test func `a former record that was pushed out is not missed`() async throws {
        try await withRedis { server async throws in
            try prepare(server, open: [])
            try server.command("ZADD", RunKeys.watched, 0, "m1")
            #expect(try codes(server, Change(flags: "wxem", former: "gone", entry: "new")) == "+")
            #expect(try server.endedRuns() == ["new"])
            #expect(try server.runTotal() == "1")
        }
    }

    // MARK: Failures

    @Test func `a failure counts while the definition holds the run to be open, once`() async throws {
        try await withRedis { server async throws in
            let runs = #"[["j0","q"],["j1","a/b"],["j2","q","stop:5"]]"#
            let fields = ["pause_after_failures", "3", "failure_count", "1", "open_runs", runs, "enabled", "1"]
            try prepare(server, open: ["m1", "m2"], fields: fields)
            #expect(try codes(server, Change(flags: "efm")) == "f")
            #expect(try server.field("failure_count") == "2")
            #expect(try server.field("open_runs") == #"[["j0","q"],["j2","q","stop:5"]]"#)
            // A tick was first.
            #expect(try codes(server, Change(flags: "efm", member: "m2")) == "+")
            #expect(try server.field("failure_count") == "2")
        }
    }

    @Test func `a failure of which it is known that nobody bounds it is not counted`() async throws {
        try await withRedis { server async throws in
            let fields = ["pause_after_failures", "1", "open_runs", #"[["j1","q"]]"#, "enabled", "1"]
            try prepare(server, fields: fields)
            #expect(try codes(server, Change(flags: "efm", mayCount: false)) == "+")
            #expect(try server.endedRuns() == ["end of m1"])
            // As a tick finds it, which counts it then.
            #expect(try server.field("open_runs") == #"[["j1","q"]]"#)
        }
    }

    @Test(arguments: [("es", "0"), ("em", "1")])
    func `a success begins anew, and any other end leaves the count`(flags: String, count: String) async throws {
        try await withRedis { server async throws in
            let fields = ["pause_after_failures", "3", "failure_count", "1", "open_runs", #"[["j1","q"]]"#]
            try prepare(server, fields: fields)
            #expect(try codes(server, Change(flags: flags)) == "f")
            #expect(try server.field("failure_count") == count)
            #expect(try server.field("open_runs") == nil)
        }
    }

    @Test(arguments: [("1", "one failed"), ("2", "2 failed")])
    func `too many failures pause a definition as a tick would, and announce it`(limit: String, note: String)
        async throws
    {
        try await withRedis { server async throws in
            let fields = [
                "pause_after_failures", limit, "failure_count", "1", "open_runs", #"[["j1","q"],["j2","q"]]"#,
                "enabled", "1", "waiting_since", "x", "paused_until", "y", "next_enqueue_time", "then",
            ]
            try prepare(server, fields: fields)
            let listener = try server.connect()
            try listener.command("SUBSCRIBE", "rq:cron_jobs:events")
            #expect(try codes(server, Change(flags: "efm")) == "p")
            #expect(
                try server.command("HGETALL", "rq:cron_job:a").textFields == [
                    "id": "a", "pause_after_failures": limit, "next_enqueue_time": "then", "enabled": "0",
                    "paused_at": OpenRun.nowText, "updated_at": OpenRun.nowText, "pause_note": note,
                    "open_runs": #"[["j2","q"]]"#,
                ])
            #expect(try server.indexScore() == nil)
            #expect(try listener.readReply().strings == ["message", "rq:cron_jobs:events", "event of a"])
            #expect(try server.endedRuns() == ["end of m1"])
        }
    }

    @Test func `a definition that is disabled keeps its pause, and counts`() async throws {
        try await withRedis { server async throws in
            let fields = [
                "pause_after_failures", "1", "open_runs", #"[["j1","q"]]"#, "enabled", "0", "pause_note", "mine",
            ]
            try prepare(server, fields: fields)
            #expect(try codes(server, Change(flags: "efm")) == "f")
            #expect(try server.field("pause_note") == "mine")
            #expect(try server.field("failure_count") == "1")
        }
    }

    @Test(arguments: ["", "junk j1", "{\"j1\":1}", #"["j1"]"#, #"[1,["j2","j1"]]"#])
    func `open runs that do not hold it, or nobody can read, are left as they are`(runs: String) async throws {
        try await withRedis { server async throws in
            try prepare(server, fields: ["pause_after_failures", "1", "open_runs", runs])
            #expect(try codes(server, Change(flags: "efm")) == "+")
            #expect(try server.field("open_runs") == runs)
            #expect(try server.field("failure_count") == nil)
        }
    }

    // MARK: What is in the way

    @Test func `without our lock nothing happens`() async throws {
        try await withRedis { server async throws in
            try prepare(server)
            let before = try server.dump()
            #expect(try record(server, [Change()], token: "other").string == "L")
            #expect(try server.dump() == before)
        }
    }

    @Test(arguments: [RunKeys.open, RunKeys.watched, RunKeys.recent, "rq:cron_jobs"])
    func `a key of another type is named, and nothing is written`(key: String) async throws {
        try await withRedis { server async throws in
            try prepare(server)
            try server.command("DEL", key)
            try server.command("SET", key, "x")
            let before = try server.dump()
            let error = #expect(throws: SupportError.self) { try record(server, [Change(flags: "efm")]) }
            #expect(error?.description.contains(key) == true)
            #expect(try server.dump() == before)
        }
    }

    @Test(arguments: [RunKeys.ended(), RunKeys.index, RunKeys.total])
    func `a key of another type loses what belongs into it, and nothing else`(key: String) async throws {
        try await withRedis { server async throws in
            try prepare(server, open: ["m1", "m2"])
            try server.command("HSET", "rq:cron_job:b", "id", "b")
            if key == RunKeys.ended() {
                try server.command("SET", key, "x")
            } else {
                try server.command("RPUSH", key, "x")
            }
            let before = try server.command("DUMP", key)
            let changes = [Change(flags: "xefm", former: "none"), Change(id: "b", member: "m2")]
            #expect(try record(server, changes).array.first?.string == "++")
            #expect(try server.command("DUMP", key) == before)
            #expect(try server.endedRuns("b") == ["end of m1"])
            #expect(try members(server, RunKeys.watched) == ["m1"])
            if key != RunKeys.total { #expect(try server.runTotal() == (key == RunKeys.ended() ? "1" : "2")) }
        }
    }

    @Test(arguments: [
        "zrem", "zadd", "zlexcount", "zrangebylex", "incrby", "hget", "hmget", "exists", "hset", "hdel", "lpush",
        "ltrim",
        "lrem",
        "publish",
    ])
    func `a right that is missing stops it before it writes anything`(command: String) async throws {
        try await withRedis { server async throws in
            try prepare(server)
            try server.command("ACL", "SETUSER", "default", "-\(command)")
            let before = try server.dump()
            let error = #expect(throws: SupportError.self) { try record(server, [Change()]) }
            #expect(error?.description.contains(command.uppercased()) == true)
            #expect(try server.dump() == before)
        }
    }
}
