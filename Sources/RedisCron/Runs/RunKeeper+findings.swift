import RQWire

/// What is made of what a look has found.
extension RunKeeper {
    /// What was found, except for successes that are only concluded while the log may say that the run was taken out for another one.
    ///
    /// The log is read after the look: what takes out a run writes there in the same step. All other conclusions are corrected when the
    /// log is unfolded; a success is followed no longer.
    func undisturbed(_ findings: [RunFinding], _ due: [RunWatch.Followed]) async throws -> [RunFinding] {
        guard findings.contains(where: \.isConcludedSuccess) else { return findings }
        let entries = try await store.runLog(limit: LogPortion.most)
        let isWhole = entries.count < LogPortion.most
        let removed = Set(entries.compactMap { RunLogEntry($0) }.flatMap(\.removed))
        return zip(due, findings).map { known, finding in
            let isCertain = isWhole && !removed.contains(known.run.jobID.description)
            return isCertain || !finding.isConcludedSuccess ? finding : .unclear(known.memory)
        }
    }

    /// What is to be recorded of a run after a look.
    func change(_ known: RunWatch.Followed, _ finding: RunFinding) async throws -> RunChange? {
        let run = known.run
        func wait(_ memory: RunMemory) {
            watch.looked(at: run.jobID, remembering: memory, now: clock.now(), monotonic: clock.monotonic())
        }
        switch (known.place, finding) {
        case (.open, .open(let memory)), (_, .unclear(let memory)):
            wait(memory)
            return nil
        case (.open, .over(let ending)):
            return RunChange(run, from: .open, ending: ending, keep: keep(run))
        case (.open, .settled), (.watched, .settled):
            return RunChange(run, from: known.place, keep: keep(run))
        case (.watched, .over(let ending)):
            let former = try await recorded(of: known)
            if let former, !ending.isChange(of: former.ending) {
                watch.recorded(
                    former, of: run.jobID, keep: keep(run), now: clock.now(), monotonic: clock.monotonic())
                return nil
            }
            // What the definition keeps no longer is not followed either.
            guard let former else { return RunChange(run, from: .watched, keep: keep(run)) }
            return RunChange(run, from: .watched, former: former, ending: ending, keep: keep(run))
        case (.watched, .open(var memory)):
            guard let former = try await recorded(of: known) else {
                return RunChange(run, from: .watched, keep: keep(run))
            }
            // What was deleted or lost and goes on is still at the same attempt.
            let hasEnded = former.ending.outcome == .failed || former.ending.outcome == .stopped
            memory.formerAttempts = hasEnded ? former.ending.attempts ?? 1 : 0
            watch.looked(at: run.jobID, remembering: memory, now: clock.now(), monotonic: clock.monotonic())
            return RunChange(run, from: .watched, former: former, isReopened: true, keep: keep(run))
        }
    }

    /// What is recorded of a run that is over; `nil` if it is kept no longer.
    func recorded(of known: RunWatch.Followed) async throws -> EndedRun? {
        if let recorded = known.recorded { return recorded }
        let run = known.run
        let ended = try await store.endedRuns(of: run.definition)
        return ended.first { $0.isRecord(of: run) }
    }
}
