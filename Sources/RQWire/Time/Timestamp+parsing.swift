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
