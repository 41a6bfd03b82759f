extension CronExpression {
    /// Replaces each `R` of an expression by the plain numbers that a draw selects, and leaves the rest as written.
    ///
    /// Meant for the moment of registration: the drawn text is what is stored, so that every process and every restart
    /// computes the same times. (croniter draws anew whenever it parses.) The result is plain cron that croniter reads
    /// too. Each column is checked, so that an error names its place in the text as written; what the columns come to
    /// together is left to ``init(_:id:)``.
    ///
    /// - Throws: ``CronExpressionError`` when a column is one that croniter refuses, or the text has not 5, 6 or 7
    ///   columns.
    public static func resolvingRandomFields(
        _ text: String, using generator: inout some RandomNumberGenerator
    ) throws(CronExpressionError) -> String {
        let source = try CronSource(text)
        // An @ name stands for columns without R, and stays as it is.
        guard text.utf8.first != UInt8(ascii: "@") else { return text }
        var drawn: [UInt8] = []
        var copied = 0
        let written = Array(text.utf8)
        for (field, column) in zip(CronField.allCases, source.columns) {
            let parser = FieldParser(source: source, field: field, seed: nil)
            guard let random = try HashedField(parser, column), random.isRandom else {
                // Any seed will do: what `H` comes to is not kept.
                _ = try FieldParser(source: source, field: field, seed: 0).parse(column)
                continue
            }
            drawn += written[copied..<column.lowerBound]
            drawn += random.text(seed: UInt32.random(in: .min ... .max, using: &generator), field: field).utf8
            copied = column.upperBound
        }
        drawn += written[copied...]
        return String(decoding: drawn, as: UTF8.self)
    }

    /// Whether a text is one that ``resolvingRandomFields(_:using:)`` may make of another that has an `R`.
    ///
    /// Tells a definition that is registered again, whose numbers stay, from one whose expression was edited. White space
    /// and letter case make no difference.
    public static func isResolution(_ drawn: String, of written: String) -> Bool {
        // A draw has the columns of what was written; an @ name has none.
        guard drawn.utf8.first != UInt8(ascii: "@"),
            let wanted = try? CronSource(written), let found = try? CronSource(drawn),
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
