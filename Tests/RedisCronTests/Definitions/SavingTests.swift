import Cron
import RQWire
import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

@Suite(.timeLimit(.minutes(1)))
struct SavingTests {
    private func with(
        _ body: (RedisServer, RedisCronConnection, RedisCronScheduler) async throws -> Void
    ) async throws {
        try await withRedis { server in
            try await withConnection(to: server) { connection in
                try await body(server, connection, RedisCronScheduler(connection: connection, options: .forTest()))
            }
        }
    }

    @discardableResult
    private func register(_ scheduler: RedisCronScheduler, interval: Duration? = .seconds(60), cron: String? = nil)
        async throws
        -> RedisCronJob
    {
        try await scheduler.register(
            functionName: "app.tasks.rebuild", queueName: "q", id: "a", interval: interval, cron: cron)
    }

    private func fields(_ server: RedisServer) throws -> [String: String] {
        try server.command("HGETALL", "rq:cron_job:a").textFields
    }

    @Test func `a job that was deleted meanwhile does not come back`() async throws {
        try await with { server, _, scheduler async throws in
            var mine = try await register(scheduler)
            try await mine.delete()
            mine.args = [1]
            for save in [RedisCronJob.saveIt, RedisCronJob.enableIt, RedisCronJob.disableIt, RedisCronJob.stampIt] {
                let error = await #expect(throws: RedisCronError.self) { try await save(&mine) }
                #expect(error?.code == .noSuchJob)
            }
            #expect(try server.command("EXISTS", "rq:cron_job:a", "rq:cron_jobs").integer == 0)
        }
    }

    @Test func `an overlap policy begins with the open runs that are recorded, else with the last planned one`()
        async throws
    {
        try await with { server, connection, scheduler async throws in
            try await register(scheduler)
            let latest = Timestamp.newYear + .seconds(1_000)
            try server.command(
                "HSET", "rq:cron_job:a", "latest_enqueue_time", latest.wireFormat, "next_enqueue_time",
                (latest + .seconds(60)).wireFormat)
            func openRuns() async throws -> [[String]] {
                var job = try await connection.job(id: "a")
                job.policy.overlap = .skip
                try await job.save()
                let text = try fields(server)["open_runs"] ?? "[]"
                job.policy.overlap = .allow
                try await job.save()
                return (try JSONValue(parsing: text).array ?? []).map { ($0.array ?? []).compactMap { $0.string } }
            }
            #expect(try await openRuns() == [[RQJobID.planned(definition: "a", at: latest).description, "q"]])
            // Recorded, and over.
            let over = TrackedRun.recorded(at: 1_000)
            try server.record(.recorded(of: over), of: over)
            #expect(try await openRuns() == [])
            let open = (0..<9).map { TrackedRun.recorded(at: 900 + Double($0) * 10, queue: "q\($0)") }
            for run in open { try server.recordOpen(run) }
            let logged = TrackedRun.recorded(at: 1_001, reason: .trigger)
            try server.log(logged)
            let newest = (open.suffix(7) + [logged]).map { [$0.jobID.description, $0.terms.queue] }
            #expect(try await openRuns() == newest)
            // Python led since.
            let later = latest + .seconds(600)
            try server.command("HSET", "rq:cron_job:a", "latest_enqueue_time", later.wireFormat)
            #expect(try await openRuns() == newest)
        }
    }

    @Test func `registering again keeps what R was drawn as, until it is another expression`() async throws {
        try await with { server, _, scheduler async throws in
            let cron = "R R(2-9) * * *"
            let first = try await register(scheduler, interval: nil, cron: cron)
            let drawn = try #require(first.cron)
            #expect(CronExpression.isResolution(drawn, of: cron))
            for _ in 0..<5 {
                let again = try await register(scheduler, interval: nil, cron: cron)
                #expect(again.cron == drawn)
                #expect(again.nextEnqueueTime == first.nextEnqueueTime)
            }
            let declared = CronJobDeclarations(jobs: [
                CronJobDeclaration(
                    id: "a", call: CallSpec("app.tasks.rebuild", queue: "q"), schedule: ScheduleSpec(cron: cron))
            ])
            #expect(try await scheduler.connection.plan(declared).changes.isEmpty)

            try await register(scheduler, interval: nil, cron: "R R(20-22) * * *")
            let hour = try #require(try fields(server)["cron"]?.split(separator: " ").dropFirst().first)
            #expect(["20", "21", "22"].contains(hour))
        }
    }

