import RQWire

extension SchedulerActor {
    /// Sleeps until the next score, at most the maximal sleep, or until something changes.
    func sleepUntilDue(_ nextScore: Double?) async throws {
        let now = clock.now()
        let limit = now + settings.maxSleepInterval
        let wakeAt = nextScore.map { min(Timestamp(score: $0), limit) } ?? limit
        if wakeAt == limit { await jobStore.releaseParked() }
        try await sleep { [clock] in try await clock.sleep(until: wakeAt) }
    }

    /// Waits a while; ends early when a stop is asked for or something changes.
    func nap(_ duration: Duration) async throws {
        try await sleep { [clock] in try await clock.sleep(for: duration) }
    }

    /// Sleeps in a task that a wake-up cancels.
    private func sleep(_ sleeping: @escaping @Sendable () async throws -> Void) async throws {
        try Task.checkCancellation()
        guard !alarm.takePending(), !machine.isStopping else { return }
        // A task of its own, because a wake-up cancels the sleep and not the sleeper.
        let task = Task(executorPreference: executor) { try await sleeping() }
        sleepTask = task
        defer { sleepTask = nil }
        try await withTaskCancellationHandler {
            do {
                try await task.value
            } catch is CancellationError {
                try Task.checkCancellation()
            }
        } onCancel: {
            task.cancel()
        }
        _ = alarm.takePending()
    }

    /// Ends the sleep, or keeps the next one from beginning.
    func wake() {
        alarm.ring()
        sleepTask?.cancel()
    }

    /// Follows the events channel: forgets what changed, and wakes the loop.
    ///
    /// A storm of events is one wake-up.
    func listen() async throws {
        while true {
            try Task.checkCancellation()
            do {
                let announcements = try await store.announcements()
                let ended = await follow(announcements)
                await announcements.close()
                try ended.get()
            } catch let error where !(error is CancellationError) {
                settings.logger(.debug, "the events channel was cut: \(error)")
            }
            await jobStore.take(.anything)
            try await clock.sleep(for: settings.retryInterval)
        }
    }

    private func follow(_ announcements: any AnnouncementReader) async -> Result<Void, any Error> {
        // What was announced while nobody listened is unknown.
        await jobStore.take(.anything)
        wake()
        do {
            while let announcement = try await announcements.next() {
                await jobStore.take(announcement)
                announced()
            }
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    private func announced() {
        switch alarm.announced(at: clock.monotonic()) {
        case .wakeNow: wake()
        case .wakeAfter(let delay):
            // Not awaited: the channel must be read on meanwhile.
            Task(executorPreference: executor) { [clock] in
                try await clock.sleep(for: delay)
                await self.stormEnded()
            }
        case .wakeIsComing: break
        }
    }

    private func stormEnded() {
        alarm.delayedWakeCame(at: clock.monotonic())
        wake()
    }
}
