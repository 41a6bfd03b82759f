import RQWire

extension SchedulerActor {
    /// Asks Redis for the lock, and the state machine for what follows.
    func askForLock() async throws -> SchedulerStateMachine.AcquisitionAction {
        let token = settings.makeToken()
        let sentAt = clock.monotonic()
        let acquired = try await store.acquireLock(token: token, timeToLive: settings.lockTTL)
        reachedRedis()
        let lease = Lease(token: token, timeToLive: settings.lockTTL, renewedAt: sentAt)
        let wasWaiting = health.isStandingBy
        let action = machine.lockAnswered(acquired ? lease : nil)
        health.isStandingBy = action == .wait
        if action == .wait, !wasWaiting { tell(.standingBy(name: settings.name)) }
        return action
    }

    /// Enters RQ's registry with a lock that has just been taken; gives the lock back if that fails.
    func register() async throws {
        guard let lease = machine.lease else { return }
        do {
            guard try await heartbeat(isFirst: true) else { return }
        } catch {
            _ = machine.lockLost(token: lease.token)
            _ = try? await store.release(token: lease.token, name: settings.name)
            throw error
        }
        tell(.becameLeader(name: settings.name))
    }

    /// Extends the lock and renews the registry entry.
    ///
    /// - Returns: Whether the lock is ours.
    func heartbeat(isFirst: Bool = false) async throws -> Bool {
        guard let lease = machine.lease else { return false }
        let sentAt = clock.monotonic()
        let isOurs = try await store.heartbeat(
            token: lease.token, timeToLive: lease.timeToLive, birth: settings.birth, isFirst: isFirst,
            now: clock.now())
        reachedRedis()
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
            try await clock.sleep(for: max(.zero, lease.renewalDue - clock.monotonic()))
            do {
                if try await !heartbeat() { return }
            } catch let error where !(error is CancellationError) {
                lostRedis(error)
                try await clock.sleep(for: min(.seconds(1), lease.renewalInterval / 4))
            }
        }
    }

    /// Releases what is held, as far as Redis can be reached.
    func release(mayBeginAgain: Bool) async {
        let lease = machine.lease
        machine.stop()
        if let lease {
            do {
                _ = try await store.release(token: lease.token, name: settings.name)
                tell(.stopped(name: settings.name))
            } catch {
                settings.logger(.warning, "could not release the lock; it expires by itself: \(error)")
            }
        }
        machine.released(mayBeginAgain: mayBeginAgain)
    }
}
