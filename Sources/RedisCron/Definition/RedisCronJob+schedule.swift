public import Crontab
public import RQWire

extension RedisCronJob {
    /// The run that follows the last one: of an interval, from the last enqueue time; of a cron expression, from the
    /// later of that and the present.
    ///
    /// - Parameters:
    ///   - now: The present.
    ///   - defaultTimeZone: The zone that counts when the definition names none.
    /// - Returns: `nil` for an interval that never ran (it is due at once), and for an expression with no further run.
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition` if the schedule makes no sense.
    public func nextRun(after now: Timestamp, defaultTimeZone: ZoneRules = .local()) throws(RedisCronError)
        -> Timestamp?
    {
        switch try DefinitionCheck(definition).plan(defaultZone: defaultTimeZone) {
        case .interval(let seconds): definition.latestEnqueueTime.map { $0 + .seconds(seconds) }
        case .cron(let compiled): compiled.next(after: max(now, definition.latestEnqueueTime ?? now))
        }
    }

    /// Computes the next run if the schedule is no longer the one from which it was computed, or if it is an enabled
    /// expression that names none: some other tool wrote it, or its last run is over, and then it gets none.
    mutating func rescheduleIfChanged(now: Timestamp, defaultTimeZone: ZoneRules) throws(RedisCronError) {
        let namesNone = definition.enabled && definition.interval == nil && definition.nextEnqueueTime == nil
        guard namesNone || basis.isOutdated(by: definition) else { return }
        try computeNextRun(now: now, defaultTimeZone: defaultTimeZone)
    }

    /// Gives the job the next run of its schedule.
    mutating func computeNextRun(now: Timestamp, defaultTimeZone: ZoneRules) throws(RedisCronError) {
        definition.nextEnqueueTime = try nextRun(after: now, defaultTimeZone: defaultTimeZone)
        basis = ScheduleBasis(definition)
    }
}
