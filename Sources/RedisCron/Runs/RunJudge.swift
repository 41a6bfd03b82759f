package import RQWire

/// Decides what has become of a run, from what Redis answers.
///
/// Pure. docs/rq-jobs.md has the rules, and what of RQ they rest on. The hash decides where it is there and where what it says cannot be a
/// moment of transition or what a dead worker has left. Otherwise one question more is asked.
package struct RunJudge: Sendable {
    let run: TrackedRun
    let memory: RunMemory
    let place: RunPlace
    let now: Timestamp

    package init(_ look: RunToLookAt, now: Timestamp) {
        run = look.run
        memory = look.memory
        place = look.place
        self.now = now
    }

    /// What the hash of a job leads to.
    package enum Step: Sendable, Hashable {
        case decided(RunFinding)
        /// All ``JobState/fields`` are wanted.
        case fields
        /// How it ended is in its results; that many of the newest ones are wanted.
        case results(JobState, count: Int)
        /// Whether it is still open is found by `look_at_runs.lua`.
        case verdict(JobState)
        /// It is gone: what is left of it.
        case traces
    }

    /// The first step.
    package func step(_ reading: JobReading) -> Step {
        switch reading {
        case .gone: return .traces
        case .unreadable: return .decided(.unclear(memory))
        case .glimpsed(let job): return needsAllFields(of: job) ? .fields : step(.found(job))
        case .found(let job):
            switch job.status {
            case nil: return .decided(.unclear(memory))
            case .finished where !wasQueuedAgain(job): return .decided(.over(ending(of: job, .finished, results: [])))
            case .finished, .failed, .stopped:
                return .results(job, count: wasQueuedAgain(job) ? Self.mostResults : 1)
            case .queued:
                let isFresh = job.enqueued.map { $0 > now - OpenRun.longQueued } ?? false
                return isFresh ? .decided(.open(seenOpen(job))) : .verdict(job)
            case .started:
                let isFresh = job.lastSign.map { $0 > now - OpenRun.longStarted } ?? false
                return isFresh ? .decided(.open(seenOpen(job))) : .verdict(job)
            case .canceled, .scheduled: return .verdict(job)
            case .deferred, .rateLimited, .readyToEnqueue: return .decided(.open(seenOpen(job)))
            }
        }
    }

    /// Whether a job's first fields leave open what its status leads to.
    private func needsAllFields(of job: JobState) -> Bool {
        switch job.status {
        // How often it was tried.
        case .finished, .failed, .stopped: run.terms.retries > 0 || wasQueuedAgain(job)
        // In which queue it is, or whether its worker lives.
        case .queued: !(job.enqueued.map { $0 > now - OpenRun.longQueued } ?? false)
        case .started: !(job.started.map { $0 > now - OpenRun.longStarted } ?? false)
        case .canceled, .scheduled: true
        case .deferred, .rateLimited, .readyToEnqueue, nil: false
        }
    }

    /// How a job that is finished, failed or stopped ended.
    package func finding(_ job: JobState, results: [JobResult]) -> RunFinding {
        // It was queued again and has ended again since the hash was read.
        if let result = results.first, !isResult(result, of: job) { return .unclear(memory) }
        switch job.status {
        case .finished: return .over(ending(of: job, .finished, results: results))
        case .failed: return .over(ending(of: job, .failed, results: results))
        case .stopped: return .over(ending(of: job, .stopped, results: results))
        default: return .unclear(memory)
        }
    }

    /// Whether the result and the hash are of the same end: RQ writes them at once, with the same time.
    private func isResult(_ result: JobResult, of job: JobState) -> Bool {
        guard result.kind != .retry, (result.kind == .success) == (job.status == .finished) else { return false }
        guard let ended = result.ended, let same = job.ended else { return true }
        return abs(ended.microseconds - same.microseconds) < 1_000
    }

    /// What the script says of it.
    package func finding(_ job: JobState, look: RunLook) -> RunFinding {
        switch look.verdict {
        case .open, .elsewhere: return .open(seenOpen(job))
        case .later: return .unclear(memory)
        case .suspect:
            var memory = memory
            memory.suspectedAt = memory.suspectedAt ?? now
            return .unclear(memory)
        case .over:
            // It changed since the hash was read, and is looked at again.
            guard look.status == job.status?.rawValue else { return .unclear(memory) }
            return .over(ending(of: job, job.status == .canceled ? .canceled : .lost, results: []))
        }
    }

    /// The most results that are read to count the attempts: RQ keeps about as many.
    static let mostResults = 11

    /// What is known of a run that is open now.
    func seenOpen(_ job: JobState?) -> RunMemory {
        var memory = memory
        memory.lastOpen = max(memory.lastOpen, now)
        memory.suspectedAt = nil
        if let job, job.status != .queued, job.status != .scheduled, let started = job.currentStart {
            memory.started = started
            memory.worker = job.worker
        }
        return memory
    }

    /// Whether it was put into its queue once more, as a retry or by hand.
    private func wasQueuedAgain(_ job: JobState) -> Bool {
        memory.formerAttempts > 0 || job.enqueued.map { $0 > run.at } ?? false
    }

    // MARK: Endings

    private func ending(of job: JobState, _ outcome: RunOutcome, results: [JobResult]) -> RunEnding {
        var ending = RunEnding(outcome)
        // The one of this end: it is written together with the status.
        let result = results.first
        switch outcome {
        case .finished:
            (ending.started, ending.ended, ending.worker) = (job.started, job.ended, job.worker)
        case .failed, .stopped:
            ending.started = start(of: job, result)
            ending.ended = end(of: job, result, started: ending.started)
            // A worker that stopped or lost its horse empties the hash's.
            ending.worker = job.worker ?? result?.worker
            if ending.worker == nil, ending.started == memory.started { ending.worker = memory.worker }
            if outcome == .failed { ending.error = result?.exception.flatMap(RunEnding.error) }
        default:
            ending.started = job.currentStart
            ending.worker = ending.started == nil ? nil : job.worker
        }
        ending.attempts = attempts(job, hasStarted: outcome == .finished || ending.started != nil, results)
        return ending
    }

    /// The hash's time may be that of an attempt before; the result's is a little early, since it is that of the preparations.
    private func start(of job: JobState, _ result: JobResult?) -> Timestamp? {
        guard let prepared = result?.started else { return job.currentStart }
        guard let started = job.started, started >= prepared else { return prepared }
        return started
    }

    private func end(of job: JobState, _ result: JobResult?, started: Timestamp?) -> Timestamp? {
        if let ended = job.ended, let since = started ?? job.enqueued, ended >= since { return ended }
        // A stop leaves no time but that of its record.
        return result?.ended ?? (job.status == .stopped ? result?.recorded : nil)
    }

    /// Failures that were tried again, returned retries, and what ended before it was brought back.
    private func attempts(_ job: JobState, hasStarted: Bool, _ results: [JobResult]) -> Int? {
        guard let left = job.retriesLeft ?? (run.terms.retries == 0 ? 0 : nil) else { return nil }
        let last = hasStarted ? 1 : 0
        let tries = max(run.terms.retries - left, 0) + job.returnedRetries + last
        let formerEnds = zip(results, results.dropFirst()).count { later, result in
            // A run that was found abandoned, and went on, ended twice.
            let isSame = result.started == nil && later.started.map { $0 < result.recorded } ?? false
            return result.kind != .retry && !isSame
        }
        return max(tries + formerEnds, memory.formerAttempts + last)
    }
}

extension RunEnding {
    /// What is kept of an exception, as RQ keeps it in a job's results.
    static func error(_ exception: [UInt8]) -> String? {
        RQJobFailure(parsing: exception).map { harmless($0.reason) }
    }

    /// A text in one line that changes nothing on a terminal, cut at ``longestError``.
    ///
    /// Control characters, and those that turn the direction of writing, become blanks.
    static func harmless(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(longestError) {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: result.append(" ")
            case .format where scalar.properties.isBidiControl: result.append(" ")
            default: result.append(scalar)
            }
        }
        if text.unicodeScalars.dropFirst(longestError).first != nil {
            result.removeLast()
            result.append("…")
        }
        return String(result)
    }
}
