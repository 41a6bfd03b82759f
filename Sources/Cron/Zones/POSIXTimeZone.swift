/// A time zone written as a rule, as in the footer of TZif files and in the `TZ` variable: `CET-1CEST,M3.5.0,M10.5.0/3`.
///
/// The form is that of POSIX.1-2024 with the extension of RFC 9636: hours of a change from -167 to 167.
struct POSIXTimeZone: Equatable {
    /// Seconds east of UTC outside of daylight saving time.
    let standardOffset: Int
    let daylight: Daylight?

    /// Daylight saving time: its offset, and the days of the year on which it begins and ends.
    struct Daylight: Equatable {
        let offset: Int
        let start: YearlyChange
        let end: YearlyChange
    }

    /// - Returns: `nil` when `text` is no such rule.
    init?(_ text: some Sequence<UInt8>) {
        var scanner = POSIXTimeZoneScanner(text)
        guard scanner.scanName(), let west = scanner.scanOffset(hours: 24) else { return nil }
        standardOffset = -west
        if scanner.isAtEnd {
            daylight = nil
            return
        }
        guard scanner.scanName() else { return nil }
        var offset = standardOffset + 3600
        if !scanner.isAtEnd, !scanner.peek(",") {
            guard let west = scanner.scanOffset(hours: 24) else { return nil }
            offset = -west
        }
        if scanner.isAtEnd {
            // A rule without dates means the current ones of the United States, which are glibc's default. Not followed:
            // the obsolete file `posixrules`, by which glibc shifts some changes and forgets the offset after 2037.
            daylight = Daylight(
                offset: offset,
                start: YearlyChange(day: .weekday(0, week: 2, month: 3), time: 7200),
                end: YearlyChange(day: .weekday(0, week: 1, month: 11), time: 7200))
            return
        }
        guard let start = scanner.scanChange(), let end = scanner.scanChange(), scanner.isAtEnd else { return nil }
        daylight = Daylight(offset: offset, start: start, end: end)
    }

    /// The transitions of a range of years, in order.
    func transitions(in years: ClosedRange<Int>) -> [(instant: Int, offset: Int)] {
        guard let daylight else { return [] }
        var transitions: [(instant: Int, offset: Int)] = []
        transitions.reserveCapacity(years.count * 2)
        for year in years {
            transitions.append((daylight.start.reading(in: year) - standardOffset, daylight.offset))
            transitions.append((daylight.end.reading(in: year) - daylight.offset, standardOffset))
        }
        // A stable order: where daylight saving time lasts all year, its end and its next start are one instant and
        // the start comes last.
        transitions.sort { $0.instant < $1.instant || $0.instant == $1.instant && $0.offset == standardOffset }
        return transitions
    }

    /// A moment that comes once a year: a day, and seconds from its midnight by the clock until then.
    struct YearlyChange: Equatable {
        let day: Day
        let time: Int

        /// The forms of a day: `J60`, `59`, `M3.5.0`.
        enum Day: Equatable {
            /// 1 to 365; 29 February is not counted.
            case julian(Int)
            /// 0 to 365; 29 February is counted.
            case ordinal(Int)
            /// A weekday (0 is Sunday) of a week (5 is the last) of a month.
            case weekday(Int, week: Int, month: Int)
        }

        /// The moment as a reading of the clock that it changes.
        func reading(in year: Int) -> Int {
            dayNumber(in: year) * .secondsPerDay + time
        }

        private func dayNumber(in year: Int) -> Int {
            let newYear = CivilDate(year: year, month: 1, day: 1).dayNumber
            switch day {
            case .julian(let day): return newYear + day - 1 + (day > 59 && CivilDate.isLeap(year) ? 1 : 0)
            case .ordinal(let day): return newYear + day
            case .weekday(let weekday, let week, let month):
                let first = CivilDate(year: year, month: month, day: 1).dayNumber
                let length = CivilDate.length(ofMonth: month, year: year)
                var day = (weekday - CivilDate.weekday(dayNumber: first) + 7) % 7 + (week - 1) * 7
                if day >= length { day -= 7 }
                return first + day
            }
        }
    }
}
