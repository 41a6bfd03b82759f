package import RQWire
import RedisCron

/// What workers and people do to RQ's jobs, as far as it decides whether a run is open and what became of it.
///
/// Each takes the time at which it happens, `nil` for the server's.
extension RedisModel {
    /// A year: what a worker gives a failure that says nothing itself.
    private static let defaultFailureTTL = 31_536_000

    /// A worker takes the first job of a queue and starts it; ids without a job are skipped.
    ///
    /// - Returns: The job; `nil` where none waits.
    package mutating func startJob(from queue: [UInt8], by worker: String? = nil) -> RQJobID? {
        expireKeys()
        while let job = queues[queue]?.first {
            removeFromQueue(job, queue)
            guard jobs[job] != nil else { continue }
            noteStart(of: job, at: time, by: worker)
            return job
        }
        return nil
    }

    /// A worker takes this job from its queue and starts it.
    ///
    /// - Returns: Whether it was queued.
    package mutating func startJob(_ job: RQJobID, at now: Timestamp? = nil, by worker: String? = nil) -> Bool {
        guard let waiting = jobs[job], waiting.phase == .queued else { return false }
        removeFromQueue(job, waiting.template.settings.queue)
        noteStart(of: job, at: now ?? time, by: worker)
        return true
    }

    private mutating func noteStart(of job: RQJobID, at now: Timestamp, by worker: String?) {
        jobs[job]?.phase = .running
        jobs[job]?.startedAt = now
        jobs[job]?.worker = worker
        // A ttl ends here.
        jobs[job]?.expiresAt = nil
    }

    /// A job that runs ends in one way or another.
    ///
    /// RQ forgets it at once, or after its TTL.
    ///
    /// - Returns: Whether it ran.
    @discardableResult
    package mutating func endJob(
        _ job: RQJobID, as phase: Phase, at now: Timestamp? = nil, error: String? = nil
    ) -> Bool {
        // A hash that was deleted meanwhile comes back.
        guard var ended = jobs[job]?.phase == .running ? jobs[job] : deletedWhileRunning[job] else { return false }
        deletedWhileRunning[job] = nil
        ended.phase = phase
        (ended.endedAt, ended.error) = (now ?? time, error)
        let settings = ended.template.settings
        // A failure that is not the last one is a retry.
        if phase == .failed { ended.retriesUsed = max(ended.retriesUsed, settings.retries) }
        let timeToLive: Int
        switch phase {
        case .finished: timeToLive = settings.resultTTL
        case .failed, .stopped: timeToLive = settings.failureTTL ?? Self.defaultFailureTTL
        case .queued, .running, .canceled, .dead: timeToLive = -1
        }
        ended.expiresAt = timeToLive > 0 ? time + .seconds(timeToLive) : nil
        let kind: JobResult.Kind = phase == .finished ? .success : phase == .failed ? .failure : .stop
        var result = JobResult(kind, recorded: now ?? time)
        (result.started, result.ended, result.worker) = (ended.startedAt, ended.endedAt, ended.worker)
        if phase != .dead { ended.results.insert(result, at: 0) }
        jobs[job] = timeToLive == 0 ? nil : ended
        let isFailed = phase == .failed || phase == .stopped
        failedJobs[job] = isFailed ? time + .seconds(timeToLive) : nil
        return true
    }

    /// A job that failed is queued once more by its worker, under the same id.
    package mutating func retryJob(_ job: RQJobID) {
        guard jobs[job]?.phase == .running else { return }
        jobs[job]?.retriesUsed += 1
        pushAgain(job)
    }

    /// Somebody has a job that failed queued once more, under the same id.
    ///
    /// - Returns: Whether there was such a job.
    package mutating func requeueJob(_ job: RQJobID) -> Bool {
        expireKeys()
        guard let phase = jobs[job]?.phase, phase == .failed || phase == .stopped else { return false }
        failedJobs[job] = nil
        pushAgain(job)
        return true
    }

    private mutating func pushAgain(_ job: RQJobID) {
        guard let queue = jobs[job]?.template.settings.queue else { return }
        jobs[job]?.phase = .queued
        jobs[job]?.enqueuedAt = time
        queues[queue, default: []].append(job)
        registeredQueues.insert(queue)
    }

    /// Somebody cancels a job that is queued.
    ///
    /// - Returns: Whether it was queued.
    package mutating func cancelJob(_ job: RQJobID) -> Bool {
        guard let queue = jobs[job]?.template.settings.queue, jobs[job]?.phase == .queued else { return false }
        removeFromQueue(job, queue)
        jobs[job]?.phase = .canceled
        return true
    }

    /// Somebody deletes a job; one that runs goes on.
    ///
    /// - Returns: Whether it was there.
    package mutating func deleteJob(_ job: RQJobID) -> Bool {
        expireKeys()
        guard let deleted = jobs[job] else { return false }
        jobs[job] = nil
        failedJobs[job] = nil
        removeFromQueue(job, deleted.template.settings.queue)
        if deleted.phase == .running { deletedWhileRunning[job] = deleted }
        return true
    }

    /// RQ's maintenance forgets failures whose time has come.
    package mutating func cleanUpFailures() {
        failedJobs = failedJobs.filter { $0.value > time }
    }

    /// The runs of a definition that wait or run, of those whose ids are given.
    package func openRuns(of runs: some Sequence<RQJobID>) -> [RQJobID] {
        runs.filter { jobs[$0]?.phase.isOpen == true }
    }

    mutating func removeFromQueue(_ job: RQJobID, _ queue: [UInt8]) {
        // Redis keeps no empty list.
        queues[queue]?.removeAll { $0 == job }
        if queues[queue]?.isEmpty == true { queues[queue] = nil }
    }
}
