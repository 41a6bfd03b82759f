import Cron
import RQWire
import RedisBridge
import RedisCron
import TestSupport
import Testing

/// Our scheduler on a test's own server, with a connection that is closed when the test is over.
///
/// - Parameters:
///   - database: The number of the database, so that both sides can write the same definition.
///   - change: Changes the options; the zone is UTC unless it says otherwise.
func withScheduler<Result>(
    on server: RedisServer, database: Int = 0, keyPrefix: String = "rq",
    options change: (inout RedisCronScheduler.Options) -> Void = { _ in },
    _ body: (RedisCronScheduler) async throws -> Result
) async throws -> Result {
    let lines = Observed<[String]>([])
    var options = RedisCronScheduler.Options()
    options.timeZone = "UTC"
    options.logger = SchedulerLogger(minimumLevel: .debug) { level, message in
        lines.update { $0.append("\(level): \(message)") }
    }
    change(&options)
    let connection = try RedisCronConnection(
        url: RedisURL("unix://\(server.socketPath)?db=\(database)"), keyPrefix: keyPrefix, defaultZone: .utc)
    let scheduler: RedisCronScheduler
    do {
        scheduler = try RedisCronScheduler(connection: connection, options: options)
    } catch {
        await connection.close()
        throw error
    }
    do {
        let result = try await body(scheduler)
        await connection.close()
        return result
    } catch {
        // Much of what may go wrong here does so on a busy machine only, and seldom twice.
        let queues = try? server.command("KEYS", "\(keyPrefix):queue:*").strings.map { key in
            (key, try? server.command("LRANGE", key, 0, -1).strings)
        }
        let index = try? server.command("ZRANGE", "\(keyPrefix):cron_jobs", 0, -1, "WITHSCORES").strings
        print("\(scheduler.name): \(await scheduler.health)\nqueues \(queues ?? []), index \(index ?? [])")
        for line in lines.current { print("\(scheduler.name): \(line)") }
        await connection.close()
        throw error
    }
}

/// Runs a scheduler beside `body`, which starts when it leads, and stops it afterwards.
func whileRunning<Result: Sendable>(
    _ scheduler: RedisCronScheduler, _ body: () async throws -> Result
) async throws -> Result {
    let run = Task { try await scheduler.run() }
    do {
        try await eventually("the scheduler leads", within: .seconds(30)) { await scheduler.health.state == .leading }
        let result = try await body()
        run.cancel()
        try await run.value
        return result
    } catch {
        run.cancel()
        _ = await run.result
        throw error
    }
}
