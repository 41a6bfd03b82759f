import Cron
import RQWire
import RedisCron

/// A calendar of a month, with the number of runs on each day.
struct MonthCalendar {
    let schedule: ScheduleTimes
    /// An instant in the month.
    let instant: Timestamp

    /// The most runs that are counted.
    ///
    /// A schedule for every second has 2,678,400 in a month.
    private static let limit = 3_000_000

    var text: String {
        let (year, month, _) = date(of: instant)
        let days = Self.days(in: month, of: year)
        let counts = counts(year: year, month: month, days: days)
        let title = "\(Self.names[month - 1]) \(year), \(schedule.zone.identifier)"
        let cells = (1...days).map { day in Self.cell(day, counts[day - 1]) }
        let width = max(cells.map(\.count).max() ?? 0, 4) + 2
        var text = Self.pad("", 7 * width / 2 - title.count / 2) + title + "\n"
        text += ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"].map { Self.pad($0, width) }.joined().trimmingEnd() + "\n"
        var column = Self.weekday(year: year, month: month)
        var line = String(repeating: " ", count: column * width)
        for cell in cells {
            line += Self.pad(cell, width)
            column += 1
            if column == 7 {
                text += line.trimmingEnd() + "\n"
                (line, column) = ("", 0)
            }
        }
        if !line.isEmpty { text += line.trimmingEnd() + "\n" }
        let total = counts.reduce(0, +)
        return text + "\(total) run\(total == 1 ? "" : "s")\n"
    }

    private static func cell(_ day: Int, _ count: Int) -> String {
        let number = day < 10 ? " \(day)" : "\(day)"
        return count == 0 ? "\(number) ." : "\(number) \(count)"
    }

    /// The number of runs on each day, by the calendar of the zone.
    private func counts(year: Int, month: Int, days: Int) -> [Int] {
        var counts = [Int](repeating: 0, count: days)
        // Starts before the month in every zone, and goes on until the month is over.
        let start = Self.start(year: year, month: month) - .seconds(2 * 86_400)
        for next in schedule.times(after: start).prefix(Self.limit) {
            let found = date(of: next)
            if (found.year, found.month) == (year, month) {
                counts[found.day - 1] += 1
            } else if (found.year, found.month) > (year, month) {
                break
            }
        }
        return counts
    }

    /// The date of an instant in the zone.
    private func date(of instant: Timestamp) -> (year: Int, month: Int, day: Int) {
        let offset = schedule.zone.offset(at: instant.unixSeconds)
        let parts = (instant + .seconds(offset)).wireFormat.prefix(10).split(separator: "-").compactMap { Int($0) }
        return parts.count == 3 ? (parts[0], parts[1], parts[2]) : (1, 1, 1)
    }

    private static func start(year: Int, month: Int) -> Timestamp {
        let digits = String(repeating: "0", count: max(0, 4 - String(year).count)) + String(year)
        let text = "\(digits)-\(month < 10 ? "0" : "")\(month)-01T00:00:00Z"
        return (try? Timestamp(parsing: text)) ?? .earliest
    }

    private static func days(in month: Int, of year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    /// The weekday on which a month begins; Monday is 0. (1970-01-01 was a Thursday.)
    private static func weekday(year: Int, month: Int) -> Int {
        let days = start(year: year, month: month).unixSeconds / 86_400
        return Int(((days + 3) % 7 + 7) % 7)
    }

    private static let names = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}

extension String {
    /// Without blanks at its end.
    fileprivate func trimmingEnd() -> String {
        String(self[..<(lastIndex { $0 != " " }.map(index(after:)) ?? startIndex)])
    }
}
