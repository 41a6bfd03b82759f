import RQWire
import TestSupport
import Testing

@testable import RedisCron

/// What the doctor says of runs.
@Suite(.timeLimit(.minutes(2))) struct RunAuditTests {
    private func withDefinition(
        _ policy: RunPolicy = RunPolicy(), interval: Duration = .seconds(10),
        _ body: (RedisServer, RedisCronConnection) async throws -> Void
    ) async throws {
        try await withRedis { server in
            try await withConnection(to: server) { connection in
                try await connection.register(
                    id: "a", call: CallSpec("m.f", queue: "q"), schedule: .every(interval), policy: policy)
                try await body(server, connection)
            }
        }
    }

    private func end(
        _ server: RedisServer, at seconds: Double, _ outcome: RunOutcome = .finished, lasting: Double = 2,
        error: String? = nil
    ) throws {
        let run = TrackedRun.recorded(at: seconds)
        try server.record(.recorded(outcome, of: run, lasting: lasting, error: error), of: run)
    }

    private func findings(_ connection: RedisCronConnection) async throws -> [Finding] {
        try await connection.diagnose().filter { $0.check == .run }
    }

    @Test func `a last run that failed is a warning, with its reason`() async throws {
        try await withDefinition { server, connection in
            try end(server, at: 10)
            #expect(try await findings(connection) == [])
            try end(server, at: 20, .failed, error: "ValueError: no")
            let found = try await findings(connection)
            #expect(found.map(\.subject) == ["a"] && found.map(\.severity) == [.warning])
            #expect(
                found.first?.message
                    == "its last run, planned for 2026-01-01T00:00:19.500000Z, failed: 'ValueError: no'; rqrcron runs shows them all"
            )
            try end(server, at: 30)
            #expect(try await findings(connection) == [])
        }
    }

    @Test func `several failures in a row say since when it has not succeeded`() async throws {
        try await withDefinition { server, connection in
            try end(server, at: 10, .lost)
            try end(server, at: 20, .expired)
            #expect(
                try await findings(connection).first?.message.contains(
                    "expired in its queue; it has not succeeded in the last 2 runs that are recorded; ") == true)
            try end(server, at: 30)
            try end(server, at: 40, .failed)
            // Somebody's wish is no failure, and no success.
            for (place, outcome) in [RunOutcome.stopped, .canceled, .deleted].enumerated() {
                try end(server, at: 50 + Double(place), outcome)
            }
            try end(server, at: 60, .lost)
            let found = try await findings(connection)
            #expect(
                found.map(\.message) == [
                    "its last run, planned for 2026-01-01T00:00:59.500000Z, was lost; it has not succeeded since "
                        + "2026-01-01T00:00:33.000000Z, 2 runs ago; rqrcron runs shows them all"
                ])
            try server.command("HSET", "rq:cron_job:a", "history", "0")
            #expect(try await findings(connection) == [])
        }
    }

    @Test(arguments: [
        (RunPolicy.Overlap.allow, Finding.Severity.notice, "runs coincide"),
        (.skip, .warning, "planned times are skipped"),
        (.wait, .warning, "it falls behind"), (.replace, .warning, "runs are stopped before they are over"),
    ])
    func `runs that take longer than the time to the next are told, with what becomes of them`(
        overlap: RunPolicy.Overlap, severity: Finding.Severity, effect: String
    ) async throws {
        try await withDefinition(RunPolicy(overlap: overlap)) { server, connection in
            for place in 0..<3 { try end(server, at: Double(place) * 10, lasting: 2) }
            try end(server, at: 40, lasting: 12)
            #expect(try await findings(connection) == [])
            for place in 5..<8 { try end(server, at: Double(place) * 10, lasting: 12) }
            let found = try await findings(connection)
            #expect(found.map(\.severity) == [severity])
            #expect(
                found.first?.message
                    == "its runs take longer (12 s) than the time from one to the next (10 s); with overlap "
                    + "\(overlap.rawValue) \(effect); plan them further apart, or give them less to do")
        }
    }

    @Test func `runs that wait in a queue without a worker are a warning, with how many and since when`() async throws {
        try await withDefinition { server, connection in
            func worker() async throws -> [Finding] {
                try await connection.diagnose().filter { $0.check == .worker && $0.subject == "q" }
            }
            let open = [10, 20, 30].map { TrackedRun.recorded(at: $0) }
            for run in open { try server.recordOpen(run) }
            #expect(try await worker().map(\.severity) == [.notice])
            for run in open.dropFirst() { try server.command("HSET", "rq:job:\(run.jobID)", "status", "queued") }
            try server.command("HSET", "rq:job:\(open[0].jobID)", "status", "finished")
            let found = try await worker()
            #expect(found.map(\.severity) == [.warning])
            #expect(
                found.first?.message
                    == "no worker reads this queue: its jobs wait until one does; 2 of its runs wait, since "
                    + "2026-01-01T00:00:20.000000Z")
            try server.command("SADD", "rq:workers:q", "rq:worker:w")
            #expect(
                try await worker().first?.message.hasSuffix("2 of its runs wait, since 2026-01-01T00:00:20.000000Z")
                    == true)
            try server.command("HSET", "rq:worker:w", "queues", "q")
            #expect(try await worker() == [])
        }
    }

    @Test func `a log that nobody takes in is a warning`() async throws {
        try await withDefinition { server, connection in
            try server.log(.recorded(at: 10))
            try server.log(.recorded(at: 20))
            let found = try await findings(connection)
            #expect(found.map(\.subject) == ["rq:cron_runs_log"] && found.map(\.severity) == [.warning])
            #expect(
                found.first?.message
                    == "nobody takes runs off this log, which has 2 entries since 2026-01-01T00:00:10.000000Z: no scheduler "
                    + "leads, start one with rqrcron run"
            )
            try server.command("SET", "rq:cron_jobs:lock", "s:0123456789abcdef0123456789abcdef", "EX", 60)
            #expect(
                try await findings(connection).first?.message.contains("records nothing: it is of an older version")
                    == true)
            try server.command("DEL", "rq:cron_runs_log")
            #expect(try await findings(connection) == [])
        }
    }

    @Test func `a key of another type is an error`() async throws {
        try await withDefinition { server, connection in
            try server.command("SET", "rq:cron_runs_open", "x")
            let found = try await connection.diagnose().filter { $0.check == .keyType }
            #expect(found.map(\.subject) == ["rq:cron_runs_open"])
        }
    }
}
