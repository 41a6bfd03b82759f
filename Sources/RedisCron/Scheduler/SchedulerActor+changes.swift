import RQWire
import RedisBridge

/// What ends a sleep: events on the channel, the definitions that the scheduler was given, a change of zone.
extension SchedulerActor {
    // MARK: The sleep

    /// Sleeps until the next score, at most the longest sleep, or until something changes.
    func sleepUntilDue(_ nextScore: Double?) async throws {
        try await sleep(until: nextScore.map(Timestamp.init(score:)), atMost: settings.maxSleepInterval)
    }

    /// Sleeps for a while, or until a stop is asked for or something changes.
    func sleep(for duration: Duration) async throws {
        try await sleep(until: nil, atMost: duration)
    }

    /// Sleeps in a task that a wake-up cancels.
    private func sleep(until time: Timestamp?, atMost limit: Duration) async throws {
        try Task.checkCancellation()
        guard !wakeTimer.takePending(), !machine.isStopping else { return }
        // A task of its own, because a wake-up cancels the sleep and not the sleeper.
        let task = Task(executorPreference: executor) { [clock] in
            try await clock.sleep(until: time, atMost: limit)
        }
        sleepTask = task
        defer { sleepTask = nil }
        try await task.waitOut()
        _ = wakeTimer.takePending()
    }

    /// Ends the sleep, or keeps the next one from starting.
    func wake() {
        wakeTimer.fire()
        sleepTask?.cancel()
    }

    // MARK: The events channel

    /// Follows the events channel: forgets what changed, and wakes the loop.
    ///
    /// A storm of events is one wake-up. While the channel cannot be read, the update marker, which each tick reads, is enough
    /// to notice a change, only later.
    func listen() async throws {
        var isAnew = false
        while true {
            do {
                let announcements = try await store.announcements()
                listeningSucceeded()
                if isAnew { await runKeeper?.serverMayHaveChanged() }
                let ended = await follow(announcements)
                await announcements.close()
                try ended.get()
            } catch {
                try Task.checkCancellation()
                listeningFailed(error)
            }
            isAnew = true
            try await pause(.listening, for: deafness.pause(before: .listening, using: &jitter))
        }
    }

