import Cron
import RQWire
import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

/// Looks at runs whose jobs are made by hand; the rules themselves are those of ``RunJudge``.
@Suite(.timeLimit(.minutes(1)))
struct RunLookTests {
    private static let now = Timestamp.now

    /// A run that was queued a minute and a half ago.
    private static func run(queue: String = "q", ttl: Int? = nil) -> RunToLookAt {
        let run = TrackedRun(
            definition: DefinitionID("a"), jobID: .random(), planned: nil, at: now - .seconds(90), reason: .trigger,
            terms: RunTerms(queue: queue, resultTTL: 500, failureTTL: nil, ttl: ttl, retries: 0), history: nil)
        return RunToLookAt(run, memory: RunMemory(lastOpen: now - .seconds(3)), place: .open)
    }

    private static func with(
        user: String? = nil, _ body: (RedisServer, RedisStore) async throws -> Void
    ) async throws {
        try await withRedis { server in
            if let user { try server.command(["ACL", "SETUSER", "u"] + user.split(separator: " ").map(String.init)) }
            let login = user == nil ? "" : "u:secret@"
            let connection = try RedisCronConnection(
                url: RedisURL("unix://\(login)\(server.socketPath)"), keyPrefix: "rq", defaultZone: .utc)
            do {
                try await body(
                    server,
                    RedisStore(connection: connection, loader: DefinitionLoader(zone: .utc, serializer: .pickle)))
                await connection.close()
            } catch {
                await connection.close()
                throw error
            }
        }
    }

    private static func key(_ run: RunToLookAt) -> String { "rq:job:\(run.run.jobID)" }

    private static func make(
        _ run: RunToLookAt, _ status: String, _ fields: [String: String] = [:], on server: RedisServer
    ) throws {
        let enqueued = ["enqueued_at": run.run.at.wireFormat, "origin": "q"].merging(fields) { $1 }
        let words = ["status", status] + enqueued.flatMap { [$0.key, $0.value] }
        try server.command(["HSET", key(run)] + words)
    }

    private static func brief(_ finding: RunFinding) -> String {
        switch finding {
        case .open: "open"
        case .over(let ending): "\(ending.outcome)\(ending.isInferred ? "?" : "")"
        case .unclear(let memory): memory.suspectedAt == nil ? "unclear" : "suspect"
        case .settled: "settled"
        }
    }

