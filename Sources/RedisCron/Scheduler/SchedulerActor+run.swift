import RQWire
import RedisBridge

extension SchedulerActor {
    /// Leads, or stands by, until the calling task is cancelled.
    ///
    /// - Parameter apply: Makes Redis hold the definitions that the scheduler was given; `nil` where there are none.
    func run(applying apply: Application? = nil) async throws {
        guard runTask == nil, case .idle = machine.state else {
            throw RedisCronError(.alreadyRunning, "this scheduler is running, or has run; make another one")
        }
        // Not a child task: cancelling the caller asks for a stop, after which the batch in flight is finished and
        // everything is released. A child would be cancelled in the middle of its batch.
        let body = Task(executorPreference: executor) { try await self.life(applying: apply) }
        runTask = body
        // Asked for before it began: nothing is sent at all.
        if Task.isCancelled { machine.stop() }
        defer { shutdownTimer?.cancel() }
        try await withTaskCancellationHandler {
            try await body.value
        } onCancel: {
            // A cancellation handler cannot await; the actor takes the request when its thread is free.
            Task(executorPreference: executor) { await self.stop() }
        }
    }

    /// Asks for a stop: what is in flight is finished, then lock and registry entry are released.
    ///
    /// What has not ended within the shutdown bound is abandoned.
    func stop() {
        guard let body = runTask, shutdownTimer == nil, machine.state != .stopped else { return }
        machine.stop()
        wake()
        acquisition?.cancel()
        // Neither a child of the caller nor of the loop: it must outlive the one and cut the other short.
        shutdownTimer = Task(executorPreference: executor) { [clock, bound = settings.shutdownBound] in
            try await clock.sleep(for: bound)
            body.cancel()
        }
    }

    private func life(applying apply: Application?) async throws {
        var outcome: Result<Void, any Error> = .success(())
        do {
            try await pursueLock(applying: apply)
        } catch {
            if !(error is CancellationError) { outcome = .failure(error) }
        }
        let isReleased = await release(mayBeginAgain: false)
        let stopped = SchedulerEvent.stopped(name: settings.name)
        // Of an end by an error the log has the error.
        if isReleased, case .success = outcome { settings.logger(stopped.level, stopped.line) }
        channel.finish(with: stopped)
        try outcome.get()
    }

    /// Asks for the lock, leads while it is ours, and begins again, until a stop is asked for.
    func pursueLock() async throws {
        var hasLed = false
        // Whether Redis let it lead or stand by: what it refuses from then on, it may accept again.
        var hasBegun = false
        while machine.acquire() {
            var operation = Outage.Operation.lock
            do {
                switch try await askForLock() {
                case .lead:
                    operation = .registration
                    try await register()
                    (hasLed, hasBegun) = (true, true)
                    try await lead()
                    // Lost, or to be stopped; in both cases the registry must not go on saying that we lead.
                    if !machine.isStopping { await giveBack() }
                case .wait:
                    hasBegun = true
                    await standBy()
                    await examineServer()
                    try await nap(settings.standbyInterval)
                case .fail:
                    if hasLed { throw RedisCronError.lockLost(settings.name) }
                    throw await lockIsHeld()
                case .stop:
                    return
                }
            } catch let error as RedisCronError where error.code == .lockLost || error.code == .lockHeld {
                throw error
            } catch {
                try Task.checkCancellation()
                // What fails because of a stop is no news.
                guard !machine.isStopping else { return }
                let isFatal = settings.whenLockHeld == .fail ? !hasLed : !hasBegun && settings.isHopeless(error)
                if isFatal { throw error }
                try await retryLater(operation, after: error)
            }
        }
    }

    private func standBy() async {
        if !health.isStandingBy {
            health.isStandingBy = true
            tell(.standingBy(name: settings.name))
            hasPlace()
        } else if clock.monotonic() - lossSoughtAt < settings.maxSleepInterval {
            return
        }
        await lookForLoss()
    }

    /// Ticks until the lock is lost or a stop is asked for, with the heartbeat and the events channel beside it.
    private func lead() async throws {
        try await withThrowingTaskGroup(of: LeadingRole.self) { group in
            group.addTask {
                try await self.keepHeartbeat()
                return .heartbeat
            }
            group.addTask {
                try await self.listen()
                return .listener
            }
            group.addTask {
                try await self.keepTicking()
                return .ticker
            }
            group.addTask {
                await self.examineServer()
                return .examiner
            }
            group.addTask {
                await self.followZone()
                return .planner
            }
            // The ticker ends by itself, after its batch, when the lock is lost or a stop is asked for. The others
            // hold nothing that would have to be finished.
            var isPlanned = false
            while let ended = try await group.next(), ended != .ticker { isPlanned = isPlanned || ended == .planner }
            // A stop lets the planner finish: whoever leads next finds our zone published, and so nothing to plan anew.
            while machine.isStopping, isZoneUnfinished, !isPlanned, let ended = try await group.next() {
                isPlanned = ended == .planner
            }
            group.cancelAll()
        }
    }

    private enum LeadingRole {
        case heartbeat, listener, ticker, examiner, planner
    }

    /// Warns of what could cost the schedule: once, when the server is first reached, and beside the first tick.
    private func examineServer() async {
        guard !hasExaminedServer else { return }
        hasExaminedServer = true
        for finding in ZoneCheck.findings(ofScheduler: settings.registration) { tellOnce(finding) }
        do {
            for finding in try await store.findings() { tell(.finding(finding)) }
        } catch {
            hasExaminedServer = false
            settings.logger(.debug, "could not look at the server's settings: \(Refusal.text(for: error))")
        }
    }

    /// Tells what is wrong with this machine's time zone data, unless that was said.
    func tellOnce(_ finding: Finding) {
        if toldZoneFaults.insert(finding.message).inserted { tell(.finding(finding)) }
    }

    /// Plans anew what was planned in another zone than ours, by the scheduler before us or by an editor when no scheduler
    /// had published one.
    ///
    /// Tries until it is done: nobody else would, since ours is published by now.
    private func followZone() async {
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

    private func keepTicking() async throws {
        while case .leading = machine.state {
            do {
                let queuedBefore = health.enqueued
                let next = try await tick().nextScore
                if outage.isFailing(.tick), health.enqueued == queuedBefore {
                    // Nothing is due any more: that it could be read does not show that it could be queued.
                    try await store.checkQueueing()
                }
                succeeded(.tick)
                try await sleepUntilDue(next)
            } catch {
                try Task.checkCancellation()
                guard !machine.isStopping else { return }
                try await retryLater(.tick, after: error)
                // What became of the batch is not known here: the index and the hashes say.
                await jobStore.forgetAll()
            }
        }
    }

    /// Redis failed an operation of the loop: says so, and waits a while that grows with each failure.
    ///
    /// - Throws: `CancellationError` when the shutdown bound has passed.
    private func retryLater(_ operation: Outage.Operation, after error: any Error) async throws {
        failed(operation, by: error)
        try await nap(outage.pause(before: operation, using: &jitter))
    }
}
