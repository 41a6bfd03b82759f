public import RQWire

/// Something that a scheduler did or noticed.
public enum SchedulerEvent: Sendable, Hashable {
    /// It took the lock and leads.
    case becameLeader(name: String)
    /// Another scheduler holds the lock; this one waits to take over.
    case standingBy(name: String)
    /// One batch of due definitions was queued.
    case enqueued([EnqueuedRun])
    /// A due definition was not queued.
    case skipped(id: String, SkipReason)
    /// Planned times came and were not run; their schedules moved on.
    case refused([RefusedRuns])
    /// Runs are over, or what was known of their ends has changed, as after a requeue.
    ///
    /// Known within 3 s, or a tenth of the time that a run took if that is longer.
    case ended([RunRecord])
    /// A definition has queued all its runs, or has no further one before its end.
    case finished(id: String, FinishReason)
    /// A definition was paused, because as many runs in a row failed as it allows.
    case paused(id: String, note: String)
    /// A run replaced an earlier one of its definition.
    case replaced(id: String, jobID: String, Replacement)
    /// A finished definition was deleted, as it had said.
    case deletedFinished(id: String)
    /// A definition cannot be used. It is named once, and skipped until it changes.
    case badDefinition(id: String, field: String?, reason: String)
    /// Something in the server's settings endangers the schedule, or the lock does not expire.
    ///
    /// Checked once, when the scheduler first reaches the server.
    case finding(Finding)
    /// The definitions of one source that the scheduler was given were applied.
    ///
    /// See ``RedisCronScheduler/Options/definitions``. If nothing had to be written, all of them are unchanged.
    case definitionsApplied(source: String?, created: Int, changed: Int, unchanged: Int)
    /// The definitions that the scheduler was given could not be applied; it tries again, with growing pauses.
    ///
    /// Told once, until they are.
    case definitionsNotApplied(reason: String)
    /// Redis lost all definitions, as by `FLUSHALL`, a restart without persistence, or the promotion of an empty replica.
    ///
    /// Those in ``RedisCronScheduler/Options/definitions`` are applied again. Definitions that somebody deletes are not lost.
    case definitionsGone
    /// The lock is not ours any more: leading stopped at once.
    case lockLost(name: String)
    /// Lock and registry entry could not be released, and expire by themselves; until then no other scheduler leads.
    case releaseFailed(reason: String)
    /// Redis is out of reach or refuses to work; the reason never holds a password.
    ///
    /// Told again when there is another reason, and each minute while it lasts.
    case disconnected(reason: String)
    /// Everything works again: each operation that had failed was tried again and succeeded.
    case reconnected
    /// The channel on which changes are announced cannot be read: changes are noticed within
    /// ``RedisCronScheduler/Options/maxSleepInterval`` instead of at once.
    ///
    /// Told again each minute, until it can be read again.
    case subscriptionLost(reason: String)
    /// Changes are noticed at once again.
    case subscriptionRestored
    /// Fewer replicas than wanted acknowledged the last batch; a failover now could lose it.
    ///
    /// Told once, until enough have acknowledged a later one.
    case replicasMissing(acknowledged: Int, wanted: Int)
    /// Enough replicas acknowledged a batch again.
    case replicasCaughtUp
    /// It stopped: the last event, as ``RedisCronScheduler/run()`` returns or throws.
    ///
    /// Nothing of it is left in Redis, neither lock nor registry entry, unless ``releaseFailed(reason:)`` came right before.
    case stopped(name: String)
    /// The reader fell behind, and this many events before the next one were dropped.
    ///
    /// Other readers, and the log, may have them.
    case missed(count: Int)

    /// Whether it tells what became of runs, of which there may be many thousands a second.
    var isOfRuns: Bool {
        switch self {
        case .enqueued, .skipped, .refused, .ended: true
        default: false
        }
    }
}

/// Why a due definition was not queued.
public enum SkipReason: Sendable, Hashable {
    /// Its planned time had been queued before; the schedule was moved.
    case alreadyQueued(planned: Timestamp)
    /// Somebody else moved its schedule between reading and queueing.
    case movedByOther
    /// It changed between reading and queueing; it is read again at once.
    case changed
    /// It is disabled; its index entry was removed.
    case disabled
    /// It is not due yet; its index entry was moved to the time that the definition says.
    case notDue(next: Timestamp)
    /// There is no such definition; its index entry was removed.
    case missing
    /// Its schedule has no further run; its index entry was removed.
    case over
    /// An earlier run is open, and it waits for its end.
    case waiting
    /// The key of its queue holds something other than a list.
    case unusableQueue(String)
}

/// Planned times of a definition that came and were not run.
public struct RefusedRuns: Sendable, Hashable {
    /// The definition's id.
    public let id: String
    /// Why they were not run.
    public let reason: RefusalReason
    /// The first of them.
    public let first: Timestamp
    /// How many they are; of a schedule that is no plain interval counted to 1,000.
    public let count: Int
    /// Whether there are no more than that.
    public let isExact: Bool
    /// The planned time that follows, if any.
    public let next: Timestamp?

    /// Makes refused runs, for the test of a handler.
    public init(
        id: String, reason: RefusalReason, first: Timestamp, count: Int, isExact: Bool = true, next: Timestamp?
    ) {
        self.id = id
        self.reason = reason
        self.first = first
        self.count = count
        self.isExact = isExact
        self.next = next
    }
}

/// Why a definition has no further run.
public enum FinishReason: Sendable, Hashable {
    /// It has queued as many runs as it may.
    case limit(runs: Int)
    /// No planned time is left before its end.
    case ended
}

/// A run of a definition that was queued.
public struct EnqueuedRun: Sendable, Hashable {
    /// The definition's id.
    public let id: String
    /// The id of the RQ job.
    public let jobID: String
    /// The queue.
    public let queueName: String
    /// The time for which it was planned.
    public let planned: Timestamp
    /// When it was queued: the job's `enqueued_at`.
    public let enqueuedAt: Timestamp
    /// When the definition is due again, if ever.
    public let next: Timestamp?

    /// How long after its planned time it was queued; never negative.
    public var lateness: Duration { max(.zero, enqueuedAt - planned) }

    /// Makes a run, for the test of a handler.
    public init(
        id: String, jobID: String, queueName: String, planned: Timestamp, enqueuedAt: Timestamp, next: Timestamp?
    ) {
        self.id = id
        self.jobID = jobID
        self.queueName = queueName
        self.planned = planned
        self.enqueuedAt = enqueuedAt
        self.next = next
    }
}
