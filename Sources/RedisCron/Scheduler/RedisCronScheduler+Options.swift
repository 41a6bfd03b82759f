public import CronFiles
public import RQWire

extension RedisCronScheduler {
    /// How a scheduler behaves.
    ///
    /// The defaults are rq-rediscron's where it has the option.
    public struct Options: Sendable {
        /// The name in RQ's registry; `nil` means `{hostname}:{pid}:{6 hexadecimal digits}`.
        public var name: String?
        /// How long Redis keeps the lock after a heartbeat; a successor takes over within this time plus a second.
        ///
        /// Default 120 s, at least 1 s and at most a day.
        public var lockTTL: Duration = .seconds(120)
        /// The longest sleep: after it the index is read even if nothing was announced.
        ///
        /// Default 60 s, at least 10 ms and at most a day.
        public var maxSleepInterval: Duration = .seconds(60)
        /// Definitions that Redis is to hold, as by ``RedisCronConnection/apply(_:prune:progress:)`` without pruning.
        ///
        /// They are applied when the scheduler first leads or stands by, so Redis need not be up when the app starts, and
        /// a scheduler that finds the lock held and gives up writes nothing. They are applied again when Redis
        /// has lost all its definitions (``SchedulerEvent/definitionsGone``); definitions that somebody deletes stay deleted
        /// until the next start. ``SchedulerEvent/definitionsApplied(source:created:changed:unchanged:)`` says what
        /// was done. Invalid ones are refused when the scheduler is made.
        ///
        /// Default: none.
        public var definitions: CronJobDeclarations = []
        /// What happens when another scheduler holds the lock.
        ///
        /// Default: ``LockHeldPolicy/fail``.
        public var whenLockHeld: LockHeldPolicy = .fail
        /// The IANA zone of cron expressions whose definition names none.
        ///
        /// The scheduler publishes it in Redis when it begins to lead, and everybody else uses the published one; see
        /// ``DefaultTimeZone``. Default `nil`: the process's own, as in RQ.
        public var timeZone: String?
        /// The format that the workers read: `pickle` unless they were started with `--serializer json`.
        public var serializer: JobSerializer = .pickle
        /// How long a stop may take before what is in flight is abandoned.
        ///
        /// Default 10 s, more than 0.
        public var shutdownBound: Duration = .seconds(10)
        /// Where log lines go.
        ///
        /// Default: nowhere.
        public var logger: SchedulerLogger = .silent
        /// Where counts and times go as they come.
        ///
        /// Default: nowhere; ``RedisCronScheduler/metrics`` has them in any case.
        public var meter: SchedulerMeter = .none
        /// Where each batch is traced.
        ///
        /// Default: nowhere.
        public var tracer: SchedulerTracer = .none
        /// Makes the id of a definition that is registered without one, from that definition.
        ///
        /// Default: `cron:` and 32 hexadecimal digits.
        public var idGenerator: RedisCronJob.IDGenerator = RedisCronJob.randomID
        /// The most jobs in one atomic step.
        ///
        /// Default 100, between 1 and 1000: more blocks Redis for longer.
        public var batchSize = 100
        /// The most batches that may be sent before the first one is answered.
        ///
        /// Two are, where Redis is near and never waits for the scheduler; one more for each half of a millisecond that an answer
        /// is on its way. Default 3, between 1 and 64; more where Redis is far away.
        public var batchesInFlight = 3
        /// The most jobs that are queued in a second, from 1 on; `nil` for as many as Redis takes.
        ///
        /// It spreads bursts, for a Redis that others use as well. The order stays, and so does what is promised. Batches are as
        /// large as a tenth of a second allows, at most ``batchSize``. ``SchedulerHealth/heldBack`` tells how much of a delay comes
        /// from this. What ``RedisCronConnection`` triggers or backfills is not counted. Default `nil`.
        public var maxRate: Int?
        /// How many replicas are to acknowledge each batch, by `WAIT`.
        ///
        /// If fewer do in time, ``SchedulerEvent/replicasMissing(acknowledged:wanted:)`` and
        /// ``SchedulerHealth/isMissingReplicas`` say so. The scheduler goes on, because the jobs are queued and cannot be
        /// taken back. Default 0: it does not wait.
        public var waitForReplicas = 0
        /// How long to wait for the replicas.
        ///
        /// Default 1 s, at least 1 ms; times ``batchesInFlight`` at most the time-out of commands, 5 s unless the URL
        /// says otherwise. Missing replicas delay scheduling by this for each batch in flight, and from then on for a tenth
        /// of the time.
        public var replicaTimeout: Duration = .seconds(1)
        /// How many runs of each definition are kept once they are over, 0 to 1,000; 0 for none.
        ///
        /// A definition may say so itself, in `RunPolicy.history`. Runs that are still open are kept besides, at most 1,000 of each
        /// definition, and of times that were refused as many as of runs. Default 20.
        public var history = 20
        /// How many runs are kept in all, at least 1,000: beyond that those go first that were over longest ago.
        ///
        /// Default 1,000,000.
        public var historyTotal = 1_000_000
        /// Whether the leader shows the definitions and their runs to RQ, as if they were those of RQ's own `rq cron`.
        ///
        /// Then `CronScheduler.all()`, `rq.cron.get_cron_job_ids` of RQ 2.11 and later, and the pages of django-rq show them: the
        /// 1,000 that are next due, at most 30 s late, and the last 1,000 runs of each. While the histories stand,
        /// rq-rediscron's `info` and `get_all_jobs` fail, because they take them for definitions. Only ``RedisCronScheduler/run()``
        /// does it, not a scheduler that is driven by hand. Default `false`.
        public var writesRQHistory = false
        /// The most definitions kept in memory.
        ///
        /// Default 1,000,000, at least 2.
        public var cacheLimit = 1_000_000

        /// The defaults.
        public init() {}
    }
}

/// What happens when another scheduler holds the lock.
public enum LockHeldPolicy: Sendable, Hashable {
    /// `run()` and `registerBirth()` fail before anything is registered, as in rq-rediscron.
    case fail
    /// `run()` waits and takes over when the other one stops or dies: within its lock's TTL and a second.
    case standBy
}
