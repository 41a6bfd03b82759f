extension HistoryCheck {
    /// The fields that a worker must find in the hash of a job it takes.
    private static let neededFields = [
        "status", "created_at", "enqueued_at", "data", "origin", "description", "timeout",
    ]

    /// Holds a step of a scheduler against the state that it met.
    mutating func takeTick(_ step: LoggedStep) {
        var tick = Tick(step)
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
        let next = tick.schedules[id]?["next_enqueue_time"]
        guard before.exists else {
            report(.resurrected, of: id, "a tick wrote its times after it had been deleted")
            return
        }
        guard let planned = before.planned ?? before.score, let times = before.times else {
            report(.offSchedule, of: id, "it has no schedule, and was run: \(before.fields)")
            return
        }
        let job = PlannedJobID.of(id, at: planned)
        guard let queue = tick.pushes.removeValue(forKey: job) else {
            checkStepWithoutJob(id, planned: planned, times: times, next: next.flatMap { WireTime($0) }, tick)
            return
        }
        tick.unclaimed.remove(job)
        guard let hash = tick.jobs[job], Self.neededFields.allSatisfy({ hash.fields[$0]?.isEmpty == false }),
            let now = hash.queuedAt
        else {
            report(.incomplete, of: id, at: planned, "job \(job) was queued without its hash")
            return
        }
        if queuedJobs.contains(job) { report(.enqueuedTwice, of: id, at: now, "planned \(planned), job \(job)") }
        note(QueuedRun(definition: id, planned: planned, written: before.updatedAt, queued: now), job: job)
        if !before.isEnabled { report(.stale, of: id, at: now, "it was switched off") }
        if queue != before.queue || hash.fields["origin"] != queue {
            report(.stale, of: id, at: now, "queued in \(queue), whereas it belonged in \(before.queue)")
        }
        if let description = before.description(id: id), hash.fields["description"] != description {
            report(.stale, of: id, at: now, "queued \(hash.fields["description"] ?? ""), whereas it was \(description)")
        }
        if now < planned { report(.unplanned, of: id, at: now, "queued before \(planned)") }
        let expected = times.next(planned: planned, now: now)
        let written = next.flatMap { WireTime($0) }
        if written != expected {
            let kind: Violation.Kind = written.map { $0 < expected } == true ? .offSchedule : .missing
            report(
                kind, of: id, at: now,
                "from \(planned) it was moved to \(written?.description ?? "nothing"), and \(expected) comes first")
        }
        if tick.scores[id] != written {
            report(
                .incomplete, of: id, at: now,
                "its index entry went to \(tick.scores[id]?.description ?? "nowhere"), its hash to \(next ?? "nothing")"
            )
        }
    }
}

extension HistoryCheck {
    /// A schedule may be moved without a job only where the index had lost sight of it, or past runs that were queued
    /// before.
    private mutating func checkStepWithoutJob(
        _ id: String, planned: WireTime, times: PlannedTimes, next: WireTime?, _ tick: Tick
    ) {
        guard let next else {
            report(.missing, of: id, at: planned, "it was moved to nothing without a job")
            return
        }
        if tick.scores[id] != next {
            report(.incomplete, of: id, at: next, "its index entry did not go where its hash went")
        }
        // The index is put right: it led elsewhere than the hash, as between two commands of a Python editor.
        guard next != planned else { return }
        noteStepWithoutJob()
        if next < planned || !times.admits(next, beside: planned) {
            report(.offSchedule, of: id, "from \(planned) it was moved to \(next)")
            return
        }
        var stepped = planned
        // Of several missed runs one is made up for, so that they count once.
        var firstLost: WireTime?
        while stepped < next {
            if !queuedJobs.contains(PlannedJobID.of(id, at: stepped)) {
                guard lost.explainsStep(over: stepped, of: id) else {
                    report(.missing, of: id, at: stepped, "stepped over to \(next) without a job")
                    return
                }
                firstLost = firstLost ?? stepped
            }
            stepped = times.next(planned: stepped, now: stepped)
        }
        if let firstLost { report(.steppedOver, "\(id) at \(firstLost), moved to \(next)") }
    }
}

/// A step of a scheduler, taken apart.
private struct Tick {
    /// The time fields written, by definition.
    var schedules: [String: [String: String]] = [:]
    /// The queue of each job that was pushed.
    var pushes: [String: String] = [:]
    /// Jobs that were pushed more than once.
    var repeated: [String] = []
    /// The hashes of jobs that were written.
    var jobs: [String: JobHash] = [:]
    /// Jobs whose hash was written and that were not pushed.
    var unclaimed: Set<String> = []
    /// The index entries that were set.
    var scores: [String: WireTime] = [:]

    init(_ step: LoggedStep) {
        for command in step.commands {
            if let id = command.definition {
                schedules[id, default: [:]].merge(command.hashFields) { _, new in new }
            } else if let job = command.job {
                jobs[job, default: JobHash()].fields.merge(command.hashFields) { _, new in new }
            } else if command.name == "ZADD", command.arguments.first == RedisKeys.index {
                for (id, score) in command.scores { scores[id] = score }
            } else if command.name == "RPUSH" || command.name == "LPUSH",
                let queue = command.arguments.first.flatMap(RedisKeys.queue)
            {
                for job in command.arguments.dropFirst() where pushes.updateValue(queue, forKey: job) != nil {
                    repeated.append(job)
                }
            }
        }
        unclaimed = Set(jobs.keys).subtracting(pushes.keys)
    }
}

private struct JobHash {
    var fields: [String: String] = [:]
    var queuedAt: WireTime? { WireTime(fields["created_at"] ?? "") }
}
