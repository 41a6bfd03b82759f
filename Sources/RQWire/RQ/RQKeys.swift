/// The names of the Redis keys of RQ and of the scheduler under one prefix.
///
/// The prefix is RQ 3's `RQ_KEY_PREFIX` (default `rq`); `{rq}` puts every key into one slot of a Redis Cluster. RQ 2
/// and rq-rediscron always use `rq`.
package struct RQKeys: Sendable, Hashable {
    /// What every key begins with, before the first colon.
    package let prefix: String
    /// Sorted set: the id of each enabled definition, scored by its next enqueue time.
    package let cronJobs: String
    /// String with a TTL: the token of the scheduler that leads.
    package let lock: String
    /// String: Unix time of the last change of any definition.
    package let lastUpdate: String
    /// String: the zone of definitions that name none, kept when the scheduler has ended.
    package let timeZone: String
    /// Pub/Sub channel that announces changes of definitions.
    package let events: String
    /// Sorted set: the ids of finished definitions that are to be deleted, scored by when.
    package let deletions: String
    /// List: what was queued and refused, a call of a script each, until the leader has unfolded it.
    package let runLog: String
    /// List: the runs that were queued last and have not been looked at, many an element.
    package let recentRuns: String
    /// Sorted set: the runs that are open, all with score 0.
    package let openRuns: String
    /// Sorted set: runs that are over and may be brought back, such as failed ones, all with score 0.
    package let watchedRuns: String
    /// Sorted set: the ids of definitions of which runs are kept, scored by the hour in which the last of these was over.
    package let runIndex: String
    /// String: how many runs are kept in all.
    package let runTotal: String
    /// The key of the runs of a definition up to its id.
    package let runsPrefix: String
    /// The key of the refused times of a definition up to its id.
    package let refusalsPrefix: String
    /// Sorted set: RQ's registry of schedulers, scored by last heartbeat.
    package let cronSchedulers: String
    /// Set: the keys of all queues that ever had a job.
    package let queues: String
    /// The key of a definition up to its id.
    package let cronJobPrefix: String
    /// The key of a job up to its id.
    package let jobPrefix: String
    /// The key of a queue up to its name.
    package let queuePrefix: String
    /// String that exists while workers are suspended (`rq suspend`).
    package let suspended: String
    /// Set: the keys of all workers.
    package let workers: String
    /// The key of a worker up to its name.
    package let workerPrefix: String
    /// The Pub/Sub channel on which a worker takes commands, up to its name.
    package let pubsubPrefix: String

    /// Keys with the default prefix, `rq`.
    package init() {
        self.init(checkedPrefix: "rq")
    }

    /// Keys with another prefix.
    ///
    /// - Throws: ``RQWireError`` with code `.keyPrefix` unless the prefix consists of ASCII letters, digits and
    ///   `_ . : - { }`, at least one of them. This is RQ's own rule.
    package init(prefix: String) throws(RQWireError) {
        guard !prefix.isEmpty, prefix.utf8.allSatisfy(Self.isAllowed) else {
            throw RQWireError(
                .keyPrefix, text: prefix.utf8,
                expected: "a key prefix of ASCII letters, digits and _ . : - { }, with at least one character")
        }
        self.init(checkedPrefix: prefix)
    }

    private init(checkedPrefix prefix: String) {
        self.prefix = prefix
        cronJobs = prefix + ":cron_jobs"
        lock = prefix + ":cron_jobs:lock"
        lastUpdate = prefix + ":cron_jobs:last_update"
        timeZone = prefix + ":cron_jobs:timezone"
        events = prefix + ":cron_jobs:events"
        deletions = prefix + ":cron_jobs:deletions"
        runLog = prefix + ":cron_runs_log"
        recentRuns = prefix + ":cron_runs_recent"
        openRuns = prefix + ":cron_runs_open"
        watchedRuns = prefix + ":cron_runs_watched"
        runIndex = prefix + ":cron_runs_index"
        runTotal = prefix + ":cron_runs_total"
        runsPrefix = prefix + ":cron_runs:"
        refusalsPrefix = prefix + ":cron_runs_refused:"
        cronSchedulers = prefix + ":cron_schedulers"
        queues = prefix + ":queues"
        cronJobPrefix = prefix + ":cron_job:"
        jobPrefix = prefix + ":job:"
        queuePrefix = prefix + ":queue:"
        suspended = prefix + ":suspended"
        workers = prefix + ":workers"
        workerPrefix = prefix + ":worker:"
        pubsubPrefix = prefix + ":pubsub:"
    }

    /// Hash: one definition.
    package func cronJob(_ id: String) -> String {
        cronJobPrefix + id
    }

    /// Hash with a TTL: one scheduler's entry in RQ's registry.
    package func cronScheduler(_ name: String) -> String {
        prefix + ":cron_scheduler:" + name
    }

    /// List: the ids of the jobs that wait in a queue.
    package func queue(_ name: String) -> String {
        queuePrefix + name
    }

    /// List: the runs of a definition that are over, the newest first.
    package func runs(of id: String) -> String {
        runsPrefix + id
    }

    /// List: the times of a definition that came and were not run, the newest first.
    package func refusals(of id: String) -> String {
        refusalsPrefix + id
    }

    /// Sorted set: the runs of a queue that failed, scored by when RQ forgets them.
    package func failed(queue name: String) -> String {
        prefix + ":failed:" + name
    }

    /// Sorted set: the runs of a queue that succeeded, scored by when RQ forgets them.
    package func finished(queue name: String) -> String {
        prefix + ":finished:" + name
    }

    /// List: the ids that a worker on one queue has popped and not started yet.
    package func intermediate(queue name: String) -> String {
        queuePrefix + name + ":intermediate"
    }

    /// Sorted set: the jobs of a queue that RQ's scheduler is to queue, scored by when.
    package func scheduled(queue name: String) -> String {
        prefix + ":scheduled:" + name
    }

    /// String with a TTL: whose scheduler brings back the retries of a queue (`rq worker --with-scheduler`).
    package func schedulerLock(queue name: String) -> String {
        prefix + ":scheduler-lock:" + name
    }

    /// Set: the workers that read a queue (`rq.worker_registration`).
    package func workers(queue name: String) -> String {
        prefix + ":workers:" + name
    }

    /// Hash: one job.
    package func job(_ id: RQJobID) -> String {
        jobPrefix + id.description
    }

    /// Stream: the results of one job, an entry for each time that it ran.
    package func results(_ id: RQJobID) -> String {
        resultsPrefix + id.description
    }

    /// The key of the results of a job up to its id.
    package var resultsPrefix: String { prefix + ":results:" }

    /// Sorted set: the executions of one job, scored by when the worker counts as dead.
    package func executions(_ id: RQJobID) -> String {
        executionsPrefix + id.description
    }

    /// The key of the executions of a job up to its id.
    package var executionsPrefix: String { prefix + ":executions:" }

    /// Pub/Sub channel: commands to one worker.
    package func pubsub(worker name: String) -> String {
        pubsubPrefix + name
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "{"),
            UInt8(ascii: "}"):
            true
        default:
            false
        }
    }
}
