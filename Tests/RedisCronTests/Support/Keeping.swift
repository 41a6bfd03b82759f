import RQWire
import RedisBridge
import RedisCronTesting
import TestSupport

@testable import RedisCron

/// A keeper on a store in memory, with what it told.
struct Keeping: Sendable {
    let memory: MemoryStore
    let store: InterposedStore
    let clock: ManualClock
    let actor: SchedulerActor
    var settings: SchedulerSettings
    let loop: RedisEventLoop
    let told = Observed<[RunKeeper.News]>([])

    init(_ change: (inout RedisCronScheduler.Options) -> Void = { _ in }) async throws {
        let clock = ManualClock()
        self.clock = clock
        memory = MemoryStore { clock.now() }
        store = InterposedStore(memory)
        loop = try RedisEventLoop()
        settings = try SchedulerSettings(
            options: .forTest(change), keys: RQKeys(), createdAt: clock.now(), seed: 1, makeToken: { "t" })
        actor = SchedulerActor(
            store: store, clock: clock, settings: settings, channel: EventChannel(), executor: loop)
        try await actor.beginByHand()
    }

    /// A leader that knows nothing yet.
    func keeper() -> RunKeeper {
        RunKeeper(store: store, clock: clock, settings: settings, token: "t", executor: loop) { [told] news in
            told.update { $0.append(news) }
        }
    }

    /// Queues what is due.
    func tick() async throws -> [RQJobID] {
        _ = try await actor.heartbeat()
        return try await actor.tick(collecting: true).queued.map {
            RQJobID.planned(definition: $0.entry.id.bytes, at: $0.planned)
        }
    }

    func pass(_ duration: Duration) {
        clock.advance(by: duration)
    }

    /// A worker runs a job.
    func work(_ job: RQJobID, as phase: RedisModel.Phase, error: String? = nil) {
        memory.change { model in
            _ = model.startJob(job, by: "w")
            _ = model.endJob(job, as: phase, error: error)
        }
    }

    var ended: [RunRecord] {
        told.current.flatMap { news -> [RunRecord] in
            guard case .ended(let runs) = news else { return [] }
            return runs
        }
    }

    func kept(_ id: String = "a") -> [RunEnding] {
        memory.model.endedRuns[DefinitionID(id)]?.map(\.ending) ?? []
    }

    /// The runs that are open, those first that have not been looked at.
    var open: [TrackedRun] { memory.model.recentRuns.flatMap(\.runs) + (memory.model.tracked[.open] ?? []) }

    func tracked(_ place: RunPlace) -> Int {
        place == .open ? open.count : memory.model.tracked[place]?.count ?? 0
    }

    /// How often its definition runs.
    static let interval: Duration = .seconds(60)

    /// One with a definition that is due at the new year.
    static func of(
        _ id: String = "a", policy: RunPolicy = RunPolicy(), mostHeldRuns: Int? = nil,
        _ change: (inout RedisCronScheduler.Options) -> Void = { _ in }
    ) async throws -> Keeping {
        var keeping = try await Keeping(change)
        if let mostHeldRuns { keeping.settings.mostHeldRuns = mostHeldRuns }
        keeping.memory.put(.example(id, interval: interval) { $0.policy = policy }, at: .newYear)
        return keeping
    }
}
