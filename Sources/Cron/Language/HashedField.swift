/// A column of the form `H`, `H(10-20)`, `H/15` or `H(10-40)/15`, or the same with `R`.
///
/// The letter stands for a number from the column's range (or the one in parentheses) that a 32-bit seed selects: with
/// `H` the CRC-32 of the definition's id, with `R` a random number. With a step, the number is drawn from the first
/// period.
struct HashedField {
    let isRandom: Bool
    private let bounds: ClosedRange<Int>
    private let divisor: Int?

    /// - Returns: `nil` when the column has another form, which may still be a valid one.
    /// - Throws: when it has this form, with bounds or a step that croniter refuses.
    init?(_ parser: FieldParser, _ column: Range<Int>) throws(CronExpressionError) {
        let bytes = parser.bytes
        var rest = bytes[column]
        guard let letter = rest.popFirst(), letter == UInt8(ascii: "h") || letter == UInt8(ascii: "r") else {
            return nil
        }
        isRandom = letter == UInt8(ascii: "r")
        var written: (Int, Int)?
        if rest.first == UInt8(ascii: "(") {
            guard let close = rest.firstIndex(of: UInt8(ascii: ")")),
                let dash = rest[..<close].firstIndex(of: UInt8(ascii: "-")),
                let begin = FieldParser.number(bytes[rest.startIndex + 1..<dash]),
                let end = FieldParser.number(bytes[dash + 1..<close])
            else { return nil }
            written = (begin, end)
            rest = rest[(close + 1)...]
        }
        if rest.isEmpty {
            divisor = nil
        } else {
            guard rest.popFirst() == UInt8(ascii: "/"), let number = FieldParser.number(rest) else { return nil }
            divisor = number
        }
        let range = parser.field.range
        if let (begin, end) = written {
            guard begin < end else {
                throw parser.error(.syntax, column, expected: "a range whose end is greater than its begin")
            }
            for bound in [begin, end] where !range.contains(parser.canonical(bound)) {
                throw parser.error(.outOfRange, column, expected: "two bounds, each \(parser.field.expectation)")
            }
            bounds = begin...end
        } else {
            bounds = range
        }
        if divisor == 0 { throw parser.error(.zeroStep, column, expected: "a step of at least 1") }
    }

    /// How many seeds select something different.
    private var period: Int { min(divisor ?? bounds.count, bounds.count) }

    /// The plain form that a seed selects, as it is written.
    func text(seed: UInt32, field: CronField) -> String {
        let (first, range) = selection(seed: seed, field: field)
        return range.map { "\(first)-\($0.last)/\($0.step)" } ?? "\(first)"
    }

    /// Whether some seed selects what `text` says.
    func mayBecome(_ text: ArraySlice<UInt8>, field: CronField) -> Bool {
        (0..<period).contains { shifted in
            self.text(seed: UInt32(shifted) << UInt32(field.rawValue), field: field).utf8.elementsEqual(text)
        }
    }

    /// The plain form that a seed selects: a number, or a range from a number with a step.
    func selection(seed: UInt32, field: CronField) -> (first: Int, range: (last: Int, step: Int)?) {
        let shifted = Int(seed >> UInt32(field.rawValue))
        let first = bounds.lowerBound + shifted % period
        guard let divisor else { return (first, nil) }
        // A range of one number would read as the whole field.
        return first == bounds.upperBound ? (first, nil) : (first, (bounds.upperBound, divisor))
    }
}

/// The CRC-32 of zlib, PNG and Python's `binascii`: croniter's hash of an id.
func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(UInt32.max) { crc, byte in
        (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1 == 0 ? 0 : 0xEDB8_8320) }
    }
}
