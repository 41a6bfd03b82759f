/// One item of a list of exclusions: the days of a date or range, or the times of an expression.
enum ExclusionItem {
    /// Numbers of local days.
    case days(ClosedRange<Int>)
    case times(CronExpression)

    /// - Parameters:
    ///   - position: The item's place in the list, for errors; the first is 1.
    ///   - id: The id of the definition, which `H` needs.
    init(_ text: String, position: Int, id: String?) throws(ExclusionError) {
        let bytes = Array(text.utf8)
        let columns = CronSource.columns(of: bytes).count
        guard columns > 0 else {
            throw ExclusionError(.empty, text, at: position, expected: Self.forms)
        }
        // An expression has several columns or is an @ name, and no column begins as a date does.
        guard Self.beginsAsDate(bytes) || columns == 1 && bytes.first != UInt8(ascii: "@") else {
            do {
                self = .times(try Self.expression(text, id: id))
            } catch {
                throw ExclusionError(error, at: position)
            }
            return
        }
        let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count <= 2 else { throw ExclusionError(.syntax, text, at: position, expected: Self.forms) }
        let first = try Self.day(parts[0], of: text, at: position)
        let last = parts.count == 2 ? try Self.day(parts[1], of: text, at: position) : first
        guard first <= last else {
            throw ExclusionError(.order, text, at: position, expected: "a range that does not end before it begins")
        }
        self = .days(first...last)
    }

    private static let forms = """
        a cron expression, a date such as 2026-12-25, or a range of dates such as 2026-12-24/2027-01-02
        """

    /// An expression without `R`, which every process would read with numbers of its own.
    private static func expression(_ text: String, id: String?) throws(CronExpressionError) -> CronExpression {
        let source = try CronSource(text)
        for (field, column) in zip(CronField.allCases, source.columns) {
            let parser = FieldParser(source: source, field: field, seed: nil)
            if let hashed = try HashedField(parser, column), hashed.isRandom {
                throw parser.error(
                    .unresolvedRandom, column,
                    expected:
                        "no R in an exclusion, where it would be drawn anew at each reading; H takes a fixed value")
            }
        }
        return try CronExpression(text, id: id)
    }

    // MARK: Dates

    private static func beginsAsDate(_ bytes: [UInt8]) -> Bool {
        bytes.count > 4 && bytes[4] == UInt8(ascii: "-") && FieldParser.number(bytes[..<4]) != nil
    }

    /// The number of the day that `YYYY-MM-DD` names, from 0001-01-01 to 9999-12-31.
    private static func day(
        _ bytes: ArraySlice<UInt8>, of text: String, at position: Int
    ) throws(ExclusionError) -> Int {
        let parts = bytes.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        let numbers = parts.compactMap { FieldParser.number($0) }
        guard parts.map(\.count) == [4, 2, 2], numbers.count == 3 else {
            throw ExclusionError(.syntax, text, at: position, expected: forms)
        }
        let date = CivilDate(year: numbers[0], month: numbers[1], day: numbers[2])
        let written = QuotedText(String(decoding: bytes, as: UTF8.self))
        guard date.year >= 1, 1...12 ~= date.month else {
            throw ExclusionError(
                .noSuchDate, text, at: position,
                expected: "a date that exists, and \(written) does not: years begin with 0001, months are 01 to 12")
        }
        let length = CivilDate.length(ofMonth: date.month, year: date.year)
        guard 1...length ~= date.day else {
            throw ExclusionError(
                .noSuchDate, text, at: position,
                expected: "a date that exists, and \(written) does not: that month has days 01 to \(length)")
        }
        return date.dayNumber
    }
}
