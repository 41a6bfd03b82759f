import Cron
import RQWire
import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

/// A scheduler on a real server whose calls a test can watch and hold back.
struct RedisHarness: Sendable {
    let server: RedisServer
    let connection: RedisCronConnection
    let store: InterposedStore
    let actor: SchedulerActor
    let recorder: EventRecorder
    /// To register and to list; it does not run.
    let editor: RedisCronScheduler

    init(
        _ server: RedisServer, _ connection: RedisCronConnection, clock: (any SchedulerClock)? = nil,
        _ change: (inout RedisCronScheduler.Options) -> Void = { _ in }
    ) throws {
        let loader = DefinitionLoader(zone: .utc, serializer: .pickle)
        let clock = clock ?? SystemClock(loop: connection.eventLoop)
        let channel = EventChannel()
        let settings = try SchedulerSettings(
            options: .forTest(change), keys: connection.keys, createdAt: clock.now(), seed: 1,
            isHopeless: RedisStore.isHopeless)
        let store = InterposedStore(
            RedisStore(connection: connection, loader: loader, history: settings.history))
        self.server = server
        self.connection = connection
        self.store = store
        self.recorder = EventRecorder(channel)
        self.actor = SchedulerActor(
            store: store, clock: clock, settings: settings, channel: channel, executor: connection.eventLoop)
        self.editor = try RedisCronScheduler(connection: connection, options: .forTest())
    }

    /// Registers a definition that is due at once.
    @discardableResult
    func register(_ id: String = "metric:pm25", queue: String = "metrics", interval: Duration = .seconds(300))
        async throws
        -> RedisCronJob
    {
        try await editor.register(
            functionName: "app.tasks.rebuild", queueName: queue, id: id, args: ["pm25"], interval: interval)
    }

    /// Runs the scheduler beside `body`, which starts when it leads, and stops it afterwards.
    func whileRunning(_ body: @Sendable @escaping () async throws -> Void) async throws {
        try await RedisCronTests.whileRunning([{ try await actor.run() }]) {
            try await recorder.wait(for: "leading") { if case .becameLeader = $0 { true } else { false } }
            try await body()
        }
    }

    /// The definition as it stands in Redis.
    func job(_ id: String = "metric:pm25") async throws -> RedisCronJob {
        try await .fetch(id: id, on: connection)
    }

    /// The ids of the jobs in a queue.
    func queued(_ queue: String = "metrics") throws -> [String] {
        try server.command("LRANGE", "rq:queue:\(queue)", 0, -1).strings
    }

    /// The score of a definition in the index.
    func score(_ id: String = "metric:pm25") throws -> Double? {
        try server.command("ZSCORE", "rq:cron_jobs", id).double
    }
}

/// A harness on a server of the test's own.
func withRedisHarness(
    _ configuration: RedisServer.Configuration = .init(),
    _ change: (inout RedisCronScheduler.Options) -> Void = { _ in }, _ body: (RedisHarness) async throws -> Void
) async throws {
    try await withRedis(configuration) { server in
        try await withConnection(to: server) { connection in
            try await body(RedisHarness(server, connection, change))
        }
    }
}
