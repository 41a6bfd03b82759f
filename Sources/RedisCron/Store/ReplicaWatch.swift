import RedisBridge

/// Waits for replicas after each batch, and tells when they fall behind and when they have caught up.
final class ReplicaWatch: Sendable {
    let wait: ReplicaWait
    private let tell: @Sendable (SchedulerEvent) -> Void
    private let isBehind = Guarded(false)

    /// `nil` when the options want nobody to be waited for.
    init?(_ options: RedisCronScheduler.Options, telling tell: @escaping @Sendable (SchedulerEvent) -> Void) {
        guard options.waitForReplicas > 0 else { return nil }
        wait = ReplicaWait(count: options.waitForReplicas, timeout: options.replicaTimeout)
        self.tell = tell
    }

    /// So many replicas have the last batch.
    func acknowledged(by replicas: Int) {
        let (wasBehind, isNow) = isBehind.withLock { isBehind in
            defer { isBehind = replicas < wait.count }
            return (isBehind, replicas < wait.count)
        }
        if isNow, !wasBehind {
            tell(.replicasMissing(acknowledged: replicas, wanted: wait.count))
        } else if wasBehind, !isNow {
            tell(.replicasCaughtUp)
        }
    }
}
