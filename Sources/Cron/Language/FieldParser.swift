/// Parses one column into the values that it admits, as croniter does: lists, ranges, steps and names.
struct FieldParser {
    let source: CronSource
    let field: CronField
    /// The source of the value of `H`, and of an `R` that was never resolved; `nil` without an id.
    let seed: UInt32?

    var bytes: [UInt8] { source.bytes }

    func parse(_ column: Range<Int>) throws(CronExpressionError) -> FieldValues {
        var values = FieldValues()
        if let hashed = try HashedField(self, column) {
            try insert(hashed, column, into: &values)
            return values
        }
        if bytes[column].contains(UInt8(ascii: "?")) {
            guard column.count == 1, field == .dayOfMonth || field == .dayOfWeek else {
                throw error(.syntax, column, expected: "? alone, and only as day of month or day of week")
            }
            values.hasStar = true
            return values
        }
        var start = column.lowerBound
        while start <= column.upperBound {
            let end = bytes[start..<column.upperBound].firstIndex(of: UInt8(ascii: ",")) ?? column.upperBound
            try insertEntry(start..<end, of: column, into: &values)
            start = end + 1
        }
        return values
    }

    private func insert(
        _ hashed: HashedField, _ column: Range<Int>, into values: inout FieldValues
    ) throws(CronExpressionError) {
        guard let seed else {
            throw hashed.isRandom
                ? error(
                    .unresolvedRandom, column,
                    expected: "R to have been resolved at registration, or an id to resolve it by")
                : error(.missingSeed, column, expected: "an id, which H takes its value from")
        }
        let (first, range) = hashed.selection(seed: seed, field: field)
        guard let range else { return insert(canonical(first), into: &values) }
        try insertRange(
            Bounds(low: first, high: range.last, step: range.step, isOpen: false), column, occurrence: nil,
            into: &values)
    }

    // MARK: Entries

    private func insertEntry(
        _ entry: Range<Int>, of column: Range<Int>, into values: inout FieldValues
    ) throws(CronExpressionError) {
        if entry.count == 1, bytes[entry.lowerBound] == UInt8(ascii: "*") {
            values.hasStar = true
            return
        }
        if field == .dayOfMonth, let day = nearestWorkingDay(entry) {
            guard entry == column else {
                throw error(.combination, entry, expected: "W with a single day, not in a list")
            }
            guard field.range.contains(day) else {
                throw error(.outOfRange, entry, expected: "a day from 1 to 31 with W")
            }
            values.nearestWorkingDay = UInt8(day)
            values.numbers.insert(day)
            return
        }
        var plain = entry
        var occurrence: WeekdayOccurrences.Occurrence?
        if field == .dayOfWeek, let (rest, found) = try occurrenceForm(entry) {
            plain = rest
            occurrence = found
        }
        if let bounds = try bounds(plain) {
            try insertRange(bounds, entry, occurrence: occurrence, into: &values)
        } else if field == .dayOfMonth, plain.count == 1, bytes[plain.lowerBound] == UInt8(ascii: "l") {
            values.hasLast = true
        } else {
            guard let number = value(plain) else { throw error(.syntax, entry, expected: field.expectation) }
            let value = canonical(number)
            guard field.range.contains(value) else { throw error(.outOfRange, entry, expected: field.expectation) }
            insert(value, into: &values)
            if let occurrence { values.occurrences.insert(occurrence, of: value) }
        }
    }

    /// `15W` or `W15`.
    private func nearestWorkingDay(_ entry: Range<Int>) -> Int? {
        guard entry.count >= 2 else { return nil }
        if bytes[entry.lowerBound] == UInt8(ascii: "w") { return Self.number(bytes[entry].dropFirst()) }
        if bytes[entry.upperBound - 1] == UInt8(ascii: "w") { return Self.number(bytes[entry].dropLast()) }
        return nil
    }

    /// `5#2`, `fri#2`, `mon-wed#1` or `L5`: the weekdays, and which occurrence of them.
    private func occurrenceForm(
        _ entry: Range<Int>
    ) throws(CronExpressionError) -> (Range<Int>, WeekdayOccurrences.Occurrence)? {
        if entry.count >= 2, bytes[entry.lowerBound] == UInt8(ascii: "l"), Self.number(bytes[entry].dropFirst()) != nil
        {
            return (entry.lowerBound + 1..<entry.upperBound, .last)
        }
        guard let hash = bytes[entry].firstIndex(of: UInt8(ascii: "#")) else { return nil }
        let days = entry.lowerBound..<hash
        // Names may form a range here, numbers may not, and neither takes a step.
        let isNumeric = bytes[days].contains { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        let isRange = bytes[days].contains(UInt8(ascii: "-"))
        let hasStep = bytes[days].contains(UInt8(ascii: "/"))
        guard let number = Self.number(bytes[hash + 1..<entry.upperBound]), !hasStep, !(isRange && isNumeric) else {
            throw error(.syntax, entry, expected: "a weekday or a range of names, #, and a number from 1 to 5")
        }
        guard 1...5 ~= number else {
            throw error(.outOfRange, entry, expected: "an occurrence from 1 to 5 after #")
        }
        return (days, .nth(number))
    }

    func insert(_ value: Int, into values: inout FieldValues) {
        values.numbers.insert(field == .year ? value - YearSet.range.lowerBound : value)
    }

    // MARK: Numbers

    /// The number that digits or a name mean, whatever the range.
    func value(_ entry: Range<Int>) -> Int? {
        Self.number(bytes[entry]) ?? field.value(ofName: bytes[entry])
    }

    /// The one number for Sunday, which is 0 and 7.
    func canonical(_ value: Int) -> Int {
        field == .dayOfWeek && value == 7 ? 0 : value
    }

    /// The value of a run of digits; `nil` when it is empty or holds anything else.
    ///
    /// A value past a billion counts as a billion, which is far out of every range. More than 4,300 digits are refused, as
    /// in Python.
    static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard !digits.isEmpty, digits.count <= 4300 else { return nil }
        var number = 0
        for byte in digits {
            let digit = byte &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            number = min(number * 10 + Int(digit), 1_000_000_000)
        }
        return number
    }

    func error(
        _ code: CronExpressionError.Code, _ part: Range<Int>, expected: String
    ) -> CronExpressionError {
        source.error(code, field, part, expected: expected)
    }
}

/// What one parsed column admits.
struct FieldValues {
    /// Plain numbers; years are counted from 1970.
    var numbers = ValueSet()
    /// The list has a star, so its other entries have no effect.
    var hasStar = false
    /// The list has an `L` (day of month).
    var hasLast = false
    /// The day of `15W` (day of month), or 0.
    var nearestWorkingDay: UInt8 = 0
    /// `5#2` and `L5` (day of week); their weekdays are in `numbers` too.
    var occurrences = WeekdayOccurrences()

    /// Distinct entries of the list; the star and `L` count as one each.
    var entryCount: Int { numbers.count + (hasStar ? 1 : 0) + (hasLast ? 1 : 0) }
}
