extension CronExpression {
    /// The first time after an instant at which the schedule fires, both as Unix times.
    ///
    /// Columns are compared with the zone's local time. When clocks change:
    ///
    /// - Where the hour column names hours, RQ's rule holds: a time that clocks skip fires as much later as they skip,
    ///   and a time that they show twice fires at its first showing.
    /// - Where the hour column admits every hour, the schedule fires at exactly the instants whose local time matches:
    ///   it runs on through a repeated hour, and has nothing to fire in a skipped one.
    ///
    /// - Parameters:
    ///   - instant: Any Unix time; one before the year 1 is taken as the beginning of it.
    ///   - zone: The zone whose clock the schedule follows.
    /// - Returns: A time that is strictly later, or `nil` when there is none within 50 years (croniter's bound), which
    ///   needs a column for the year or a base near the end of the year 9999.
    public func next(after instant: Int64, in zone: ZoneRules) -> Int64? {
        let base = max(Int(instant), Self.firstInstant - 1)
        guard base < Self.lastInstant else { return nil }
        let found = admitsEveryHour ? nextMatch(after: base, zone.table) : nextOccasion(after: base, zone.table)
        return found.flatMap { $0 <= Self.lastInstant ? Int64($0) : nil }
    }

    /// 0001-01-01 and the last second of 9999 in UTC: what a Python process can read.
    static let firstInstant = -62_135_596_800
    static let lastInstant = 253_402_300_799

    /// The rule for named hours.
    private func nextOccasion(after base: Int, _ zone: ZoneTable) -> Int? {
        let span = zone.span(at: base)
        // A reading that was shown before this span began had its occasion then.
        let reading = max(base + span.offset, span.readUntil == .min ? .min : span.readUntil - 1)
        guard let due = nextReading(after: reading) else { return nil }
        let instant = due - span.offset
        return instant < span.end ? instant : zone.firstInstant(showing: due)
    }

    /// The rule for every hour.
    private func nextMatch(after base: Int, _ zone: ZoneTable) -> Int? {
        var span = zone.span(at: base)
        var reading = base + span.offset
        guard var due = nextReading(after: reading) else { return nil }
        while due - span.offset >= span.end {
            span = zone.span(at: span.end)
            let before = span.firstReading - 1
            // Nothing matched between the two readings, so `due` stands unless the new span began before it looked or
            // begins after it.
            if before < reading || before >= due {
                guard let found = nextReading(after: before) else { return nil }
                due = found
            }
            reading = before
        }
        return due - span.offset
    }
}
