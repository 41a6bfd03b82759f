package import RQWire
package import RedisCron

/// What becomes of runs, as far as the leader writes it down.
extension RedisModel {
    // MARK: The log

    /// What `push_job.lua` writes into the log of runs.
    mutating func log(
        trigger job: RQJobID, of id: DefinitionID, _ template: JobTemplate, removed: [String], now: Timestamp
    ) {
        let history = definitions[id]?.hash.policy.history
        guard history != 0 else { return }
        let run = TrackedRun(
            definition: id, jobID: job, planned: nil, at: now, reason: .trigger, terms: RunTerms(template.settings),
            history: history)
        runLog.append(
            RunLogEntry.bytes(codes: [JobOutcome.queued.rawValue], removed: removed, body: RunLogEntry.body(of: run)))
    }

    /// `LRANGE` of the log.
    package func runLog(limit: Int) -> [[UInt8]] {
        Array(runLog.prefix(limit))
    }

    /// `unfold_runs.lua`.
    package mutating func unfold(_ unfolding: Unfolding, token: String) -> Bool {
        expireKeys()
        guard lock?.token == token else { return false }
        guard runLog.starts(with: unfolding.entries) else { return true }
        runLog.removeFirst(unfolding.entries.count)
        for run in unfolding.opened where definitions[run.definition] != nil {
            tracked[.open, default: []].insert(run)
        }
        for refused in unfolding.refused where definitions[refused.definition] != nil {
            var times = refusals[refused.definition] ?? []
            if refused.joins, !times.isEmpty {
                times[0] = refused.times
            } else {
                times.insert(refused.times, at: 0)
            }
            times = Array(times.prefix(refused.keep))
            // Redis keeps no empty list.
            refusals[refused.definition] = times.isEmpty ? nil : times
        }
        return true
    }

    // MARK: Outcomes

    /// `record_runs.lua`.
    package mutating func record(_ changes: [RunChange], token: String, now: Timestamp) -> RecordOutcome {
        expireKeys()
        guard lock?.token == token else { return .lockLost }
        let outcomes = changes.map { record($0, now: now) }
        return .done(outcomes, total: runTotal)
    }

    private mutating func record(_ change: RunChange, now: Timestamp) -> RunChangeOutcome {
        let (run, id) = (change.run, change.run.definition)
        guard tracked[change.from]?.remove(run) != nil else { return .missing }
        guard definitions[id] != nil else { return .definitionGone }
        var runs = endedRuns[id] ?? []
        let before = runs.count
        if let former = change.former, let place = runs.firstIndex(of: former) { runs.remove(at: place) }
        if let ending = change.ending {
            runs.insert(EndedRun(run, ending), at: 0)
            runs = Array(runs.prefix(change.keep))
            if ending.mayChange { tracked[.watched, default: []].insert(run) }
        }
        if change.isReopened { tracked[.open, default: []].insert(run) }
        runTotal += runs.count - before
        keep(runs, of: id)
        if change.ending != nil, !runs.isEmpty { runIndex[id] = now.score }
        return change.ending.map { count($0, of: run, now: now) } ?? .recorded
    }

    private mutating func keep(_ runs: [EndedRun], of id: DefinitionID) {
        // Redis keeps no empty list.
        endedRuns[id] = runs.isEmpty ? nil : runs
        if runs.isEmpty { runIndex[id] = nil }
    }

    /// Counts a failure for `pause_after_failures`, unless a tick has done so.
    private mutating func count(_ ending: RunEnding, of run: TrackedRun, now: Timestamp) -> RunChangeOutcome {
        guard ending.outcome == .failed, let hash = definitions[run.definition]?.hash,
            let most = hash.policy.pauseAfterFailures
        else { return .recorded }
        let known = OpenRun.list(hash.state.openRuns)
        let open = known.filter { $0.jobID != run.jobID.description }
        guard open.count < known.count else { return .recorded }
        var state = hash.state
        state.openRuns = OpenRuns.bytes(of: open)
        let failures = (state.failureCount ?? 0) + 1
        state.failureCount = failures
        definitions[run.definition]?.hash.state = state
        guard failures >= most, hash.enabled else { return .noted }
        pause(run.definition, state, hash.policy, now: now)
        return .paused
    }

    // MARK: Reading

    /// A page of the runs of one place, in the order of their members.
    package func trackedRuns(
        _ place: RunPlace, after member: [UInt8]?, limit: Int
    ) -> (runs: [TrackedRun], last: [UInt8]?) {
        let all = (tracked[place] ?? []).map { (member: $0.member, run: $0) }
        let rest = all.filter { entry in member.map { $0.lexicographicallyPrecedes(entry.member) } ?? true }
            .sorted { $0.member.lexicographicallyPrecedes($1.member) }
        let page = rest.prefix(limit)
        return (page.map(\.run), page.count < rest.count ? page.last?.member : nil)
    }

    // MARK: Forgetting

    /// All that is kept of the runs of a definition goes.
    mutating func forgetRuns(of id: DefinitionID) {
        for place in [RunPlace.open, .watched] {
            guard tracked[place]?.contains(where: { $0.definition == id }) == true else { continue }
            tracked[place] = tracked[place]?.filter { $0.definition != id }
        }
        runTotal -= endedRuns[id]?.count ?? 0
        keep([], of: id)
        refusals[id] = nil
    }

    /// `forget_runs.lua`.
    package mutating func forgetRuns(of ids: [DefinitionID]) {
        for id in ids where definitions[id] == nil { forgetRuns(of: id) }
    }

    /// A pass over all definitions of which anything is kept, in one page.
    package mutating func sweepRuns(from cursor: Int) -> Int {
        let open = tracked.values.flatMap { $0.map(\.definition) }
        forgetRuns(of: Array(Set(open).union(runIndex.keys).union(refusals.keys)))
        return 0
    }

    /// `trim_runs.lua`: of the definition that had none for longest the oldest go first.
    package mutating func trimRuns(to total: Int) -> Int {
        while runTotal > total {
            guard
                let id = runIndex.min(by: {
                    $0.value == $1.value ? $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) : $0.value < $1.value
                })?.key, var runs = endedRuns[id]
            else { break }
            let kept = max(0, runs.count - (runTotal - total))
            runTotal -= runs.count - kept
            runs = Array(runs.prefix(kept))
            keep(runs, of: id)
        }
        return runTotal
    }
}

extension JobOutcome {
    /// Whether anything is recorded of it.
    var isRecorded: Bool {
        switch self {
        case .queued, .queuedBesideOthers, .finished, .overlapping, .overlappingSomeNoted, .limitReached, .advanced: true
        case .duplicate, .movedByOther, .stale, .unusableQueue, .waiting, .paused, .handedBack: false
        }
    }
}
