/// Minutes that expressions exclude on the same days, as one bit set for the hours of such a day.
struct ExcludedMinutes: Sendable, Hashable {
    let days: ExcludedCalendar
    /// For each hour, the excluded minutes.
    private var minutes: [UInt64]
    /// The hours of which every minute is excluded.
    private var wholeHours: UInt32 = 0

    init(_ expression: CronExpression, on days: ExcludedCalendar) {
        self.days = days
        minutes = [UInt64](repeating: 0, count: 24)
        insert(expression)
    }

    /// Adds the minutes of another expression with the same days.
    mutating func insert(_ expression: CronExpression) {
        for hour in minutes.indices where expression.hours & (1 << hour) != 0 {
            minutes[hour] |= expression.minutes
            if minutes[hour] == Self.wholeHour { wholeHours |= 1 << hour }
        }
    }

    /// How many minutes of a day are excluded.
    var minuteCount: Int { minutes.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// Whether every minute of every day is excluded.
    var isEverything: Bool { wholeHours == Self.wholeDay && days.isEveryDay }

    /// The reading at which the excluded run that holds `time` ends; `nil` when it is not excluded.
    func end(containing time: inout LocalTimeOfDay) -> Int? {
        let hour = time.hour
        guard minutes[hour] & (1 << time.minute) != 0 else { return nil }
        if wholeHours == Self.wholeDay {
            return days.end(containing: &time).map { $0 * .secondsPerDay }
        }
        guard days.contains(&time) else { return nil }
        return time.dayNumber * .secondsPerDay + 60 * endOfRun(hour, time.minute)
    }

    /// The minute of the day at which the run that holds a minute ends, at most 1440.
    private func endOfRun(_ hour: Int, _ minute: Int) -> Int {
        if let free = (~minutes[hour] & Self.wholeHour).firstBit(from: minute) { return hour * 60 + free }
        guard let next = (~wholeHours & Self.wholeDay).firstBit(from: hour + 1) else { return 1440 }
        return next * 60 + (~minutes[next]).trailingZeroBitCount
    }

    private static let wholeHour: UInt64 = 1 << 60 - 1
    private static let wholeDay: UInt32 = 1 << 24 - 1
}

/// Seconds that one expression with a column for seconds excludes.
struct ExcludedSeconds: Sendable, Hashable {
    private let days: ExcludedCalendar
    private let hours: UInt32
    private let minutes: UInt64
    private let seconds: UInt64

    init(_ expression: CronExpression) {
        days = ExcludedCalendar(expression)
        hours = expression.hours
        minutes = expression.minutes
        seconds = expression.seconds
    }

    /// The reading at which the excluded run that holds `time` ends, at most that of the next minute; `nil` when it is not
    /// excluded.
    func end(containing time: inout LocalTimeOfDay) -> Int? {
        guard seconds & (1 << time.second) != 0, minutes & (1 << time.minute) != 0, hours & (1 << time.hour) != 0,
            days.contains(&time)
        else { return nil }
        // Bit 60 is never set, so a run ends there at the latest.
        let free = (~seconds).firstBit(from: time.second) ?? 60
        return time.dayNumber * .secondsPerDay + (time.hour * 60 + time.minute) * 60 + free
    }
}

/// The days that an expression names: its columns for days, months and years.
struct ExcludedCalendar: Sendable, Hashable {
    private let days: DayRule
    private let months: UInt16
    private let years: YearSet
    /// Whether no column restricts the days, so that the date need not be known.
    let isEveryDay: Bool

    init(_ expression: CronExpression) {
        days = expression.days
        months = expression.months
        years = expression.years
        isEveryDay = days.isEveryDay && years.isAll && months == 0x1FFE
    }

    func contains(_ time: inout LocalTimeOfDay) -> Bool {
        isEveryDay || daysOfMonth(of: &time) & (1 << time.date.day) != 0
    }

    /// The number of the day after the run of named days that holds the date, at most the next month's first; `nil` when the
    /// date is not named.
    func end(containing time: inout LocalTimeOfDay) -> Int? {
        let days = daysOfMonth(of: &time)
        let day = time.date.day
        guard days & (1 << day) != 0 else { return nil }
        // No bit past the month's last day is set.
        let free = (~days).firstBit(from: day) ?? 32
        return time.dayNumber + free - day
    }

    private func daysOfMonth(of time: inout LocalTimeOfDay) -> UInt32 {
        let date = time.date
        guard months & (1 << date.month) != 0, years.contains(date.year) else { return 0 }
        return days.days(in: time.month)
    }
}

/// A reading split into what expressions compare.
///
/// The date and its month are found when they are first asked for.
struct LocalTimeOfDay {
    let dayNumber: Int
    let hour: Int
    let minute: Int
    let second: Int
    private(set) lazy var date = CivilDate(dayNumber: dayNumber)
    private(set) lazy var month = MonthShape(
        year: date.year, month: date.month, firstDayNumber: dayNumber - date.day + 1)

    init(_ reading: Int) {
        dayNumber = reading.flooredQuotient(by: .secondsPerDay)
        (hour, minute, second) = CronExpression.timeOfDay(reading - dayNumber * .secondsPerDay)
    }
}

extension CronExpression {
    /// Whether each minute that the expression names is meant whole: without a column for seconds, or with all of them in it.
    var matchesWholeMinutes: Bool { resolution == 60 || seconds.nonzeroBitCount == 60 }
}
