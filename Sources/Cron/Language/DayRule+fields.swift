extension DayRule {
    /// Joins the two columns that select days, as croniter joins them.
    ///
    /// - Throws: when numbered weekdays (`5#2`) stand in a list with plain ones.
    init(
        daysOfMonth: FieldValues, daysOfWeek: FieldValues, source: CronSource
    ) throws(CronExpressionError) {
        let dayIsStar = Self.isStar(daysOfMonth, .dayOfMonth, other: .dayOfWeek, source)
        let weekdayIsStar = Self.isStar(daysOfWeek, .dayOfWeek, other: .dayOfMonth, source)
        let weekdays = UInt8(truncatingIfNeeded: daysOfWeek.numbers.lowWord)
        let plainWeekdays = weekdays & ~daysOfWeek.occurrences.weekdays
        // A list of everything passes, whatever occurrences stand in it.
        let isWhole = daysOfWeek.entryCount == CronField.dayOfWeek.fullCount
        if !daysOfWeek.occurrences.isEmpty, plainWeekdays != 0, !isWhole {
            throw source.error(
                .combination, .dayOfWeek, source.columns[CronField.dayOfWeek.rawValue],
                expected: "either plain weekdays or occurrences such as 5#2 and L5, not both in one list")
        }

        var both = DayPattern(
            nearestWorkingDay: daysOfMonth.nearestWorkingDay, occurrences: daysOfWeek.occurrences)
        if !dayIsStar {
            both.daysOfMonth = UInt32(truncatingIfNeeded: daysOfMonth.numbers.lowWord)
            both.includesLastDay = daysOfMonth.hasLast
        }
        if !weekdayIsStar { both.weekdays = weekdays }
        if dayIsStar || weekdayIsStar {
            self.init(both)
            return
        }

        // Both columns are restricted: a day that satisfies either. The special parts stay on both sides.
        var byDay = both
        byDay.weekdays = 0x7F
        var byWeekday = both
        byWeekday.daysOfMonth = .max
        byWeekday.includesLastDay = false
        if both.nearestWorkingDay != 0 {
            self.init(byDay, whileReachable: byWeekday)
        } else if !both.occurrences.isEmpty {
            self.init(byWeekday, whileReachable: byDay)
        } else {
            self.init(either: byDay, or: byWeekday)
        }
    }

    /// Whether a column counts as a star: it has one, or it names everything and the other column has one, as written.
    private static func isStar(
        _ values: FieldValues, _ field: CronField, other: CronField, _ source: CronSource
    ) -> Bool {
        if values.hasStar { return true }
        guard values.entryCount == field.fullCount else { return false }
        return source.bytes[source.columns[other.rawValue]].contains(UInt8(ascii: "*"))
    }
}
