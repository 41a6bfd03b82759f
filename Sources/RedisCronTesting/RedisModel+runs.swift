package import RQWire
package import RedisCron

/// What becomes of runs, as far as the leader writes it down.
extension RedisModel {
    // MARK: The log

    /// With more entries nobody takes them off.
    private static let mostLogEntries = 10_000

    /// `run_log.lua`: what a script notes.
    ///
    /// - Parameters:
    ///   - replaced: What was done to runs that were replaced.
    ///   - body: `nil` for nothing to note.
    mutating func logRuns(_ outcomes: [JobOutcome], _ replaced: [ReplacedRun], _ body: [UInt8]?) {
        guard let body else { return }
        let removed = replaced.filter { $0.kind == .removed }.map(\.jobID)
        guard !removed.isEmpty || outcomes.contains(where: \.isRecorded) else { return }
        runLog.append(RunLogEntry.bytes(codes: outcomes.map(\.rawValue), removed: removed, body: body))
        if runLog.count > Self.mostLogEntries { runLog.removeFirst(runLog.count - Self.mostLogEntries) }
    }

    /// What the log says of a run outside of the schedule.
    ///
    /// - Parameter mayReplace: Whether it may take out others.
    func logBody(
        ofTriggered job: RQJobID, of id: DefinitionID, _ template: JobTemplate, mayReplace: Bool, now: Timestamp
    ) -> [UInt8]? {
        let history = definitions[id]?.hash.policy.history
        guard history != 0 || mayReplace else { return nil }
        return RunLogEntry.body(
            of: TrackedRun(
                definition: id, jobID: job, planned: nil, at: now, reason: .trigger,
                terms: RunTerms(template.settings), history: history))
    }

    /// `LRANGE` of the log.
    package func runLog(limit: Int) -> [[UInt8]] {
        Array(runLog.prefix(limit))
    }

    /// `unfold_runs.lua`.
    package mutating func unfold(_ unfolding: Unfolding, token: String, now: Timestamp) -> UnfoldOutcome {
        expireKeys()
        if fences.contains(.recordLock), lock?.token != token { return .lockLost }
        guard let first = unfolding.entries.first else { return .done }
        if fences.contains(.logHead), runLog.first != first || runLog.count < unfolding.entries.count {
            return .logMoved
        }
        if unfolding.portions.isEmpty { tracked[.open, default: []].formUnion(unfolding.opened) }
        recentRuns += unfolding.portions
        for refused in unfolding.refused { note(refused, now: now) }
        runLog.removeFirst(min(runLog.count, unfolding.entries.count))
        return .done
    }

    private mutating func note(_ refused: Unfolding.Refused, now: Timestamp) {
        let id = refused.definition
        guard refused.keep > 0, definitions[id] != nil else { return }
        if refused.joins, refusals[id] != nil {
            refusals[id]?[0] = refused.times
        } else {
            refusals[id] = Array(([refused.times] + (refusals[id] ?? [])).prefix(refused.keep))
            // So that they are found when the definition is gone.
            runIndex[id] = runIndex[id] ?? now.score
        }
    }

    // MARK: Outcomes

    /// `record_runs.lua`.
    package mutating func record(
        _ changes: [RunChange], settling settlement: RunSettlement? = nil, token: String, now: Timestamp
    ) -> RecordOutcome {
        expireKeys()
        if fences.contains(.recordLock), lock?.token != token { return .lockLost }
        if let settlement {
            let place = recentRuns.firstIndex { $0.bytes == settlement.portion.bytes }
            if place == nil, fences.contains(.portion) { return .portionGone }
            if let place { recentRuns.remove(at: place) }
            tracked[.open, default: []].formUnion(settlement.open)
        }
        let outcomes = changes.map { record($0, isInPortion: settlement != nil, now: now) }
        return .done(outcomes, total: runTotal)
    }

    private mutating func record(_ change: RunChange, isInPortion: Bool, now: Timestamp) -> RunChangeOutcome {
        let (run, id) = (change.run, change.run.definition)
        if !isInPortion {
            let isThere = tracked[change.from]?.remove(run) != nil
            guard isThere || !fences.contains(.tracked) else { return .missing }
        }
        guard change.former != nil || change.ending != nil || change.isReopened else { return .recorded }
        guard definitions[id] != nil else { return .definitionGone }
        var runs = endedRuns[id] ?? []
        let before = runs.count
        if let former = change.former, let place = runs.firstIndex(of: former) { runs.remove(at: place) }
        if let ending = change.ending, change.keep > 0 {
            runs = Array(([EndedRun(run, ending)] + runs).prefix(change.keep))
            runIndex[id] = now.score
            if ending.mayChange { watch(run, keep: change.keep) }
        }
        runTotal += runs.count - before
        // Redis keeps no empty list.
        endedRuns[id] = runs.isEmpty ? nil : runs
        if change.isReopened { tracked[.open, default: []].insert(run) }
        return change.ending.map { count($0, of: change, now: now) } ?? .recorded
    }

