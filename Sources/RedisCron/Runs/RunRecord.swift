public import RQWire

/// What is known of a run of a definition, or of planned times that were not run.
///
/// Records are kept beyond RQ's memory: the last ones of each definition, see `history` and ``RedisCronScheduler/Options/history``.
public struct RunRecord: Sendable, Hashable {
    /// The id of the definition.
    public var id: String
    /// The time for which it was planned; `nil` for a run outside of the schedule.
    ///
    /// Of several refused times the first.
    public var planned: Timestamp?
    /// When it was queued, or refused.
    ///
    /// Of several refused times when the last was.
    public var at: Timestamp
    /// Why it was queued; `nil` for what was refused and for what another scheduler queued.
    public var reason: RunReason?
    /// Whether a job was queued.
    public var result: RunResult
    /// Why no job was queued.
    public var why: RefusalReason?
    /// The id of the RQ job.
    public var jobID: String?
    /// What became of the job; `nil` while it is queued or running.
    public var outcome: RunOutcome?
    /// Whether the outcome was concluded from what Redis no longer holds.
    public var isInferred = false
    /// When a worker started it the last time.
    public var started: Timestamp?
    /// When it was over.
    public var ended: Timestamp?
    /// The name of the worker that ran it.
    public var worker: String?
    /// The last line of the exception with which it failed.
    public var error: String?
    /// How many times it was started, retries and requeues included; `nil` where that is not known.
    public var attempts: Int?
    /// Of refused times the last planned one.
    public var last: Timestamp?
    /// How many planned times were refused, counted to 1,000 unless more were missed of a plain interval at once; 1 for a run.
    public var count = 1
    /// Whether more were refused than ``count`` says.
    public var isCountedShort = false

    /// Makes a record, for the test of a reader.
    public init(id: String, planned: Timestamp?, at: Timestamp, reason: RunReason? = nil, result: RunResult = .queued) {
        self.id = id
        self.planned = planned
        self.at = at
        self.reason = reason
        self.result = result
    }

    /// How long its last attempt took; `nil` unless it is over and both ends are known.
    public var duration: Duration? {
        guard let started, let ended, ended >= started else { return nil }
        return ended - started
    }
}

/// Why a run was queued.
public enum RunReason: String, Sendable, Hashable, CaseIterable {
    /// Its planned time came.
    case schedule
    /// Its planned time had been missed, and it was made up for.
    case catchup
    /// Somebody asked for it.
    case trigger
    /// Somebody had a planned time of the past run.
    case backfill
}

/// Whether a job was queued.
public enum RunResult: String, Sendable, Hashable, CaseIterable {
    /// It was.
    case queued
    /// It was not.
    case skipped
    /// Another scheduler queued it, under an id that is not known: nothing else is known of it.
    case unknown
}

/// What became of a run.
public enum RunOutcome: String, Sendable, Hashable, CaseIterable {
    /// It succeeded.
    case finished
    /// It failed, and is not tried again.
    case failed
    /// Its worker was told to stop it.
    case stopped
    /// It was canceled before it ran, or taken out for the run that replaces it.
    case canceled
    /// It waited in its queue for longer than it was allowed to.
    case expired
    /// Its job was deleted.
    case deleted
    /// Its worker died, or it vanished from its queue, and nobody brought it back.
    case lost

    /// Whether something went wrong: it failed, expired or was lost.
    public var isFailure: Bool { self == .failed || self == .expired || self == .lost }
}
