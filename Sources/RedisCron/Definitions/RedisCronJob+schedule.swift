package import Cron
public import RQWire

extension RedisCronJob {
    /// The run that follows the last one, in the zone that the scheduler published where the definition names none.
    ///
    /// As ``nextRun(after:defaultTimeZone:)``. A job without a connection takes the zone of this process.
    ///
    /// - Parameter now: The present.
    /// - Returns: `nil` for an interval that never ran (it is due at once), and for an expression with no further run.
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition` if the schedule makes no sense, `.timeZoneUnavailable`
    ///   if this machine does not know the zone, and what the connection throws.
    public func nextRun(after now: Timestamp) async throws(RedisCronError) -> Timestamp? {
        try await RedisCronError.unifying {
            try nextRun(after: now, defaultZone: await connection?.timeZone(for: definition) ?? .local())
        }
    }

    /// The run that follows the last one: of an interval, from the last enqueue time; of a cron expression, from the
    /// later of that and the present.
    ///
    /// A last enqueue time in the future was written under a clock that was ahead; then the present counts instead.
    ///
    /// - Parameters:
    ///   - now: The present.
    ///   - defaultTimeZone: The IANA zone that counts when the definition names none; `nil` means the process's own.
    /// - Returns: `nil` for an interval that never ran (it is due at once), and for an expression with no further run.
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition` if the schedule makes no sense, `.timeZoneUnavailable`
    ///   if this machine does not know the zone that the definition names.
    public func nextRun(after now: Timestamp, defaultTimeZone: String?) throws(RedisCronError) -> Timestamp? {
        try nextRun(after: now, defaultZone: ZoneRules(option: "defaultTimeZone", defaultTimeZone))
    }

    /// As ``nextRun(after:defaultTimeZone:)``, with a zone that is understood already.
    package func nextRun(after now: Timestamp, defaultZone: ZoneRules) throws(RedisCronError) -> Timestamp? {
        let next = try nextEnqueueTime(after: now, defaultZone: defaultZone)
        return next == .finished ? nil : next
    }

    /// What belongs into `next_enqueue_time`: the planned time that follows the last run, ``/RQWire/Timestamp/finished``, or
    /// nothing for an interval that is due at once and for an expression without a further time.
    ///
    /// - Parameters:
    ///   - planned: The planned time so far, which an edit keeps while it is due later, and whose grid an interval keeps; `nil`
    ///     plans from the last run.
    ///   - isMissedDropped: Whether to plan from the present, whatever was missed: a pause is no outage.
    func nextEnqueueTime(
        after now: Timestamp, defaultZone: ZoneRules, keeping planned: Timestamp? = nil, isMissedDropped: Bool = false
    ) throws(RedisCronError) -> Timestamp? {
        try nextEnqueueTime(
            after: now, by: try DefinitionCheck(definition).plan(defaultZone: defaultZone), keeping: planned,
            isMissedDropped: isMissedDropped)
    }

    /// As ``nextEnqueueTime(after:defaultZone:keeping:isMissedDropped:)``, by a schedule that is known already.
    func nextEnqueueTime(
        after now: Timestamp, by plan: RunPlan, keeping planned: Timestamp? = nil, isMissedDropped: Bool = false
    ) throws(RedisCronError) -> Timestamp? {
        if definition.hasReachedLimit { return .finished }
        if let planned, isToCome(planned, by: plan, now: now) { return planned }
        let last = definition.latestEnqueueTime.map { PlanAudit.isAhead($0, of: now) ? now : $0 }
        let next: Timestamp?
        if let planned, plan.isInterval, plan.bounds?.start == nil {
            next = plan.time(
                after: earliestTime(onGridOf: planned, now: now, isMissedDropped: isMissedDropped) - .microseconds(1),
                anchor: planned)
        } else if let interval = definition.schedule.interval, plan.bounds?.start == nil {
            // From the last run; without one it is due at once, on the grid of the time at which it was made.
            let first = last.map { $0 + interval } ?? definition.createdAt ?? now
            var earliest = definition.state.pausedUntil ?? first
            if isMissedDropped { earliest = max(earliest, now) }
            if earliest <= first, plan.bounds?.admits(first) != false { return last == nil ? nil : first }
            earliest = max(earliest, first)
            // The grid begins when it was made or last ran, which nobody chose. So what excludes all of it only puts it off.
            next =
                plan.time(after: earliest - .microseconds(1), anchor: first)
                ?? plan.bounds?.firstAdmitted(notBefore: earliest, insteadOfGridOf: first)
        } else {
            let from = plan.isInterval ? now - .microseconds(1) : max(now, last ?? now)
            let paused = definition.state.pausedUntil.map { max(from, $0 - .microseconds(1)) } ?? from
            next = plan.time(after: paused, anchor: now)
        }
        if let next { return next }
        if definition.schedule.endTime != nil { return .finished }
        if plan.bounds?.hasExclusions == true, plan.isInterval || plan.bounds?.grid.time(after: now, anchor: now) != nil
        {
            throw RedisCronError.invalid("exclude", "leaves no time at which it could run", id: id)
        }
        return nil
    }

