import Cron
import RQWire
import RedisBridge
import RedisCron
import TestSupport
import Testing

/// A connection to a test's own server, closed when the test is over.
func withConnection<Result>(
    to server: RedisServer, keyPrefix: String = "rq", user: String? = nil, timeZone: ZoneRules = .utc,
    _ body: (RedisCronConnection) async throws -> Result
) async throws -> Result {
    let url = user.map { server.socketURL.replacing("unix://", with: "unix://\($0):any@") } ?? server.socketURL
    let connection = try RedisCronConnection(
        url: RedisURL(url), keyPrefix: keyPrefix, defaultZone: timeZone)
    do {
        let result = try await body(connection)
        await connection.close()
        return result
    } catch {
        await connection.close()
        throw error
    }
}

extension RedisCronScheduler.Options {
    /// Options of a test: UTC, and whatever it changes.
    static func forTest(_ change: (inout RedisCronScheduler.Options) -> Void = { _ in }) -> Self {
        var options = RedisCronScheduler.Options()
        options.timeZone = "UTC"
        change(&options)
        return options
    }
}

/// Runs a scheduler beside `body`, which starts when it leads, and stops it afterwards.
func whileRunning<Result: Sendable>(
    _ scheduler: RedisCronScheduler, _ body: @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await scheduler.run() }
        try await eventually("the scheduler leads") { await scheduler.health.state == .leading }
        let result = try await body()
        group.cancelAll()
        try await group.waitForAll()
        return result
    }
}
