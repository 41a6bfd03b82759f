import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ServerAppTests {
    @Test func `the example declares, runs, edits at run time, and shuts down on SIGTERM`() async throws {
        try await withRedis(RedisServer.Configuration(appendOnly: true)) { server in
            let app = try start(on: server.url)
            defer { app.kill() }
            try await app.waitForOutput(containing: "metric:pm25 runs every 60 s from now on", within: .seconds(30))
            #expect(try server.command("HGET", "rq:cron_job:metric:pm25", "interval").integer == 60)
            #expect(try server.command("HGET", "rq:cron_job:report", "timezone").string == "Europe/Berlin")

            #expect(try await app.terminate() == .exited(0))
            let queued = try server.command("LLEN", "rq:queue:metrics").integer ?? 0
            #expect(queued >= 3)
            #expect(app.errors.contains("info: enqueued \(queued) jobs"))
            #expect(try server.command("EXISTS", "rq:cron_jobs:lock").integer == 0)
            #expect(try server.command("ZCARD", "rq:cron_schedulers").integer == 0)
        }
    }

    @Test func `the example starts without a Redis, and goes on when it comes`() async throws {
        try await withRedis { server in
            await server.kill()
            let app = try start(on: server.url)
            defer { app.kill() }
            try await app.waitForOutput(containing: "warning: Redis is out of reach or refuses: ")
            try await server.restart()
            try await app.waitForOutput(containing: "info: applied definitions: 2 created", within: .seconds(30))
            try await app.waitForOutput(containing: "info: enqueued 'metric:pm25'", within: .seconds(30))
            #expect(try await app.terminate() == .exited(0))
        }
    }

    @Test func `the example shows the scheduler's page below a path of its own`() async throws {
        try await withRedis { server in
            let app = try start(on: server.url)
            defer { app.kill() }
            try await app.waitForOutput(containing: "info: enqueued 'metric:pm25'", within: .seconds(30))
            let text = try #require(app.errors.firstMatch(of: /the app is at http:\/\/127\.0\.0\.1:(\d+)\//)?.1)
            let port = try #require(Int(text))

            #expect(try await get("/", port).contains("What it schedules: /cron"))
            // The listing is read beside the scheduler, and may come a moment after it.
            try await eventually("the listing") {
                try await get("/cron/", port).contains("href=\"/cron/jobs/metric%3Apm25\"")
            }
            let page = try await get("/cron/jobs/report", port)
            #expect(RawHTTPClient.status(of: page) == 200)
            #expect(page.contains("at 07:00") && page.contains("Europe/Berlin"))
            let style = try #require(page.firstMatch(of: /<link rel="stylesheet" href="(\/cron\/[^"]+)"/)?.1)
            #expect(try await RawHTTPClient.status(of: get(String(style), port)) == 200)
            #expect(try await get("/cron/metrics", port).contains("rediscron_leader 1"))
            #expect(try await get("/cron/api/jobs/report", port).contains("\"app.tasks.report\""))
            #expect(try await RawHTTPClient.status(of: get("/cronic", port)) == 404)
            #expect(try await RawHTTPClient.status(of: get("/cron/", port, host: "evil.example")) == 421)
            #expect(try await app.terminate() == .exited(0))
        }
    }

    @Test func `events of the page reach a client of the example as they happen`() async throws {
        try await withRedis { server in
            let app = try start(on: server.url)
            defer { app.kill() }
            try await app.waitForOutput(containing: "info: enqueued 'metric:pm25'", within: .seconds(30))
            let text = try #require(app.errors.firstMatch(of: /the app is at http:\/\/127\.0\.0\.1:(\d+)\//)?.1)
            let client = try RawHTTPClient(port: try #require(Int(text)))
            client.send("GET /cron/api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            let events = try #require(await client.read(until: "\"metric:pm25\""))
            #expect(events.contains("event: change\ndata: "))
            // It ends with the app.
            #expect(try await app.terminate() == .exited(0))
            #expect(await client.readToEnd() != nil)
        }
    }

    private func start(on url: String) throws -> ChildProcess {
        try ChildProcess(
            BuiltProgram.path(of: "example-server-app"), [], environment: ["REDIS_URL": url, "HTTP_PORT": "0"])
    }

    private func get(_ target: String, _ port: Int, host: String = "localhost") async throws -> String {
        let client = try RawHTTPClient(port: port)
        client.send("GET \(target) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
        return try #require(await client.readToEnd())
    }

    @Test func `the example says why it cannot start`() async throws {
        let app = try start(on: "nonsense")
        defer { app.kill() }
        #expect(try await app.waitUntilExit() == .exited(1))
        #expect(app.errors.contains("error: "))
    }
}