    /// Watches a run, and of its definition no more than are kept.
    private mutating func watch(_ run: TrackedRun, keep: Int) {
        tracked[.watched, default: []].insert(run)
        let all = (tracked[.watched] ?? []).filter { $0.definition == run.definition }
        for former in Self.sorted(all).dropLast(keep) { tracked[.watched]?.remove(former.run) }
    }

    /// Counts the end of a run for `pause_after_failures`, unless a tick has done so.
    private mutating func count(_ ending: RunEnding, of change: RunChange, now: Timestamp) -> RunChangeOutcome {
        let run = change.run
        guard change.mayCount, let hash = definitions[run.definition]?.hash, let most = hash.policy.pauseAfterFailures
        else { return .recorded }
        let known = OpenRun.list(hash.state.openRuns)
        let open = known.filter { $0.jobID != run.jobID.description }
        guard open.count < known.count else { return .recorded }
        var state = hash.state
        state.openRuns = OpenRuns.bytes(of: open)
        let before = state.failureCount ?? 0
        let failures = ending.isKnownFailure ? before + 1 : ending.outcome == .finished ? 0 : before
        if ending.isKnownFailure, failures >= most, hash.enabled {
            pause(run.definition, state, hash.policy, now: now)
            return .paused
        }
        if failures != before { state.failureCount = failures }
        definitions[run.definition]?.hash.state = state
        return .noted
    }

    // MARK: Reading

    /// A page of the runs of one place, in the order of their members.
    package func trackedRuns(
        _ place: RunPlace, after member: [UInt8]?, limit: Int
    ) -> (runs: [TrackedRun], last: [UInt8]?) {
        let rest = Self.sorted(tracked[place] ?? []).filter { entry in
            member.map { $0.lexicographicallyPrecedes(entry.member) } ?? true
        }
        let page = rest.prefix(limit)
        return (page.map(\.run), page.count < rest.count ? page.last?.member : nil)
    }

    /// Where runs stand, and what is recorded of them.
    package func standings(of runs: [TrackedRun]) -> [RunStanding] {
        runs.map { run in
            RunStanding(
                place: [RunPlace.open, .watched].first { tracked[$0]?.contains(run) == true },
                recorded: endedRuns[run.definition]?.first { $0.isRecord(of: run) })
        }
    }

    private static func sorted(_ runs: some Sequence<TrackedRun>) -> [(member: [UInt8], run: TrackedRun)] {
        runs.map { (member: $0.member, run: $0) }.sorted { $0.member.lexicographicallyPrecedes($1.member) }
    }

    // MARK: Forgetting

    /// All that is kept of the runs of a definition goes.
    mutating func forgetRuns(of id: DefinitionID) {
        for place in [RunPlace.open, .watched] where tracked[place]?.contains(where: { $0.definition == id }) == true {
            tracked[place] = tracked[place]?.filter { $0.definition != id }
        }
        runTotal -= endedRuns[id]?.count ?? 0
        (endedRuns[id], refusals[id], runIndex[id]) = (nil, nil, nil)
    }

    /// `forget_runs.lua`.
    @discardableResult
    package mutating func forgetRuns(of ids: [DefinitionID]) -> [DefinitionID] {
        let gone = ids.filter { definitions[$0] == nil }
        for id in gone { forgetRuns(of: id) }
        return gone
    }

    /// A pass over all definitions of which runs are kept, in one page.
    package mutating func sweepRuns(from cursor: Int) -> Int {
        forgetRuns(of: Array(runIndex.keys))
        return 0
    }

    /// `trim_runs.lua`: of all runs those go that were over longest ago.
    package mutating func trimRuns(to total: Int) -> Int {
        let excess = max(0, runTotal - total)
        guard excess > 0 else { return runTotal }
        let ends = endedRuns.flatMap { id, runs in
            // None goes before one that stands behind it.
            runs.reversed().reduce(into: [(id: DefinitionID, time: Timestamp)]()) { times, run in
                times.append((id, max(run.ending.ended ?? run.at, times.last?.time ?? .earliest)))
            }
        }
        let oldest = ends.sorted {
            $0.time == $1.time ? $0.id.bytes.lexicographicallyPrecedes($1.id.bytes) : $0.time < $1.time
        }
        for (id, _) in oldest.prefix(excess) {
            endedRuns[id]?.removeLast()
            runTotal -= 1
            guard endedRuns[id]?.isEmpty == true else { continue }
            // Redis keeps no empty list.
            endedRuns[id] = nil
        }
        // Those too of which something was kept once, and was taken out: the script meets them on its page.
        runIndex = runIndex.filter { endedRuns[$0.key] != nil || refusals[$0.key] != nil }
        return runTotal
    }
}

extension JobOutcome {
    /// Whether anything is recorded of it.
    var isRecorded: Bool {
        switch self {
        case .queued, .queuedBesideOthers, .finished, .overlapping, .overlappingSomeNoted, .limitReached, .advanced:
            true
        case .duplicate, .movedByOther, .stale, .unusableQueue, .waiting, .paused, .handedBack: false
        }
    }
}
