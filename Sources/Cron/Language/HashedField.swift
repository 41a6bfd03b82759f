/// A column of the form `H`, `H(10-20)`, `H/15` or `H(10-40)/15`, or the same with `R`.
///
/// The letter is replaced by a number from the column's range, or from the one in parentheses. A 32-bit seed selects it:
/// for `H` the CRC-32 of the definition's id, for `R` a random number. With a step, the number lies in the first period.
struct HashedField {
    let isRandom: Bool
    private let bounds: ClosedRange<Int>
    private let divisor: Int?

    /// - Returns: `nil` when the column has another form, which may be valid too.
    /// - Throws: when it has this form, but bounds or a step that croniter refuses.
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

    /// The text of the plain form that a seed selects.
    func text(seed: UInt32, field: CronField) -> String {
        let (first, range) = selection(seed: seed, field: field)
        return range.map { "\(first)-\($0.last)/\($0.step)" } ?? "\(first)"
    }

    /// Whether some seed selects `text`.
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

extension CronExpression {
    /// Replaces each `R` of an expression by random plain numbers, and leaves the rest as written.
    ///
    /// It is called at registration, and the result is what is stored, so that every process and every restart computes
    /// the same times. (croniter picks new numbers whenever it parses.) The result is plain cron that croniter can read
    /// too. Each column is checked, so that an error names its place in the text as written. ``init(_:id:)`` checks the
    /// columns together.
    ///
    /// - Throws: ``CronExpressionError`` when croniter refuses a column, or the text does not have 5, 6 or 7 columns.
    package static func resolvingRandomFields(
        _ text: String, using generator: inout some RandomNumberGenerator
    ) throws(CronExpressionError) -> String {
        try replacingFields(of: text) { hashed in
            hashed.isRandom ? UInt32.random(in: .min ... .max, using: &generator) : nil
        }
    }

    /// Replaces each `H` and `R` of an expression by the plain numbers that it has for a definition, and leaves the rest as
    /// written.
    ///
    /// The result means the same for every id, also to programs that give croniter none.
    ///
    /// - Throws: ``CronExpressionError`` when croniter refuses a column, or the text does not have 5, 6 or 7 columns.
    package static func resolvingFields(_ text: String, id: String) throws(CronExpressionError) -> String {
        let seed = crc32(id.utf8)
        return try replacingFields(of: text) { _ in seed }
    }

    /// Replaces columns that are hashed or random by what a seed selects, where there is one.
    private static func replacingFields(
        of text: String, by seed: (HashedField) -> UInt32?
    ) throws(CronExpressionError) -> String {
        let source = try CronSource(text)
        // An @ name has neither in its columns, and stays as it is.
        guard text.utf8.first != UInt8(ascii: "@") else { return text }
        var resolved: [UInt8] = []
        var copied = 0
        let written = Array(text.utf8)
        for (field, column) in zip(CronField.allCases, source.columns) {
            let parser = FieldParser(source: source, field: field, seed: nil)
            guard let hashed = try HashedField(parser, column), let seed = seed(hashed) else {
                // Any seed will do, because the value of `H` is not kept.
                _ = try FieldParser(source: source, field: field, seed: 0).parse(column)
                continue
            }
            resolved += written[copied..<column.lowerBound]
            resolved += hashed.text(seed: seed, field: field).utf8
            copied = column.upperBound
        }
        resolved += written[copied...]
        return String(decoding: resolved, as: UTF8.self)
    }

    /// Whether ``resolvingRandomFields(_:using:)`` can return a text for another one that has an `R`.
    ///
    /// This distinguishes a definition that is registered again, whose numbers stay, from one whose expression was edited.
    /// White space and letter case make no difference.
    package static func isResolution(_ resolved: String, of written: String) -> Bool {
        // A resolution has as many columns as what was written; an @ name has none.
        guard resolved.utf8.first != UInt8(ascii: "@"),
            let wanted = try? CronSource(written), let found = try? CronSource(resolved),
            wanted.columns.count == found.columns.count
        else { return false }
        var hasRandom = false
        for (field, (column, other)) in zip(CronField.allCases, zip(wanted.columns, found.columns)) {
            let text = found.bytes[other]
            if let random = try? HashedField(FieldParser(source: wanted, field: field, seed: nil), column),
                random.isRandom
            {
                hasRandom = true
                guard random.mayBecome(text, field: field) else { return false }
            } else if text != wanted.bytes[column] {
                return false
            }
        }
        return hasRandom
    }
}

/// The CRC-32 of zlib, PNG and Python's `binascii`: croniter's hash of an id.
///
/// By hand, so that this module links no C library: an id is a few bytes, hashed once per expression.
func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(UInt32.max) { crc, byte in
        (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1 == 0 ? 0 : 0xEDB8_8320) }
    }
}
