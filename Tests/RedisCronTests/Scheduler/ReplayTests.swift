import RQWire
import TestSupport
import Testing

@testable import RedisCron

/// An editor that writes the whole hash, as Python's does, brings the schedule back that it had read.
///
/// Against a real Redis.
@Suite(.timeLimit(.minutes(1)))
struct ReplayTests {
    /// A definition whose last run was planned for that time, in a past of which runs were missed.
    private func rollBack(_ server: RedisServer, to planned: Timestamp) throws {
        try server.command(
            "HSET", "rq:cron_job:a", "next_enqueue_time", planned.description, "updated_at",
            Timestamp.now.description)
        try server.command("ZADD", "rq:cron_jobs", planned.score, "a")
    }

    @Test func `a brought back schedule queues no run again, and loses none that was missed since`() async throws {
        try await withRedis { server in
            try await withConnection(to: server) { connection in
                let scheduler = try RedisCronScheduler(connection: connection, options: .forTest())
                try await scheduler.register(
                    functionName: "app.tasks.nap", queueName: "q", id: "a", interval: .seconds(3_600))
                // An hour and a bit ago a run was queued; its job is still there, and the one after it was missed.
                let planned = Timestamp.now - .seconds(3_660)
                try rollBack(server, to: planned)
                try server.command(
                    "HSET", "rq:job:\(RQJobID.planned(definition: "a", at: planned))", "status", "finished")
                try await scheduler.registerBirth()
                let jobs = try await scheduler.enqueueJobs()
                #expect(jobs.count == 1)
                let missed = RQJobID.planned(definition: "a", at: planned + .seconds(3_600))
                #expect(try server.command("LRANGE", "rq:queue:q", 0, -1).strings == [missed.description])
                #expect(
                    try server.command("ZSCORE", "rq:cron_jobs", "a").double == (planned + .seconds(7_200)).score)
                // The same again, when no job is left to tell: the scheduler remembers.
                try server.command("DEL", "rq:queue:q", "rq:job:\(missed)")
                try rollBack(server, to: planned)
                #expect(try await scheduler.enqueueJobs().isEmpty)
                #expect(try server.command("EXISTS", "rq:queue:q") == .integer(0))
                try await scheduler.registerDeath()
            }
        }
    }
}
