import RQWire
import RedisBridge
import RedisCronTesting
import TestSupport
import Testing

@testable import RedisCron

/// A scheduler's actor on a store and a clock of the test's own, with what it tells.
struct ActorHarness: Sendable {
    let memory: MemoryStore
    let store: InterposedStore
    let clock: ManualClock
    let actor: SchedulerActor
    let recorder: EventRecorder
    /// Keeps the loop alive.
    let loop: RedisEventLoop

    /// Makes a scheduler; `asRedis` takes errors for hopeless that a real one would.
    init(
        asRedis: Bool = false,
        _ change: (inout RedisCronScheduler.Options) -> Void = { _ in }
    ) throws {
        let memory = MemoryStore()
        try self.init(memory: memory, store: InterposedStore(memory), asRedis: asRedis, change)
    }

    /// A second scheduler on the same store.
    func rival(_ change: (inout RedisCronScheduler.Options) -> Void = { _ in }) throws -> ActorHarness {
        try ActorHarness(memory: memory, store: InterposedStore(memory), change)
    }

    private init(
        memory: MemoryStore, store: InterposedStore, asRedis: Bool = false,
        _ change: (inout RedisCronScheduler.Options) -> Void
    ) throws {
        let clock = ManualClock()
        let loop = try RedisEventLoop()
        let channel = EventChannel()
        let settings = try SchedulerSettings(
            options: .forTest(change), keys: RQKeys(), createdAt: clock.now(), seed: 1,
            isHopeless: { asRedis && RedisStore.isHopeless($0) })
        self.memory = memory
        self.store = store
        self.clock = clock
        self.loop = loop
        self.recorder = EventRecorder(channel)
        self.actor = SchedulerActor(
            store: store, clock: clock, settings: settings, channel: channel, executor: loop)
    }

    /// Runs the scheduler while `body` runs, then stops it.
    func whileRunning(_ body: @Sendable @escaping () async throws -> Void) async throws {
        try await RedisCronTests.whileRunning([{ try await actor.run() }], body)
    }

    /// Lets time pass for a scheduler that is driven by hand, with a heartbeat at the end of it.
    func advance(by duration: Duration) async throws {
        clock.advance(by: duration)
        _ = try await actor.heartbeat()
    }

    /// Ids of the jobs that were queued, in order.
    var queued: [RQJobID] { memory.model.queued }

    /// When the definition is due, by the index.
    func due(_ id: String) -> Timestamp? { memory.model.due(id) }

    /// Waits until so many jobs were queued.
    func waitForQueued(_ count: Int) async throws {
        try await memory.wait(for: "\(count) queued jobs") { $0.queued.count >= count }
    }
}

/// A failure of the tests' own making.
struct MadeUpFailure: Error {}

/// Runs something, such as schedulers, while `body` runs, then cancels it and waits for its end.
func whileRunning(
    _ runs: [@Sendable () async throws -> Void], _ body: @Sendable () async throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for run in runs { group.addTask { try await run() } }
        do {
            try await body()
        } catch {
            group.cancelAll()
            throw error
        }
        group.cancelAll()
        try await group.waitForAll()
    }
}
