/// The text of an expression, split into columns.
///
/// The bytes are those of the text in lower case, so a position in them is the same position in the text.
struct CronSource {
    /// The text as it was given, for errors.
    let text: String
    let bytes: [UInt8]
    let columns: [Range<Int>]

    /// - Throws: when there are not 5, 6 or 7 columns.
    init(_ text: String) throws(CronExpressionError) {
        self.text = text
        bytes = Self.isShorthand(text) ? Self.expansion(of: text) : text.utf8.map(Self.lowercased)
        columns = Self.columns(of: bytes)
        guard 5...7 ~= columns.count else {
            throw CronExpressionError(
                code: .columnCount, expression: text, field: nil, text: text, position: 0,
                expected: "5, 6 or 7 columns or one of @yearly, @annually, @monthly, @weekly, @daily, @midnight, "
                    + "@hourly; found \(columns.count) column\(columns.count == 1 ? "" : "s")")
        }
    }

    /// The ranges of bytes between white space.
    ///
    /// Only ASCII's counts: croniter treats a no-break space as a letter.
    static func columns(of bytes: [UInt8]) -> [Range<Int>] {
        var columns: [Range<Int>] = []
        columns.reserveCapacity(7)
        var start: Int?
        for index in bytes.indices {
            let isSpace = bytes[index] == UInt8(ascii: " ") || 0x09...0x0D ~= bytes[index]
            if isSpace, let first = start {
                columns.append(first..<index)
                start = nil
            } else if !isSpace, start == nil {
                start = index
            }
        }
        if let start { columns.append(start..<bytes.count) }
        return columns
    }

    /// An error about a part of the text.
    func error(
        _ code: CronExpressionError.Code, _ field: CronField?, _ part: Range<Int>, expected: String
    ) -> CronExpressionError {
        // Parts begin and end at ASCII characters, so this never cuts a character in two. The columns of an @ name have no
        // errors; if one did, its range might not lie within the text as written.
        let original = Array(text.utf8)
        let written = part.upperBound <= original.count ? original[part] : bytes[part]
        return CronExpressionError(
            code: code, expression: text, field: field, text: String(decoding: written, as: UTF8.self),
            position: part.lowerBound, expected: expected)
    }

    static func lowercased(_ byte: UInt8) -> UInt8 {
        UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte | 0x20 : byte
    }

    private static func isShorthand(_ text: String) -> Bool {
        text.utf8.first == UInt8(ascii: "@")
    }

    /// The columns that an `@` name means, or the text itself if it is no such name.
    ///
    /// White space around a name is not allowed.
    private static func expansion(of text: String) -> [UInt8] {
        let expression =
            switch text.lowercased() {
            case "@midnight", "@daily": "0 0 * * *"
            case "@hourly": "0 * * * *"
            case "@weekly": "0 0 * * 0"
            case "@monthly": "0 0 1 * *"
            case "@yearly", "@annually": "0 0 1 1 *"
            default: text
            }
        return Array(expression.utf8)
    }
}
