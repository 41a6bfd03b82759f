import RQWire

extension SchedulerActor {
    /// Whether the lock is ours, as far as we know.
    var isLeading: Bool {
        if case .leading = machine.state { true } else { false }
    }

    /// Takes the lock and registers, for those who drive the scheduler by hand.
    func beginByHand() async throws {
        guard runTask == nil, case .idle = machine.state, machine.acquire() else {
            throw RedisCronError(.alreadyRunning, "the scheduler has begun already")
        }
        do {
            guard case .lead = try await askForLock() else { throw await lockIsHeld() }
            try await register()
        } catch {
            machine.released(mayBeginAgain: true)
            throw error
        }
        guard isLeading else { throw RedisCronError.lockLost(settings.name) }
    }

    /// Releases what ``beginByHand()`` took.
    func endByHand() async throws {
        guard runTask == nil else {
            throw RedisCronError(.alreadyRunning, "run() releases the lock itself when its task is cancelled")
        }
        let hadBegun = token != nil
        if await release(mayBeginAgain: true), hadBegun { tell(.stopped(name: settings.name)) }
    }

    /// How long until the next entry that may lead to a run is due.
    func sleepInterval() async throws -> Duration {
        var passedOver = 0
        while true {
            let now = clock.now()
            let page = try await store.fetchDue(until: now, offset: passedOver, limit: settings.pageSize)
            if await !jobStore.candidates(page.entries).isEmpty { return .zero }
            passedOver += page.entries.count
            if page.entries.count < settings.pageSize {
                guard let score = page.nextScore else { return settings.maxSleepInterval }
                return min(max(.zero, Timestamp(score: score) - now), settings.maxSleepInterval)
            }
        }
    }

    /// How the scheduler is doing, at this moment.
    func currentHealth() async -> SchedulerHealth {
        let state: SchedulerHealth.State =
            switch machine.state {
            case .idle: .starting
            case .acquiring: health.isStandingBy ? .standingBy : .starting
            case .waiting: .standingBy
            case .leading: .leading
            case .draining: .stopping
            case .stopped: .stopped
            }
        return SchedulerHealth(
            state: state, disconnectedSince: outage.since, disconnectReason: outage.reason, lastTick: health.lastTick,
            lastHeartbeat: health.lastHeartbeat, lag: health.lag, enqueued: health.enqueued,
            cachedDefinitions: await jobStore.count, isMissingReplicas: store.isMissingReplicas)
    }
}
