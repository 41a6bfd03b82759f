import RQWire
import RedisCron
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RunTests {
    @Test func `a registered interval job is queued at once and indexed for its next run`() async throws {
        try await withRedis { server in
            try await withConnection(to: server) { connection in
                let scheduler = try RedisCronScheduler(connection: connection, options: .forTest())
                try await scheduler.register(
                    functionName: "app.tasks.rebuild", queueName: "metrics", id: "metric:pm25", args: ["pm25"],
                    interval: 300)
                try await whileRunning(scheduler) {
                    try await eventually("the job is queued") {
                        try server.command("LLEN", "rq:queue:metrics").integer == 1
                    }
                }
                #expect(try server.command("EXISTS", "rq:cron_jobs:lock").integer == 0)
                #expect(try server.command("ZCARD", "rq:cron_schedulers").integer == 0)
            }
        }
    }
}