    @Test func `two editors of different fields do not undo each other`() async throws {
        try await with { server, connection, scheduler async throws in
            try await register(scheduler)
            var one = try await RedisCronJob.fetch(id: "a", on: connection)
            var other = try await RedisCronJob.fetch(id: "a", on: connection)
            one.queueName = "one"
            one.interval = .seconds(600)
            other.args = ["other"]
            other.enabled = false
            try await one.save()
            try await other.save()
            let stored = try fields(server)
            #expect(stored["queue_name"] == "one")
            #expect(stored["interval"] == "600")
            #expect(stored["args"] == #"["other"]"#)
            #expect(stored["enabled"] == "0")
            #expect(try server.command("ZSCORE", "rq:cron_jobs", "a") == .null)
        }
    }

    @Test func `two editors of what says whether runs are tracked do not lose a run that is open`() async throws {
        let began = RunPolicy(overlap: .skip)
        let edits: [(one: (inout RunPolicy) -> Void, other: (inout RunPolicy) -> Void, begins: RunPolicy)] = [
            // Each of them still tracks, by the half that the other one does not see.
            ({ $0.pauseAfterFailures = 2 }, { $0.overlap = .allow }, began),
            ({ $0.overlap = .skip }, { $0.pauseAfterFailures = nil }, RunPolicy(pauseAfterFailures: 2)),
            ({ $0.catchUpWindow = .seconds(60) }, { $0.overlap = .wait }, began),
        ]
        try await with { server, connection, scheduler async throws in
            var job = try await register(scheduler)
            for (one, other, policy) in edits {
                job.policy = policy
                try await job.save()
                var first = try await RedisCronJob.fetch(id: "a", on: connection)
                var second = try await RedisCronJob.fetch(id: "a", on: connection)
                one(&first.policy)
                try await first.save()
                try server.command("HSET", "rq:cron_job:a", "open_runs", #"[["job","q"]]"#)
                other(&second.policy)
                try await second.save()
                let stored = try fields(server)
                #expect(stored["open_runs"] == #"[["job","q"]]"#)
                var both = policy
                one(&both)
                other(&both)
                #expect(second.policy == both)
                try await job.refresh()
                #expect(job.policy == both)
            }
        }
    }

    @Test func `what starts to track again after another editor had stopped it begins with the last run`() async throws
    {
        try await with { server, connection, scheduler async throws in
            var job = try await register(scheduler)
            let latest = Timestamp.newYear + .seconds(1_000)
            try server.command(
                "HSET", "rq:cron_job:a", "latest_enqueue_time", latest.wireFormat, "next_enqueue_time",
                (latest + .seconds(60)).wireFormat)
            try await job.refresh()
            job.policy.overlap = .skip
            try await job.save()
            // One stops it. The other has seen it tracked, and writes that back with what goes together with it.
            var other = try await RedisCronJob.fetch(id: "a", on: connection)
            job.policy.overlap = .allow
            try await job.save()
            #expect(try fields(server)["open_runs"] == nil)
            other.policy.overlap = .wait
            try await other.save()
            let run = RQJobID.planned(definition: "a", at: latest)
            #expect(try fields(server)["open_runs"] == #"[["\#(run)","q"]]"#)
        }
    }

    @Test func `each save gives a new version, even when the clock was stepped back`() async throws {
        try await with { server, connection, scheduler async throws in
            try await register(scheduler)
            try server.command("HSET", "rq:cron_job:a", "updated_at", "2999-01-01T00:00:00.000000Z")
            var job = try await RedisCronJob.fetch(id: "a", on: connection)
            try await job.save()
            #expect(try fields(server)["updated_at"] == "2999-01-01T00:00:00.000001Z")
        }
    }

    @Test func `fields of others are kept by save and by register`() async throws {
        try await with { server, connection, scheduler async throws in
            try await register(scheduler)
            try server.command("HSET", "rq:cron_job:a", "owner", "team-air")
            var job = try await RedisCronJob.fetch(id: "a", on: connection)
            job.args = [1]
            try await job.save()
            try await register(scheduler, interval: .seconds(600))
            #expect(try fields(server)["owner"] == "team-air")
        }
    }

    @Test func `a time that was written without a fraction can be edited`() async throws {
        try await with { server, connection, scheduler async throws in
            try await register(scheduler)
            try server.command(
                "HSET", "rq:cron_job:a", "latest_enqueue_time", "2026-01-01T00:00:00Z", "next_enqueue_time",
                "2026-01-01T00:01:00Z")
            var job = try await RedisCronJob.fetch(id: "a", on: connection)
            job.interval = .seconds(600)
            try await job.save()
            #expect(try fields(server)["next_enqueue_time"] == "2026-01-01T00:10:00.000000Z")
            let listed = try await scheduler.connection.jobs().first
            #expect(listed?.interval == .seconds(600))
        }
    }

    @Test func `a schedule that is changed before the first save is the one that is saved`() async throws {
        try await with { server, connection, _ async throws in
            var job = try RedisCronJob(
                id: "a", call: CallSpec("m.f", queue: "q"), schedule: ScheduleSpec(cron: "0 0 1 1 *"),
                connection: connection,
                defaultTimeZone: "UTC")
            job.cron = "0 0 1 2 *"
            try await job.save(event: .created)
            #expect(try fields(server)["next_enqueue_time"]?.hasSuffix("-02-01T00:00:00.000000Z") == true)
            job.schedule = .every(.seconds(60))
            try await job.save()
            #expect(try fields(server)["cron"] == "")
            #expect(try fields(server)["next_enqueue_time"] == "")
        }
    }

    @Test func `a job that was never read replaces the one of its id, zone included`() async throws {
        try await with { server, connection, scheduler async throws in
            try await scheduler.register(
                functionName: "m.f", queueName: "q", id: "a", cron: "0 7 * * *", timeZone: "Europe/Berlin")
            #expect(try fields(server)["timezone"] == "Europe/Berlin")
            var job = try RedisCronJob(
                id: "a", call: CallSpec("m.f", queue: "q"), schedule: ScheduleSpec(cron: "0 7 * * *"),
                connection: connection,
                defaultTimeZone: "UTC")
            try await job.save(event: .created)
            #expect(try fields(server)["timezone"] == nil)
            let fetched = try await RedisCronJob.fetch(id: "a", on: connection)
            #expect(fetched.timeZone == nil)
        }
    }

    @Test func `a zone of its own is stored beside Python's fields, and can be taken away`() async throws {
        try await with { server, connection, scheduler async throws in
            let job = try await scheduler.register(
                functionName: "m.f", queueName: "q", id: "a", cron: "0 7 1 1 *", timeZone: "Asia/Tokyo")
            #expect(job.nextEnqueueTime?.description.hasSuffix("-12-31T22:00:00.000000Z") == true)
            let again = try await scheduler.register(functionName: "m.f", queueName: "q", id: "a", cron: "0 7 1 1 *")
            #expect(again.nextEnqueueTime?.description.hasSuffix("-01-01T07:00:00.000000Z") == true)
            #expect(try await RedisCronJob.fetch(id: "a", on: connection).timeZone == nil)
            #expect(try fields(server)["timezone"] == nil)
        }
    }

    @Test func `what nobody could run is replaced by register, and named by fetch`() async throws {
        try await with { server, connection, scheduler async throws in
            try await register(scheduler)
            try server.command("HSET", "rq:cron_job:a", "args", "{", "note", "kept")
            let error = await #expect(throws: RedisCronError.self) {
                try await RedisCronJob.fetch(id: "a", on: connection)
            }
            #expect(error?.code == .unreadableDefinition)
            #expect(error?.field == "args")
            try await register(scheduler)
            #expect(try await RedisCronJob.fetch(id: "a", on: connection).args.isEmpty)
            #expect(try fields(server)["note"] == "kept")
        }
    }

