/// The two facts that place a month's weekdays: its length and the weekday of its first day.
///
/// Sets of days are bit sets: bit `d` is day `d`, and bit 0 is unused.
struct MonthShape {
    let length: Int
    /// The weekday of day 1, Sunday being 0.
    let firstWeekday: Int

    init(year: Int, month: Int, firstDayNumber: Int) {
        length = CivilDate.length(ofMonth: month, year: year)
        firstWeekday = CivilDate.weekday(dayNumber: firstDayNumber)
    }

    /// Every day that the month has.
    var allDays: UInt32 { (2 << length) &- 2 }

    var lastDay: UInt32 { 1 << length }

    /// The days that fall on one of `weekdays` (bit 0 is Sunday).
    func days(on weekdays: UInt8) -> UInt32 {
        // Rotate the set so that bit 0 is the weekday of day 1, then repeat it for five weeks.
        let set = UInt64(weekdays)
        let week = (set >> firstWeekday | set << (7 - firstWeekday)) & 0x7F
        return UInt32(truncatingIfNeeded: week * Self.weekStarts << 1) & allDays
    }

    /// Bits 0, 7, 14, 21 and 28: multiplying by this repeats seven bits five times.
    private static let weekStarts: UInt64 = 0x1020_4081

    /// The days that are an admitted occurrence of their weekday in this month.
    func days(on occurrences: WeekdayOccurrences) -> UInt32 {
        var days: UInt32 = 0
        for weekday in 0..<7 {
            let admitted = occurrences[weekday]
            if admitted == 0 { continue }
            var day = 1 + (weekday - firstWeekday + 7) % 7
            var occurrence = 1
            while day <= length {
                let isLast = day + 7 > length
                if admitted & (1 << occurrence) != 0 || isLast && admitted & WeekdayOccurrences.last != 0 {
                    days |= 1 << day
                }
                day += 7
                occurrence += 1
            }
        }
        return days
    }

    /// The working day (Monday to Friday) nearest to `day` in this month.
    ///
    /// croniter's rule: a day past the end means the last one. Saturday moves back a day and Sunday forward a day. Where
    /// that would leave the month, they move two days the other way.
    func nearestWorkingDay(to day: Int) -> Int {
        let day = min(day, length)
        switch (firstWeekday + day - 1) % 7 {
        case 6: return day > 1 ? day - 1 : day + 2
        case 0: return day < length ? day + 1 : day - 2
        default: return day
        }
    }
}

/// Which occurrences of each weekday in a month are admitted: the third Friday, the last Monday.
struct WeekdayOccurrences: Sendable, Hashable {
    /// The bit for a weekday's last occurrence; bits 1 to 5 count from the start of the month.
    static let last: UInt8 = 1

    /// Eight bits for each weekday, Sunday in the lowest ones.
    private var packed: UInt64 = 0

    var isEmpty: Bool { packed == 0 }

    /// The weekdays (bit 0 is Sunday) of which at least one occurrence is admitted.
    var weekdays: UInt8 {
        (0..<7).reduce(into: 0) { set, weekday in
            if self[weekday] != 0 { set |= 1 << weekday }
        }
    }

    /// The admitted occurrences of one weekday: bits 1 to 5, and ``last``.
    subscript(weekday: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: packed >> (weekday * 8))
    }

    mutating func insert(_ occurrence: Occurrence, of weekday: Int) {
        let bit: UInt64 =
            switch occurrence {
            case .nth(let number): 1 << number
            case .last: UInt64(Self.last)
            }
        packed |= bit << (weekday * 8)
    }

    /// One occurrence of a weekday in its month.
    enum Occurrence: Sendable, Hashable {
        /// Counted from the month's start, 1 to 5.
        case nth(Int)
        case last
    }
}
