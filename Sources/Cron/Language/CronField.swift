/// A column of a cron expression, in the order in which columns are written.
package enum CronField: Int, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    case minute
    case hour
    case dayOfMonth
    case month
    case dayOfWeek
    case second
    case year

    /// The column's name in words: `day of month`.
    package var description: String {
        switch self {
        case .minute: "minute"
        case .hour: "hour"
        case .dayOfMonth: "day of month"
        case .month: "month"
        case .dayOfWeek: "day of week"
        case .second: "second"
        case .year: "year"
        }
    }

    /// The numbers that the column admits; Sunday is 0, and 7 is read as 0.
    package var range: ClosedRange<Int> {
        switch self {
        case .minute, .second: 0...59
        case .hour: 0...23
        case .dayOfMonth: 1...31
        case .month: 1...12
        case .dayOfWeek: 0...6
        case .year: YearSet.range
        }
    }

    /// A list with this many entries names everything, and counts as a star.
    var fullCount: Int { range.count }

    /// The number of a name such as `jan` or `mon`, given in lower case.
    func value(ofName name: some Collection<UInt8>) -> Int? {
        guard name.count == 3, let (names, first) = names else { return nil }
        let index = names.firstIndex { $0.utf8.elementsEqual(name) }
        return index.map { $0 + first }
    }

    private var names: (words: [String], first: Int)? {
        switch self {
        case .month: (Self.months, 1)
        case .dayOfWeek: (Self.weekdays, 0)
        default: nil
        }
    }

    private static let months = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]
    private static let weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

    /// What a single entry of the column may be, for errors.
    var expectation: String {
        self == .dayOfMonth ? "\(numberExpectation) or L" : numberExpectation
    }

    /// What a range may begin with, for errors.
    var numberExpectation: String {
        switch self {
        case .month: "a number from 1 to 12 or a name from jan to dec"
        case .dayOfWeek: "a number from 0 to 7 or a name from sun to sat"
        default: "a number from \(range.lowerBound) to \(range.upperBound)"
        }
    }
}
