import RQWire
import RedisBridge

extension SchedulerActor {
    /// Asks Redis for the lock, and the state machine for what follows.
    ///
    /// A stop ends the wait for the answer: there is nothing in flight yet that would have to be finished.
    func askForLock() async throws -> SchedulerStateMachine.AcquisitionAction {
        let isFirstAsk = token == nil
        let token = token ?? settings.makeToken()
        self.token = token
        let sentAt = clock.monotonic()
        let request = Task(executorPreference: executor) { [store, lockTTL = settings.lockTTL] in
            try await store.acquireLock(token: token, timeToLive: lockTTL)
        }
        acquisition = request
        defer { acquisition = nil }
        let isOurs: Bool
        do {
            isOurs = try await withTaskCancellationHandler {
                try await request.value
            } onCancel: {
                request.cancel()
            }
        } catch {
            let fate = (error as? RedisError)?.fate
            if fate != .notSent, fate != .refused {
                mayBeGivenLate = true
            } else if isFirstAsk {
                // What never left this process, or was refused, took no lock.
                self.token = nil
            }
            throw error
        }
        // A request without an answer may reach Redis after this one, and take the lock for a token that nobody knows.
        if !isOurs, !mayBeGivenLate { self.token = nil }
        let action = machine.lockAnswered(
            isOurs ? Lease(token: token, timeToLive: settings.lockTTL, renewedAt: sentAt) : nil)
        succeeded(.lock)
        if action == .wait { take(outage.standsBy()) }
        return action
    }

    /// The error that names who has the lock.
    func lockIsHeld() async -> RedisCronError {
        RedisCronError.lockHeld(settings.keys.lock, by: try? await store.lockHolder())
    }

    /// Enters RQ's registry with a lock that has just been taken; gives the lock back if that fails.
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
        let isOurs = try await store.heartbeat(
            token: lease.token, timeToLive: lease.timeToLive, registration: settings.registration, isFirst: isFirst,
            now: clock.now())
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
            tell(.lockLost(name: settings.name))
            wake()
        }
    }

    /// Renews the lease until it is lost.
    ///
    /// A task of its own: a long enqueue never starves it.
    func keepHeartbeat() async throws {
        while case .leading(let lease) = machine.state {
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

    /// Leaves the registry and gives the lock back, as far as it is ours and Redis can be reached.
    ///
    /// - Returns: Whether nothing of ours is left in Redis. If it may be, the token is kept: the next time that the lock
    ///   is asked for, it is asked for under the same one.
    @discardableResult
    func giveBack() async -> Bool {
        guard let token else { return true }
        do {
            _ = try await store.release(token: token, registration: settings.registration)
            if self.token == token {
                self.token = nil
                mayBeGivenLate = false
            }
            return true
        } catch {
            tell(.releaseFailed(reason: Refusal.text(for: error)))
            return false
        }
    }

    /// Ends everything: releases what is held, as far as Redis can be reached.
    ///
    /// - Returns: Whether nothing of ours is left in Redis.
    func release(mayBeginAgain: Bool) async -> Bool {
        machine.stop()
        defer { machine.released(mayBeginAgain: mayBeginAgain) }
        return await giveBack()
    }
}
