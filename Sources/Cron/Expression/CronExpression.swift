/// A parsed cron expression.
///
/// The language is that of croniter 7.0.0 with its default options: five columns (minute, hour, day of month, month, day
/// of week), a sixth for seconds and a seventh for years, or one of the `@` names. docs/cron.md describes it.
///
/// A value holds bit sets, with no reference to a calendar or a clock. Asking it for a time allocates nothing.
package struct CronExpression: Sendable, Hashable, CustomStringConvertible {
    /// The expression as it was given.
    package let text: String

    let seconds: UInt64
    let minutes: UInt64
    let hours: UInt32
    let days: DayRule
    let months: UInt16
    let years: YearSet
    /// The least distance between two times: 60 seconds without a column for seconds, else 1.
    package let resolution: Int

    /// Parses an expression.
    ///
    /// - Parameters:
    ///   - text: The expression. Letter case does not matter.
    ///   - id: The id of the definition. `H` takes its values from it, the same ones as croniter with this `hash_id`. So
    ///     does an `R` that was never resolved (see ``resolvingRandomFields(_:using:)``). An `@` name means the same with
    ///     and without an id, as in RQ.
    /// - Throws: ``CronExpressionError`` for everything that croniter refuses, for `H` and `R` without an id, and for an
    ///   expression that has no date in any year.
    package init(_ text: String, id: String? = nil) throws(CronExpressionError) {
        let source = try CronSource(text)
        let seed = id.map { crc32($0.utf8) }
        func parse(_ field: CronField) throws(CronExpressionError) -> FieldValues {
            try FieldParser(source: source, field: field, seed: seed).parse(source.columns[field.rawValue])
        }
        minutes = Self.bits(try parse(.minute), of: .minute)
        hours = UInt32(truncatingIfNeeded: Self.bits(try parse(.hour), of: .hour))
        let daysOfMonth = try parse(.dayOfMonth)
        months = UInt16(truncatingIfNeeded: Self.bits(try parse(.month), of: .month))
        days = try DayRule(daysOfMonth: daysOfMonth, daysOfWeek: try parse(.dayOfWeek), source: source)
        seconds = source.columns.count > 5 ? Self.bits(try parse(.second), of: .second) : 1
        resolution = source.columns.count > 5 ? 1 : 60
        years = source.columns.count > 6 ? YearSet(try parse(.year)) : .all
        self.text = text
        guard hasDate else {
            throw CronExpressionError(
                code: .neverMatches, expression: text, field: nil, text: text, position: 0,
                expected: "a date that exists in some year; this one never comes")
        }
    }

    /// Whether the hour column admits all 24 hours, however it is written: `*`, `*/1`, `0-23`.
    ///
    /// This decides what happens when clocks change: see ``next(after:in:)``.
    package var admitsEveryHour: Bool { hours == 0xFF_FFFF }

    /// The expression as it was given.
    package var description: String { text }

    /// The bits of the admitted values; with a star, those of the whole column.
    private static func bits(_ values: FieldValues, of field: CronField) -> UInt64 {
        guard values.hasStar else { return values.numbers.lowWord }
        return field.range.reduce(into: 0) { $0 |= 1 << UInt64($1) }
    }
}