    @Test func `a hash that names another id is no definition of this one`() async throws {
        try await with { server, connection, scheduler async throws in
            try await register(scheduler)
            try server.command("HSET", "rq:cron_job:a", "id", "b")
            let error = await #expect(throws: RedisCronError.self) {
                try await RedisCronJob.fetch(id: "a", on: connection)
            }
            #expect(error?.field == "id")
        }
    }

    @Test func `a key that holds something else is named`() async throws {
        try await with { server, _, scheduler async throws in
            try server.command("SET", "rq:cron_job:a", "x")
            await #expect(throws: (any Error).self) { try await register(scheduler) }
            #expect(try server.command("GET", "rq:cron_job:a").string == "x")
        }
    }

    @Test func `an expression whose years are over is stored, indexed nowhere, and never runs`() async throws {
        try await with { server, _, scheduler async throws in
            var job = try await register(scheduler, interval: nil, cron: "0 0 1 1 * 0 1999")
            #expect(job.nextEnqueueTime == nil)
            #expect(try server.command("EXISTS", "rq:cron_jobs").integer == 0)
            try await job.disable()
            try await job.enable()
            #expect(try server.command("EXISTS", "rq:cron_jobs").integer == 0)
            #expect(try await scheduler.connection.allJobs().map(\.id) == ["a"])
            job.cron = "0 0 1 1 *"
            try await job.save()
            #expect(try server.command("ZSCORE", "rq:cron_jobs", "a").double == job.nextEnqueueTime?.score)
        }
    }

    @Test func `an id is bytes: two texts that only look alike are two definitions`() async throws {
        try await with { _, connection, scheduler async throws in
            let composed = "caf\u{e9}"
            let decomposed = "cafe\u{301}"
            for id in [composed, decomposed] {
                try await scheduler.register(
                    functionName: "m.f", queueName: "q", id: id, args: [.string(id)], interval: .seconds(60))
            }
            #expect(try await scheduler.connection.allJobs().count == 2)
            let fetched = try await RedisCronJob.fetch(id: decomposed, on: connection)
            #expect(fetched.args == [.string(decomposed)])
        }
    }

    @Test func `a job without a connection says so`() async throws {
        var job = try RedisCronJob(
            id: "a", call: CallSpec("m.f", queue: "q"), schedule: ScheduleSpec(interval: .seconds(60)))
        #expect(job.key == "rq:cron_job:a")
        let error = await #expect(throws: RedisCronError.self) { try await job.save() }
        #expect(error?.code == .noConnection)
    }

    @Test func `a prefix of one's own holds everything`() async throws {
        try await withRedis { server in
            try await withConnection(to: server, keyPrefix: "{app}") { connection in
                let scheduler = try RedisCronScheduler(connection: connection, options: .forTest())
                let job = try await register(scheduler)
                #expect(job.key == "{app}:cron_job:a")
                try await scheduler.registerBirth()
                try await scheduler.enqueueJobs()
                try await scheduler.registerDeath()
                #expect(try await scheduler.connection.allJobs().count == 1)
                let keys = try server.command("KEYS", "*").strings
                #expect(keys.allSatisfy { $0.hasPrefix("{app}:") })
                #expect(keys.contains("{app}:queue:q"))
            }
        }
    }

    @Test(arguments: [
        "id", "queue_name", "func_name", "interval", "cron", "timezone", "job_timeout", "ttl",
    ])
    func `what makes no sense is refused by its field, and nothing is written`(field: String) async throws {
        try await with { server, _, scheduler async throws in
            let error = await #expect(throws: RedisCronError.self) {
                try await scheduler.register(
                    functionName: field == "func_name" ? "rebuild" : "m.f",
                    queueName: field == "queue_name" ? "" : "q", id: field == "id" ? "a:jobs" : "a",
                    interval: field == "cron" || field == "timezone" ? nil : .seconds(field == "interval" ? 0 : 60),
                    cron: field == "cron" ? "* * *" : field == "timezone" ? "* * * * *" : nil,
                    timeZone: field == "timezone" ? "Nowhere/Else" : nil,
                    jobTimeout: field == "job_timeout" ? .zero : nil, ttl: field == "ttl" ? .zero : nil)
            }
            #expect(error?.code == .invalidDefinition)
            #expect(error?.field == field)
            #expect(try server.command("DBSIZE").integer == 0)
        }
    }
}

extension RedisCronJob {
    fileprivate static let saveIt: @Sendable (inout RedisCronJob) async throws -> Void = { try await $0.save() }
    fileprivate static let enableIt: @Sendable (inout RedisCronJob) async throws -> Void = { try await $0.enable() }
    fileprivate static let disableIt: @Sendable (inout RedisCronJob) async throws -> Void = { try await $0.disable() }
    fileprivate static let stampIt: @Sendable (inout RedisCronJob) async throws -> Void = {
        try await $0.setEnqueueTime(.init(unixSeconds: 0))
    }
}
