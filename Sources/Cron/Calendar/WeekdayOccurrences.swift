/// Which occurrences of each weekday in a month are admitted: the third Friday, the last Monday.
struct WeekdayOccurrences: Sendable, Hashable {
    /// The bit of a weekday's set that stands for its last occurrence; bits 1 to 5 count from the month's start.
    static let last: UInt8 = 1

    /// Eight bits for each weekday, Sunday in the lowest ones.
    private var packed: UInt64 = 0

    var isEmpty: Bool { packed == 0 }

    /// The weekdays (bit 0 is Sunday) of which at least one occurrence is admitted.
    var weekdays: UInt8 {
        (0..<7).reduce(into: 0) { set, weekday in
            if self[weekday] != 0 { set |= 1 << weekday }
        }
    }

    /// The admitted occurrences of one weekday: bits 1 to 5, and ``last``.
    subscript(weekday: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: packed >> (weekday * 8))
    }

    mutating func insert(_ occurrence: Occurrence, of weekday: Int) {
        let bit: UInt64 =
            switch occurrence {
            case .nth(let number): 1 << number
            case .last: UInt64(Self.last)
            }
        packed |= bit << (weekday * 8)
    }

    /// One occurrence of a weekday in its month.
    enum Occurrence: Sendable, Hashable {
        /// Counted from the month's start, 1 to 5.
        case nth(Int)
        case last
    }
}
