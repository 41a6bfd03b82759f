/// Reads the parts of a POSIX time zone rule from left to right.
struct POSIXTimeZoneScanner {
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
