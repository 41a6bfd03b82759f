import Cron
import RedisBridge
import RedisCron

/// The product as it is used: `run()` in a task, by the system's clock.
struct RunningScheduler {
    let scheduler: RedisCronScheduler
    private let task: Task<Void, any Error>

    /// Starts a scheduler, and returns when it leads.
    static func start(
        socketPath: String, _ change: (inout RedisCronScheduler.Options) -> Void = { _ in }
    ) async throws -> RunningScheduler {
        let connection = try RedisCronConnection(url: RedisURL("unix://\(socketPath)"), defaultZone: .utc)
        var options = RedisCronScheduler.Options()
        options.timeZone = "UTC"
        change(&options)
        let scheduler = try RedisCronScheduler(connection: connection, options: options)
        let task = Task { try await scheduler.run() }
        for _ in 0..<2000 {
            if await scheduler.health.state == .leading {
                return RunningScheduler(scheduler: scheduler, task: task)
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        task.cancel()
        throw BenchmarkError("the scheduler did not take the lock within ten seconds")
    }

    func stop() async throws {
        task.cancel()
        try await task.value
        await scheduler.connection.close()
    }
}
