public import Cron
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
    public func nextRun(after now: Timestamp) async throws -> Timestamp? {
        try nextRun(after: now, defaultTimeZone: await connection?.timeZone(for: definition) ?? .local())
    }

    /// The run that follows the last one: of an interval, from the last enqueue time; of a cron expression, from the
    /// later of that and the present.
    ///
    /// A last enqueue time that is still to come was written under a clock that was ahead: then the present counts.
    ///
    /// - Parameters:
    ///   - now: The present.
    ///   - defaultTimeZone: The zone that counts when the definition names none.
    /// - Returns: `nil` for an interval that never ran (it is due at once), and for an expression with no further run.
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition` if the schedule makes no sense, `.timeZoneUnavailable`
    ///   if this machine does not know the zone that the definition names.
    public func nextRun(after now: Timestamp, defaultTimeZone: ZoneRules) throws(RedisCronError) -> Timestamp? {
        let last = definition.latestEnqueueTime.map { PlanAudit.isAhead($0, of: now) ? now : $0 }
        return switch try DefinitionCheck(definition).plan(defaultZone: defaultTimeZone) {
        case .interval(let seconds): last.map { $0 + .seconds(seconds) }
        case .cron(let compiled): compiled.next(after: max(now, last ?? now))
        }
    }

    /// The schedule's next time, if the run is planned for more than a whole period after it and nothing explains that.
    package func skippedTime(now: Timestamp, defaultTimeZone: ZoneRules) -> Timestamp? {
        guard let next = definition.nextEnqueueTime,
            let plan = try? DefinitionCheck(definition).plan(defaultZone: defaultTimeZone)
        else { return nil }
        return PlanAudit(definition, plan: plan, now: now).skippedTime(before: next)
    }

    /// Computes the next run if the schedule or its zone is no longer the one from which it was computed, or if it is an
    /// enabled expression that names none: some other tool wrote it, or its last run is over, and then it gets none.
    mutating func rescheduleIfChanged(now: Timestamp, defaultTimeZone: ZoneRules) throws(RedisCronError) {
        let namesNone = definition.enabled && definition.interval == nil && definition.nextEnqueueTime == nil
        guard namesNone || basis.isOutdated(by: definition, defaultZone: defaultTimeZone) else { return }
        try computeNextRun(now: now, defaultTimeZone: defaultTimeZone)
    }

    /// Gives the job the next run of its schedule.
    mutating func computeNextRun(now: Timestamp, defaultTimeZone: ZoneRules) throws(RedisCronError) {
        definition.nextEnqueueTime = try nextRun(after: now, defaultTimeZone: defaultTimeZone)
        basis = ScheduleBasis(definition, defaultZone: defaultTimeZone)
    }
}