    /// The schedule's next time, if the run is planned for more than a whole period after it and nothing explains that.
    package func skippedTime(now: Timestamp, defaultZone: ZoneRules) -> Timestamp? {
        guard let next = definition.nextEnqueueTime,
            let plan = try? DefinitionCheck(definition).plan(defaultZone: defaultZone)
        else { return nil }
        return PlanAudit(definition, plan: plan, now: now).skippedTime(before: next)
    }

    /// Computes the next run if it was computed from another schedule or zone, or if an enabled expression has none: another
    /// tool wrote it, or its last run is over, and then it gets none again.
    mutating func rescheduleIfChanged(now: Timestamp, defaultZone: ZoneRules) throws(RedisCronError) {
        let namesNone = definition.enabled && definition.interval == nil && definition.nextEnqueueTime == nil
        if namesNone || basis.isOutdated(by: definition, defaultZone: defaultZone) || isBroughtBack {
            return try computeNextRun(now: now, defaultZone: defaultZone)
        }
        guard !definition.isFinished else { return }
        let end = definition.schedule.endTime ?? .latest
        if definition.hasReachedLimit || (definition.nextEnqueueTime ?? definition.createdAt ?? now) > end {
            definition.nextEnqueueTime = .finished
        }
    }

    /// Whether it was finished, and another end or limit gives it further runs.
    private var isBroughtBack: Bool {
        guard let old = stored?.definition, old.isFinished, definition.nextEnqueueTime == .finished else {
            return false
        }
        return definition.schedule.endTime != old.schedule.endTime || definition.policy.maxRuns != old.policy.maxRuns
            || definition.state.runCount != old.state.runCount
    }

    /// The instant from which an interval is planned anew on the grid of its planned time.
    private func earliestTime(onGridOf planned: Timestamp, now: Timestamp, isMissedDropped: Bool) -> Timestamp {
        let isOverdue = planned <= now
        // What a pause or an exclusion had put off may come sooner without it.
        let isPutOff = basis.pausedUntil != nil || basis.schedule.exclusions != definition.schedule.exclusions
        let earliest = isOverdue && isMissedDropped || !isOverdue && isPutOff ? now : planned
        return definition.state.pausedUntil.map { max($0, earliest) } ?? earliest
    }

    /// Whether a planned time has passed that is due later, by its jitter, and that the schedule still has.
    private func isToCome(_ planned: Timestamp, by plan: RunPlan, now: Timestamp) -> Bool {
        planned <= now && plan.dueTime(of: planned) > now
            && definition.state.pausedUntil.map { planned >= $0 } != false
            && plan.time(after: planned - .microseconds(1), anchor: planned) == planned
    }

    /// The planned time so far, as far as it says anything to an edit of the schedule.
    ///
    /// Of an interval, if its period is the same as before. The time of the last run is no grid: it was late, and by its
    /// jitter. One that never ran names a time only where its first run was put off.
    var formerPlan: Timestamp? {
        guard let planned = definition.nextEnqueueTime, planned != .finished else { return nil }
        guard definition.schedule.interval != nil else { return planned }
        let isSameGrid =
            definition.schedule.interval == basis.schedule.interval
            && definition.schedule.startTime == basis.schedule.startTime
        return isSameGrid ? planned : nil
    }

    /// Gives the job the next run of its schedule.
    ///
    /// From the present where it was finished, and where it makes up for all missed runs or has a window: by another interval
    /// runs would have been planned since the last one, and those were not missed.
    mutating func computeNextRun(now: Timestamp, defaultZone: ZoneRules) throws(RedisCronError) {
        let isMissedDropped =
            stored?.definition.isFinished == true
            || (definition.policy.isMissedLimited && definition.latestEnqueueTime != nil)
        definition.nextEnqueueTime = try nextEnqueueTime(
            after: now, defaultZone: defaultZone, keeping: formerPlan, isMissedDropped: isMissedDropped)
        basis = ScheduleBasis(definition, defaultZone: defaultZone)
    }

