extension Timestamp {
    /// Reads an instant as RQ's `utcparse` does: `%Y-%m-%dT%H:%M:%S.%fZ`, where the fraction may be missing.
    ///
    /// As in Python's `strptime`, the fraction has one to six digits, month, day, hour, minute and second may have one
    /// digit instead of two, a day of one digit may be preceded by a space, and `T` and `Z` may be lower case. Digits
    /// are ASCII only.
    ///
    /// - Throws: ``RQWireError`` with code `.timestamp` for any other text and for days and times that do not exist.
    package init(parsing text: UnsafeBufferPointer<UInt8>) throws(RQWireError) {
        var reader = TimestampReader(text: text)
        guard let microseconds = reader.read() else {
            throw RQWireError(.timestamp, text: text, expected: "a UTC time such as 2026-06-03T05:40:00.000000Z")
        }
        self.init(microseconds: microseconds)
    }

    /// Reads an instant as RQ's `utcparse` does; see ``init(parsing:)-(UnsafeBufferPointer<UInt8>)``.
    ///
    /// - Throws: ``RQWireError`` with code `.timestamp` for any other text and for days and times that do not exist.
    package init(parsing text: [UInt8]) throws(RQWireError) {
        self = try text.withUnsafeBufferPointer { text in
            Result { () throws(RQWireError) in try Timestamp(parsing: text) }
        }.get()
    }

    /// Reads an instant as RQ's `utcparse` does; see ``init(parsing:)-(UnsafeBufferPointer<UInt8>)``.
    ///
    /// - Throws: ``RQWireError`` with code `.timestamp` for any other text and for days and times that do not exist.
    package init(parsing text: String) throws(RQWireError) {
        var text = text
        self = try text.withUTF8 { text in Result { () throws(RQWireError) in try Timestamp(parsing: text) } }.get()
    }
}

extension Timestamp {
    /// Reads an instant that a person gives: in UTC as ``init(parsing:)-([UInt8])`` does, or with an offset such as
    /// `+02:00` or `-0530` in place of `Z`; seconds may be missing.
    ///
    /// - Returns: `nil` for any other text, such as a time without an offset, and for days and times that do not exist.
    package init?(parsingWithOffset text: [UInt8]) {
        let (clock, offset) = Self.splitOffset(text)
        guard let clock,
            let time = (try? Timestamp(parsing: clock + [UInt8(ascii: "Z")]))
                ?? (try? Timestamp(parsing: clock + Array(":00Z".utf8)))
        else { return nil }
        let instant = time.microseconds - offset * 60_000_000
        self.init(microseconds: instant)
        guard microseconds == instant else { return nil }
    }

    /// The text in front of the offset, and the offset in minutes.
    private static func splitOffset(_ text: [UInt8]) -> (clock: [UInt8]?, minutes: Int64) {
        guard let last = text.last else { return (nil, 0) }
        if last == UInt8(ascii: "Z") || last == UInt8(ascii: "z") { return (Array(text.dropLast()), 0) }
        guard let time = text.firstIndex(where: { $0 | 0x20 == UInt8(ascii: "t") }),
            let sign = text[time...].firstIndex(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") })
        else { return (nil, 0) }
        var digits = Array(text[(sign + 1)...])
        if digits.count == 5, digits[2] == UInt8(ascii: ":") { digits.remove(at: 2) }
        guard digits.count == 4, digits.allSatisfy({ (48...57).contains($0) }) else { return (nil, 0) }
        let numbers = digits.map { Int64($0) - 48 }
        let (hours, minutes) = (numbers[0] * 10 + numbers[1], numbers[2] * 10 + numbers[3])
        guard hours < 24, minutes < 60 else { return (nil, 0) }
        let offset = hours * 60 + minutes
        return (Array(text[..<sign]), text[sign] == UInt8(ascii: "-") ? -offset : offset)
    }
}

private struct TimestampReader {
    let text: UnsafeBufferPointer<UInt8>
    private var offset = 0

    init(text: UnsafeBufferPointer<UInt8>) {
        self.text = text
    }

    mutating func read() -> Int64? {
        guard let year = number(digits: 4...4), skip("-"),
            let month = number(digits: 1...2), skip("-"),
            let day = dayOfMonth(),
            let date = CivilDate(year: year, month: month, day: day),
            skip("T") || skip("t"),
            let hour = number(digits: 1...2), hour < 24, skip(":"),
            let minute = number(digits: 1...2), minute < 60, skip(":"),
            let second = number(digits: 1...2), second < 60
        else { return nil }
        var fraction = 0
        if skip(".") {
            guard let microseconds = fractionOfSecond() else { return nil }
            fraction = microseconds
        }
        guard skip("Z") || skip("z"), offset == text.count else { return nil }
        let seconds = Int64(date.daysSince1970) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
        return seconds * 1_000_000 + Int64(fraction)
    }

    private mutating func dayOfMonth() -> Int? {
        skip(" ") ? number(digits: 1...1) : number(digits: 1...2)
    }

    private mutating func number(digits: ClosedRange<Int>) -> Int? {
        var number = 0
        for count in 0..<digits.upperBound {
            guard let digit = digit() else { return count >= digits.lowerBound ? number : nil }
            number = number * 10 + digit
        }
        return number
    }

    private mutating func fractionOfSecond() -> Int? {
        guard var microseconds = digit() else { return nil }
        for _ in 1..<6 {
            microseconds = microseconds * 10 + (digit() ?? 0)
        }
        return microseconds
    }

    private mutating func digit() -> Int? {
        guard offset < text.count, (48...57).contains(text[offset]) else { return nil }
        offset += 1
        return Int(text[offset - 1]) - 48
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard offset < text.count, text[offset] == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }
}
