/// A small set of integers from 0 to 191: the values of one field.
struct ValueSet: Sendable, Hashable {
    private var words = SIMD4<UInt64>()

    /// The members from 0 to 63, one bit for each.
    var lowWord: UInt64 { words[0] }

    var count: Int { words[0].nonzeroBitCount + words[1].nonzeroBitCount + words[2].nonzeroBitCount }

    func contains(_ value: Int) -> Bool {
        words[value >> 6] & (1 << UInt64(value & 63)) != 0
    }

    mutating func insert(_ value: Int) {
        words[value >> 6] |= 1 << UInt64(value & 63)
    }
}

/// The years that an expression admits: all of them, or some between 1970 and 2099.
struct YearSet: Sendable, Hashable {
    /// Years that the seventh field can name, croniter's own range.
    static let range = 1970...2099

    /// Bit `y - 1970`; `nil` when every year is admitted, those past 2099 included.
    private let values: ValueSet?

    /// Every year.
    static let all = YearSet(values: nil)

    private init(values: ValueSet?) {
        self.values = values
    }

    /// The years of the seventh column.
    ///
    /// A list that names all of them counts as a star, which goes on past 2099.
    init(_ values: FieldValues) {
        self.init(values: values.hasStar || values.entryCount == CronField.year.fullCount ? nil : values.numbers)
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

extension FixedWidthInteger where Self: UnsignedInteger {
    /// The lowest member of this bit set that is not below `position`.
    @inline(__always)
    func firstBit(from position: Int) -> Int? {
        let rest = self & (Self.max << position)
        return rest == 0 ? nil : rest.trailingZeroBitCount
    }

    /// The highest member of this bit set that is not above `position`.
    @inline(__always)
    func lastBit(upTo position: Int) -> Int? {
        guard position >= 0 else { return nil }
        let rest = position + 1 >= Self.bitWidth ? self : self & ((1 << (position + 1)) &- 1)
        return rest == 0 ? nil : Self.bitWidth - 1 - rest.leadingZeroBitCount
    }
}
