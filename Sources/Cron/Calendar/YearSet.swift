/// The years that an expression admits: all of them, or some between 1970 and 2099.
struct YearSet: Sendable, Hashable {
    /// Years that the seventh field can name, croniter's own range.
    static let range = 1970...2099

    /// Bit `y - 1970`; `nil` when every year is admitted, those past 2099 included.
    private let values: ValueSet?

    /// Every year.
    static let all = YearSet(values: nil)

    init(values: ValueSet?) {
        self.values = values
    }

    var isAll: Bool { values == nil }

    func contains(_ year: Int) -> Bool {
        guard let values else { return true }
        return Self.range.contains(year) && values.contains(year - Self.range.lowerBound)
    }

    /// The first admitted year not before `year`.
    func first(from year: Int) -> Int? {
        guard let values else { return year }
        var year = max(year, Self.range.lowerBound)
        while year <= Self.range.upperBound {
            if values.contains(year - Self.range.lowerBound) { return year }
            year += 1
        }
        return nil
    }

    /// The last admitted year not after `year`.
    func last(upTo year: Int) -> Int? {
        guard let values else { return year }
        var year = min(year, Self.range.upperBound)
        while year >= Self.range.lowerBound {
            if values.contains(year - Self.range.lowerBound) { return year }
            year -= 1
        }
        return nil
    }
}
