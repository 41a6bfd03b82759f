/// Why a text is no cron expression: what was wrong, where, and what was expected there.
public struct CronExpressionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong; more cases may be added.
    public struct Code: Sendable, Hashable {
        private enum Value { case columns, syntax, range, step, combination, seed, random, never }
        private let value: Value

        /// There are not 5, 6 or 7 columns, and the text is no `@` name.
        public static let columnCount = Code(value: .columns)
        /// An entry has none of the forms that its column knows.
        public static let syntax = Code(value: .syntax)
        /// A number lies outside of the column's range.
        public static let outOfRange = Code(value: .range)
        /// A step of zero.
        public static let zeroStep = Code(value: .step)
        /// Entries that are right by themselves and cannot stand together.
        public static let combination = Code(value: .combination)
        /// `H` without an id to hash.
        public static let missingSeed = Code(value: .seed)
        /// `R` that was never drawn, and no id to settle it by.
        public static let unresolvedRandom = Code(value: .random)
        /// The expression names a date that no calendar has, such as 30 February.
        public static let neverMatches = Code(value: .never)
    }

    /// What went wrong.
    public let code: Code
    /// The whole expression.
    public let expression: String
    /// The column in which it went wrong; `nil` when it concerns the expression as a whole.
    public let field: CronField?
    /// The offending part, as it was written.
    public let text: String
    /// Where that part begins: bytes of UTF-8 from the start of the expression.
    public let position: Int
    /// What would have been right, as words that follow "expected".
    public let expected: String

    /// A sentence for a person: `minute "61" at offset 0 of "61 * * * *": expected a number from 0 to 59`.
    ///
    /// One line: what does not print is escaped, and long texts are cut. An expression that another tool would take gets a
    /// hint at the end.
    public var description: String {
        let hint = CronDialect.hint(aboutRefused: expression).map { "; \($0)" } ?? ""
        let expression = QuotedText(expression)
        if let field {
            return "\(field) \(QuotedText(text)) at offset \(position) of \(expression): expected \(expected)\(hint)"
        }
        return "cron expression \(expression): expected \(expected)\(hint)"
    }
}
