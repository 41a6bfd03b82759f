import RQWire
import TestSupport
import Testing

@testable import RedisCron

@Suite(.timeLimit(.minutes(2))) struct BackfillTests {
    private static let from = Timestamp(unixSeconds: 1_780_272_000)  // 2026-06-01T00:00:00Z

    private func withDefinition(
        overlap: RunPolicy.Overlap = .allow, _ body: (RedisServer, RedisCronConnection) async throws -> Void
    ) async throws {
        try await withRedis { server in
            try await withConnection(to: server) { connection in
                try await connection.register(
                    id: "a", call: CallSpec("m.f", queue: "q", plannedTimeArgument: "at"),
                    schedule: .cron("0 7 * * *", timeZone: "UTC"), policy: RunPolicy(overlap: overlap))
                try await body(server, connection)
            }
        }
    }

    private func day(_ number: Int) -> Timestamp { Self.from + .seconds((number - 1) * 86_400 + 7 * 3_600) }

    private func jobID(_ number: Int, try count: Int = 1) -> String {
        BackfillPlan.jobID(of: "a", at: day(number), try: count).description
    }

    private func backfill(
        _ connection: RedisCronConnection, days: Int = 3, _ change: (inout BackfillOptions) -> Void = { _ in }
    ) async throws -> BackfillReport {
        var options = BackfillOptions(rate: 1_000)
        change(&options)
        return try await connection.backfill(id: "a", from: Self.from, through: day(days), options: options)
    }

    @Test func `each planned time is queued once, under the schedule's id and with its time`() async throws {
        try await withDefinition { server, connection in
            let before = try server.command("HGETALL", "rq:cron_job:a").textFields
            let report = try await backfill(connection)
            #expect(report.total == 3 && report.queued == 3 && report.leftAlone == 0 && report.rest == nil)
            #expect(try server.command("LRANGE", "rq:queue:q", 0, -1).strings == (1...3).map { jobID($0) })
            let call = try server.command("HGET", "rq:job:\(jobID(2))", "description").string
            #expect(call == "m.f(at='2026-06-02T07:00:00.000000Z')")
            let again = try await backfill(connection)
            #expect(again.queued == 0 && again.leftAlone == 3)
            #expect(try server.command("LLEN", "rq:queue:q").integer == 3)
            // The schedule and the count of its runs stay.
            let after = try server.command("HGETALL", "rq:cron_job:a").textFields
            #expect(after.filter { $0.key != "triggered_job" } == before)
        }
    }

    @Test func `a dry run writes nothing`() async throws {
        try await withDefinition { server, connection in
            let keys = try server.command("DBSIZE").integer
            let report = try await backfill(connection) { $0.isDryRun = true }
            #expect(report.queued == 3)
            #expect(try server.command("DBSIZE").integer == keys)
        }
    }

    @Test func `failed runs run again under ids of their own, and the last try counts`() async throws {
        try await withDefinition { server, connection in
            for (number, count, status) in [
                (1, 1, "failed"), (2, 1, "stopped"), (2, 2, "finished"), (3, 1, "canceled"), (3, 2, "failed"),
            ] {
                try server.command("HSET", "rq:job:\(jobID(number, try: count))", "status", status)
            }
            #expect(try await backfill(connection).queued == 0)
            let report = try await backfill(connection) { $0.isFailedRunAgain = true }
            #expect(report.queued == 2 && report.leftAlone == 1)
            let queued = try server.command("LRANGE", "rq:queue:q", 0, -1).strings
            #expect(queued == [jobID(1, try: 2), jobID(3, try: 3)])
        }
    }

    @Test func `what RQ has forgotten counts as it is recorded`() async throws {
        try await withDefinition { server, connection in
            func record(_ number: Int, try count: Int = 1, _ outcome: RunOutcome) throws {
                let run = TrackedRun(
                    definition: DefinitionID("a"), jobID: BackfillPlan.jobID(of: "a", at: day(number), try: count),
                    planned: day(number), at: day(number) + .seconds(count), reason: count == 1 ? .schedule : .backfill,
                    terms: RunTerms(queue: "q", resultTTL: 500, failureTTL: nil, ttl: nil, retries: 0), history: nil)
                try server.record(RunEnding(outcome), of: run)
            }
            try record(1, .finished)
            for (number, outcome) in zip(2..., [RunOutcome.failed, .expired, .deleted, .lost]) {
                try record(number, outcome)
            }
            try record(6, .failed)
            try record(6, try: 2, .finished)
            // RQ still has the second try.
            try record(7, .failed)
            try server.command("HSET", "rq:job:\(jobID(7, try: 2))", "status", "failed")
            let report = try await backfill(connection, days: 8)
            #expect(report.queued == 1 && report.leftAlone == 7)
            #expect(try server.command("LRANGE", "rq:queue:q", 0, -1).strings == [jobID(8)])
            let again = try await backfill(connection, days: 7) { $0.isFailedRunAgain = true }
            #expect(again.queued == 5 && again.leftAlone == 2)
            let queued = try server.command("LRANGE", "rq:queue:q", 1, -1).strings
            #expect(queued == (2...5).map { jobID($0, try: 2) } + [jobID(7, try: 3)])
        }
    }

    @Test func `a run that no worker has and no list holds is lost, and runs again if asked for`() async throws {
        try await withDefinition { server, connection in
            try server.command(
                "HSET", "rq:job:\(jobID(1))", "status", "queued", "origin", "q", "enqueued_at",
                "2026-06-01T07:00:00.000000Z")
            let report = try await backfill(connection, days: 1) { $0.isFailedRunAgain = true }
            #expect(report.queued == 1)
            #expect(try server.command("LRANGE", "rq:queue:q", 0, -1).strings == [jobID(1, try: 2)])
        }
    }

    @Test func `with an overlap policy a run waits for the one before, also for the schedule's`() async throws {
        try await withDefinition(overlap: .replace) { server, connection in
            let first = try await connection.job(id: "a").trigger()
            guard case .queued(let open) = first else {
                Issue.record("\(first)")
                return
            }
            try await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask { try await self.backfill(connection, days: 2).queued }
                for job in [open, jobID(1), jobID(2)] {
                    try await eventually("\(job)") {
                        try server.command("LRANGE", "rq:queue:q", 0, -1).strings == [job]
                    }
                    try server.command("LPOP", "rq:queue:q")
                    try server.command("HSET", "rq:job:\(job)", "status", "finished")
                }
                #expect(try await group.next() == 2)
            }
        }
    }

    @Test func `of an interval that has had its runs the recorded ones tell the grid`() async throws {
        try await withRedis { server in
            try await withConnection(to: server) { connection in
                var job = try await connection.register(
                    id: "a", call: CallSpec("m.f", queue: "q"), schedule: .every(.seconds(3600)),
                    policy: RunPolicy(maxRuns: 2))
                // Half an hour off the time at which it was made.
                let first = try #require(job.createdAt) - .seconds(3 * 3600 + 1800)
                for planned in [first, first + .seconds(3600)] {
                    let run = TrackedRun(
                        definition: DefinitionID("a"), jobID: .planned(definition: "a", at: planned), planned: planned,
                        at: planned + .seconds(1), reason: .schedule,
                        terms: RunTerms(queue: "q", resultTTL: 500, failureTTL: nil, ttl: nil, retries: 0), history: nil
                    )
                    try server.record(RunEnding(.finished), of: run)
                }
                try server.command(
                    "HSET", "rq:cron_job:a", "run_count", 2, "next_enqueue_time", Timestamp.finished.wireFormat)
                job = try await connection.job(id: "a")
                #expect(job.isFinished)
                let report = try await connection.backfill(
                    id: "a", from: first - .seconds(60), through: first + .seconds(3660))
                #expect(report.total == 2 && report.leftAlone == 2 && report.queued == 0)
            }
        }
    }

    @Test func `the rate is kept`() async throws {
        try await withDefinition { _, connection in
            let start = ContinuousClock.now
            _ = try await backfill(connection, days: 6) { $0.rate = 20 }
            #expect(ContinuousClock.now - start >= .milliseconds(250))
        }
    }

    @Test func `a stretch or an option that makes no sense is refused`() async throws {
        try await withDefinition { server, connection in
            func refuses(_ field: String, _ call: () async throws -> BackfillReport) async throws {
                do {
                    _ = try await call()
                    Issue.record("\(field) was not refused")
                } catch let error as RedisCronError {
                    #expect(error.code == .invalidOption && error.field == field)
                }
            }
            try await refuses("through") {
                try await connection.backfill(id: "a", from: .now, through: .now + .seconds(60))
            }
            try await refuses("through") { try await connection.backfill(id: "a", from: day(2), through: day(1)) }
            try await refuses("limit") { try await backfill(connection) { $0.limit = 0 } }
            for rate in [0, -1, Double.nan, .infinity] {
                try await refuses("rate") { try await backfill(connection) { $0.rate = rate } }
            }
            #expect(try server.command("EXISTS", "rq:queue:q").integer == 0)
        }
    }
}
