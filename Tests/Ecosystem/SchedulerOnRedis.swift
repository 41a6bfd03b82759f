import RedisCron
import TestSupport
import Testing

/// A scheduler on a server of the test's own, with a connection that is closed when the test is over.
///
/// It stands by where the lock is held, as in an app with several instances.
func withScheduler<Result>(
    on server: RedisServer, options change: (inout RedisCronScheduler.Options) -> Void = { _ in },
    _ body: (RedisCronScheduler) async throws -> Result
) async throws -> Result {
    var options = RedisCronScheduler.Options()
    options.timeZone = "UTC"
    options.whenLockHeld = .standBy
    change(&options)
    let connection = try RedisCronConnection(url: "unix://\(server.socketPath)")
    do {
        let result = try await body(try RedisCronScheduler(connection: connection, options: options))
        await connection.close()
        return result
    } catch {
        await connection.close()
        throw error
    }
}

/// Runs a scheduler beside `body`, and stops it by cancellation afterwards.
func whileRunning<Result: Sendable>(
    _ scheduler: RedisCronScheduler, _ body: () async throws -> Result
) async throws -> Result {
    let run = Task { try await scheduler.run() }
    let result: Result
    do {
        try await eventually("the scheduler leads") { await scheduler.health.state == .leading }
        result = try await body()
    } catch {
        run.cancel()
        _ = await run.result
        throw error
    }
    run.cancel()
    try await run.value
    return result
}

/// Definitions that are due each second.
func everySecond(_ count: Int, queue: String = "q") -> CronJobDeclarations {
    CronJobDeclarations(
        jobs: (1...count).map {
            CronJobDeclaration(
                id: "job-\($0)", call: CallSpec("app.tasks.rebuild", queue: queue), schedule: .every(.seconds(1)))
        })
}

extension RedisServer {
    /// How many jobs are queued.
    func queued(in queue: String) throws -> Int {
        try command("LLEN", "rq:queue:\(queue)").integer ?? 0
    }

    /// How many connections have been made to it.
    func connectionsSoFar() throws -> Substring {
        let lines = (try command("INFO", "stats").string ?? "").split(whereSeparator: \.isNewline)
        return try #require(lines.first { $0.hasPrefix("total_connections_received:") })
    }

    /// The lock and the registry, where there are any.
    ///
    /// The hash of a scheduler that has left the registry is none: RQ leaves it to its TTL.
    func traces() throws -> Set<String> {
        Set(try ["rq:cron_jobs:lock", "rq:cron_schedulers"].filter { try command("EXISTS", $0).integer == 1 })
    }
}
