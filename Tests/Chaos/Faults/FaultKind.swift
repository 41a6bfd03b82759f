/// What can go wrong, on purpose.
package enum FaultKind: String, Sendable, CaseIterable {
    // A scheduler's process.
    case schedulerKilled = "scheduler killed (SIGKILL)"
    case schedulerPaused = "scheduler paused beyond the TTL"
    case schedulerStopped = "scheduler stopped (SIGTERM)"
    // Its link to Redis.
    case linkCut = "link cut"
    case linkPartitioned = "link partitioned, bytes late"
    case answersHeld = "link holds answers back"
    case linkSlow = "link slow"
    case linkCrumbled = "link crumbles portions"
    // Its connections and what Redis keeps for it.
    case connectionsKilled = "CLIENT KILL TYPE normal"
    case subscribersKilled = "CLIENT KILL TYPE pubsub"
    case connectionKilled = "CLIENT KILL ID"
    case scriptsFlushed = "SCRIPT FLUSH"
    case lockTaken = "lock taken by a stranger"
    case lockDeleted = "lock deleted"
    // Redis itself.
    case redisSleeps = "Redis stalled (DEBUG SLEEP)"
    case redisPaused = "Redis stalled (SIGSTOP)"
    case redisKilled = "Redis killed, restarted from AOF"
    case redisShutDown = "SHUTDOWN NOSAVE, restarted"
    case redisDiskFull = "disk full under the AOF"
    case memoryFull = "maxmemory reached (OOM)"
    case snapshotFails = "snapshot fails (MISCONF)"

    /// Faults of one lane never overlap; those of different lanes do.
    package enum Lane: Sendable, CaseIterable {
        case scheduler, link, command, redis
    }

    package var lane: Lane {
        switch self {
        case .schedulerKilled, .schedulerPaused, .schedulerStopped: .scheduler
        case .linkCut, .linkPartitioned, .answersHeld, .linkSlow, .linkCrumbled: .link
        case .connectionsKilled, .subscribersKilled, .connectionKilled, .scriptsFlushed, .lockTaken, .lockDeleted:
            .command
        case .redisSleeps, .redisPaused, .redisKilled, .redisShutDown, .redisDiskFull, .memoryFull, .snapshotFails:
            .redis
        }
    }

    /// Whether work goes on while it lasts, by another scheduler: recovery counts from its beginning then, from its end
    /// otherwise.
    package var isSurvivable: Bool {
        switch lane {
        case .scheduler, .link: true
        case .command: self != .lockTaken
        case .redis: false
        }
    }
}

/// A fault that was dealt.
package struct Fault: Sendable, Hashable {
    package let kind: FaultKind
    /// Whether it struck the scheduler that led, where it strikes one.
    package let struckLeader: Bool
    package let began: WireTime
    /// When what was broken was whole again.
    package let ended: WireTime
    /// Whether no other fault was about until work went on, so that the recovery is its own.
    package var isAlone = false

    package init(
        _ kind: FaultKind, struckLeader: Bool = false, began: WireTime, ended: WireTime, isAlone: Bool = false
    ) {
        self.kind = kind
        self.struckLeader = struckLeader
        self.began = began
        self.ended = ended
        self.isAlone = isAlone
    }

    /// From when on work must go on.
    package var recoveryBegins: WireTime { kind.isSurvivable ? began : ended }
}
