import RQWire
import RedisBridge

/// What becomes of runs: ``RunKeeper`` follows them, and tells.
extension SchedulerActor {
    /// Follows runs until the lock is lost.
    func keepRuns() async throws {
        guard let token = machine.lease?.token else { return }
        let keeper = RunKeeper(
            store: store, clock: clock, settings: settings, token: token, executor: executor,
            mayBoundFailures: { [jobStore] in await jobStore.mayBoundFailures($0) }
        ) { news in
            await self.take(news, token: token)
        }
        runKeeper = keeper
        defer { runKeeper = nil }
        try await keeper.run()
    }

    /// Takes in what became of runs.
    func take(_ news: RunKeeper.News, token: String) async {
        switch news {
        case .ended(let runs):
            for run in runs { run.outcome.map { health.outcomes[$0, default: 0] += 1 } }
            tell(.ended(runs))
        case .written(let ids): await jobStore.changed(ids)
        case .paused(let id):
            // The note stands in the definition; without an answer the definition's own event is all that is heard.
            guard case .found(.prepared(let definition))? = try? await store.definitions([id]).first else { return }
            tell(.paused(id: id.display, note: definition.governance?.policy.pauseNote ?? ""))
        case .queued(let runs):
            metrics.found(unanswered.found(runs), settings.meter)
            await toRQHistory { [writer = rqHistory] in
                try await writer?.append(runs.map { ($0.definition, $0.jobID.description, $0.at) })
            }
        case .queuedByOthers(let runs): metrics.found(runs, settings.meter)
        case .forgotten(let ids):
            await toRQHistory { [writer = rqHistory] in try await writer?.forget(ids) }
        case .lockLost: lockIsLost(token: token)
        case .failing(let error):
            metrics.redisErrors += 1
            settings.logger(
                .warning, "what becomes of runs is not recorded, and tried again: \(Refusal.text(for: error))")
        case .denied(let error):
            let keys = settings.keys.runsPrefix.dropLast() + "*"
            settings.logger(
                .warning,
                """
                what becomes of runs is not recorded; jobs are queued all the same, and \(keys) is tried again each \
                minute: \(Refusal.text(for: error))
                """)
        }
    }

    /// Writes for RQ's pages: what fails there costs nothing else, and is a warning once, until it works again.
    private func toRQHistory(_ write: @Sendable () async throws -> Void) async {
        do {
            try await write()
            isRQHistoryFailing = false
        } catch {
            settings.logger(
                isRQHistoryFailing ? .debug : .warning,
                "could not write runs for RQ's pages: \(Refusal.text(for: error))")
            isRQHistoryFailing = true
        }
    }
}
