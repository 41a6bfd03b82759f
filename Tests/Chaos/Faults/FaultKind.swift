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
    // A master that has replicas, and what watches it.
    case masterKilled = "master killed (SIGKILL)"
    case masterFrozen = "master frozen, woken later"
    case masterCutOff = "master cut off"
    case masterCutOffWithLeader = "master cut off with the leader"
    case failover = "planned failover"
    case replicaKilled = "replica killed, restarted"
    case replicasFrozen = "replicas frozen (NOREPLICAS)"
    case sentinelFrozen = "sentinel frozen"
    case sentinelStale = "failover behind a sentinel's back"
    case certificateRotated = "certificates rotated"
    case certificateExpired = "master's certificate expired"
    // The slots of a cluster.
    case slotMoved = "slot moved under load"
    case nodeForgotten = "node drained and forgotten"

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
        default: .redis
        }
    }

    /// Whether it strikes one of several servers, of which another one can go on: what counts then is for how long nothing
    /// was queued.
    package var strikesOneOfMany: Bool {
        switch self {
        case .redisSleeps, .redisPaused, .redisKilled, .redisShutDown, .redisDiskFull, .memoryFull, .snapshotFails:
            false
        default: lane == .redis
        }
    }

    /// Whether work goes on while it lasts, by another scheduler: recovery counts from its beginning then, from its end
    /// otherwise.
    package var isSurvivable: Bool {
        switch lane {
        case .scheduler, .link: true
        case .command: self != .lockTaken
        case .redis: strikesOneOfMany
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
    /// When the other servers had agreed on another one to have the keys, where that happened.
    package var promoted: WireTime?
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
