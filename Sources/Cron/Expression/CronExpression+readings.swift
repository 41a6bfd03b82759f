/// The search over readings: what a wall clock shows, in seconds since 1970 as if it were UTC. It knows no zones.
extension CronExpression {
    /// The search gives up when the next match lies more than this many years ahead, as croniter's does.
    static let searchedYears = 50

    /// The first reading after `reading` that matches; `nil` when there is none within 50 years.
    func nextReading(after reading: Int) -> Int? {
        let start = (reading.flooredQuotient(by: resolution) + 1) * resolution
        guard let found = firstReading(from: start, on: days) else { return nil }
        guard let required = days.required else { return found }
        return firstReading(from: start, on: DayRule(required)) == nil ? nil : found
    }

    /// The last reading before `reading` that matches; `nil` when there is none within 50 years.
    func previousReading(before reading: Int) -> Int? {
        guard let found = lastReading(upTo: reading - 1, on: days) else { return nil }
        guard let required = days.required, nextReading(after: found - 1) != found else { return found }
        // No required day lies within reach after this match, so the schedule never gets to it, nor to any other match
        // since the last required day. That day itself matches, because it is the narrower side of the rule.
        return lastReading(upTo: reading - 1, on: DayRule(required))
    }

    /// Whether all columns admit a reading.
    func admits(reading: Int) -> Bool {
        let dayNumber = reading.flooredQuotient(by: .secondsPerDay)
        let date = CivilDate(dayNumber: dayNumber)
        let (hour, minute, second) = Self.timeOfDay(reading - dayNumber * .secondsPerDay)
        return years.contains(date.year) && months & (1 << date.month) != 0
            && daysOfMonth(of: date, firstDayNumber: dayNumber - date.day + 1, days) & (1 << date.day) != 0
            && hours & (1 << hour) != 0 && minutes & (1 << minute) != 0 && seconds & (1 << second) != 0
    }

    /// Whether any year has a day for the expression.
    ///
    /// Looking at the years that the language can name is enough: every combination of weekday, month length and leap year
    /// occurs in them.
    var hasDate: Bool {
        let rule = days.required.map { DayRule($0) } ?? days
        var year = years.first(from: YearSet.range.lowerBound)
        while let current = year, current <= YearSet.range.upperBound {
            if firstDay(in: current, from: 1, on: rule) != nil { return true }
            year = years.first(from: current + 1)
        }
        return false
    }

    // MARK: Dates

    private func firstReading(from start: Int, on rule: DayRule) -> Int? {
        let dayNumber = start.flooredQuotient(by: .secondsPerDay)
        var date = CivilDate(dayNumber: dayNumber)
        let lastYear = date.year + Self.searchedYears
        if years.contains(date.year) {
            if months & (1 << date.month) != 0 {
                let firstDayNumber = dayNumber - date.day + 1
                let days = daysOfMonth(of: date, firstDayNumber: firstDayNumber, rule)
                if days & (1 << date.day) != 0, let time = firstTime(from: start - dayNumber * .secondsPerDay) {
                    return dayNumber * .secondsPerDay + time
                }
                if let day = days.firstBit(from: date.day + 1) {
                    return (firstDayNumber + day - 1) * .secondsPerDay + earliestTime
                }
            }
            if let dayNumber = firstDay(in: date.year, from: date.month + 1, on: rule) {
                return dayNumber * .secondsPerDay + earliestTime
            }
        }
        while let year = years.first(from: date.year + 1), year <= lastYear {
            if let dayNumber = firstDay(in: year, from: 1, on: rule) {
                return dayNumber * .secondsPerDay + earliestTime
            }
            date.year = year
        }
        return nil
    }

    /// The day number of the first admitted day of a year, starting at the first day of a month.
    private func firstDay(in year: Int, from first: Int, on rule: DayRule) -> Int? {
        var next = first
        while let month = months.firstBit(from: next) {
            let date = CivilDate(year: year, month: month, day: 1)
            let firstDayNumber = date.dayNumber
            if let day = daysOfMonth(of: date, firstDayNumber: firstDayNumber, rule).firstBit(from: 1) {
                return firstDayNumber + day - 1
            }
            next = month + 1
        }
        return nil
    }

