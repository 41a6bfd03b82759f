/// What limits the runs of a definition beyond its schedule.
extension HistoryCheck {
    /// Holds a run that is queued against start, end, exclusions, pause and overlap.
    mutating func checkTerms(_ terms: RunTerms, of id: String, planned: WireTime, now: WireTime, _ tick: Tick) {
        if !terms.admits(planned) { report(.outOfBounds, of: id, at: now, "queued for \(planned)") }
        if let end = terms.pausedUntil, planned < end {
            report(.outOfBounds, of: id, at: now, "queued for \(planned), paused until \(end)")
        }
        if refused[id]?.contains(planned) == true {
            report(.refusedAndQueued, of: id, at: now, "queued for \(planned)")
        }
        checkOverlap(terms, of: id, now: now, tick, "queued for \(planned)")
    }

    /// Holds that no earlier run is open where the policy forbids it.
    ///
    /// Where it replaces them, one that was queued has been taken out in the same step, and one that runs has been told to stop.
    mutating func checkOverlap(_ terms: RunTerms, of id: String, now: WireTime, _ tick: Tick, _ what: String) {
        guard terms.overlap != .allow else { return }
        let open = witness.openRuns(of: id, at: now).filter {
            !lost.workedAt.contains($0) && !tick.replaced.contains($0)
        }
        guard terms.overlap == .replace else {
            if let open = open.first {
                report(.overlapped, of: id, at: now, "\(what), whereas job \(open) is queued or runs")
            }
            return
        }
        let before = definitions[id] ?? DefinitionRecord()
        var after = before
        after.fields.merge(tick.schedules[id] ?? [:]) { _, new in new }
        let (known, marks) = (before.openRuns, after.openRuns)
        for job in open {
            if witness.isQueued(job, at: now) {
                report(.overlapped, of: id, at: now, "\(what), and job \(job) was not taken out of its queue")
            } else if witness.isRunning(job, at: now), let former = known[job] {
                policies.stops += former.hasPrefix("stop:") ? 0 : 1
                let mark = marks[job] ?? ""
                if !mark.hasPrefix("stop:") || former.hasPrefix("stop:") && mark != former {
                    report(.overlapped, of: id, at: now, "\(what), and job \(job) was not told to stop, once: \(mark)")
                }
            }
        }
    }

    /// Holds that only a run which waits is taken out of its queue, and only where the policy replaces it.
    mutating func checkReplaced(_ id: String, _ terms: RunTerms, in tick: Tick) {
        for job in tick.replaced where jobs[id]?[job] != nil {
            policies.replacements += 1
            replacedJobs.insert(job)
            if terms.overlap != .replace || !witness.isQueued(job, at: present) {
                report(.missing, of: id, at: tick.now, "job \(job) was taken out of its queue")
            }
        }
    }

    /// Holds the number of runs against the limit, and against what the tick has counted.
    ///
    /// - Returns: Whether this run was the last one.
    mutating func checkCount(of id: String, terms: RunTerms, in tick: Tick, now: WireTime) -> Bool {
        guard let limit = terms.maxRuns else { return false }
        let count = runCounts[id] ?? 0
        if count > limit { report(.overLimit, of: id, at: now, "run \(count) of \(limit)") }
        if let counted = tick.schedules[id]?["run_count"], counted != String(count) {
            report(.overLimit, of: id, at: now, "run \(count) was counted as \(counted)")
        } else if tick.schedules[id]?["run_count"] == nil {
            report(.overLimit, of: id, at: now, "run \(count) was not counted")
        }
        return count >= limit
    }

