extension Timestamp: LosslessStringConvertible {
    /// The length of every wire form in bytes: `2026-06-03T05:40:00.000000Z`.
    package static let wireFormatLength = 27

    /// The instant as RQ writes it (`%Y-%m-%dT%H:%M:%S.%fZ`), with the year in four digits.
    public var wireFormat: String {
        String(unsafeUninitializedCapacity: Self.wireFormatLength) { buffer in
            writeWireFormat(to: buffer)
            return Self.wireFormatLength
        }
    }

    /// The wire form.
    public var description: String { wireFormat }

    /// Reads the wire form, where the fraction may be missing; `nil` for any other text.
    public init?(_ description: String) {
        guard let instant = try? Timestamp(parsing: description) else { return nil }
        self = instant
    }

    /// Appends the 27 bytes of the wire form.
    package func appendWireFormat(to bytes: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.wireFormatLength) { buffer in
            writeWireFormat(to: buffer)
            bytes.append(contentsOf: buffer)
        }
    }

    /// Writes the 27 bytes of the wire form at the beginning of a buffer that has room for them.
    package func writeWireFormat(to buffer: UnsafeMutableBufferPointer<UInt8>) {
        let seconds = unixSeconds
        let fraction = Int(microseconds - seconds * 1_000_000)
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let secondOfDay = Int(seconds - days * 86_400)
        let date = CivilDate(daysSince1970: Int(days))

        func writeTwoDigits(_ number: Int, at offset: Int) {
            buffer[offset] = UInt8(truncatingIfNeeded: 48 + number / 10)
            buffer[offset + 1] = UInt8(truncatingIfNeeded: 48 + number % 10)
        }
        writeTwoDigits(date.year / 100, at: 0)
        writeTwoDigits(date.year % 100, at: 2)
        buffer[4] = UInt8(ascii: "-")
        writeTwoDigits(date.month, at: 5)
        buffer[7] = UInt8(ascii: "-")
        writeTwoDigits(date.day, at: 8)
        buffer[10] = UInt8(ascii: "T")
        writeTwoDigits(secondOfDay / 3600, at: 11)
        buffer[13] = UInt8(ascii: ":")
        writeTwoDigits(secondOfDay / 60 % 60, at: 14)
        buffer[16] = UInt8(ascii: ":")
        writeTwoDigits(secondOfDay % 60, at: 17)
        buffer[19] = UInt8(ascii: ".")
        writeTwoDigits(fraction / 10_000, at: 20)
        writeTwoDigits(fraction / 100 % 100, at: 22)
        writeTwoDigits(fraction % 100, at: 24)
        buffer[26] = UInt8(ascii: "Z")
    }
}

extension Timestamp: Codable {
    /// Encodes the wire form.
    ///
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        try wireFormat.encode(to: encoder)
    }

    /// Reads the wire form, where the fraction may be missing.
    ///
    /// - Throws: `DecodingError.dataCorrupted` for another text, and what the decoder throws.
    public init(from decoder: any Decoder) throws {
        let text = try String(from: decoder)
        do {
            try self.init(parsing: text)
        } catch {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: decoder.codingPath, debugDescription: error.reason, underlyingError: error))
        }
    }
}

/// A day of the proleptic Gregorian calendar between the years 1 and 9999, as in Python's `datetime`.
///
/// `Cron` has a calendar of its own: the two modules do not depend on each other, and what they share is twenty lines.
struct CivilDate {
    var year: Int
    var month: Int
    var day: Int

    /// The day that lies `days` after 1970-01-01.
    ///
    /// It counts in eras of 400 years that begin in March, so that a leap day is the last day of its year.
    init(daysSince1970 days: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// The day with these numbers; `nil` if there is no such day.
    init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month), day >= 1 else { return nil }
        let isLeapYear = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lastDay = month == 2 ? (isLeapYear ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
        guard day <= lastDay else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    /// Days from 1970-01-01 to this day.
    var daysSince1970: Int {
        let yearFromMarch = month <= 2 ? year - 1 : year
        let era = yearFromMarch / 400
        let yearOfEra = yearFromMarch - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
