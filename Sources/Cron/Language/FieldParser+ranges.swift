extension FieldParser {
    /// The ends and the step of a range, as written.
    struct Bounds {
        let low: Int
        let high: Int
        let step: Int
        /// The form `5/15`, whose end is the column's last value.
        let isOpen: Bool
    }

    /// The bounds of `1-5`, `1-5/2`, `*/2` or `5/15`; `nil` when the entry has another form.
    func bounds(_ entry: Range<Int>) throws(CronExpressionError) -> Bounds? {
        let slash = bytes[entry].lastIndex(of: UInt8(ascii: "/"))
        let ends = entry.lowerBound..<(slash ?? entry.upperBound)
        let dash = bytes[ends].firstIndex(of: UInt8(ascii: "-"))
        if slash == nil && dash == nil { return nil }
        var step = 1
        if let slash {
            guard let number = Self.number(bytes[slash + 1..<entry.upperBound]) else {
                throw error(.syntax, slash + 1..<entry.upperBound, expected: "a number after the slash, the step")
            }
            step = number
        }
        let bounds: Bounds
        if let dash {
            bounds = Bounds(
                low: try end(ends.lowerBound..<dash, of: entry, expectation: field.numberExpectation),
                high: try upperEnd(dash + 1..<ends.upperBound, of: entry),
                step: step, isOpen: false)
        } else if ends.count == 1, bytes[ends.lowerBound] == UInt8(ascii: "*") {
            bounds = Bounds(low: field.range.lowerBound, high: field.range.upperBound, step: step, isOpen: false)
        } else {
            bounds = Bounds(
                low: try end(ends, of: entry, expectation: field.numberExpectation), high: field.range.upperBound,
                step: step, isOpen: true)
        }
        if step == 0 { throw error(.zeroStep, entry, expected: "a step of at least 1") }
        return bounds
    }

    /// - Parameter expectation: What is allowed there, for the error.
    private func end(
        _ part: Range<Int>, of entry: Range<Int>, expectation: @autoclosure () -> String
    ) throws(CronExpressionError) -> Int {
        guard let value = value(part) else {
            // For an empty part, the error shows the entry that lacks it.
            throw error(.syntax, part.isEmpty ? entry : part, expected: expectation())
        }
        return value
    }

    /// A range of days may end in `L`, which means 31 there.
    private func upperEnd(_ part: Range<Int>, of entry: Range<Int>) throws(CronExpressionError) -> Int {
        if field == .dayOfMonth, part.count == 1, bytes[part.lowerBound] == UInt8(ascii: "l") { return 31 }
        return try end(part, of: entry, expectation: field.expectation)
    }

    /// Adds the values of a range.
    ///
    /// A range with equal ends is the whole column. One that ends before it begins wraps around the column's end.
    func insertRange(
        _ bounds: Bounds, _ entry: Range<Int>, occurrence: WeekdayOccurrences.Occurrence?,
        into values: inout FieldValues
    ) throws(CronExpressionError) {
        let range = field.range
        var low = canonical(bounds.low)
        var high = canonical(bounds.high)
        guard max(low, high) <= range.upperBound else {
            throw error(.outOfRange, entry, expected: "two ends, each \(field.expectation)")
        }
        if low == high, !bounds.isOpen { (low, high) = (range.lowerBound, range.upperBound) }
        guard low >= range.lowerBound else {
            throw error(.outOfRange, entry, expected: "two ends, each \(field.expectation)")
        }
        func add(_ value: Int) {
            insert(value, into: &values)
            if let occurrence { values.occurrences.insert(occurrence, of: value) }
        }
        guard low > high else {
            for value in stride(from: low, through: high, by: bounds.step) { add(value) }
            return
        }
        var last = low
        for value in stride(from: low, through: range.upperBound, by: bounds.step) {
            add(value)
            last = value
        }
        let start = range.lowerBound + Self.skipped(after: last, step: bounds.step, range: range)
        for value in stride(from: start, through: high, by: bounds.step) { add(value) }
    }

    /// How many values a wrapping range passes over at the column's start, to keep its step across the end.
    ///
    /// This is croniter's formula with its quirk: a step that passes the end is counted one value too far, so the hours
    /// `22-5/3` are 22, 2 and 5 where the clock would say 22, 1 and 4.
    private static func skipped(after last: Int, step: Int, range: ClosedRange<Int>) -> Int {
        let left = range.upperBound - last
        let stepsPastEnd = last - range.lowerBound + step > range.count
        return stepsPastEnd && left < step ? step - left : 0
    }
}
