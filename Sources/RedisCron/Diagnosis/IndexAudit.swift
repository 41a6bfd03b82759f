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
    ///
    /// - Parameter plan: Its schedule; `nil` where its zone is not known here.
    func finding(_ job: RedisCronJob, plan: RunPlan?, entry: DueEntry?) -> Finding? {
        if job.isFinished { return finished(job) }
        guard let entry else { return job.enabled ? missingEntry(job, plan) : nil }
        guard job.enabled else {
            return Finding(
                .notice, .index, about: job.id, "it is disabled and still indexed",
                remedy: .reconcile(entry, moveTo: nil))
        }
        let indexed = Timestamp(score: entry.score)
        if let next = job.definition.nextEnqueueTime {
            // An entry that is early is reconciled by the next tick; one that is late makes the run late.
            let due = plan?.dueTime(of: next) ?? next + (job.definition.schedule.jitter ?? .zero)
            guard indexed > due + .milliseconds(1), !isLookedAtAgain(job, at: indexed) else {
                return misplanned(job, plan, next: next)
            }
            return Finding(
                .error, .index, about: job.id, "the index has it at \(indexed), the definition says \(due)",
                remedy: .reconcile(entry, moveTo: due))
        }
        if let due = dueTimeUnnamed(job, plan), indexed > due + Self.overdueAfter {
            return Finding(
                .error, .index, about: job.id, "the index has it at \(indexed), its schedule at \(due)",
                remedy: .reconcile(entry, moveTo: due))
        }
        guard entry.score <= 0, job.definition.latestEnqueueTime == nil else { return nil }
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
    private func dueTimeUnnamed(_ job: RedisCronJob, _ plan: RunPlan?) -> Timestamp? {
        if let plan, let next = nextRun(of: job, plan) { return plan.dueTime(of: next) }
        guard job.definition.schedule.interval != nil else { return nil }
        return max(now, plan?.dueTime(of: job.definition.createdAt ?? now) ?? now)
    }

    private func nextRun(of job: RedisCronJob, _ plan: RunPlan) -> Timestamp? {
        let next = try? job.nextEnqueueTime(after: now, by: plan)
        return next == .finished ? nil : next
    }

    /// Whether a definition waits as only a clock that was ahead makes it wait.
    func waitsForClock(_ job: RedisCronJob, _ plan: RunPlan) -> Bool {
        guard let next = job.nextEnqueueTime else { return false }
        let audit = PlanAudit(job.definition, plan: plan, now: now)
        return audit.ranUnderClockAhead && audit.skippedTime(before: next) != nil
    }

    /// A next run that the schedule would not have planned.
    private func misplanned(_ job: RedisCronJob, _ plan: RunPlan?, next: Timestamp) -> Finding? {
        guard next > now, let plan else { return nil }
        let audit = PlanAudit(job.definition, plan: plan, now: now)
        if let reason = refusal(of: next, of: job, plan) {
            return Finding(
                .notice, .definition, about: job.id,
                "it runs next at \(next), and will not, because \(reason): Python or an older version planned it")
        }
        if let skipped = audit.skippedTime(before: next) {
            let isClock = audit.ranUnderClockAhead
            let cause =
                isClock
                ? "its last run was queued under a clock that was ahead: plan it anew with rqrcron doctor --repair"
                : "unless somebody means that, register or apply it again, and it is planned anew"
            return Finding(
                .warning, .definition, about: job.id,
                "it waits until \(next), although its schedule has \(skipped) before that; \(cause)",
                remedy: isClock ? .planAnew(DefinitionID(job.id)) : nil)
        }
        guard !audit.isOnGrid(next), let zone = job.timeZone ?? defaultZone?.identifier else { return nil }
        return Finding(
            .notice, .definition, about: job.id,
            """
            it runs next at \(next), which is not a time of its schedule in \(zone); unless somebody means that, register \
            or apply it again, and it is planned anew
            """)
    }

    /// Why a planned time will be refused.
    private func refusal(of next: Timestamp, of job: RedisCronJob, _ plan: RunPlan) -> String? {
        if job.definition.hasReachedLimit { return "it has had all its runs" }
        let schedule = job.definition.schedule
        if let end = schedule.endTime, next > end { return "its end is \(end)" }
        if let start = schedule.startTime, next < start { return "its start is \(start)" }
        guard !schedule.exclusions.isEmpty, plan.bounds?.excludes(next) == true else { return nil }
        return "that time is excluded"
    }

    private func missingEntry(_ job: RedisCronJob, _ plan: RunPlan?) -> Finding? {
        let next = job.nextEnqueueTime ?? plan.flatMap { nextRun(of: job, $0) }
        // If this machine does not know its zone, nothing is known of its times; that is a finding of its own.
        if next == nil, plan == nil { return nil }
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
