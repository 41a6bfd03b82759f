import Crontab
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
    var options = RedisCronScheduler.Options()
    options.timeZone = .utc
    change(&options)
    let connection = try RedisCronConnection(
        url: RedisURL("unix://\(server.socketPath)?db=\(database)"), keyPrefix: keyPrefix, defaultTimeZone: .utc)
    do {
        let result = try await body(RedisCronScheduler(connection: connection, options: options))
        await connection.close()
        return result
    } catch {
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
