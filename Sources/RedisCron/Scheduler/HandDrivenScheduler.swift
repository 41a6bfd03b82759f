package import RQWire
package import RedisBridge

/// The scheduler's actor on a store and a clock of somebody's own, tick by tick: what a test kit is built on.
package final class HandDrivenScheduler: Sendable {
    /// The loop on which it lives.
    package let eventLoop: RedisEventLoop
    private let actor: SchedulerActor
    private let events: EventReader
    private let keeper: RunKeeper

    /// Makes a scheduler that has no lock yet.
    ///
    /// - Throws: ``RedisCronError`` with code `.invalidOption` or `.redis`, if the loop's thread cannot be started.
    package init(
        store: any CronStore, clock: any SchedulerClock, options: RedisCronScheduler.Options
    ) throws(RedisCronError) {
        do {
            eventLoop = try RedisEventLoop(name: "cron-kit")
        } catch {
            throw RedisCronError(error)
        }
        // One for all that it does.
        let token = RedisCronJob.randomHexadecimal()
        let settings = try SchedulerSettings(
            options: options, keys: RQKeys(), createdAt: clock.now(), seed: 0, makeToken: { token })
        let channel = EventChannel()
        events = channel.collect()
        let actor = SchedulerActor(
            store: store, clock: clock, settings: settings, channel: channel, executor: eventLoop)
        self.actor = actor
        keeper = RunKeeper(
            store: store, clock: clock, settings: settings, token: token, executor: eventLoop,
            mayBoundFailures: { [store = actor.jobStore] in await store.mayBoundFailures($0) }
        ) { news in
            await actor.take(news, token: token)
        }
    }

    /// Takes what it has told since it was asked last; of more than 1,024 events the newest.
    package func takeEvents() -> [SchedulerEvent] {
        var taken: [SchedulerEvent] = []
        while let event = events.take() { taken.append(event) }
        return taken
    }

    /// Takes the lock.
    package func begin() async throws {
        try await actor.beginByHand()
    }

    /// Finds out what has become of all runs, and records it.
    package func recordRuns() async throws {
        try await keeper.stepThroughAll()
    }

    /// Forgets the runs of a definition that was deleted.
    package func definitionDeleted(_ id: DefinitionID) async {
        await keeper.definitionDeleted(id)
    }

    /// Renews the lock and queues what is due.
    ///
    /// - Returns: The ids of the definitions whose runs were queued, each with the time for which it was planned.
    package func tick() async throws -> [(id: String, planned: Timestamp)] {
        _ = try await actor.heartbeat()
        return try await actor.tick(collecting: true).queued.map { ($0.entry.id.display, $0.planned) }
    }
}
