import RQWire

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Compares the lock's holder with what RQ's registry knows of it.
///
/// Pure, except that it looks at the processes of this machine.
struct LockCheck: Sendable {
    let holder: LockHolder
    /// The key of the lock.
    let lock: String
    /// The expiry of the schedulers' locks.
    let lockTTL: Duration
    /// Whether a process of this machine's is running.
    var isRunning: @Sendable (_ pid: Int32) -> Bool = { kill($0, 0) == 0 || errno != ESRCH }

    /// How long a holder may be silent: ours send a heartbeat every 30 s, rq-rediscron's every 60 s.
    private static let longestSilence = Duration.seconds(90)

    var finding: Finding? {
        // One without an expiry is another check's.
        guard let left = holder.remaining else { return nil }
        guard let silence = holder.silence else { return outlasting(by: left) }
        // Both beat at least twice in the life of their lock.
        guard silence > Self.longestSilence || silence > left * 2 else { return isGone ? orphaned(for: left) : nil }
        return Finding(
            .warning, .lock, about: lock,
            """
            \(quoted(holder.name)) holds the lock and has not beaten for \(silence.components.seconds) s: if it is dead, \
            another one can lead when the lock expires, in \(left.components.seconds) s
            """)
    }

    /// The lock of a scheduler that has left RQ's registry, if nobody else can lead for long.
    private func outlasting(by left: Duration) -> Finding? {
        let silence = Duration.seconds(SchedulerRegistration.timeToLiveSeconds)
        guard left > max(silence, lockTTL) else { return nil }
        return Finding(
            .error, .lock, about: lock,
            """
            \(quoted(holder.name)) holds the lock for \(left.components.seconds) s more and is in no registry: it has not \
            beaten for \(silence.components.seconds) s
            """,
            remedy: .expireLock(token: Array(holder.token.utf8)))
    }

    /// Whether it ran on this machine and runs no more.
    private var isGone: Bool {
        guard holder.hostname == SchedulerSettings.hostname, let pid = holder.pid.flatMap({ Int32($0) }), pid > 0
        else { return false }
        return !isRunning(pid)
    }

    /// Only a notice: in a container that shares the machine's name, process ids mean something else.
    private func orphaned(for left: Duration) -> Finding {
        Finding(
            .notice, .lock, about: lock,
            """
            \(quoted(holder.name)) holds the lock, and no process \(holder.pid ?? "") is seen on this machine: if it was \
            killed, another one can lead when the lock expires, in \(left.components.seconds) s
            """)
    }
}