    private func lastReading(upTo end: Int, on rule: DayRule) -> Int? {
        let dayNumber = end.flooredQuotient(by: .secondsPerDay)
        let date = CivilDate(dayNumber: dayNumber)
        let latest = latestTime
        var year = date.year
        var month = date.month
        var day = date.day
        if years.contains(year), months & (1 << month) != 0 {
            let days = daysOfMonth(of: date, firstDayNumber: dayNumber - day + 1, rule)
            if days & (1 << day) != 0, let time = lastTime(upTo: end - dayNumber * .secondsPerDay) {
                return dayNumber * .secondsPerDay + time
            }
        }
        day -= 1
        while let candidate = years.last(upTo: year), candidate >= date.year - Self.searchedYears {
            if candidate != year { (month, day) = (12, 31) }
            year = candidate
            while let admitted = months.lastBit(upTo: month), admitted > 0 {
                if admitted != month { day = 31 }
                let first = CivilDate(year: year, month: admitted, day: 1)
                let firstDayNumber = first.dayNumber
                if let found = daysOfMonth(of: first, firstDayNumber: firstDayNumber, rule).lastBit(upTo: day),
                    found > 0
                {
                    return (firstDayNumber + found - 1) * .secondsPerDay + latest
                }
                (month, day) = (admitted - 1, 31)
            }
            (year, month, day) = (year - 1, 12, 31)
        }
        return nil
    }

    private func daysOfMonth(of date: CivilDate, firstDayNumber: Int, _ rule: DayRule) -> UInt32 {
        rule.days(in: MonthShape(year: date.year, month: date.month, firstDayNumber: firstDayNumber))
    }
}

/// The search over times of day, in seconds since midnight.
extension CronExpression {
    static func timeOfDay(_ time: Int) -> (hour: Int, minute: Int, second: Int) {
        (time / 3600, time / 60 % 60, time % 60)
    }

    private static func time(_ hour: Int, _ minute: Int, _ second: Int) -> Int {
        hour * 3600 + minute * 60 + second
    }

    /// The first admitted time of every day; no column is ever empty.
    var earliestTime: Int {
        Self.time(hours.trailingZeroBitCount, minutes.trailingZeroBitCount, seconds.trailingZeroBitCount)
    }

    /// The last admitted time of every day.
    var latestTime: Int {
        Self.time(31 - hours.leadingZeroBitCount, 63 - minutes.leadingZeroBitCount, 63 - seconds.leadingZeroBitCount)
    }

    /// The first admitted time of a day, not before `time`.
    func firstTime(from time: Int) -> Int? {
        let (hour, minute, second) = Self.timeOfDay(time)
        if hours & (1 << hour) != 0 {
            if minutes & (1 << minute) != 0, let found = seconds.firstBit(from: second) {
                return Self.time(hour, minute, found)
            }
            if let found = minutes.firstBit(from: minute + 1) {
                return Self.time(hour, found, seconds.trailingZeroBitCount)
            }
        }
        return hours.firstBit(from: hour + 1).map {
            Self.time($0, minutes.trailingZeroBitCount, seconds.trailingZeroBitCount)
        }
    }

    /// The last admitted time of a day, not after `time`.
    func lastTime(upTo time: Int) -> Int? {
        let (hour, minute, second) = Self.timeOfDay(time)
        if hours & (1 << hour) != 0 {
            if minutes & (1 << minute) != 0, let found = seconds.lastBit(upTo: second) {
                return Self.time(hour, minute, found)
            }
            if let found = minutes.lastBit(upTo: minute - 1) {
                return Self.time(hour, found, 63 - seconds.leadingZeroBitCount)
            }
        }
        return hours.lastBit(upTo: hour - 1).map {
            Self.time($0, 63 - minutes.leadingZeroBitCount, 63 - seconds.leadingZeroBitCount)
        }
    }
}
