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

    /// - Returns: `nil` when `text` is not such a rule.
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
            // A rule without dates means those of the United States, which are glibc's default. The obsolete file
            // `posixrules` is ignored: with it, glibc shifts some changes and loses the offset after 2037.
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
        // If daylight saving time lasts all year, its end and its next start are the same instant. Then the start sorts
        // last.
        transitions.sort { $0.instant < $1.instant || $0.instant == $1.instant && $0.offset == standardOffset }
        return transitions
    }

    /// A moment that comes once a year: a day, and a time as seconds after its midnight by the clock.
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

/// Reads the parts of a POSIX time zone rule from left to right.
private struct POSIXTimeZoneScanner {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: some Sequence<UInt8>) {
        bytes = Array(text)
    }

    var isAtEnd: Bool { position == bytes.count }

    func peek(_ character: Unicode.Scalar) -> Bool {
        position < bytes.count && bytes[position] == UInt8(ascii: character)
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard peek(character) else { return false }
        position += 1
        return true
    }

    /// Skips an abbreviation: three or more letters, or letters, digits and signs between angle brackets.
    mutating func scanName() -> Bool {
        let isQuoted = skip("<")
        let start = position
        while position < bytes.count, Self.isNamePart(bytes[position], quoted: isQuoted) { position += 1 }
        let length = position - start
        return length >= 3 && (!isQuoted || skip(">"))
    }

    private static func isNamePart(_ byte: UInt8, quoted: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"): quoted
        default: false
        }
    }

    /// `[+-]hh[:mm[:ss]]` in seconds, with the sign as written.
    mutating func scanOffset(hours limit: Int) -> Int? {
        let isNegative = skip("-")
        if !isNegative { _ = skip("+") }
        guard var seconds = scanNumber(upTo: limit).map({ $0 * 3600 }) else { return nil }
        if skip(":") {
            guard let minutes = scanNumber(upTo: 59) else { return nil }
            seconds += minutes * 60
            if skip(":") {
                guard let rest = scanNumber(upTo: 59) else { return nil }
                seconds += rest
            }
        }
        return isNegative ? -seconds : seconds
    }

    /// `,day[/time]`; the time is 02:00 unless given.
    mutating func scanChange() -> POSIXTimeZone.YearlyChange? {
        guard skip(","), let day = scanDay() else { return nil }
        guard skip("/") else { return POSIXTimeZone.YearlyChange(day: day, time: 7200) }
        return scanOffset(hours: 167).map { POSIXTimeZone.YearlyChange(day: day, time: $0) }
    }

    private mutating func scanDay() -> POSIXTimeZone.YearlyChange.Day? {
        if skip("J") {
            guard let day = scanNumber(upTo: 365), day >= 1 else { return nil }
            return .julian(day)
        }
        guard skip("M") else { return scanNumber(upTo: 365).map { .ordinal($0) } }
        guard let month = scanNumber(upTo: 12), month >= 1, skip("."),
            let week = scanNumber(upTo: 5), week >= 1, skip("."),
            let weekday = scanNumber(upTo: 6)
        else { return nil }
        return .weekday(weekday, week: week, month: month)
    }

    private mutating func scanNumber(upTo limit: Int) -> Int? {
        let start = position
        var number = 0
        while position < bytes.count, case let digit = bytes[position] &- UInt8(ascii: "0"), digit <= 9 {
            number = number * 10 + Int(digit)
            if number > limit { return nil }
            position += 1
        }
        return position > start ? number : nil
    }
}
