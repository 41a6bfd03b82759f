extension HistoryCheck {
    /// The fields that a worker must find in the hash of a job it takes.
    private static let neededFields = [
        "status", "created_at", "enqueued_at", "data", "origin", "description", "timeout",
    ]

    /// Holds a step of a scheduler against the state that it met.
    mutating func takeTick(_ step: LoggedStep) {
        var tick = Tick(step)
        if let now = tick.now { note(present: now) }
        for id in tick.schedules.keys.sorted() { check(id, in: &tick) }
        // What is left belongs to no schedule that moved in this step.
        for (job, queue) in tick.pushes.sorted(by: { $0.key < $1.key }) {
            let kind: Violation.Kind = queuedJobs.contains(job) ? .enqueuedTwice : .unplanned
            report(kind, at: tick.jobs[job].flatMap(\.queuedAt), "job \(job) in queue \(queue), with no schedule moved")
        }
        for job in tick.repeated { report(.enqueuedTwice, "job \(job) stands twice in one step") }
        for job in tick.jobs.keys.sorted() where tick.unclaimed.contains(job) {
            report(.incomplete, at: tick.jobs[job].flatMap(\.queuedAt), "job \(job) has a hash and no queue entry")
        }
    }

    private mutating func check(_ id: String, in tick: inout Tick) {
        let before = definitions[id] ?? DefinitionRecord()
        guard before.exists else {
            report(.resurrected, of: id, "a tick wrote its times after it had been deleted")
            return
        }
        guard let planned = before.planned ?? before.score, let terms = before.terms(id: id) else {
            report(.offSchedule, of: id, "it has no schedule, and was run: \(before.fields)")
            return
        }
        checkReplaced(id, terms, in: tick)
        let job = PlannedJobID.of(id, at: planned)
        guard let queue = tick.pushes.removeValue(forKey: job) else {
            checkStepWithoutJob(id, planned: planned, terms: terms, before: before, tick)
            return
        }
        tick.unclaimed.remove(job)
        guard let now = check(job, in: queue, of: id, before, tick) else { return }
        if !before.isEnabled { report(.stale, of: id, at: now, "it was switched off") }
        if now < terms.due(planned) { report(.unplanned, of: id, at: now, "queued before \(terms.due(planned))") }
        checkTerms(terms, of: id, planned: planned, now: now, tick)
        note(
            QueuedRun(
                definition: id, planned: planned, written: before.updatedAt,
                score: terms.movesScore ? before.score : nil, queued: now), job: job, terms: terms)
        let isLast = checkCount(of: id, terms: terms, in: tick, now: now)
        let next = isLast ? nil : terms.next(planned: planned, now: now)
        if next == nil { policies.finishes += 1 }
        checkMove(of: id, from: planned, to: next, terms, tick, now)
    }

    /// Holds a job that is queued against its definition.
    ///
    /// - Returns: When it was queued; `nil` where nothing tells.
    private mutating func check(
        _ job: String, in queue: String, of id: String, _ before: DefinitionRecord, _ tick: Tick
    ) -> WireTime? {
        guard let hash = tick.jobs[job], Self.neededFields.allSatisfy({ hash.fields[$0]?.isEmpty == false }),
            let now = hash.queuedAt
        else {
            report(.incomplete, of: id, at: before.planned, "job \(job) was queued without its hash")
            return nil
        }
        if queuedJobs.contains(job) { report(.enqueuedTwice, of: id, at: now, "job \(job)") }
        if queue != before.queue || hash.fields["origin"] != queue {
            report(.stale, of: id, at: now, "queued in \(queue), whereas it belonged in \(before.queue)")
        }
        if let description = before.description(id: id), hash.fields["description"] != description {
            report(.stale, of: id, at: now, "queued \(hash.fields["description"] ?? ""), whereas it was \(description)")
        }
        return now
    }

    /// Holds a run outside of the schedule against the definition and its overlap policy; pause, end and limit do not count.
    mutating func takeTrigger(_ step: LoggedStep, of id: String, job: String) {
        let tick = Tick(step)
        let before = definitions[id] ?? DefinitionRecord()
        guard before.exists, let terms = before.terms(id: id) else {
            return report(.resurrected, of: id, "a trigger wrote to it after it had been deleted")
        }
        guard let queue = tick.pushes[job], tick.pushes.count == 1, tick.repeated.isEmpty else {
            return report(.incomplete, of: id, "job \(job) was to be queued, and \(tick.pushes) was")
        }
        guard let now = check(job, in: queue, of: id, before, tick) else { return }
        note(present: now)
        checkReplaced(id, terms, in: tick)
        checkOverlap(terms, of: id, now: now, tick, "triggered")
        if tick.scores[id] != nil || tick.removed.contains(id) || tick.schedules[id]?["next_enqueue_time"] != nil {
            report(.editUndone, of: id, at: now, "a trigger moved its schedule")
        }
        note(job, of: id, queuedAt: now, terms: terms)
        policies.triggers += 1
    }

    /// Holds where a schedule went with a run against where it had to go; `nil` when it had to finish.
    private mutating func checkMove(
        of id: String, from planned: WireTime, to expected: WireTime?, _ terms: RunTerms, _ tick: Tick, _ now: WireTime
    ) {
        let next = tick.schedules[id]?["next_enqueue_time"]
        let written = next.flatMap { WireTime($0) }
        let wanted = expected ?? RunTerms.finished
        if written != wanted {
            let kind: Violation.Kind = written.map { $0 < wanted } == true ? .offSchedule : .missing
            report(
                kind, of: id, at: now,
                "from \(planned) it was moved to \(written?.description ?? "nothing"), and \(wanted) comes first")
        }
        if !tick.followsIndex(id, to: written, terms) {
            report(
                .incomplete, of: id, at: now,
                "its index entry went to \(tick.scores[id]?.description ?? "nowhere"), its hash to \(next ?? "nothing")"
            )
        }
    }
}
