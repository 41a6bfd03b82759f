package import RQWire
package import RedisCron

/// What is found out about runs: the real ``RunJudge`` decides, by what RQ leaves of the model's jobs.
extension RedisModel {
    /// What has become of runs, in their order.
    package mutating func look(at runs: [RunToLookAt], now: Timestamp) -> [RunFinding] {
        expireKeys()
        return runs.map { look(at: $0, now: now) }
    }

    private func look(at known: RunToLookAt, now: Timestamp) -> RunFinding {
        let judge = RunJudge(known, now: now)
        guard let job = jobs[known.run.jobID] else { return judge.finding(traces(of: known.run, for: judge)) }
        let state = state(of: job, retries: known.run.terms.retries, now: now)
        switch job.phase {
        // What these come to takes RQ a while, and the model none.
        case .dead: return judge.finding(state, look: RunLook(verdict: .over, status: "started"))
        case .canceled: return judge.finding(state, look: RunLook(verdict: .over, status: "canceled"))
        case .queued, .running, .finished, .failed, .stopped: break
        }
        switch judge.step(.found(state)) {
        case .decided(let finding): return finding
        // All were given.
        case .fields: return .unclear(known.memory)
        case .results(let state, let count):
            return finding(judge.finding(state, results: Array(job.results.prefix(count))), with: job.error)
        case .verdict(let state):
            return judge.finding(state, look: RunLook(verdict: .open, status: state.status?.rawValue ?? ""))
        case .traces: return judge.finding(traces(of: known.run, for: judge))
        }
    }

    /// The fields of the hash.
    private func state(of job: Job, retries: Int, now: Timestamp) -> JobState {
        let status: JobState.Status =
            switch job.phase {
            case .queued: .queued
            case .running, .dead: .started
            case .finished: .finished
            case .failed: .failed
            case .stopped: .stopped
            case .canceled: .canceled
            }
        var state = JobState(status)
        (state.enqueued, state.started, state.ended) = (job.enqueuedAt, job.startedAt, job.endedAt)
        (state.worker, state.origin) = (job.worker, String(decoding: job.template.settings.queue, as: UTF8.self))
        if retries > 0 { state.retriesLeft = max(0, retries - job.retriesUsed) }
        // Workers of the model are never late with their heartbeats.
        if job.phase == .running { state.lastHeartbeat = now }
        return state
    }

    /// Puts the text of an exception into what was found.
    private func finding(_ finding: RunFinding, with error: String?) -> RunFinding {
        guard case .over(var ending) = finding, ending.outcome == .failed else { return finding }
        ending.error = error
        return .over(ending)
    }

    /// What is left of a job without a hash.
    private func traces(of run: TrackedRun, for judge: RunJudge) -> JobTraces {
        var traces = JobTraces()
        traces.failedScore = failedJobs[run.jobID]?.score
        if judge.asksForLists { traces.isListed = queues[Array(run.terms.queue.utf8)]?.contains(run.jobID) == true }
        return traces
    }
}
