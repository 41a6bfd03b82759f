import RQWire

/// How what has become of runs is recorded.
extension RunKeeper {
    func record(_ changes: [RunChange]) async throws -> Bool {
        for page in changes.pages(of: Self.runsAtOnce) {
            guard try await recordPage(Array(page)) else { return false }
        }
        return true
    }

    private func recordPage(_ changes: [RunChange]) async throws -> Bool {
        let changes = await marked(changes)
        let outcome: RecordOutcome
        do {
            outcome = try await store.record(changes, settling: nil, token: token, now: clock.now())
        } catch {
            for change in changes {
                let recorded = change.ending.map { EndedRun(change.run, $0) }
                watch.recordingFailed(of: change.run.jobID, as: recorded)
            }
            throw error
        }
        guard case .done(let outcomes, let total) = outcome else { return false }
        try await take(changes, outcomes, total: total)
        return true
    }

    /// The changes, each with whether it may have to be counted as a failure.
    func marked(_ changes: [RunChange]) async -> [RunChange] {
        let isBounded = await mayBoundFailures(changes.map(\.run.definition))
        return zip(changes, isBounded).map { change, mayCount in
            var change = change
            change.mayCount = change.mayCount && mayCount
            return change
        }
    }

    /// Takes in what became of changes, and tells.
    func take(_ changes: [RunChange], _ outcomes: [RunChangeOutcome], total: Int) async throws {
        var ended: [RunRecord] = []
        var written: [DefinitionID] = []
        for (change, outcome) in zip(changes, outcomes) {
            take(change, outcome, &ended)
            if outcome == .noted || outcome == .paused { written.append(change.run.definition) }
            if outcome == .paused { await tell(.paused(change.run.definition)) }
        }
        if !written.isEmpty { await tell(.written(written)) }
        if !ended.isEmpty { await tell(.ended(ended)) }
        if total > historyTotal { _ = try await store.trimRuns(to: historyTotal) }
    }

    /// Takes in what became of a change.
    private func take(_ change: RunChange, _ outcome: RunChangeOutcome, _ ended: inout [RunRecord]) {
        let run = change.run
        let (now, monotonic) = (clock.now(), clock.monotonic())
        guard let known = watch[run.jobID], known.run == run else { return }
        // Somebody else moved it, or a call of ours whose answer was lost, and which came late.
        if outcome == .missing { return watch.misplaced(run.jobID, at: monotonic) }
        let isRecorded = outcome != .definitionGone
        if isRecorded, change.isReopened {
            return watch.reopened(run.jobID, memory: known.memory, now: now, monotonic: monotonic)
        }
        guard isRecorded, let ending = change.ending else {
            watch.remove(run.jobID)
            return
        }
        let record = EndedRun(run, ending)
        ended.append(RunRecord(record, of: run.definition))
        if ending.mayChange, change.keep > 0 {
            watch.recorded(record, of: run.jobID, keep: change.keep, now: now, monotonic: monotonic)
        } else {
            watch.remove(run.jobID)
        }
    }
}
