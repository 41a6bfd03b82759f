import RQWire
import RedisBridge

extension SchedulerActor {
    /// Sleeps until the next score, at most the maximal sleep, or until something changes.
    func sleepUntilDue(_ nextScore: Double?) async throws {
        let next = nextScore.map(Timestamp.init(score:))
        try await sleep { [clock, limit = settings.maxSleepInterval] in
            try await clock.sleep(until: next, atMost: limit)
        }
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
        try await waitOut(task)
        _ = alarm.takePending()
    }

    /// Ends the sleep, or keeps the next one from beginning.
    func wake() {
        alarm.ring()
        sleepTask?.cancel()
    }

    /// Follows the events channel: forgets what changed, and wakes the loop.
    ///
    /// A storm of events is one wake-up. While nobody can listen the update marker, read at each tick, is enough to
    /// notice a change, only later.
    func listen() async throws {
        while true {
            do {
                let announcements = try await store.announcements()
                listeningSucceeded()
                let ended = await follow(announcements)
                await announcements.close()
                try ended.get()
            } catch {
                try Task.checkCancellation()
                listeningFailed(error)
            }
            try await pause(.listening, for: deafness.pause(before: .listening, using: &jitter))
        }
    }

    private func follow(_ announcements: any AnnouncementReader) async -> Result<Void, any Error> {
        self.announcements = announcements
        defer { self.announcements = nil }
        lastAnnouncement = clock.monotonic()
        // What was announced before anybody listened is unknown, and so is what comes after a cut.
        await jobStore.take(.anything)
        wake()
        let result: Result<Void, any Error>
        do {
            while let announcement = try await announcements.next() {
                lastAnnouncement = clock.monotonic()
                isChannelMute = false
                await jobStore.take(announcement)
                announced()
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await jobStore.take(.anything)
        return result
    }

    /// The update marker moved, and nothing was announced: an editor that announces nothing, or a channel that nobody
    /// publishes to any more, as on a server that was cut off from the others.
    func markerMovedUnheard() async {
        settings.logger(.debug, "the update marker moved without an event: definitions are read again")
        let silence = clock.monotonic() - lastAnnouncement
        guard let announcements, silence >= Self.tolerableSilence else { return }
        let level: SchedulerLogger.Level = isChannelMute ? .debug : .warning
        settings.logger(
            level,
            """
            definitions change, and the events channel has been silent for \(silence.components.seconds) s: it is \
            subscribed to anew
            """)
        isChannelMute = true
        // Its reader subscribes again.
        await announcements.close()
    }

    /// How long the channel may have been silent when the marker moves: an event may come later than the look at the marker.
    private static let tolerableSilence: Duration = .seconds(5)

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
