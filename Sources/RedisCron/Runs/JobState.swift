package import RQWire

/// What the hash of a job says of it.
package struct JobState: Sendable, Hashable {
    /// RQ's status.
    package enum Status: String, Sendable {
        case queued, started, finished, failed, stopped, canceled, scheduled, deferred
        case rateLimited = "rate_limited"
        case readyToEnqueue = "ready_to_enqueue"
    }

    /// `nil` for one that RQ does not have, up to version 3.0.
    package var status: Status?
    /// When it was put into its queue the last time.
    package var enqueued: Timestamp?
    /// When a worker started it; while it waits again, that of the attempt before.
    package var started: Timestamp?
    /// When it ended; until it ends again, that of the attempt before.
    package var ended: Timestamp?
    package var lastHeartbeat: Timestamp?
    /// Who runs or ran it; while it waits again, who ran it before.
    package var worker: String?
    /// How many times it is tried again if it fails.
    package var retriesLeft: Int?
    /// How many times its function returned a `Retry`.
    package var returnedRetries = 0
    /// The queue in which it is.
    package var origin: String?

    /// The fields, in the order in which they are read.
    ///
    /// The first one decides whether there is a job at all: what a late heartbeat makes of a deleted one has no status.
    package static let fields = firstFields + ["last_heartbeat", "retries_left", "number_of_retries", "origin"]
    /// Those that are read first; of most jobs they say all that is wanted, and each one more costs Redis.
    package static let firstFields = ["status", "enqueued_at", "started_at", "ended_at", "worker_name"]

    package init(_ status: Status?) {
        self.status = status
    }

    /// When it was started since it was put into its queue; `nil` if it was not.
    package var currentStart: Timestamp? {
        // It may be older than that where the clocks of two machines differ, but these are not left from before.
        if status == .started || status == .finished { return started }
        guard let started else { return nil }
        return started >= enqueued ?? started ? started : nil
    }

    /// The last sign of life of its worker.
    package var lastSign: Timestamp? {
        guard let started else { return lastHeartbeat }
        return max(lastHeartbeat ?? started, started)
    }
}

/// What stands at the key of a job.
package enum JobReading: Sendable, Hashable {
    /// Nothing, or a hash without a status.
    case gone
    /// A key of another type.
    case unreadable
    /// Only ``JobState/firstFields`` were read.
    case glimpsed(JobState)
    case found(JobState)
}

/// An entry of the stream of a job's results: how an execution ended.
package struct JobResult: Sendable, Hashable {
    /// The field `type`.
    package enum Kind: Int, Sendable {
        case success = 1
        case failure, stop
        /// The function returned a `Retry`.
        case retry
        /// The function returned a `Retry` once more than that allows.
        case retriesUsedUp
    }

    package var kind: Kind
    /// When it was written, by the clock of Redis.
    package var recorded: Timestamp
    /// `nil` where nobody knows, as for a job that was found abandoned.
    package var started: Timestamp?
    package var ended: Timestamp?
    package var worker: String?
    /// The field `exc_string`.
    package var exception: [UInt8]?

    package init(_ kind: Kind, recorded: Timestamp) {
        self.kind = kind
        self.recorded = recorded
    }
}

/// What is left of a job without a hash, read in the order of these properties.
package struct JobTraces: Sendable, Hashable {
    /// Whether a worker runs it.
    package var hasLiveExecution = false
    /// Its score among the jobs of its queue that succeeded: when RQ forgets it.
    package var finishedScore: Double?
    /// The same among those that failed.
    package var failedScore: Double?
    /// The newest of its results.
    package var result: JobResult?
    /// Whether its id waits in its queue, or was popped and not started.
    package var isListed = false
    /// Whether there is a hash by now.
    package var hasComeBack = false

    package init() {}
}