    @Test func `what is odd under one job's key says nothing, and does not keep from the others`() async throws {
        try await Self.with { server, store in
            let runs = (0..<8).map { _ in Self.run() }
            try server.command("SET", Self.key(runs[0]), "x")
            try server.command("RPUSH", Self.key(runs[1]), "x")
            try Self.make(runs[2], "dreaming", on: server)
            try Self.make(
                runs[3], "finished", ["started_at": "soon", "ended_at": "", "retries_left": "few"], on: server)
            try Self.make(runs[4], "queued", ["enqueued_at": "noon"], on: server)
            try Self.make(runs[5], "failed", on: server)
            try server.command("SET", "rq:results:\(runs[5].run.jobID)", "x")
            try server.command("HSET", Self.key(runs[6]), "last_heartbeat", "x")
            try Self.make(runs[7], "started", ["started_at": (Self.now - .seconds(1)).wireFormat], on: server)
            let findings = try await store.look(at: runs, now: Self.now)
            // Text compares as text in the script, and "noon" is later than all digits.
            #expect(
                findings.map(Self.brief) == [
                    "unclear", "unclear", "unclear", "finished", "open", "failed", "deleted", "open",
                ])
            if case .over(let ending) = findings[3] {
                #expect(ending.started == nil && ending.ended == nil && ending.attempts == 1)
            }
        }
    }

    @Test func `registries, lists and executions of another type count as empty`() async throws {
        try await Self.with { server, store in
            let run = Self.run(ttl: 1000)
            for key in [
                "rq:executions:\(run.run.jobID)", "rq:finished:q", "rq:failed:q", "rq:results:\(run.run.jobID)",
                "rq:queue:q", "rq:queue:q:intermediate",
            ] {
                try server.command("SET", key, "x")
            }
            #expect(try await store.look(at: [run], now: Self.now).map(Self.brief) == ["deleted"])
        }
    }

    @Test func `a run that is in no list is lost when it still is in none after 15 s`() async throws {
        try await Self.with { server, store in
            var run = Self.run()
            try Self.make(run, "queued", on: server)
            let first = try await store.look(at: [run], now: Self.now)[0]
            guard case .unclear(let memory) = first else {
                Issue.record("\(first)")
                return
            }
            run.memory = memory
            #expect(try await store.look(at: [run], now: Self.now + .seconds(14)).map(Self.brief) == ["suspect"])
            #expect(try await store.look(at: [run], now: Self.now + .seconds(16)).map(Self.brief) == ["lost"])
            try server.command("RPUSH", "rq:queue:q", run.run.jobID.description)
            #expect(try await store.look(at: [run], now: Self.now + .seconds(16)).map(Self.brief) == ["open"])
        }
    }

    @Test func `a run is looked for in the queue into which it was moved`() async throws {
        try await Self.with { server, store in
            let run = Self.run()
            try Self.make(run, "queued", ["origin": "other"], on: server)
            #expect(try await store.look(at: [run], now: Self.now).map(Self.brief) == ["suspect"])
            try server.command("RPUSH", "rq:queue:other", run.run.jobID.description)
            #expect(try await store.look(at: [run], now: Self.now).map(Self.brief) == ["open"])
        }
    }

    @Test func `an id that stands in the list or was popped without a hash has expired, or was deleted`() async throws {
        try await Self.with { server, store in
            for list in ["rq:queue:q", "rq:queue:q:intermediate"] {
                let (expired, deleted) = (Self.run(ttl: 60), Self.run(ttl: 1000))
                for run in [expired, deleted] { try server.command("RPUSH", list, run.run.jobID.description) }
                let findings = try await store.look(at: [expired, deleted], now: Self.now)
                #expect(findings.map(Self.brief) == ["expired", "deleted"])
            }
        }
    }

    @Test func `many runs are looked at in their order`() async throws {
        try await Self.with { server, store in
            let statuses = ["finished", "failed", "started", "canceled", "queued"]
            let runs = (0..<1203).map { _ in Self.run() }
            for (index, run) in runs.enumerated() {
                let status = statuses[index % statuses.count]
                try Self.make(run, status, ["started_at": Self.now.wireFormat], on: server)
                if status == "queued" { try server.command("RPUSH", "rq:queue:q", run.run.jobID.description) }
            }
            let findings = try await store.look(at: runs, now: Self.now).map(Self.brief)
            let expected = ["finished", "failed", "open", "canceled", "open"]
            #expect(findings == runs.indices.map { expected[$0 % expected.count] })
        }
    }

    @Test func `a look at a run that waits or works is one command`() async throws {
        try await Self.with { server, store in
            let runs = (0..<100).map { _ in Self.run() }
            for (index, run) in runs.enumerated() {
                let lately = (Self.now - .seconds(1)).wireFormat
                let fields = index % 2 == 0 ? ["enqueued_at": lately] : ["started_at": lately]
                try Self.make(run, index % 2 == 0 ? "queued" : "started", fields, on: server)
            }
            _ = try await store.look(at: runs, now: Self.now)
            try server.command("CONFIG", "RESETSTAT")
            #expect(try await store.look(at: runs, now: Self.now).allSatisfy { Self.brief($0) == "open" })
            let statistics = try #require(try server.command("INFO", "commandstats").string)
            #expect(statistics.contains("cmdstat_hmget:calls=100,"))
            let others = statistics.matches(of: /cmdstat_(\w+)/).map { String($0.1) }.filter { $0 != "hmget" }
            #expect(Set(others).isSubset(of: ["config|resetstat", "config", "info"]))
        }
    }

    @Test func `a user who may not read results and registries still learns what hashes say`() async throws {
        let rights = "on >secret %RW~rq:job:* -@all +select +ping +role +info +hmget +hget +evalsha +script|load"
        try await Self.with(user: rights) { server, store in
            let runs = (0..<5).map { _ in Self.run() }
            try Self.make(runs[0], "finished", on: server)
            try Self.make(runs[1], "failed", on: server)
            try Self.make(runs[2], "canceled", on: server)
            try Self.make(runs[3], "started", ["started_at": Self.now.wireFormat], on: server)
            let findings = try await store.look(at: runs, now: Self.now).map(Self.brief)
            #expect(findings == ["finished", "failed", "unclear", "open", "deleted"])
        }
    }
}
