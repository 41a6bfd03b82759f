import RQWire
import TestSupport
import Testing

@testable import RedisCron

@Suite(.timeLimit(.minutes(2))) struct RunReadingTests {
    private func withDefinitions(
        _ ids: [String] = ["a"], _ body: (RedisServer, RedisCronConnection) async throws -> Void
    ) async throws {
        try await withRedis { server in
            try await withConnection(to: server) { connection in
                for id in ids {
                    try await connection.register(
                        id: id, call: CallSpec("m.f", queue: "q"), schedule: .every(.seconds(60)))
                }
                try await body(server, connection)
            }
        }
    }

    @discardableResult
    private func end(
        _ server: RedisServer, _ id: String = "a", at seconds: Double, _ outcome: RunOutcome = .finished,
        lasting: Double = 2
    ) throws -> TrackedRun {
        let run = TrackedRun.recorded(id, at: seconds)
        try server.record(.recorded(outcome, of: run, lasting: lasting), of: run)
        return run
    }

    @Test func `runs that nobody has looked at are read, once, of the jobs that are asked for`() async throws {
        try await withDefinitions(["a", "ab", "b"]) { server, connection in
            let runs = (1...4).map { TrackedRun.recorded(at: Double($0)) }
            let others = ["ab", "b"].map { TrackedRun.recorded($0, at: 5) }
            try server.recordRecent(runs[0], others[0])
            try server.recordRecent(others[1])
            try server.recordRecent(runs[1], runs[2])
            // Between two readings it went on, or it was taken off the log.
            try server.recordOpen(runs[1])
            try server.log(runs[2])
            try server.log(runs[3])
            try server.command("RPUSH", "rq:cron_runs_recent", "x", "{}", #"[["a",1],["a"]]"#)
            let expected = runs.reversed().map(\.jobID.description)
            #expect(try await connection.job(id: "a").runs().map(\.jobID) == expected)
            #expect(try await connection.runs().map(\.jobID) == others.map(\.jobID.description) + expected)
            #expect(try await connection.runs(of: "ab").map(\.jobID) == [others[0].jobID.description])
            #expect(try await connection.runs(of: "b").map(\.jobID) == [others[1].jobID.description])
            #expect(try await connection.runs(of: "a").allSatisfy(\.isOpen))
            try server.command("DEL", "rq:cron_runs_recent")
            try server.command("SET", "rq:cron_runs_recent", "x")
            #expect(try await connection.runs().count == 3)
        }
    }

    @Test func `a job's runs are read from the log, the open ones and those that are over`() async throws {
        try await withDefinitions(["a", "ab", "a:b"]) { server, connection in
            let over = try end(server, at: 10, .failed)
            let (running, queued, logged) = (
                TrackedRun.recorded(at: 20), TrackedRun.recorded(at: 30), TrackedRun.recorded(at: 40)
            )
            try server.recordOpen(running)
            try server.recordOpen(queued)
            try server.log(logged)
            for other in ["ab", "a:b"] { try server.recordOpen(.recorded(other, at: 25)) }
            try server.command(
                "HSET", "rq:job:\(running.jobID)", "status", "started", "started_at", "2026-01-01T00:00:21.000000Z",
                "worker_name", "w7")
            try server.command(
                "HSET", "rq:job:\(queued.jobID)", "status", "queued", "started_at", "", "worker_name", "")
            let records = try await connection.job(id: "a").runs()
            #expect(records.map(\.jobID) == [logged, queued, running, over].map(\.jobID.description))
            #expect(records.map(\.outcome) == [nil, nil, nil, .failed])
            #expect(records.map(\.started) == [nil, nil, .newYear + .seconds(21), .newYear + .seconds(11)])
            #expect(records.map(\.worker) == [nil, nil, "w7", "w1"])
            #expect(try await connection.runs(of: "a", limit: 2) == Array(records.prefix(2)))
            #expect(try await connection.runs(of: "a", since: queued.at) == Array(records.prefix(2)))
            #expect(try await connection.runs(of: "a", outcomes: RunOutcome.unsuccessful) == [records[3]])
            #expect(try await connection.runs(of: "a", outcomes: [.finished]) == [])
        }
    }

    @Test func `the runs of all are the newest, those that were over last among them`() async throws {
        try await withDefinitions(["a", "b", "c", "d"]) { server, connection in
            // Over last, and queued first.
            try end(server, "a", at: 1, lasting: 1_000)
            try end(server, "b", at: 10)
            try end(server, "b", at: 20, .lost)
            try end(server, "c", at: 15)
            try server.recordOpen(.recorded("d", at: 12))
            let all = try await connection.runs()
            #expect(all.map(\.id) == ["b", "c", "d", "b", "a"])
            #expect(try await connection.runs(limit: 2) == Array(all.prefix(2)))
            #expect(try await connection.runs(limit: 4) == Array(all.prefix(4)))
            #expect(try await connection.runs(outcomes: [.lost]).map(\.id) == ["b"])
            #expect(try await connection.runs(since: .newYear + .seconds(12)).map(\.id) == ["b", "c", "d"])
        }
    }

    @Test func `more definitions than one page are read until the newest are found`() async throws {
        let ids = (100..<350).map { "job\($0)" }
        try await withDefinitions(ids) { server, connection in
            for (place, id) in ids.enumerated() { try end(server, id, at: Double(place * 10), lasting: 1) }
            try server.command("CONFIG", "RESETSTAT")
            let newest = try await connection.runs(limit: 3)
            #expect(newest.map(\.id) == ["job349", "job348", "job347"])
            let commands = try server.command("INFO", "commandstats").string ?? ""
            // The log, the recent runs, and two lists of each definition of one page.
            #expect(commands.contains("cmdstat_lrange:calls=202,"), "\(commands)")
            #expect(try await connection.runs(limit: 1_000).count == 250)
            #expect(try await connection.runs(limit: 120, outcomes: [.finished]).last?.id == "job230")
        }
    }

    @Test func `what is damaged or a stranger's is passed over`() async throws {
        try await withDefinitions(["a", "b"]) { server, connection in
            let run = try end(server, at: 10)
            for entry in ["", "x", "[]", #"["won",1,2,"schedule"]"#, #"["finished","soon",2,"schedule"]"#] {
                try server.command("LPUSH", "rq:cron_runs:a", entry)
                try server.command("RPUSH", "rq:cron_runs_refused:a", entry)
                try server.command("RPUSH", "rq:cron_runs_log", entry)
            }
            try server.command("ZADD", "rq:cron_runs_open", 0, #"["a",5]"#, 0, "x")
            #expect(try await connection.runs(of: "a").map(\.jobID) == [run.jobID.description])
            try server.command(
                "DEL", "rq:cron_runs_refused:a", "rq:cron_runs_log", "rq:cron_runs_open", "rq:cron_runs:b")
            for key in ["rq:cron_runs_refused:a", "rq:cron_runs_log", "rq:cron_runs_open", "rq:cron_runs:b"] {
                try server.command("SET", key, "x")
            }
            #expect(try await connection.runs().map(\.jobID) == [run.jobID.description])
            #expect(try await connection.lastRuns(of: [connection.job(id: "b")]) == [nil])
            try server.command("DEL", "rq:cron_runs_index")
            try server.command("SET", "rq:cron_runs_index", "x")
            #expect(try await connection.runs() == [])
        }
    }

    @Test func `a definition that is gone has no runs, and a wrong limit is refused`() async throws {
        try await withDefinitions { server, connection in
            try end(server, at: 10)
            try server.recordOpen(.recorded("gone", at: 20))
            try end(server, "gone", at: 30)
            #expect(try await connection.runs().map(\.id) == ["a"])
            let gone = await #expect(throws: RedisCronError.self) { try await connection.runs(of: "gone") }
            #expect(gone?.code == .noSuchJob)
            for limit in [0, 10_001] {
                let refused = await #expect(throws: RedisCronError.self) { try await connection.runs(limit: limit) }
                #expect(refused?.code == .invalidOption && refused?.field == "limit")
            }
        }
    }

    @Test func `another scheduler's run is unknown, unless the definition keeps none`() async throws {
        try await withDefinitions { server, connection in
            try end(server, at: 10)
            try server.command("HSET", "rq:cron_job:a", "latest_enqueue_time", "2026-01-01T00:01:00.000000Z")
            let records = try await connection.runs(of: "a")
            #expect(records.map(\.result) == [.unknown, .queued])
            #expect(try await connection.runs() == records)
            #expect(try await connection.lastRuns(of: [connection.job(id: "a")]) == [records[0]])
            try server.command("HSET", "rq:cron_job:a", "history", "0")
            #expect(try await connection.runs(of: "a").map(\.result) == [.queued])
        }
    }
}
