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
        case .cron(let compiled): compiled.next(after: now)
        }
    }

    /// Gives the job its next run if its schedule is no longer the one that stands in Redis.
    mutating func rescheduleIfChanged(now: Timestamp, defaultTimeZone: ZoneRules) throws(RedisCronError) {
        guard let old = stored?.definition, definition.nextEnqueueTime == old.nextEnqueueTime else { return }
        let isSame =
            definition.interval == old.interval && definition.cron == old.cron && definition.timeZone == old.timeZone
        if !isSame {
            definition.nextEnqueueTime = try nextRun(after: now, defaultTimeZone: defaultTimeZone)
        }
    }
}
