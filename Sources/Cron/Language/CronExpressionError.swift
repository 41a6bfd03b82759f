/// Why a text is not a cron expression: what was wrong, where, and what was expected there.
package struct CronExpressionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong; more cases may be added.
    package struct Code: Sendable, Hashable {
        private enum Value { case columns, syntax, range, step, combination, seed, random, never }
        private let value: Value

        /// The text has neither 5, 6 or 7 columns nor an `@` name.
        package static let columnCount = Code(value: .columns)
        /// An entry has none of the forms that its column allows.
        package static let syntax = Code(value: .syntax)
        /// A number lies outside of the column's range.
        package static let outOfRange = Code(value: .range)
        /// A step of zero.
        package static let zeroStep = Code(value: .step)
        /// Entries that are valid by themselves but not together.
        package static let combination = Code(value: .combination)
        /// `H` without an id to hash.
        package static let missingSeed = Code(value: .seed)
        /// `R` that was never resolved, without an id to resolve it by.
        package static let unresolvedRandom = Code(value: .random)
        /// The expression names a date that does not exist, such as 30 February.
        package static let neverMatches = Code(value: .never)
    }

    /// What went wrong.
    package let code: Code
    /// The whole expression.
    package let expression: String
    /// The column at fault; `nil` if it is the expression as a whole.
    package let field: CronField?
    /// The offending part, as it was written.
    package let text: String
    /// Where that part begins, in bytes of UTF-8 from the start of the expression.
    package let position: Int
    /// What would have been right, in words that follow "expected".
    package let expected: String

    /// A sentence for a person: `minute "61" at offset 0 of "61 * * * *": expected a number from 0 to 59`.
    ///
    /// It is one line: what does not print is escaped, and long texts are cut. For an expression that another tool would
    /// accept, a hint follows at the end.
    package var description: String {
        let hint = CronDialect.hint(aboutRefused: expression).map { "; \($0)" } ?? ""
        let expression = QuotedText(expression)
        if let field {
            return "\(field) \(QuotedText(text)) at offset \(position) of \(expression): expected \(expected)\(hint)"
        }
        return "cron expression \(expression): expected \(expected)\(hint)"
    }
}
