import RedisBridge

/// Waits for replicas after each batch, and says when they fall behind and when they have caught up.
///
/// WAIT holds up everything that follows on its connection. So while replicas are missing, the scheduler waits only once in ten
/// time-outs: they cost it at most a tenth of its time.
final class ReplicaWatch: Sendable {
    private struct State {
        var isBehind = false
        /// While replicas are missing: no batch is waited for before this.
        var nextWait = ContinuousClock.now
    }

    private let wait: ReplicaWait
    private let tell: @Sendable (SchedulerEvent) -> Void
    private let state = Guarded(State())

    /// Makes a watch; `nil` when the options do not ask for one.
    ///
    /// - Parameter commandTimeout: How long other commands may wait behind those of all batches in flight.
    /// - Throws: `.invalidOption` when they could wait for longer than that.
    init?(
        _ options: RedisCronScheduler.Options, commandTimeout: Duration,
        telling tell: @escaping @Sendable (SchedulerEvent) -> Void
    ) throws(RedisCronError) {
        guard options.waitForReplicas > 0 else { return nil }
        guard options.replicaTimeout * options.batchesInFlight <= commandTimeout else {
            throw RedisCronError(
                .invalidOption, field: "replicaTimeout",
                """
                must be at most the time-out of a command (\(commandTimeout), socket_timeout in the URL) divided by the \
                batches in flight (\(options.batchesInFlight)), because commands wait behind those of the replicas
                """)
        }
        wait = ReplicaWait(count: options.waitForReplicas, timeout: options.replicaTimeout)
        self.tell = tell
    }

    /// Whether fewer replicas than wanted acknowledged the last batch that was waited for.
    var isBehind: Bool { state.withLock { $0.isBehind } }

    /// How to wait behind the next batch; `nil` not to wait.
    func waitForNextBatch() -> ReplicaWait? {
        let now = ContinuousClock.now
        return state.withLock { state in
            guard state.isBehind else { return wait }
            guard now >= state.nextWait else { return nil }
            state.nextWait = now + wait.timeout * 10
            return wait
        }
    }

    /// Records how many replicas acknowledged the last batch.
    func acknowledged(by replicas: Int) {
        let now = ContinuousClock.now
        let isBehind = replicas < wait.count
        let wasBehind = state.withLock { state in
            defer { state.isBehind = isBehind }
            if isBehind, !state.isBehind { state.nextWait = now + wait.timeout * 10 }
            return state.isBehind
        }
        if isBehind, !wasBehind {
            tell(.replicasMissing(acknowledged: replicas, wanted: wait.count))
        } else if wasBehind, !isBehind {
            tell(.replicasCaughtUp)
        }
    }
}
