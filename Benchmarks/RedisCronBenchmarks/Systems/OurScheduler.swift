import Cron
import RQWire
import RedisBridge
import RedisCron

/// The product, driven tick by tick: the real actors over a real connection, with the lock and all fences.
///
/// It differs from `run()` in two things only: the benchmark says when to tick, and sets the clock.
final class OurScheduler {
    let clock: StandingClock
    let scheduler: RedisCronScheduler
    let connection: RedisCronConnection

    /// - Parameters:
    ///   - socketPath: the server's socket, or a relay's before it.
    ///   - change: changes the options, which are the defaults otherwise.
    init(
        socketPath: String, loop: RedisEventLoop? = nil, _ change: (inout RedisCronScheduler.Options) -> Void = { _ in }
    ) throws {
        connection = try RedisCronConnection(
            url: RedisURL("unix://\(socketPath)"), defaultZone: .utc, eventLoop: loop)
        clock = StandingClock(loop: connection.eventLoop)
        var options = RedisCronScheduler.Options()
        options.timeZone = "UTC"
        options.lockTTL = .seconds(600)
        change(&options)
        scheduler = try RedisCronScheduler(connection: connection, options: options, clock: clock)
    }

    func begin() async throws {
        try await scheduler.registerBirth()
    }

    /// Queues what is due by that time.
    ///
    /// - Returns: how many jobs.
    func tick(at time: Timestamp) async throws -> Int {
        clock.set(to: time)
        return try await scheduler.tick()
    }

    func heartbeat() async throws {
        try await scheduler.heartbeat()
    }

    func end() async throws {
        try await scheduler.registerDeath()
        await connection.close()
    }
}
