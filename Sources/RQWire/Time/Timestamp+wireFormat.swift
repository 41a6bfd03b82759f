extension Timestamp: CustomStringConvertible {
    /// Bytes of every wire form: `2026-06-03T05:40:00.000000Z`.
    public static let wireFormatLength = 27

    /// The instant as RQ writes it (`%Y-%m-%dT%H:%M:%S.%fZ`), with the year in four digits.
    public var wireFormat: String {
        String(unsafeUninitializedCapacity: Self.wireFormatLength) { buffer in
            writeWireFormat(to: buffer)
            return Self.wireFormatLength
        }
    }

    /// The wire form.
    public var description: String { wireFormat }

    /// Appends the 27 bytes of the wire form.
    public func appendWireFormat(to bytes: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.wireFormatLength) { buffer in
            writeWireFormat(to: buffer)
            bytes.append(contentsOf: buffer)
        }
    }

    /// Writes the 27 bytes of the wire form at the beginning of a buffer that has room for them.
    func writeWireFormat(to buffer: UnsafeMutableBufferPointer<UInt8>) {
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

    /// Reads the wire form, with or without a fraction.
    ///
    /// - Throws: ``RQWireError`` with code `.timestamp` for another text, and what the decoder throws.
    public init(from decoder: any Decoder) throws {
        try self.init(parsing: String(from: decoder))
    }
}
