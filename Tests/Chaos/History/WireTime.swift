/// An instant in whole microseconds of Unix time, as definitions and jobs are stamped with it.
///
/// Reads RQ's text form by itself, sharing no code with the package that it judges.
package struct WireTime: Sendable, Hashable, Comparable, CustomStringConvertible {
    package var microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// From Unix seconds, such as the score of an index entry.
    package init(unixSeconds: Double) {
        microseconds = Int64((unixSeconds * 1_000_000).rounded())
    }

    /// Reads `2026-06-03T05:40:00.000000Z`; `nil` for all else, the empty text included.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 27, bytes[10] == UInt8(ascii: "T"), bytes[26] == UInt8(ascii: "Z") else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            var value: Int64 = 0
            for byte in bytes[range] {
                guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
                value = value * 10 + Int64(byte - UInt8(ascii: "0"))
            }
            return value
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            let fraction = number(20..<26)
        else { return nil }
        let days = Self.daysSince1970(year: year, month: month, day: day)
        microseconds = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000 + fraction
    }

    package static func < (left: WireTime, right: WireTime) -> Bool { left.microseconds < right.microseconds }

    /// Seconds from the other instant to this one.
    package func seconds(since other: WireTime) -> Double {
        Double(microseconds - other.microseconds) / 1_000_000
    }

    package func advanced(bySeconds seconds: Int64) -> WireTime {
        WireTime(microseconds: microseconds + seconds * 1_000_000)
    }

    /// RQ's text form, `2026-06-03T05:40:00.000000Z`.
    package var description: String {
        let seconds = microseconds.floorDivided(by: 1_000_000)
        let days = seconds.floorDivided(by: 86_400)
        let (year, month, day) = Self.date(daysSince1970: days)
        let time = seconds - days * 86_400
        let fraction = microseconds - seconds * 1_000_000
        func padded(_ value: Int64, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return
            "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T\(padded(time / 3_600, 2)):"
            + "\(padded(time / 60 % 60, 2)):\(padded(time % 60, 2)).\(padded(fraction, 6))Z"
    }

    /// Days of the Gregorian calendar, counted in years that begin in March.
    private static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        let march = (month + 9) % 12
        let year = month <= 2 ? year - 1 : year
        return year * 365 + year.floorDivided(by: 4) - year.floorDivided(by: 100) + year.floorDivided(by: 400)
            + (march * 153 + 2) / 5 + day - 1 - 719_468
    }

    private static func date(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        // The year is guessed from its mean length, which is off by one at most.
        var year = (days * 400).floorDivided(by: 146_097) + 1970
        while daysSince1970(year: year, month: 1, day: 1) > days { year -= 1 }
        while daysSince1970(year: year + 1, month: 1, day: 1) <= days { year += 1 }
        var month: Int64 = 12
        while daysSince1970(year: year, month: month, day: 1) > days { month -= 1 }
        return (year, month, days - daysSince1970(year: year, month: month, day: 1) + 1)
    }
}

extension Int64 {
    /// The quotient rounded down, unlike `/`, which rounds towards zero.
    fileprivate func floorDivided(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
