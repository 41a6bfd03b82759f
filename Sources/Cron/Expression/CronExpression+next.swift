extension CronExpression {
    /// The first time after an instant at which the schedule fires, both as Unix times.
    ///
    /// Columns are compared with the zone's local time. When clocks change:
    ///
    /// - If the hour column names hours, RQ's rule applies: a time that clocks skip fires later by the length of the gap,
    ///   and a time that they show twice fires the first time.
    /// - If the hour column admits every hour, the schedule fires at exactly the instants whose local time matches. It
    ///   keeps firing in a repeated hour, and has nothing to fire in a skipped one.
    ///
    /// - Parameters:
    ///   - instant: Any Unix time. One before the year 1 counts as the beginning of that year.
    ///   - zone: The zone whose clock the schedule follows.
    /// - Returns: A time that is strictly later, or `nil` if there is none within 50 years (croniter's bound). That takes
    ///   a column for the year, or a base near the end of the year 9999.
    package func next(after instant: Int64, in zone: ZoneRules) -> Int64? {
        let base = max(Int(instant), Self.firstInstant - 1)
        guard base < Self.lastInstant else { return nil }
        let found = admitsEveryHour ? nextMatch(after: base, zone.table) : nextOccasion(after: base, zone.table)
        return found.flatMap { $0 <= Self.lastInstant ? Int64($0) : nil }
    }

    /// 0001-01-01 and the last second of 9999 in UTC, the range of Python's `datetime`.
    static let firstInstant = -62_135_596_800
    static let lastInstant = 253_402_300_799

    /// The rule for named hours.
    private func nextOccasion(after base: Int, _ zone: ZoneTable) -> Int? {
        let span = zone.span(at: base)
        // The clock has shown readings before this one in an earlier span, and they fired then.
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
            // Nothing matches between `reading` and `due`, so `due` remains the answer unless the new span's readings
            // begin before `reading` or after `due`.
            if before < reading || before >= due {
                guard let found = nextReading(after: before) else { return nil }
                due = found
            }
            reading = before
        }
        return due - span.offset
    }
}

extension CronExpression {
    /// The last time before an instant at which the schedule fired, both as Unix times.
    ///
    /// It walks backwards over the same times as repeated calls of ``next(after:in:)``, with the same rules for clock
    /// changes. So it is the largest of those times before the instant. Only in the day after clocks jumped may a schedule
    /// that begins there have times of its own, which this one passes over.
    ///
    /// A call takes about as long as one of `next`, mostly under 0.1 µs, however many times the schedule has. If the
    /// time found lies far back, each change of the zone's clock on the way adds 0.1 µs: 12 µs for 50 years of daylight
    /// saving time.
    ///
    /// - Parameters:
    ///   - instant: Any Unix time. One after the year 9999 counts as the end of that year.
    ///   - zone: The zone whose clock the schedule follows.
    /// - Returns: A time that is strictly earlier, or `nil` when there is none within 50 years.
    package func previous(before instant: Int64, in zone: ZoneRules) -> Int64? {
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

    /// The rule for every hour: the instant of a reading, if the span shows it.
    private func match(_ reading: Int, in span: ZoneSpan) -> Int? {
        reading >= span.firstReading ? reading - span.offset : nil
    }

    /// The rule for named hours: the last occasion of a span before `limit`, given the last matching reading before it.
    private func occasion(_ reading: Int, before limit: Int, in span: ZoneSpan) -> Int? {
        // The first skipped reading that matches fires, later by the gap, and the schedule continues from the reading
        // that the clock shows then. Matches between the jump and that moment are passed over, as in RQ.
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
    /// Every time that ``next(after:in:)`` returns matches, with one exception: a named hour that clocks skipped fires
    /// later, at a local time that the columns may not admit.
    package func matches(_ instant: Int64, in zone: ZoneRules) -> Bool {
        let instant = min(max(Int(instant), Self.firstInstant), Self.lastInstant)
        return admits(reading: instant + zone.table.span(at: instant).offset)
    }
}
