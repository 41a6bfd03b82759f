/// Which days of a month an expression admits: what its day-of-month and day-of-week fields say together.
///
/// The rule is cron's: when both fields are restricted, a day that satisfies either is admitted. croniter keeps `#`, `L5`
/// and `W` outside of the two fields, so both sides carry the special part and one side alone decides. But croniter
/// still gives up when either side can never be met, and so does this rule.
struct DayRule: Sendable, Hashable {
    let first: DayPattern
    let second: DayPattern?
    /// A pattern that must have a match ahead, or the expression has none.
    ///
    /// This is the narrower side of a rule with a special part, and `nil` for every common expression.
    let required: DayPattern?

    /// Days that match one pattern.
    init(_ pattern: DayPattern) {
        first = pattern
        second = nil
        required = nil
    }

    /// Days that match either of two patterns.
    init(either first: DayPattern, or second: DayPattern) {
        self.first = first
        self.second = second
        required = nil
    }

    /// Days that match `pattern`, as long as some later day also matches the narrower `required`.
    init(_ pattern: DayPattern, whileReachable required: DayPattern) {
        first = pattern
        second = nil
        self.required = required
    }

    /// Whether one of the patterns restricts nothing.
    var isEveryDay: Bool { first.isEveryDay || second?.isEveryDay == true }

    /// Whether `15W` or the like is part of it.
    var hasNearestWorkingDay: Bool { first.nearestWorkingDay != 0 }

    /// The days of a month of this shape that match, as a bit set.
    func days(in month: MonthShape) -> UInt32 {
        let days = first.days(in: month)
        guard let second else { return days }
        return days | second.days(in: month)
    }
}

extension DayRule {
    /// Joins the two columns that select days as croniter does.
    ///
    /// - Throws: when a list mixes numbered weekdays (`5#2`) with plain ones.
    init(
        daysOfMonth: FieldValues, daysOfWeek: FieldValues, source: CronSource
    ) throws(CronExpressionError) {
        let dayIsStar = Self.isStar(daysOfMonth, .dayOfMonth, other: .dayOfWeek, source)
        let weekdayIsStar = Self.isStar(daysOfWeek, .dayOfWeek, other: .dayOfMonth, source)
        let weekdays = UInt8(truncatingIfNeeded: daysOfWeek.numbers.lowWord)
        let plainWeekdays = weekdays & ~daysOfWeek.occurrences.weekdays
        // A list that names every weekday passes, whatever occurrences are in it.
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

        // Both columns are restricted, so a day may satisfy either. The special parts apply to both sides.
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

    /// Whether a column counts as a star: it has one, or it names every value and the other column's text has one.
    private static func isStar(
        _ values: FieldValues, _ field: CronField, other: CronField, _ source: CronSource
    ) -> Bool {
        if values.hasStar { return true }
        guard values.entryCount == field.fullCount else { return false }
        return source.bytes[source.columns[other.rawValue]].contains(UInt8(ascii: "*"))
    }
}

/// One side of a day rule: a day must satisfy everything that is set here.
struct DayPattern: Sendable, Hashable {
    /// Bit `d` for day `d` of the month; all bits when the field is a star.
    var daysOfMonth: UInt32 = .max
    /// `L`: the last day of the month, whatever its number.
    var includesLastDay = false
    /// `15W`: the working day nearest to this day replaces the days above; 0 without a `W`.
    var nearestWorkingDay: UInt8 = 0
    /// Bit 0 is Sunday; all seven when the field is a star.
    var weekdays: UInt8 = 0x7F
    /// `5#2`, `L5`: if there are any, they replace the weekdays above.
    var occurrences = WeekdayOccurrences()

    var isEveryDay: Bool {
        daysOfMonth | 1 == .max && nearestWorkingDay == 0 && weekdays == 0x7F && occurrences.isEmpty
    }

    /// The days of a month of this shape that match.
    func days(in month: MonthShape) -> UInt32 {
        var days = daysOfMonth & month.allDays
        if nearestWorkingDay != 0 {
            days = 1 << month.nearestWorkingDay(to: Int(nearestWorkingDay))
        } else if includesLastDay {
            days |= month.lastDay
        }
        if !occurrences.isEmpty { return days & month.days(on: occurrences) }
        return weekdays == 0x7F ? days : days & month.days(on: weekdays)
    }
}
