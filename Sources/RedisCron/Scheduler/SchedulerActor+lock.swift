import RQWire
import RedisBridge

extension SchedulerActor {
    /// Asks Redis for the lock, and the state machine for what follows.
    ///
    /// A stop ends the wait for the answer: there is nothing in flight yet that would have to be finished.
    func askForLock() async throws -> SchedulerStateMachine.AcquisitionAction {
        guard try await awaitTurn() else {
            let action = try machine.lockAnswered(nil)
            succeeded(.lock)
            if action == .wait { take(outage.standsBy()) }
            return action
        }
        let token = claim.request(makeToken: settings.makeToken)
        let sentAt = clock.monotonic()
        // A task of its own, because a stop ends the request and not the one who waits for it, who has yet to release what
        // may have been taken.
        let request = Task(executorPreference: executor) { [store, lockTTL = settings.lockTTL] in
            try await store.acquireLock(token: token, timeToLive: lockTTL)
        }
        lockRequest = request
        defer { lockRequest = nil }
        // The next answer may come from another server.
        shortestRoundTrip = nil
        let isOurs: Bool
        do {
            isOurs = try await measuringRoundTrip {
                try await withTaskCancellationHandler {
                    try await request.value
                } onCancel: {
                    request.cancel()
                }
            }
        } catch {
            claim.requestEnded(LockClaim.Outcome(error))
            throw error
        }
        claim.requestEnded(isOurs ? .granted : .heldByOther)
        let action = try machine.lockAnswered(
            isOurs ? Lease(token: token, timeToLive: settings.lockTTL, renewedAt: sentAt) : nil)
        succeeded(.lock)
        if action == .wait { take(outage.standsBy()) }
        return action
    }

    /// Waits until it may ask for the lock, where schedulers of other prefixes run in this process: then it looks first.
    ///
    /// - Returns: Whether to ask; false where another scheduler holds the lock, or a stop was asked for.
    private func awaitTurn() async throws -> Bool {
        guard let turn, settings.whenLockHeld == .standBy else { return true }
        while turn.turns.hasTurns, !machine.isStopping {
            let token: String?
            do {
                token = try await lookAtLock(turn.look)
            } catch  where error.redisError?.prefix == .wrongType {
                // Whoever asks for it is told so.
                return true
            }
            // An earlier request may have been granted late.
            if let token, token == claim.token { return true }
            switch turn.turns.looked(
                turn.place, holder: token.map { LockHolder(token: $0).name }, at: clock.monotonic())
            {
            case .ask: return true
            case .held: return false
            case .lookAgain(let delay): try await sleep(for: delay)
            }
        }
        return !machine.isStopping
    }

    private func lookAtLock(_ look: @escaping @Sendable () async throws -> String?) async throws -> String? {
        // A task of its own, because a stop ends the look and not the one who waits for it.
        let request = Task(executorPreference: executor) { try await look() }
        lookRequest = request
        defer { lookRequest = nil }
        return try await measuringRoundTrip {
            try await withTaskCancellationHandler {
                try await request.value
            } onCancel: {
                request.cancel()
            }
        }
    }

    /// The error that names who has the lock.
    func lockIsHeld() async -> RedisCronError {
        RedisCronError.lockHeld(settings.keys.lock, by: try? await store.lockHolder())
    }

    /// Enters RQ's registry with a lock that has just been taken; releases the lock if that fails.
    func register() async throws {
        guard let lease = machine.lease else { return }
        do {
            let published = try await store.publishedZone()
            lossWatch.tookLock(findingZone: published != nil)
            // What we published before the lock was lost says nothing about what is planned in it.
            if !isZoneUnfinished { formerZone = published }
            guard try await heartbeat(isFirst: true) else { return }
            succeeded(.registration)
        } catch {
            _ = machine.lockLost(token: lease.token)
            await giveBack()
            throw error
        }
        // What was read before the lock was lost may be of a Redis that has gone back since, and nobody listened meanwhile.
        await jobStore.forgetAll()
        health.isStandingBy = false
        if let turn { turn.turns.note(turn.place, isLeading: true) }
        metrics.lockAcquisitions += 1
        metrics.leadingSince = clock.now()
        tell(.becameLeader(name: settings.name))
        if lossWatch.published() { tellLoss() }
        hasPlace()
    }

