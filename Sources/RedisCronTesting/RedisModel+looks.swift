package import RQWire
package import RedisCron

/// What is found out about runs, from what RQ leaves of their jobs.
extension RedisModel {
    /// What has become of runs, in their order.
    package mutating func look(at runs: [RunToLookAt], now: Timestamp) -> [RunFinding] {
        expireKeys()
        return runs.map { look(at: $0, now: now) }
    }

    private func look(at known: RunToLookAt, now: Timestamp) -> RunFinding {
        guard let job = jobs[known.run.jobID] else {
            return known.place == .watched ? .settled : findingWithoutJob(known, now: now)
        }
        var memory = known.memory
        let outcome: RunOutcome
        switch job.phase {
        case .queued, .running:
            memory.lastOpen = now
            memory.suspectedAt = nil
            if job.phase == .running { (memory.started, memory.worker) = (job.startedAt, job.worker) }
            return .open(memory)
        case .finished: outcome = .finished
        case .failed: outcome = .failed
        case .stopped: outcome = .stopped
        case .canceled: outcome = .canceled
        case .dead: outcome = .lost
        }
        var ending = RunEnding(outcome)
        (ending.started, ending.worker, ending.error) = (job.startedAt, job.worker, job.error)
        ending.ended = outcome == .lost ? nil : job.endedAt
        if outcome != .canceled || job.startedAt != nil {
            ending.attempts = known.memory.formerAttempts + job.retriesUsed + 1
        }
        return .over(ending)
    }

    /// What a hash that is gone tells.
    private func findingWithoutJob(_ known: RunToLookAt, now: Timestamp) -> RunFinding {
        let (run, memory) = (known.run, known.memory)
        var ending: RunEnding
        if failedJobs.contains(run.jobID) {
            ending = RunEnding(.failed, isInferred: true)
        } else if let ttl = run.terms.ttl, memory.started == nil, now >= run.at + .seconds(ttl) {
            ending = RunEnding(.expired)
        } else if run.terms.resultTTL < 0 || now < memory.lastOpen + .seconds(run.terms.resultTTL) {
            ending = RunEnding(.deleted, isInferred: run.terms.failureTTL == 0)
        } else {
            ending = RunEnding(.finished, isInferred: true)
        }
        (ending.started, ending.worker) = (memory.started, memory.worker)
        return .over(ending)
    }
}
