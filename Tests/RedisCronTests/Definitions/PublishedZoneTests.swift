import Cron
import RQWire
import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

/// What a definition means that names no zone: the same for whoever looks, and when.
@Suite(.timeLimit(.minutes(1)))
struct PublishedZoneTests {
    /// A connection of a process in Los Angeles, to a server on which a scheduler in Tokyo has led.
    private func inLosAngeles(
        publishedBefore: String? = "Asia/Tokyo", keyPrefix: String = "rq",
        _ body: (RedisServer, RedisCronConnection, RedisCronScheduler) async throws -> Void
    ) async throws {
        try await withRedis { server in
            if let publishedBefore { try server.command("SET", "\(keyPrefix):cron_jobs:timezone", publishedBefore) }
            let here = try ZoneRules(identifier: "America/Los_Angeles")
            try await withConnection(to: server, keyPrefix: keyPrefix, timeZone: here) { connection in
                let options = RedisCronScheduler.Options.forTest { $0.timeZone = here.identifier }
                try await body(server, connection, RedisCronScheduler(connection: connection, options: options))
            }
        }
    }

    /// The hour in UTC of a definition's next run, planned for seven in the morning.
    private func hour(_ time: Timestamp?) throws -> String {
        String(try #require(time).description.dropFirst(11).prefix(5))
    }

    private func register(_ scheduler: RedisCronScheduler, zone: String? = nil) async throws -> RedisCronJob {
        try await scheduler.register(
            functionName: "m.f", queueName: "q", id: "daily", cron: "0 7 * * *", timeZone: zone)
    }

    @Test func `everybody computes with the zone that the scheduler published`() async throws {
        try await inLosAngeles { _, connection, scheduler in
            #expect(try await connection.timeZoneOfDefinitions().isPublished)
            // Seven in Tokyo is ten in the evening in UTC.
            var job = try await register(scheduler)
            #expect(try hour(job.nextEnqueueTime) == "22:00")
            #expect(try hour(await job.nextRun(after: .newYear)) == "22:00")
            try await job.setEnqueueTime(.newYear)
            #expect(try hour(job.nextEnqueueTime) == "22:00")
            job.cron = "0 8 * * *"
            try await job.save()
            #expect(try hour(job.nextEnqueueTime) == "23:00")
            try await scheduler.connection.apply(
                CronJobDeclarations(jobs: [
                    CronJobDeclaration(
                        id: "applied", call: CallSpec("m.f", queue: "q"), schedule: ScheduleSpec(cron: "0 7 * * *"))
                ]))
            let applied = try await RedisCronJob.fetch(id: "applied", on: connection)
            #expect(try hour(applied.nextEnqueueTime) == "22:00")
            // Made without having asked, and computed anew when it is saved.
            var made = try RedisCronJob(
                id: "made", call: CallSpec("m.f", queue: "q"), schedule: ScheduleSpec(cron: "0 7 * * *"),
                connection: connection)
            try await made.save(event: .created)
            #expect(try hour(made.nextEnqueueTime) == "22:00")
        }
    }

    @Test func `a zone of its own and a next run of one's own stay`() async throws {
        try await inLosAngeles { _, connection, scheduler in
            #expect(try hour(await register(scheduler, zone: "UTC").nextEnqueueTime) == "07:00")
            let own = try Timestamp(parsing: "2030-06-03T12:34:56Z")
            var made = try RedisCronJob(
                id: "made", call: CallSpec("m.f", queue: "q"), schedule: ScheduleSpec(cron: "0 7 * * *"),
                nextEnqueueTime: own,
                connection: connection)
            try await made.save(event: .created)
            #expect(made.nextEnqueueTime == own)
        }
    }

    @Test func `where nobody has published a zone, that of the process counts and is told apart`() async throws {
        for nothing in [nil, ""] {
            try await inLosAngeles(publishedBefore: nothing) { _, connection, scheduler in
                let zone = try await connection.timeZoneOfDefinitions()
                #expect(!zone.isPublished)
                #expect(zone.rules.identifier == "America/Los_Angeles")
                #expect(["14:00", "15:00"].contains(try hour(await register(scheduler).nextEnqueueTime)))
                let found = try await scheduler.connection.diagnose().filter { $0.check == .timeZone }
                #expect(found.map(\.severity) == [.notice])
                #expect(found.first?.message.contains("'daily' is read in America/Los_Angeles") == true)
            }
        }
    }

    @Test func `what a scheduler published outlives it, under its prefix and without an expiry`() async throws {
        try await inLosAngeles(publishedBefore: nil, keyPrefix: "{air}") { server, connection, scheduler in
            try await whileRunning(scheduler) {}
            #expect(try server.command("GET", "{air}:cron_jobs:timezone").string == "America/Los_Angeles")
            #expect(try server.command("TTL", "{air}:cron_jobs:timezone").integer == -1)
            #expect(try await connection.timeZoneOfDefinitions().isPublished)
        }
    }

    @Test func `what was planned before another zone was published is planned anew, and runs once`() async throws {
        try await inLosAngeles(publishedBefore: nil) { server, connection, scheduler in
            _ = try await register(scheduler)
            _ = try await scheduler.register(
                functionName: "m.f", queueName: "q", id: "own", cron: "0 7 * * *", timeZone: "America/Los_Angeles")
            let own = try await RedisCronJob.fetch(id: "own", on: connection).nextEnqueueTime
            let elsewhere = try RedisCronScheduler(
                connection: connection, options: .forTest { $0.timeZone = "Asia/Tokyo" })
            try await whileRunning(elsewhere) {
                try await eventually("planned anew") {
                    try hour(await RedisCronJob.fetch(id: "daily", on: connection).nextEnqueueTime) == "22:00"
                }
            }
            #expect(try await RedisCronJob.fetch(id: "own", on: connection).nextEnqueueTime == own)
            let score = try await RedisCronJob.fetch(id: "daily", on: connection).nextEnqueueTime?.score
            #expect(try server.command("ZSCORE", "rq:cron_jobs", "daily").double == score)
        }
    }

    @Test func `a stop while definitions are planned anew leaves none of them in the former zone`() async throws {
        try await inLosAngeles { _, connection, scheduler in
            let jobs = (0..<400).map {
                CronJobDeclaration(
                    id: "j\($0)", call: CallSpec("m.f", queue: "q"), schedule: ScheduleSpec(cron: "0 7 * * *"))
            }
            try await scheduler.connection.apply(CronJobDeclarations(jobs: jobs))
            let recorder = EventRecorder(scheduler)
            let running = Task { try await scheduler.run() }
            try await recorder.wait(for: "leading") { if case .becameLeader = $0 { true } else { false } }
            // Some of them are, and most are not yet.
            try await eventually("the first") {
                try hour(await RedisCronJob.fetch(id: "j0", on: connection).nextEnqueueTime) != "22:00"
            }
            running.cancel()
            try await running.value
            let hours = try await scheduler.connection.allJobs().map { try hour($0.nextEnqueueTime) }
            #expect(hours.count == 400)
            #expect(!hours.contains("22:00"))
        }
    }

    @Test func `a time that no zone explains stays where the zone before is known`() async throws {
        try await inLosAngeles(publishedBefore: "Asia/Tokyo") { _, connection, scheduler in
            var job = try await register(scheduler)
            job.nextEnqueueTime = try #require(job.nextEnqueueTime) + .seconds(17 * 60)
            try await job.save()
            let second = try await scheduler.register(
                functionName: "m.f", queueName: "q", id: "planned", cron: "0 7 * * *")
            try await whileRunning(scheduler) {
                try await eventually("the other is planned anew") {
                    let other = try await RedisCronJob.fetch(id: "planned", on: connection)
                    return other.nextEnqueueTime != second.nextEnqueueTime
                }
            }
            #expect(try await RedisCronJob.fetch(id: "daily", on: connection).nextEnqueueTime == job.nextEnqueueTime)
        }
    }

    @Test func `a published zone that this machine does not know is an error that names it`() async throws {
        try await inLosAngeles(publishedBefore: "Mars/Olympus") { _, connection, scheduler in
            let error = await #expect(throws: RedisCronError.self) { try await register(scheduler) }
            #expect(error?.code == .timeZoneUnavailable)
            #expect(error?.message.contains("the scheduler's time zone is 'Mars/Olympus'") == true)
            // What does not depend on it works.
            #expect(try hour(await register(scheduler, zone: "UTC").nextEnqueueTime) == "07:00")
            let found = try await scheduler.connection.diagnose().filter { $0.check == .timeZone }
            #expect(found.map(\.severity) == [.error])
        }
    }
}
