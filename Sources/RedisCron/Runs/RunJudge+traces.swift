import RQWire

/// What became of a run whose job is gone.
extension RunJudge {
    /// Whether it is to be found out if its id still stands in a list: one that does has not run.
    package var asksForLists: Bool {
        run.terms.ttl != nil || (memory.formerAttempts > 0 && run.terms.failureTTL != nil)
    }

    /// Decides by what is left.
    package func finding(_ traces: JobTraces) -> RunFinding {
        // It was deleted while it runs, and comes back at its end.
        if traces.hasLiveExecution { return .open(seenOpen(nil)) }
        if traces.hasComeBack { return .unclear(memory) }
        if let score = traces.finishedScore {
            return .over(ending(.finished, ended: time(score, less: run.terms.resultTTL), attempts: lastAttempt))
        }
        if let result = traces.result, result.kind == .success {
            var ending = ending(.finished, ended: result.ended, attempts: lastAttempt)
            ending.started = result.started ?? ending.started
            ending.worker = result.worker ?? ending.worker
            return .over(ending)
        }
        if place == .watched { return now >= lastReturn ? .settled : .unclear(memory) }
        if let score = traces.failedScore { return .over(failure(score, traces.result)) }
        return .over(conclusion(isListed: traces.isListed))
    }

    /// The id of a job that failed stays among the failed ones.
    private func failure(_ score: Double, _ result: JobResult?) -> RunEnding {
        let ttl = run.terms.failureTTL ?? Self.usualFailureTTL
        var ending = ending(.failed, ended: time(score, less: ttl), attempts: lastAttempt)
        // The hash was to stay longer: somebody else has removed it.
        ending.isInferred = ttl < 0 || Timestamp(score: score) > now
        if let result, result.kind == .failure || result.kind == .retriesUsedUp {
            ending.started = result.started ?? ending.started
            ending.ended = result.ended ?? ending.ended
            ending.worker = result.worker ?? ending.worker
            ending.error = result.exception.flatMap(RunEnding.error)
        }
        return ending
    }

    /// Nothing is left: what each kind of end would have left since the run was open decides.
    private func conclusion(isListed: Bool) -> RunEnding {
        let couldHaveFinished = !isKept(run.terms.resultTTL)
        let couldHaveFailed = !isKept(run.terms.failureTTL ?? Self.usualFailureTTL)
        let hasRun = memory.started != nil || memory.formerAttempts > 0
        if let ttl = run.terms.ttl, !hasRun {
            let expiry = run.at + .seconds(ttl)
            if expiry <= now + Self.tolerance {
                let isCertain =
                    isListed || (!couldHaveFinished && !couldHaveFailed && memory.lastOpen >= expiry - .seconds(10))
                return ending(.expired, isInferred: !isCertain, attempts: isCertain ? 0 : nil)
            }
        }
        // A requeue leaves the expiry of the failure.
        if memory.formerAttempts > 0, run.terms.failureTTL ?? 0 > 0, isListed {
            return ending(.expired, isInferred: true)
        }
        if isListed || (!couldHaveFinished && !couldHaveFailed) {
            return ending(.deleted, attempts: isListed && !hasRun ? 0 : nil)
        }
        if couldHaveFinished { return ending(.finished, isInferred: true, attempts: lastAttempt) }
        return ending(.failed, isInferred: true, attempts: lastAttempt)
    }

    /// Whether what ended after the run was last seen to be open would still have its hash.
    private func isKept(_ ttl: Int) -> Bool {
        // A clock may have been set back since.
        ttl < 0 || .seconds(ttl) > max(.zero, now - memory.lastOpen) + Self.tolerance
    }

    private func ending(
        _ outcome: RunOutcome, isInferred: Bool = false, ended: Timestamp? = nil, attempts: Int? = nil
    ) -> RunEnding {
        var ending = RunEnding(outcome, isInferred: isInferred)
        (ending.started, ending.worker) = (memory.started, memory.worker)
        (ending.ended, ending.attempts) = (ended, attempts)
        return ending
    }

    /// How many attempts there were if the last one was the only one since it was queued.
    private var lastAttempt: Int? { run.terms.retries == 0 ? memory.formerAttempts + 1 : nil }

    /// When a job ended that RQ forgets at `score`.
    private func time(_ score: Double, less ttl: Int) -> Timestamp? {
        ttl < 0 || !score.isFinite ? nil : Timestamp(score: score) - .seconds(ttl)
    }

    /// Until when it may come back, if it was deleted while it ran.
    private var lastReturn: Timestamp {
        let timeout = run.terms.timeout > 0 ? run.terms.timeout : Self.longestEndless
        return max(memory.lastOpen, memory.started ?? memory.lastOpen) + .seconds(timeout) + Self.slack
    }

    /// Seconds for which RQ keeps a failure where nothing else is said.
    private static let usualFailureTTL = 31_536_000
    /// How much later than planned Redis may remove a key, or we may look.
    private static let tolerance: Duration = .seconds(2)
    /// What a worker may take beyond the time-out of a job: callbacks, and the killing of a horse that does not end.
    private static let slack: Duration = .seconds(180)
    /// Seconds for which a deleted job without a time-out is expected to come back.
    private static let longestEndless = 86_400
}
