import Cron
import RQWire

/// Compares one definition with its index entry.
///
/// Pure.
struct IndexAudit: Sendable {
    /// How long a due definition may wait before it counts as overdue: a tick is far faster while somebody leads.
    static let overdueAfter: Duration = .seconds(10)

    /// A run that waits for earlier ones is looked at every 15 s or sooner.
    private static let longestWait: Duration = .seconds(20)

    var now: Timestamp
    /// The zone of definitions that name none; `nil` where it is not known here.
    let defaultZone: ZoneRules?

    /// What is wrong between a definition and its entry; `nil` when they agree.
    func finding(_ job: RedisCronJob, entry: DueEntry?) -> Finding? {
        if job.isFinished { return finished(job) }
        guard let entry else { return job.enabled ? missingEntry(job) : nil }
        guard job.enabled else {
            return Finding(
                .notice, .index, about: job.id, "it is disabled and still indexed",
                remedy: .reconcile(entry, moveTo: nil))
        }
        let indexed = Timestamp(score: entry.score)
        if let next = job.nextEnqueueTime {
            // An entry that is early is reconciled by the next tick; one that is late makes the run late.
            let due = job.nextDueTime(defaultZone: zone(of: job)) ?? next
            guard indexed > due + .milliseconds(1), !isLookedAtAgain(job, at: indexed) else {
                return misplanned(job, next: next)
            }
            return Finding(
                .error, .index, about: job.id, "the index has it at \(indexed), the definition says \(due)",
                remedy: .reconcile(entry, moveTo: due))
        }
        if let due = dueTimeUnnamed(job), indexed > due + Self.overdueAfter {
            return Finding(
                .error, .index, about: job.id, "the index has it at \(indexed), its schedule at \(due)",
                remedy: .reconcile(entry, moveTo: due))
        }
        guard entry.score <= 0, job.latestEnqueueTime == nil else { return nil }
        return Finding(
            .notice, .index, about: job.id,
            "it never ran and has score 0, which RQ's own cron may clean away",
            remedy: .reconcile(entry, moveTo: min(job.createdAt ?? now, now)))
    }

    /// A definition that reached its end or its limit: no run is missing, and somebody may want to clear it away.
    private func finished(_ job: RedisCronJob) -> Finding? {
        guard job.enabled, job.policy.deleteAfter == nil else { return nil }
        return Finding(
            .notice, .definition, about: job.id, "it is \(job.finishText); delete it, or give it another end or limit")
    }

    /// Whether an entry is later than its run is due because earlier runs are open: it is looked at again soon.
    private func isLookedAtAgain(_ job: RedisCronJob, at indexed: Timestamp) -> Bool {
        let isHeldBack = job.policy.overlap == .replace || job.definition.state.waitingSince != nil
        return isHeldBack && indexed < now + Self.longestWait
    }

    /// When a definition is due that names no next run: an interval that never ran, at once.
    private func dueTimeUnnamed(_ job: RedisCronJob) -> Timestamp? {
        let plan = zone(of: job).flatMap { try? job.plan(defaultZone: $0) }
        if let next = nextRun(of: job) { return plan?.dueTime(of: next) ?? next }
        guard job.interval != nil else { return nil }
        return max(now, plan?.dueTime(of: job.createdAt ?? now) ?? now)
    }

    private func nextRun(of job: RedisCronJob) -> Timestamp? {
        zone(of: job).flatMap { try? job.nextRun(after: now, defaultZone: $0) }
    }

    /// What to compute a definition's times with; `nil` where its zone is not known here.
    private func zone(of job: RedisCronJob) -> ZoneRules? {
        job.definition.usesDefaultTimeZone ? defaultZone : .utc
    }

    private func plan(of job: RedisCronJob) -> PlanAudit? {
        guard let zone = zone(of: job), let plan = try? DefinitionCheck(job.definition).plan(defaultZone: zone) else {
            return nil
        }
        return PlanAudit(job.definition, plan: plan, now: now)
    }

    /// Whether a definition waits as only a clock that was ahead makes it wait.
    func waitsForClock(_ job: RedisCronJob) -> Bool {
        guard let next = job.nextEnqueueTime, let plan = plan(of: job) else { return false }
        return plan.ranUnderClockAhead && plan.skippedTime(before: next) != nil
    }

    /// A next run that the schedule would not have planned.
    private func misplanned(_ job: RedisCronJob, next: Timestamp) -> Finding? {
        guard next > now, let plan = plan(of: job) else { return nil }
        if let reason = refusal(of: next, of: job) {
            return Finding(
                .notice, .definition, about: job.id,
                "it runs next at \(next), and will not, because \(reason): Python or an older version planned it")
        }
        if let skipped = plan.skippedTime(before: next) {
            let isClock = plan.ranUnderClockAhead
            let cause =
                isClock
                ? "its last run was queued under a clock that was ahead: plan it anew with rqrcron doctor --repair"
                : "unless somebody means that, register or apply it again, and it is planned anew"
            return Finding(
                .warning, .definition, about: job.id,
                "it waits until \(next), although its schedule has \(skipped) before that; \(cause)",
                remedy: isClock ? .planAnew(DefinitionID(job.id)) : nil)
        }
        guard !plan.isOnGrid(next), let zone = job.timeZone ?? defaultZone?.identifier else { return nil }
        return Finding(
            .notice, .definition, about: job.id,
            """
            it runs next at \(next), which is not a time of its schedule in \(zone); unless somebody means that, register \
            or apply it again, and it is planned anew
            """)
    }

    /// Why a planned time will be refused.
    private func refusal(of next: Timestamp, of job: RedisCronJob) -> String? {
        if job.definition.hasReachedLimit { return "it has had all its runs" }
        if let end = job.endTime, next > end { return "its end is \(end)" }
        if let start = job.startTime, next < start { return "its start is \(start)" }
        guard !job.exclusions.isEmpty, let zone = zone(of: job),
            (try? job.plan(defaultZone: zone))?.bounds?.excludes(next) == true
        else { return nil }
        return "that time is excluded"
    }

    private func missingEntry(_ job: RedisCronJob) -> Finding? {
        let next = job.nextEnqueueTime ?? nextRun(of: job)
        // If this machine does not know its zone, nothing is known of its times; that is a finding of its own.
        if next == nil, plan(of: job) == nil { return nil }
        if next == nil, job.latestEnqueueTime != nil || job.interval == nil {
            return Finding(
                .notice, .definition, about: job.id,
                "its schedule has no further time: give it another one, disable or delete it")
        }
        return Finding(
            .error, .index, about: job.id, "it is enabled and not indexed, so it never runs",
            remedy: .enterIndex(DefinitionID(job.id)))
    }

    /// The definitions whose time has passed, by their scores, as one finding.
    func overdue(_ scores: [Double], isLed: Bool) -> Finding? {
        let late = scores.filter { $0 > 0 && Timestamp(score: $0) + Self.overdueAfter < now }
        guard let oldest = late.min() else { return nil }
        let seconds = (now - Timestamp(score: oldest)).components.seconds
        let cause = isLed ? "the scheduler that holds the lock does not keep up or is stuck" : "no scheduler runs"
        let count = late.count == 1 ? "1 definition is" : "\(late.count) definitions are"
        return Finding(.error, .overdue, "\(count) overdue, the oldest by \(seconds) s: \(cause)")
    }
}
