import Crontab
import RQWire

/// Holds one definition against its index entry.
///
/// Pure.
struct IndexAudit: Sendable {
    /// How long a due definition may wait before it counts as overdue: a tick is far faster while somebody leads.
    static let patience: Duration = .seconds(10)

    var now: Timestamp
    let defaultZone: ZoneRules

    /// What is wrong between a definition and its entry; `nil` when they agree.
    func finding(_ job: RedisCronJob, entry: DueEntry?) -> Finding? {
        guard let entry else { return job.enabled ? missingEntry(job) : nil }
        guard job.enabled else {
            return Finding(
                .notice, .index, about: job.id, "it is disabled and still indexed",
                remedy: .settle(entry, moveTo: nil))
        }
        let indexed = Timestamp(score: entry.score)
        if let next = job.nextEnqueueTime {
            // An entry that is early is settled by the next tick; one that is late makes the run late.
            guard indexed > next + .milliseconds(1) else { return postponed(job, next: next) }
            return Finding(
                .error, .index, about: job.id, "the index has it at \(indexed), the definition says \(next)",
                remedy: .settle(entry, moveTo: next))
        }
        if let due = dueTimeUnnamed(job), indexed > due + Self.patience {
            return Finding(
                .error, .index, about: job.id, "the index has it at \(indexed), its schedule at \(due)",
                remedy: .settle(entry, moveTo: due))
        }
        guard entry.score <= 0, job.latestEnqueueTime == nil else { return nil }
        return Finding(
            .notice, .index, about: job.id,
            "it never ran and stands at score 0, which RQ's own cron may clean away",
            remedy: .settle(entry, moveTo: min(job.createdAt ?? now, now)))
    }

    /// When a definition is due that names no next run: an interval that never ran, at once.
    private func dueTimeUnnamed(_ job: RedisCronJob) -> Timestamp? {
        let next = try? job.nextRun(after: now, defaultTimeZone: defaultZone)
        return next ?? (job.interval == nil ? nil : now)
    }

    /// A next run beyond the first one that the schedule has from now on.
    ///
    /// Somebody may have meant it, so that nothing is mended; a clock that was far ahead for a moment leaves the same.
    private func postponed(_ job: RedisCronJob, next: Timestamp) -> Finding? {
        // The clock of the one who planned it may be a little ahead of ours.
        let present = now + Self.patience
        // The latest run is left out: a clock that was ahead has put it into the future as well.
        let first: Timestamp? =
            switch try? DefinitionCheck(job.definition).plan(defaultZone: defaultZone) {
            case .interval(let seconds): present + .seconds(seconds)
            case .cron(let compiled): compiled.next(after: present)
            case nil: nil
            }
        guard let first, next > first else { return nil }
        return Finding(
            .notice, .definition, about: job.id,
            "it waits until \(next) and leaves out times of its schedule before that; enter it anew if nobody meant that"
        )
    }

    private func missingEntry(_ job: RedisCronJob) -> Finding? {
        let next = job.nextEnqueueTime ?? (try? job.nextRun(after: now, defaultTimeZone: defaultZone))
        if next == nil, job.latestEnqueueTime != nil || job.interval == nil {
            return Finding(.notice, .definition, about: job.id, "its schedule has no further time")
        }
        return Finding(
            .error, .index, about: job.id, "it is enabled and not indexed, so it never runs",
            remedy: .enterIndex(DefinitionID(job.id)))
    }

    /// The definitions whose time has passed, as one finding.
    func overdue(_ entries: [DueEntry], isLed: Bool) -> Finding? {
        let late = entries.filter { $0.score > 0 && Timestamp(score: $0.score) + Self.patience < now }
        guard let oldest = late.map(\.score).min() else { return nil }
        let seconds = (now - Timestamp(score: oldest)).components.seconds
        let cause = isLed ? "the scheduler that holds the lock does not keep up or is stuck" : "no scheduler runs"
        let count = late.count == 1 ? "1 definition is" : "\(late.count) definitions are"
        return Finding(.error, .overdue, "\(count) overdue, the oldest by \(seconds) s: \(cause)")
    }
}