    /// Extends the lock and renews the registry entry.
    ///
    /// - Returns: Whether the lock is ours.
    func heartbeat(isFirst: Bool = false) async throws -> Bool {
        guard let lease = machine.lease else { return false }
        let sentAt = clock.monotonic()
        let isOurs = try await measuringRoundTrip {
            try await store.heartbeat(
                token: lease.token, timeToLive: lease.timeToLive, registration: settings.registration, isFirst: isFirst,
                now: clock.now())
        }
        succeeded(.heartbeat)
        if isOurs {
            machine.renewed(token: lease.token, sentAt: sentAt)
            health.lastHeartbeat = clock.now()
        } else {
            lockIsLost(token: lease.token)
        }
        return isOurs
    }

    /// Redis said that the lock of that token is not ours.
    func lockIsLost(token: String) {
        if machine.lockLost(token: token) {
            metrics.lockLosses += 1
            endLeading()
            tell(.lockLost(name: settings.name))
            wake()
        }
    }

    /// Renews the lease until it is lost.
    ///
    /// A task of its own: a long enqueue never starves it.
    func keepHeartbeat() async throws {
        while case .leading(let lease) = machine.state {
            if !outage.isFailing(.heartbeat) { await compareClocks() }
            let wait =
                outage.isFailing(.heartbeat)
                ? min(.seconds(1), lease.renewalInterval / 4) : lease.renewalDue - clock.monotonic()
            try await pause(.heartbeat, for: max(.zero, wait))
            do {
                if try await !heartbeat() { return }
            } catch {
                try Task.checkCancellation()
                failed(.heartbeat, by: error)
            }
        }
    }

    /// Leaves the registry and releases the lock, as far as it is ours and Redis can be reached.
    ///
    /// - Returns: Whether nothing of ours is left in Redis. If something may be, the claim keeps its token.
    @discardableResult
    func giveBack() async -> Bool {
        endLeading()
        guard let token = claim.token else { return true }
        do {
            _ = try await store.release(token: token, registration: settings.registration)
            claim.released(token)
            return true
        } catch {
            tell(.releaseFailed(reason: Refusal.text(for: error)))
            return false
        }
    }

    /// Ends everything: releases what is held, as far as Redis can be reached.
    ///
    /// - Returns: Whether nothing of ours is left in Redis.
    func release(mayBeginAgain: Bool) async throws -> Bool {
        machine.stop()
        let isReleased = await giveBack()
        try machine.released(mayBeginAgain: mayBeginAgain)
        return isReleased
    }
}

/// What becomes of operations that Redis fails, and what a success of one of them tells the others.
extension SchedulerActor {
    /// Redis failed an operation: that is told, and remembered until the same operation succeeds.
    func failed(_ operation: Outage.Operation, by error: any Error) {
        metrics.redisErrors += 1
        if outage.failed(operation, by: error, now: clock.now(), monotonic: clock.monotonic()) {
            tell(.disconnected(reason: Refusal.text(for: error)))
        }
        // Out of reach for one is out of reach for all. The heartbeat is tried first: it is small, and due each second.
        let isRefusal = error.redisError?.code == .server
        if operation != .heartbeat, !isRefusal { pauses[.heartbeat]?.cancel() }
    }

    /// Redis did what an operation asked for.
    func succeeded(_ operation: Outage.Operation) {
        take(outage.succeeded(operation))
    }

    /// Takes note of what a success changed.
    func take(_ change: Outage.Change) {
        if change == .over { tell(.reconnected) }
        if change != .nothing { tryAgain() }
    }

    /// Listening to the events channel failed.
    func listeningFailed(_ error: any Error) {
        metrics.redisErrors += 1
        let isNews = deafness.failed(.listening, by: error, now: clock.now(), monotonic: clock.monotonic())
        let lost = SchedulerEvent.subscriptionLost(reason: Refusal.text(for: error))
        if isNews { tell(lost) } else { settings.logger(.debug, lost.line) }
    }

    /// The events channel is listened to.
    func listeningSucceeded() {
        guard deafness.succeeded(.listening) == .over else { return }
        tell(.subscriptionRestored)
        tryAgain()
    }

    /// The server is back for one operation: those that still wait to be tried again are tried at once.
    ///
    /// Whether they succeed is for them to show.
    private func tryAgain() {
        if outage.isFailing(.tick) { wake() }
        if outage.isFailing(.heartbeat) { pauses[.heartbeat]?.cancel() }
        if deafness.isFailing(.listening) { pauses[.listening]?.cancel() }
    }

    /// Waits beside the loop; ends early when the operation is to be tried at once.
    func pause(_ operation: Outage.Operation, for duration: Duration) async throws {
        // A task of its own, because what ends the pause does not end the one who waits.
        let task = Task(executorPreference: executor) { [clock] in try await clock.sleep(for: duration) }
        pauses[operation] = task
        defer { pauses[operation] = nil }
        try await task.waitOut()
    }
}
