import RedisBridge

/// Waits for replicas after each batch, and tells when they fall behind and when they have caught up.
///
/// WAIT holds up all that follows on its connection. So while replicas are missing only one batch in ten time-outs is
/// waited for: whatever became of them, they cost the scheduler no more than a tenth of its time.
final class ReplicaWatch: Sendable {
    private struct State {
        var isBehind = false
        /// While replicas are missing: no batch is waited for before this.
        var nextWait = ContinuousClock.now
    }

    private let wait: ReplicaWait
    private let tell: @Sendable (SchedulerEvent) -> Void
    private let state = Guarded(State())

    /// `nil` when the options want nobody to be waited for.
    ///
    /// - Parameter commandTimeout: how long other commands may wait behind those of all batches in flight.
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

    /// Whether fewer replicas than wanted had the last batch that was waited for.
    var isBehind: Bool { state.withLock { $0.isBehind } }

    /// How to wait for the next batch; `nil` when it is not to be waited for.
    func waitForNextBatch() -> ReplicaWait? {
        let now = ContinuousClock.now
        return state.withLock { state in
            guard state.isBehind else { return wait }
            guard now >= state.nextWait else { return nil }
            state.nextWait = now + wait.timeout * 10
            return wait
        }
    }

    /// So many replicas have the last batch.
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
