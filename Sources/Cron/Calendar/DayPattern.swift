/// The days of a month on which one side of an expression's day rule holds: the intersection of what is set here.
struct DayPattern: Sendable, Hashable {
    /// Bit `d` for day `d` of the month; all bits when the field is a star.
    var daysOfMonth: UInt32 = .max
    /// `L`: the last day of the month, whatever its number.
    var includesLastDay = false
    /// `15W`: the working day nearest to this one, in place of the days above; 0 when there is none.
    var nearestWorkingDay: UInt8 = 0
    /// Bit 0 is Sunday; all seven when the field is a star.
    var weekdays: UInt8 = 0x7F
    /// `5#2`, `L5`: in place of the weekdays above when there are any.
    var occurrences = WeekdayOccurrences()

    /// The days that hold in a month of this shape.
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
