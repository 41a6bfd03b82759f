import RQWire
import TestSupport
import Testing

@testable import RedisCron

@Suite struct ConnectionTests {
    @Test(arguments: [
        ("http://localhost", "rq", nil, "url", RedisCronError.Code.invalidOption),
        ("redis://localhost", "a b", nil, "keyPrefix", .invalidOption),
        ("redis://localhost", "rq", "Mars/Olympus", "defaultTimeZone", .invalidOption),
    ])
    func `a parameter that makes no sense is named`(
        url: String, prefix: String, zone: String?, field: String, code: RedisCronError.Code
    ) {
        let error = #expect(throws: RedisCronError.self) {
            try RedisCronConnection(url: url, keyPrefix: prefix, defaultTimeZone: zone)
        }
        #expect(error?.field == field && error?.code == code, "\(String(describing: error))")
    }

    @Test func `a zone is a name, of a connection and of a scheduler`() throws {
        let connection = try RedisCronConnection(url: "redis://localhost", defaultTimeZone: "Europe/Berlin")
        #expect(connection.defaultTimeZone == "Europe/Berlin")
        var options = RedisCronScheduler.Options()
        options.timeZone = "Mars/Olympus"
        let error = #expect(throws: RedisCronError.self) {
            try RedisCronScheduler(connection: connection, options: options)
        }
        #expect(error?.field == "timeZone" && error?.code == .invalidOption)
    }

    @Test func `jobs are equal by their definitions, and say what they are in a line`() throws {
        let time = try Timestamp(parsing: "2026-06-03T05:40:00Z")
        func job(_ interval: Int, on connection: RedisCronConnection? = nil) throws -> RedisCronJob {
            try RedisCronJob(
                id: "metric:pm25", call: CallSpec("app.tasks.rebuild", queue: "metrics"),
                schedule: .every(.seconds(interval)), nextEnqueueTime: time, createdAt: time, connection: connection)
        }
        let connection = try RedisCronConnection(url: "redis://localhost")
        #expect(try job(300) == job(300, on: connection))
        #expect(try job(300) != job(301))
        #expect(
            try job(300).description
                == "metric:pm25: app.tasks.rebuild in queue metrics, every 300s, next 2026-06-03T05:40:00.000000Z")
    }

    @Test func `a definition registered field by field is the one of its call and schedule`() async throws {
        try await withRedis { server in
            let connection = try RedisCronConnection(url: server.url, defaultTimeZone: "UTC")
            let flat = try await connection.register(
                functionName: "m.f", queueName: "q", id: "a", args: [1], cron: "0 7 * * *", timeZone: "Europe/Berlin",
                jobTimeout: .seconds(60), enabled: false)
            #expect(flat.call == CallSpec("m.f", queue: "q", args: [1], jobTimeout: .seconds(60)))
            #expect(flat.schedule == .cron("0 7 * * *", timeZone: "Europe/Berlin"))
            #expect(!flat.enabled)
            let again = try await connection.register(id: "a", call: flat.call, schedule: flat.schedule, enabled: false)
            #expect(again == (try await connection.job(id: "a")) && again.schedule == flat.schedule)
            await connection.close()
        }
    }

    @Test func `listing writes nothing, and pruning takes out what leads to no run`() async throws {
        try await withRedis { server in
            let connection = try RedisCronConnection(url: server.url, defaultTimeZone: "UTC")
            try await connection.register(functionName: "m.f", queueName: "q", id: "a", interval: .seconds(60))
            try await connection.register(
                functionName: "m.f", queueName: "q", id: "off", interval: .seconds(60), enabled: false)
            try server.command("ZADD", "rq:cron_jobs", 1, "orphan", 2, "off")
            let before = try server.command("ZRANGE", "rq:cron_jobs", 0, -1).strings
            #expect(try await connection.jobs().map(\.id) == ["a"])
            #expect(try await connection.allJobs().map(\.id) == ["a", "off"])
            #expect(try server.command("ZRANGE", "rq:cron_jobs", 0, -1).strings == before)
            #expect(try await connection.pruneIndex() == 2)
            #expect(try await connection.pruneIndex() == 0)
            #expect(try server.command("ZRANGE", "rq:cron_jobs", 0, -1).strings == ["a"])
            await connection.close()
        }
    }

    @Test func `a scheduler's convenience has the zone and the id generator of its options`() async throws {
        try await withRedis { server in
            let connection = try RedisCronConnection(url: server.url, defaultTimeZone: "UTC")
            var options = RedisCronScheduler.Options()
            options.timeZone = "Asia/Tokyo"
            options.idGenerator = { "\($0.functionName)!" }
            let scheduler = try RedisCronScheduler(connection: connection, options: options)
            let job = try await scheduler.register(functionName: "m.f", queueName: "q", cron: "0 7 * * *")
            #expect(job.id == "m.f!")
            // Seven in Tokyo is ten in the evening in UTC.
            #expect(job.nextEnqueueTime?.description.contains("T22:00:00") == true)
            let other = try await connection.register(
                functionName: "m.f", queueName: "q", id: "other", cron: "0 7 * * *")
            #expect(other.nextEnqueueTime?.description.contains("T07:00:00") == true)
            #expect(try await connection.job(id: "other") == other)
            #expect(try await connection.deleteJob(id: "other"))
            let error = await #expect(throws: RedisCronError.self) { try await connection.job(id: "other") }
            #expect(error?.code == .noSuchJob)
            await connection.close()
        }
    }
}
