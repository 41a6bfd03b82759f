/// Local days that dates and ranges of dates exclude, by number of the day.
struct ExcludedDates: Sendable, Hashable {
    /// In order, with at least one day between two of them.
    private let ranges: [ClosedRange<Int>]

    /// Joins ranges that overlap or follow on each other.
    init(_ days: [ClosedRange<Int>]) {
        var joined: [ClosedRange<Int>] = []
        for range in days.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = joined.last, range.lowerBound <= last.upperBound + 1 {
                joined[joined.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                joined.append(range)
            }
        }
        ranges = joined
    }

    /// The number of the day after the excluded days that hold `day`; `nil` when it is not excluded.
    func end(containing day: Int) -> Int? {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < day { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].lowerBound <= day ? ranges[low].upperBound + 1 : nil
    }
}