    /// Plans the first run of a definition that is new.
    ///
    /// Exclusions and an end hold for a time that is given as for every other run: it comes at the first time of that grid that they
    /// leave.
    ///
    /// - Parameter time: When an interval is to run first, which anchors its grid; `nil` for what follows from the schedule.
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition` where exclusions leave no time.
    package mutating func planFirstRun(
        at time: Timestamp?, now: Timestamp, defaultZone: ZoneRules
    ) throws(RedisCronError) {
        guard let time else { return try computeNextRun(now: now, defaultZone: defaultZone) }
        let plan = try DefinitionCheck(definition).plan(defaultZone: defaultZone)
        let end = definition.schedule.endTime
        if end.map({ $0 >= now }) != false, let first = plan.time(after: time - .microseconds(1), anchor: time) {
            definition.nextEnqueueTime = first
        } else if end != nil {
            definition.nextEnqueueTime = .finished
        } else {
            throw RedisCronError.invalid("exclude", "leaves no time at which it could run", id: id)
        }
    }

    /// How many planned times a definition that is new makes up for at once; 0 for one that does not make up for all.
    func missedAtOnce(now: Timestamp, defaultZone: ZoneRules) throws(RedisCronError) -> Int {
        guard definition.enabled, definition.policy.catchUp == .all, let planned = definition.nextEnqueueTime,
            planned < now
        else { return 0 }
        let plan = try DefinitionCheck(definition).plan(defaultZone: defaultZone)
        let oldest = definition.policy.catchUpWindow.map { now - $0 }
        let first = oldest.flatMap {
            plan.dueTime(of: planned) < $0 ? plan.next(planned: planned, now: $0 - .microseconds(1)) : nil
        }
        let most = PreparedDefinition.mostCaughtUp
        return min(plan.count(from: first ?? planned, before: now + .microseconds(1), upTo: most).count, most)
    }

    /// When the definition is due: its score in the index; `nil` when it never is.
    func dueTime(now: Timestamp, defaultZone: ZoneRules) throws(RedisCronError) -> Timestamp? {
        guard !definition.isFinished else { return nil }
        if let next = definition.nextEnqueueTime, definition.schedule.jitter == nil { return next }
        let plan = try DefinitionCheck(definition).plan(defaultZone: defaultZone)
        if let next = definition.nextEnqueueTime { return plan.dueTime(of: next) }
        guard plan.isInterval else { return nil }
        // The present, never 0, for an interval that never ran: RQ's own clean-up deletes entries of score 0.
        return plan.bounds == nil ? now : max(now, plan.dueTime(of: definition.createdAt ?? now))
    }
}

/// A schedule and the next run that was computed from it: if only the schedule changes, the next run has to be computed anew.
struct ScheduleBasis: Sendable, Hashable {
    let schedule: ScheduleSpec
    let pausedUntil: Timestamp?
    let nextEnqueueTime: Timestamp?
    /// The scheduler's zone, as far as it was known when the next run was computed from it; `nil` where the next run does
    /// not depend on it, or was read.
    let defaultZone: ZoneRules?

    init(_ definition: CronJobHash, defaultZone: ZoneRules? = nil) {
        schedule = definition.schedule
        pausedUntil = definition.state.pausedUntil
        nextEnqueueTime = definition.nextEnqueueTime
        self.defaultZone = definition.usesDefaultTimeZone ? defaultZone : nil
    }

    /// Whether the definition has another schedule, so that its next run has to be computed anew.
    ///
    /// Another end or jitter is not another schedule: the planned time stays.
    func hasOtherSchedule(than definition: CronJobHash) -> Bool {
        var other = definition.schedule
        other.endTime = schedule.endTime
        other.jitter = schedule.jitter
        return other != schedule || definition.state.pausedUntil != pausedUntil
    }

    /// Whether the definition has another schedule, or is to be read in another zone, and still has the next run of this
    /// one.
    func isOutdated(by definition: CronJobHash, defaultZone zone: ZoneRules) -> Bool {
        guard definition.nextEnqueueTime == nextEnqueueTime else { return false }
        return hasOtherSchedule(than: definition) || defaultZone.map { $0 != zone } ?? false
    }
}

extension Timestamp {
    /// The `next_enqueue_time` of a definition that is finished.
    ///
    /// Far away instead of empty, so that Python, which indexes what it saves, indexes it where it is never due.
    package static let finished = Timestamp.latest
}

extension CronJobHash {
    /// Whether it has reached its end or its limit.
    ///
    /// Without either, a next run that far away was planned under a clock that was ahead.
    package var isFinished: Bool {
        nextEnqueueTime == .finished && canFinish
    }

    /// Whether it has an end or a limit.
    var canFinish: Bool { schedule.endTime != nil || policy.maxRuns != nil }

    /// Whether the schedule has queued as many runs as the policy allows.
    package var hasReachedLimit: Bool { policy.maxRuns.map { (state.runCount ?? 0) >= $0 } ?? false }

    /// Whether it is paused: by somebody until it is resumed, until a time, or after failures.
    ///
    /// What is off and has the end of a pause was switched off by other means: the pause would have left it on.
    package func isPaused(at now: Timestamp) -> Bool {
        enabled ? state.pausedUntil.map { $0 > now } ?? false : state.pausedAt != nil && state.pausedUntil == nil
    }

    /// The next planned time, where there is one.
    package var plannedTime: Timestamp? { isFinished ? nil : nextEnqueueTime }

    /// The next planned time; of what is finished, the one that stood then.
    var gridTime: Timestamp? { isFinished ? state.lastPlannedTime : nextEnqueueTime }
}

extension RunPolicy {
    /// Whether missed runs are more, or less, than one: then what a pause or an edit leaves behind is none of them.
    var isMissedLimited: Bool { catchUp != .one || catchUpWindow != nil }
}
