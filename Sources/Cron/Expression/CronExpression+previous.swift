extension CronExpression {
    /// The last time before an instant at which the schedule fired, both as Unix times.
    ///
    /// Walks backwards over the times that ``next(after:in:)`` comes to when it is asked again and again, the rules for
    /// clock changes included.
    ///
    /// - Parameters:
    ///   - instant: Any Unix time; one after the year 9999 is taken as the end of it.
    ///   - zone: The zone whose clock the schedule follows.
    /// - Returns: A time that is strictly earlier, or `nil` when there is none within 50 years.
    public func previous(before instant: Int64, in zone: ZoneRules) -> Int64? {
        var limit = min(Int(instant), Self.lastInstant + 1)
        while limit > Self.firstInstant {
            let span = zone.table.span(at: limit - 1)
            guard let reading = previousReading(before: limit + span.offset) else { return nil }
            if let found = admitsEveryHour ? match(reading, in: span) : occasion(reading, before: limit, in: span) {
                return found >= Self.firstInstant ? Int64(found) : nil
            }
            limit = span.start
        }
        return nil
    }

    /// Every hour: the instant of a reading, if the span shows it.
    private func match(_ reading: Int, in span: ZoneSpan) -> Int? {
        reading >= span.firstReading ? reading - span.offset : nil
    }

    /// Named hours: the last occasion of a span before `limit`, given the last reading before it that matches.
    private func occasion(_ reading: Int, before limit: Int, in span: ZoneSpan) -> Int? {
        // Of the readings that clocks skip, the first that matches fires, later by the gap, and the schedule goes on from
        // the reading that the clock shows then. What matches between the jump and that moment is passed over, as in RQ.
        var resumed = max(span.firstReading, span.readUntil)
        var moved: Int?
        let skipped = span.skippedReadings
        if !skipped.isEmpty, let first = nextReading(after: skipped.lowerBound - 1), first < skipped.upperBound {
            let instant = first - span.previousOffset
            moved = instant
            resumed = instant + span.offset + 1
        }
        if reading >= resumed { return reading - span.offset }
        return moved.flatMap { $0 < limit ? $0 : nil }
    }

    /// Whether the columns admit the local time of an instant.
    ///
    /// Every time that ``next(after:in:)`` returns matches, save one kind: a named hour that clocks skipped fires later,
    /// at a local time that the columns may not admit.
    public func matches(_ instant: Int64, in zone: ZoneRules) -> Bool {
        let instant = min(max(Int(instant), Self.firstInstant), Self.lastInstant)
        return admits(reading: instant + zone.table.span(at: instant).offset)
    }
}