    private func follow(_ announcements: any AnnouncementReader) async -> Result<Void, any Error> {
        self.announcements = announcements
        defer { self.announcements = nil }
        lastAnnouncement = clock.monotonic()
        // Nobody knows what was announced before the subscription, nor what will be after a cut.
        await jobStore.take(.anything)
        await runKeeper?.deletionsMissed()
        wake()
        let result: Result<Void, any Error>
        do {
            while let announcement = try await announcements.next() {
                lastAnnouncement = clock.monotonic()
                isChannelMute = false
                await jobStore.take(announcement)
                switch announcement {
                case .deleted(let id): await runKeeper?.definitionDeleted(id)
                case .anything: await runKeeper?.deletionsMissed()
                case .changed: break
                }
                announced()
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await jobStore.take(.anything)
        return result
    }

    /// The update marker moved, and nothing was announced: by an editor that announces nothing, or on a channel that nobody
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

    /// How long the channel may have been silent when the marker moves: an event may arrive after the marker was read.
    private static let tolerableSilence: Duration = .seconds(5)

    private func announced() {
        switch wakeTimer.announced(at: clock.monotonic()) {
        case .wakeNow: wake()
        case .wakeAfter(let delay):
            // Not awaited, because the channel must be read on meanwhile. It ends by itself after one spacing.
            Task(executorPreference: executor) { [clock] in
                try await clock.sleep(for: delay)
                await self.stormEnded()
            }
        case .wakeIsComing: break
        }
    }

    private func stormEnded() {
        wakeTimer.delayedWakeFired()
        wake()
    }

    // MARK: The definitions that it was given

    /// Makes Redis hold the definitions, and says what was done: an event for each source.
    typealias Application = @Sendable () async throws -> [SchedulerEvent]

    /// It leads or stands by.
    func hasPlace() {
        guard !hasHadPlace else { return }
        hasHadPlace = true
        wantDefinitions()
    }

    private func wantDefinitions() {
        wantsDefinitions = true
        definitionsWanted?.yield()
    }

    /// Runs the loop, with the definitions being kept in Redis beside it.
    func runLoop(applying apply: Application?) async throws {
        guard let apply else { return try await runLoop() }
        // However often it is said before anybody listens, it is done once.
        let (wishes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        definitionsWanted = continuation
        defer { definitionsWanted = nil }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.keepDefinitions(applying: apply, when: wishes) }
            defer { group.cancelAll() }
            try await runLoop()
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    private func keepDefinitions(applying apply: Application, when wishes: AsyncStream<Void>) async throws {
        var backoff = Backoff(first: .milliseconds(100), maximum: .seconds(5))
        var hasApplied = false
        for await _ in wishes {
            while wantsDefinitions {
                do {
                    try await applyIfWanted(apply)
                    hasApplied = true
                    backoff.succeed()
                } catch {
                    try Task.checkCancellation()
                    if !hasApplied, settings.isHopeless(error) {
                        machine.stop()
                        wake()
                        throw error
                    }
                    if backoff.failures == 0 { tell(.definitionsNotApplied(reason: Refusal.text(for: error))) }
                    try await clock.sleep(for: backoff.delayAfterFailure(using: &jitter))
                }
            }
        }
    }

    /// Applies the definitions, unless that was done since they were last wanted.
    func applyIfWanted(_ apply: Application) async throws {
        guard wantsDefinitions else { return }
        wantsDefinitions = false
        do {
            for event in try await apply() { tell(event) }
        } catch {
            wantsDefinitions = true
            throw error
        }
        // A scheduler that stands by seldom reads the index: it must know what is there now to notice that it is gone.
        await lookForLoss()
    }

    /// Looks whether Redis lost its definitions, for a scheduler that does not tick.
    func lookForLoss() async {
        lossSoughtAt = clock.monotonic()
        // A failure here says nothing: whatever comes next meets it too.
        guard let page = try? await store.fetchDue(until: clock.now(), offset: 0, limit: 1) else { return }
        noticeLoss(page)
    }

    /// Reports when a page from the beginning of the index shows that everything is gone.
    func noticeLoss(_ page: DuePage) {
        let isEmpty = page.entries.isEmpty && page.nextScore == nil
        guard lossWatch.looked(isEmpty: isEmpty, hasMarker: page.marker != nil) else { return }
        tellLoss()
    }

    /// Reports that everything is gone, and has the definitions applied again.
    func tellLoss() {
        tell(.definitionsGone)
        wantDefinitions()
    }

    // MARK: The zone

    /// Plans anew what was planned in another zone than ours: by the scheduler before us, or by an editor while no scheduler
    /// had published a zone.
    ///
    /// Tries until it is done: nobody else would, since ours is published by now.
    func followZone() async {
        let zone = settings.registration.timeZone
        var backoff = Backoff(first: .seconds(1), maximum: .seconds(60))
        while case .leading = machine.state, formerZone != zone {
            isZoneUnfinished = true
            do {
                let count = try await store.planAnew(afterZone: formerZone)
                if let formerZone {
                    settings.logger(
                        .warning,
                        "definitions without a time zone are read in '\(zone)' now, not in \(quoted(formerZone))")
                }
                if count > 0 {
                    let definitions = count == 1 ? "1 definition" : "\(count) definitions"
                    settings.logger(.info, "planned anew in '\(zone)': \(definitions) without a time zone")
                }
                formerZone = zone
                isZoneUnfinished = false
            } catch {
                settings.logger(.debug, "could not plan anew in '\(zone)', and tries again: \(error)")
                do {
                    try await clock.sleep(for: backoff.delayAfterFailure(using: &jitter))
                } catch {
                    return
                }
            }
        }
    }
}
