/// Why an item of a list of exclusions is refused.
package struct ExclusionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong; more cases may be added.
    package struct Code: Sendable, Hashable {
        private enum Value { case empty, syntax, date, order, expression }
        private let value: Value

        /// The item is empty or white space.
        package static let empty = Code(value: .empty)
        /// The item is neither a cron expression nor a date nor a range of dates.
        package static let syntax = Code(value: .syntax)
        /// A date that the calendar does not have, such as 2026-02-30.
        package static let noSuchDate = Code(value: .date)
        /// A range that ends before it begins.
        package static let order = Code(value: .order)
        /// The cron expression is refused; ``ExclusionError/cause`` says why.
        package static let expression = Code(value: .expression)
    }

    /// What went wrong.
    package let code: Code
    /// The item, as it was written.
    package let item: String
    /// The item's place in the list; the first is 1.
    package let position: Int
    /// Why a cron expression is refused; `nil` for dates.
    package let cause: CronExpressionError?

    private let expected: String

    init(_ code: Code, _ item: String, at position: Int, expected: String) {
        self.code = code
        self.item = item
        self.position = position
        self.expected = expected
        cause = nil
    }

    init(_ cause: CronExpressionError, at position: Int) {
        code = .expression
        item = cause.expression
        self.position = position
        expected = cause.expected
        self.cause = cause
    }

    /// A sentence for a person, on one line: `item 2, "2026-02-30": expected a date that exists, and …`.
    ///
    /// What does not print is escaped, and long texts are cut.
    package var description: String {
        guard let cause else { return "item \(position), \(QuotedText(item)): expected \(expected)" }
        return "item \(position): \(cause)"
    }
}
