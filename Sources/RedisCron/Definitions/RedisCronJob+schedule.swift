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
        let last = definition.latestEnqueueTime.map { PlanAudit.isAhead($0, of: now) ? now : $0 }
        return switch try DefinitionCheck(definition).plan(defaultZone: defaultZone) {
        case .interval(let seconds): last.map { $0 + .seconds(seconds) }
        case .cron(let compiled): compiled.next(after: max(now, last ?? now))
        }
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
        guard namesNone || basis.isOutdated(by: definition, defaultZone: defaultZone) else { return }
        try computeNextRun(now: now, defaultZone: defaultZone)
    }

    /// Gives the job the next run of its schedule.
    mutating func computeNextRun(now: Timestamp, defaultZone: ZoneRules) throws(RedisCronError) {
        definition.nextEnqueueTime = try nextRun(after: now, defaultZone: defaultZone)
        basis = ScheduleBasis(definition, defaultZone: defaultZone)
    }
}

/// A schedule and the next run that was computed from it: if only the schedule changes, the next run has to be computed anew.
struct ScheduleBasis: Sendable, Hashable {
    let schedule: ScheduleSpec
    let nextEnqueueTime: Timestamp?
    /// The scheduler's zone, as far as it was known when the next run was computed from it; `nil` where the next run does
    /// not depend on it, or was read.
    let defaultZone: ZoneRules?

    init(_ definition: CronJobHash, defaultZone: ZoneRules? = nil) {
        schedule = definition.schedule
        nextEnqueueTime = definition.nextEnqueueTime
        self.defaultZone = definition.usesDefaultTimeZone ? defaultZone : nil
    }

    /// Whether the definition has another schedule.
    func hasOtherSchedule(than definition: CronJobHash) -> Bool {
        definition.schedule != schedule
    }

    /// Whether the definition has another schedule, or is to be read in another zone, and still has the next run of this
    /// one.
    func isOutdated(by definition: CronJobHash, defaultZone zone: ZoneRules) -> Bool {
        guard definition.nextEnqueueTime == nextEnqueueTime else { return false }
        return hasOtherSchedule(than: definition) || defaultZone.map { $0 != zone } ?? false
    }
}
