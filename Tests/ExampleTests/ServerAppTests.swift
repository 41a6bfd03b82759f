import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ServerAppTests {
    @Test func `the example declares, runs, edits at run time, and shuts down on SIGTERM`() async throws {
        try await withRedis(RedisServer.Configuration(appendOnly: true)) { server in
            let app = try ChildProcess(
                BuiltProgram.path(of: "example-server-app"), [], environment: ["REDIS_URL": server.url])
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
            let app = try ChildProcess(
                BuiltProgram.path(of: "example-server-app"), [], environment: ["REDIS_URL": server.url])
            defer { app.kill() }
            try await app.waitForOutput(containing: "warning: Redis is out of reach or refuses: ")
            try await server.restart()
            try await app.waitForOutput(containing: "info: applied definitions: 2 created", within: .seconds(30))
            try await app.waitForOutput(containing: "info: enqueued 'metric:pm25'", within: .seconds(30))
            #expect(try await app.terminate() == .exited(0))
        }
    }

    @Test func `the example says why it cannot start`() async throws {
        let app = try ChildProcess(
            BuiltProgram.path(of: "example-server-app"), [], environment: ["REDIS_URL": "nonsense"])
        defer { app.kill() }
        #expect(try await app.waitUntilExit() == .exited(1))
        #expect(app.errors.contains("error: "))
    }
}