    /// A schedule may be moved without a job only where the index had lost sight of it, past runs that were queued before,
    /// and where the definition's policy refuses the run.
    mutating func checkStepWithoutJob(
        _ id: String, planned: WireTime, terms: RunTerms, before: DefinitionRecord, _ tick: Tick
    ) {
        let written = tick.schedules[id] ?? [:]
        guard let text = written["next_enqueue_time"], let next = WireTime(text) else {
            if written["next_enqueue_time"] == nil, terms.overlap != .allow {
                // It waits, or what is known of its open runs is put right.
                guard written["waiting_since"] != nil else { return }
                policies.waits += 1
                if !witness.mayHaveOpenRun(id, at: present) {
                    report(.stuck, of: id, at: planned, "it waits, and no earlier run is queued or running")
                }
            } else {
                report(.missing, of: id, at: planned, "it was moved to nothing without a job")
            }
            return
        }
        if !tick.followsIndex(id, to: next, terms) {
            report(.incomplete, of: id, at: next, "its index entry did not go where its hash went")
        }
        // The index is put right: it led elsewhere than the hash, as between two commands of a Python editor.
        guard next != planned else { return }
        let isFinish = next == RunTerms.finished && (terms.maxRuns != nil || terms.hasEnd)
        if !isFinish, next < planned || !terms.admits(next, beside: planned) {
            report(.offSchedule, of: id, "from \(planned) it was moved to \(next)")
            return
        }
        if isFinish, let limit = terms.maxRuns, runCounts[id] ?? 0 >= limit { return }
        if let end = terms.pausedUntil, planned < end {
            if next != terms.time(after: WireTime(microseconds: end.microseconds - 1), beside: planned) {
                report(.offSchedule, of: id, "paused until \(end), it was moved from \(planned) to \(next)")
            }
            return
        }
        let refusal = Refusal(id: id, planned: planned, next: next, terms: terms)
        if terms.overlap == .skip, witness.mayHaveOpenRun(id, at: present) {
            refuse(refusal, now: tick.now)
            policies.overlaps += 1
        } else if let window = terms.window, let now = tick.now ?? terms.latestPresent(movingTo: next),
            terms.due(planned).advanced(bySeconds: window) < now
        {
            refuse(refusal, now: tick.now)
            policies.misses += 1
        } else {
            noteStepWithoutJob()
            checkStepsOver(id, from: planned, to: next, terms)
        }
    }

    /// Every time that is stepped over must have been queued before.
    private mutating func checkStepsOver(_ id: String, from planned: WireTime, to next: WireTime, _ terms: RunTerms) {
        // Of several missed runs one is made up for, so that they count once.
        var firstLost: WireTime?
        for stepped in terms.times(from: planned, before: next)
        where !queuedJobs.contains(PlannedJobID.of(id, at: stepped)) {
            guard lost.explainsStep(over: stepped, of: id) else {
                report(.missing, of: id, at: stepped, "stepped over to \(next) without a job")
                return
            }
            firstLost = firstLost ?? stepped
        }
        if let firstLost { report(.steppedOver, "\(id) at \(firstLost), moved to \(next)") }
    }

    /// Remembers that a planned time was refused, with those that became one with it.
    private mutating func refuse(_ refusal: Refusal, now: WireTime?) {
        refused[refusal.id, default: []].formUnion(
            refusal.terms.times(from: refusal.planned, before: refusal.next))
        if let now { check(refusal, by: now) } else { undated.append((refusal, present)) }
    }

    /// Holds the refusals of which the history did not tell the time against the first later time that it tells.
    mutating func checkUndated(by now: WireTime) {
        for (refusal, earliest) in undated where now >= earliest { check(refusal, by: now) }
        undated.removeAll { now >= $0.earliest }
    }

    private mutating func check(_ refusal: Refusal, by now: WireTime) {
        let furthest = refusal.terms.furthest(planned: refusal.planned, now: now) ?? RunTerms.finished
        if refusal.next > furthest {
            report(
                .missing, of: refusal.id, at: now,
                "refused for \(refusal.planned), it was moved to \(refusal.next), and \(furthest) comes first")
        }
        guard refusal.terms.catchesUpAll, let window = refusal.terms.window else { return }
        for time in refusal.terms.times(from: refusal.planned, before: refusal.next)
        where refusal.terms.due(time).advanced(bySeconds: window) >= now {
            report(.missing, of: refusal.id, at: now, "\(time) was refused as too late, and is inside the window")
        }
    }
}

/// A planned time that was not run since the definition's policy forbade it.
struct Refusal: Sendable {
    let id: String
    let planned: WireTime
    let next: WireTime
    let terms: RunTerms
}

/// What policies did in a run, for the figures of the report.
package struct PolicyCounts: Sendable, Hashable {
    /// Planned times that were refused since an earlier run was open.
    package var overlaps = 0
    /// Planned times that waited for an earlier run.
    package var waits = 0
    /// Planned times that were refused since they were too late.
    package var misses = 0
    /// Definitions that reached their limit or their end with a run.
    package var finishes = 0
    /// Runs of definitions with a policy.
    package var runs = 0
    /// Runs that somebody asked for.
    package var triggers = 0
    /// Runs that were taken out of their queues for later ones.
    package var replacements = 0
    /// Runs that were told to stop for later ones.
    package var stops = 0
    /// Runs that their workers stopped.
    package var stopped = 0
}
