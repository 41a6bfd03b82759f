/// Which days of a month an expression admits: what its day-of-month and day-of-week fields say together.
///
/// The rule is cron's: when both fields are restricted, a day that satisfies either is admitted. croniter keeps `#`,
/// `L5` and `W` outside of the two fields, so with them both sides carry the special part and the union comes to one
/// side alone; but it still insists that each side can be met, and gives up when one cannot. So do we.
struct DayRule: Sendable, Hashable {
    private let first: DayPattern
    private let second: DayPattern?
    /// A pattern that must have a match ahead, or the expression has none.
    ///
    /// The narrower side of a rule with a special part; `nil` for every common expression.
    let required: DayPattern?

    /// Days that match one pattern.
    init(_ pattern: DayPattern) {
        first = pattern
        second = nil
        required = nil
    }

    /// Days that match either of two patterns.
    init(either first: DayPattern, or second: DayPattern) {
        self.first = first
        self.second = second
        required = nil
    }

    /// Days that match `pattern`, as long as some later day also matches the narrower `required`.
    init(_ pattern: DayPattern, whileReachable required: DayPattern) {
        first = pattern
        second = nil
        self.required = required
    }

    /// The days that hold in a month of this shape, as a bit set.
    func days(in month: MonthShape) -> UInt32 {
        let days = first.days(in: month)
        guard let second else { return days }
        return days | second.days(in: month)
    }
}
