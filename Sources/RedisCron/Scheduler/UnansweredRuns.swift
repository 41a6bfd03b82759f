import RQWire

/// Runs of batches that got no answer: Redis may have queued them or not.
///
/// Pure. Who counts the runs that were queued learns of these later, each once: by the answer to another batch with the run, which says
/// that it had been queued, or by the log of runs, into which the script wrote it in the same step.
///
/// | what was heard of a run without an answer | it is counted |
/// |---|---|
/// | it stands in the log of runs | then, or as soon as it is known that there is no answer |
/// | it is sent again, and is queued | then, as any other |
/// | it is sent again, and had been queued before | then |
/// | it is sent again, and there is no answer | later |
/// | the lock was lost | not: the next leader reads the log |
struct UnansweredRuns: Sendable {
    /// The most runs that are remembered; of further ones it stays unknown whether they were queued.
    static let most = 100_000

    private var jobs: Set<RQJobID> = []
    private var batchesInFlight = 0
    /// Runs that the log told of while batches were in flight: it may do so before it is known that there is no answer.
    private var logged: Set<RQJobID> = []

    /// Takes note that a batch is sent: its answer will say what became of its runs.
    ///
    /// - Returns: Those of its runs that may have been queued before by a batch that got no answer.
    mutating func sending(_ batch: DueBatch) -> Set<RQJobID> {
        batchesInFlight += 1
        guard !jobs.isEmpty else { return [] }
        return Set(batch.runs.map(\.jobID).filter { jobs.remove($0) != nil })
    }

    /// Takes note that a batch got its answer.
    mutating func answered() {
        batchesInFlight -= 1
        if batchesInFlight == 0 { logged = [] }
    }

    /// Takes note that a batch got an error for an answer, or none.
    ///
    /// - Parameter earlier: What ``sending(_:)`` returned for it.
    /// - Returns: Those of its runs that are known to be queued.
    mutating func failed(_ batch: DueBatch, by error: any Error, earlier: Set<RQJobID>) -> [PlannedRun] {
        defer { answered() }
        let isUnknown = LockClaim.Outcome(error) == .unanswered
        return batch.runs.filter { run in
            guard !run.isMoveOnly, isUnknown || !earlier.isEmpty else { return false }
            let job = run.jobID
            guard isUnknown || earlier.contains(job) else { return false }
            if logged.contains(job) { return true }
            if jobs.count < Self.most { jobs.insert(job) }
            return false
        }
    }

    /// The runs among those of the log that were queued without an answer.
    mutating func found(_ runs: [TrackedRun]) -> [TrackedRun] {
        if batchesInFlight > 0 {
            if logged.count > Self.most { logged = [] }
            logged.formUnion(runs.map(\.jobID))
        }
        return jobs.isEmpty ? [] : runs.filter { jobs.remove($0.jobID) != nil }
    }

    /// Forgets all, because another scheduler may lead.
    mutating func forgetAll() {
        jobs = []
        logged = []
    }
}

extension PlannedRun {
    /// The id of its job.
    var jobID: RQJobID {
        definition.withIDBytes { RQJobID.planned(definition: $0.assumingMemoryBound(to: UInt8.self), at: planned) }
    }
}
