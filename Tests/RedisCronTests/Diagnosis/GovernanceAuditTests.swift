import RQWire
import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

/// What the doctor says of definitions with policies, ends and jitter.
@Suite(.timeLimit(.minutes(1))) struct GovernanceAuditTests {
    private func withRegistered(
        _ schedule: ScheduleSpec = .every(.seconds(3_600)), policy: RunPolicy = RunPolicy(), retry: JobRetry? = nil,
        _ body: (RedisServer, RedisCronConnection) async throws -> Void
    ) async throws {
        try await withRedis(RedisServer.Configuration(appendOnly: true)) { server in
            try await withConnection(to: server) { connection in
                try await connection.register(
                    id: "a", call: CallSpec("m.f", queue: "q", retry: retry), schedule: schedule, policy: policy)
                try await body(server, connection)
            }
        }
    }

    private func findings(_ connection: RedisCronConnection) async throws -> [Finding] {
        try await connection.diagnose().filter { $0.subject == "a" }
    }

    @Test func `an entry at the due time of a jitter is in order, and a later one is moved there`() async throws {
        let far = Timestamp(unixSeconds: 221_845_392_000)
        try await withRegistered(.every(.seconds(86_400), from: far, jitter: .seconds(80_000))) { server, connection in
            let due = try server.command("ZSCORE", "rq:cron_jobs", "a").string
            let next = try await connection.job(id: "a").nextEnqueueTime
            #expect(next == far && Double(due ?? "") ?? 0 > far.score)
            #expect(try await findings(connection).isEmpty)
            try server.command("ZADD", "rq:cron_jobs", "221845480000", "a")
            let late = try await findings(connection)
            #expect(late.map(\.check) == [.index] && late.map(\.severity) == [.error])
            for finding in late { #expect(try await connection.repair(finding)) }
            let score = try server.command("ZSCORE", "rq:cron_jobs", "a").string.flatMap(Double.init)
            #expect(abs((score ?? 0) - (Double(due ?? "") ?? 0)) < 0.001)
            #expect(try await findings(connection).isEmpty)
        }
    }

    @Test func `the first run of an interval may be as late as its jitter`() async throws {
        try await withRegistered(.every(.seconds(86_400), jitter: .seconds(80_000))) { server, connection in
            let due = Double(try server.command("ZSCORE", "rq:cron_jobs", "a").string ?? "") ?? 0
            try #require(due > (Timestamp.now + .seconds(20)).score)
            #expect(try await findings(connection).isEmpty)
            try server.command("ZADD", "rq:cron_jobs", String(due + 20), "a")
            let late = try await findings(connection)
            #expect(late.map(\.check) == [.index])
            for finding in late { #expect(try await connection.repair(finding)) }
            let mended = Double(try server.command("ZSCORE", "rq:cron_jobs", "a").string ?? "") ?? 0
            #expect(abs(mended - due) < 0.001)
        }
    }

    @Test func `an entry is later than due while earlier runs are waited for`() async throws {
        try await withRegistered(policy: RunPolicy(overlap: .wait)) { server, connection in
            let past = Timestamp.now - .seconds(600)
            try server.command(
                "HSET", "rq:cron_job:a", "next_enqueue_time", past.wireFormat, "latest_enqueue_time",
                (past - .seconds(3_600)).wireFormat)
            let soon = Timestamp.now + .seconds(12)
            try server.command("ZADD", "rq:cron_jobs", String(soon.score), "a")
            #expect(try await findings(connection).map(\.check) == [.index])
            try server.command("HSET", "rq:cron_job:a", "waiting_since", past.wireFormat)
            #expect(try await findings(connection).isEmpty)
            // Nobody would look at it for a day.
            try server.command("ZADD", "rq:cron_jobs", String((soon + .seconds(86_400)).score), "a")
            #expect(try await findings(connection).map(\.check) == [.index])
        }
    }

    @Test func `a finished definition is told, needs no entry, and gets none`() async throws {
        try await withRegistered(policy: RunPolicy(maxRuns: 1)) { server, connection in
            try server.command(
                "HSET", "rq:cron_job:a", "run_count", "1", "next_enqueue_time", Timestamp.finished.wireFormat)
            try server.command("ZREM", "rq:cron_jobs", "a")
            let told = try await findings(connection)
            #expect(told.map(\.message) == ["it is finished: 1 of 1 run; delete it, or give it another end or limit"])
            #expect(told.map(\.severity) == [.notice] && told.map(\.isRepairable) == [false])
            let remedy = Finding(.error, .index, about: "a", "", remedy: .enterIndex(DefinitionID("a")))
            #expect(try await !connection.repair(remedy))
            #expect(try server.command("ZCARD", "rq:cron_jobs").integer == 0)
            try server.command("HSET", "rq:cron_job:a", "delete_after", "60")
            #expect(try await findings(connection).isEmpty)
        }
    }

    @Test(
        arguments: [
            ("exclude", #"["2100-01-02"]"#, "that time is excluded"),
            ("end_time", "2100-01-01T00:00:00.000000Z", "its end is"),
            ("start_time", "2100-02-01T00:00:00.000000Z", "its start is"), ("max_runs", "0", nil),
            ("run_count", "5", "it has had all its runs"),
        ] as [(String, String, String?)])
    func `a run that Python planned and that will be refused is a notice`(
        field: String, value: String, reason: String?
    ) async throws {
        try await withRegistered(.cron("0 7 * * *", timeZone: "UTC"), policy: RunPolicy(maxRuns: 5)) {
            server, connection in
            let next = Timestamp(unixSeconds: 4_102_556_400)  // 2100-01-02T07:00:00Z
            try server.command("HSET", "rq:cron_job:a", "next_enqueue_time", next.wireFormat, field, value)
            try server.command("ZADD", "rq:cron_jobs", String(next.score), "a")
            let found = try await findings(connection)
            guard let reason else {
                #expect(found.map(\.severity) == [.error], "\(found)")
                return
            }
            #expect(found.map(\.severity) == [.notice])
            #expect(found.first?.message.contains("and will not, because \(reason)") == true, "\(found)")
        }
    }

    @Test func `a run that goes on after its stop is named, and one that ended is not`() async throws {
        try await withRegistered(policy: RunPolicy(overlap: .replace)) { server, connection in
            let stopped = Timestamp.now.unixSeconds - 31
            let run = OpenRun(job: "j", queue: "q", mark: "stop:\(stopped)")
            try server.command("HSET", "rq:cron_job:a", "open_runs", "[\(run.entry)]")
            let now = Timestamp.now.wireFormat
            try run.make(
                "started", ["enqueued_at": now, "started_at": now, "last_heartbeat": now, "worker_name": "w"],
                on: server)
            try server.command("ZADD", run.executions, String(Timestamp.now.unixSeconds + 60), "e")
            let found = try await findings(connection)
            #expect(found.map(\.severity) == [.warning])
            #expect(found.first?.message.hasPrefix("its run j was told to stop at ") == true, "\(found)")
            let fresh = OpenRun(job: "j", queue: "q", mark: "stop:\(Timestamp.now.unixSeconds)")
            try server.command("HSET", "rq:cron_job:a", "open_runs", "[\(fresh.entry)]")
            #expect(try await findings(connection).isEmpty)
            try server.command("HSET", "rq:cron_job:a", "open_runs", "[\(run.entry)]")
            try server.command("DEL", run.executions)
            try run.make("stopped", on: server)
            #expect(try await findings(connection).isEmpty)
        }
    }

    @Test func `retries after a pause need a worker with a scheduler where an overlap policy waits for them`()
        async throws
    {
        let retry = JobRetry(max: 1, intervals: [.seconds(10)])
        try await withRegistered(policy: RunPolicy(overlap: .skip), retry: retry) { server, connection in
            #expect(try await findings(connection).map(\.check) == [.worker])
            try server.command("SET", "rq:scheduler-lock:q", "w")
            #expect(try await findings(connection).isEmpty)
        }
    }

    @Test func `what is to be deleted without being finished is taken off the list`() async throws {
        try await withRegistered(policy: RunPolicy(maxRuns: 1, deleteAfter: .seconds(60))) { server, connection in
            try server.command("ZADD", "rq:cron_jobs:deletions", "4000000000", "a", "4000000000", "gone")
            let found = try await connection.diagnose().filter { $0.isRepairable }
            #expect(Set(found.compactMap(\.subject)) == ["a", "gone"] && found.allSatisfy { $0.severity == .notice })
            // One that finished meanwhile is deleted as it should be.
            try server.command("HSET", "rq:cron_job:a", "next_enqueue_time", Timestamp.finished.wireFormat)
            for finding in found { #expect(try await connection.repair(finding) == (finding.subject == "gone")) }
            #expect(try server.command("ZRANGE", "rq:cron_jobs:deletions", 0, -1).strings == ["a"])
            #expect(try await connection.diagnose().allSatisfy { !$0.isRepairable })
        }
    }

    @Test func `a command that only overlap policies need is missed where a definition has one`() async throws {
        let configuration = RedisServer.Configuration(appendOnly: true, lines: ["rename-command LPOS \"\""])
        try await withRedis(configuration) { server in
            try await withConnection(to: server) { connection in
                try await connection.register(
                    id: "a", call: CallSpec("m.f", queue: "q"), schedule: .every(.seconds(60)))
                #expect(try await !connection.diagnose().contains { $0.check == .command })
                try server.command("HSET", "rq:cron_job:a", "overlap", "skip")
                let found = try await connection.diagnose().filter { $0.check == .command }
                #expect(found.map(\.subject) == ["LPOS"])
                #expect(found.first?.message.contains("overlap policies and limits") == true)
            }
        }
    }
}
