/// An expression in words: `every weekday at 07:00`.
///
/// Only what can be said in a short sentence is; for all else the expression speaks for itself.
struct CronSentence {
    private let expression: CronExpression

    init(_ expression: CronExpression) {
        self.expression = expression
    }

    var text: String? {
        guard expression.years.isAll, let days else { return nil }
        let months =
            expression.months == 0b1_1111_1111_1110
            ? "" : " in \(Self.list(Self.names(expression.months, Self.monthNames)))"
        if let times { return "\(days.isEmpty ? "every day" : days) at \(times)\(months)" }
        guard let period else { return nil }
        return period + (days.isEmpty ? "" : ", \(days)") + months
    }

    // MARK: Times of a day

    /// The most times that are named one by one.
    private static let mostNamed = 4

    private var minutes: [Int] { Self.members(expression.minutes) }
    private var hours: [Int] { Self.members(UInt64(expression.hours)) }
    private var isWholeMinute: Bool { expression.seconds == 1 }

    /// `07:00 and 19:00`.
    private var times: String? {
        guard minutes.count * hours.count <= Self.mostNamed, expression.seconds.nonzeroBitCount == 1 else { return nil }
        let second = expression.seconds.trailingZeroBitCount
        let suffix = second == 0 ? "" : ":\(Self.two(second))"
        return Self.list(hours.flatMap { hour in minutes.map { "\(Self.two(hour)):\(Self.two($0))\(suffix)" } })
    }

    /// `every 5 minutes from 09:00 to 17:59`.
    private var period: String? {
        if !isWholeMinute {
            // Seconds are told where every minute has the same ones.
            guard minutes.count == 60, let step = Self.step(of: Self.members(expression.seconds), in: 60) else {
                return nil
            }
            return hourRange(step == 1 ? "every second" : "every \(step) seconds", isWithin: true)
        }
        if let step = Self.step(of: minutes, in: 60) {
            return hourRange(step == 1 ? "every minute" : "every \(step) minutes", isWithin: true)
        }
        guard minutes.count <= Self.mostNamed else { return nil }
        let suffix = minutes == [0] ? "" : " at \(Self.list(minutes.map { ":\(Self.two($0))" }))"
        if hours.count < 24, hours.count > 1, let step = Self.step(of: hours, in: 24) {
            return "every \(step) hours\(suffix)"
        }
        return hourRange("every hour", isWithin: false).map { $0 + suffix }
    }

    /// Adds the hours to a period, where they are all or follow each other.
    private func hourRange(_ period: String, isWithin: Bool) -> String? {
        guard hours.count < 24 else { return period }
        guard let first = hours.first, let last = hours.last, last - first == hours.count - 1 else { return nil }
        return "\(period) from \(Self.two(first)):00 to \(Self.two(last)):\(isWithin ? "59" : "00")"
    }

    // MARK: Days

    /// `every weekday`; empty for every day, `nil` for what takes too many words.
    private var days: String? {
        if expression.days.required != nil { return nil }
        if expression.days.isEveryDay { return "" }
        guard let first = Self.days(of: expression.days.first) else { return nil }
        guard let second = expression.days.second else { return first }
        return Self.days(of: second).map { "\(first) and \($0)" }
    }

    private static func days(of pattern: DayPattern) -> String? {
        let inMonth = dayOfMonth(pattern)
        let inWeek = weekdays(pattern)
        switch (inMonth, inWeek) {
        case (.every, .every): return ""
        case (.named(let text), .every), (.every, .named(let text)): return text
        case (.named, .named), (.unsayable, _), (_, .unsayable): return nil
        }
    }

    private enum Words {
        case every
        case named(String)
        case unsayable
    }

    private static func dayOfMonth(_ pattern: DayPattern) -> Words {
        if pattern.nearestWorkingDay != 0 {
            return .named("on the working day nearest to the \(ordinal(Int(pattern.nearestWorkingDay))) of each month")
        }
        if pattern.daysOfMonth | 1 == .max { return .every }
        let numbers = members(UInt64(pattern.daysOfMonth)).filter { (1...31).contains($0) }
        guard numbers.count + (pattern.includesLastDay ? 1 : 0) <= mostNamed else { return .unsayable }
        let names = numbers.map { "the \(ordinal($0))" } + (pattern.includesLastDay ? ["the last day"] : [])
        return .named("on \(list(names)) of each month")
    }

    private static func weekdays(_ pattern: DayPattern) -> Words {
        if !pattern.occurrences.isEmpty {
            let names = (0..<7).flatMap { weekday in
                let bits = pattern.occurrences[weekday]
                return members(UInt64(bits)).map { "the \($0 == 0 ? "last" : ordinal($0)) \(weekdayNames[weekday])" }
            }
            return names.count <= mostNamed ? .named("on \(list(names)) of each month") : .unsayable
        }
        switch pattern.weekdays & 0x7F {
        case 0x7F: return .every
        case 0b011_1110: return .named("every weekday")
        case 0b100_0001: return .named("every Saturday and Sunday")
        case let bits:
            // A week begins on Monday.
            let days = members(UInt64(bits)).map { $0 == 0 ? 7 : $0 }.sorted()
            let names = days.map { weekdayNames[$0 % 7] }
            guard let first = days.first, let last = days.last else { return .unsayable }
            if days.count > 2, last - first == days.count - 1 {
                return .named("\(names[0]) to \(names[names.count - 1])")
            }
            return .named("every \(list(names))")
        }
    }

    // MARK: Words

    private static let weekdayNames = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
    private static let monthNames = [
        "", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
        "November",
        "December",
    ]

    private static func names(_ bits: UInt16, _ names: [String]) -> [String] {
        members(UInt64(bits)).filter(names.indices.contains).map { names[$0] }
    }

    private static func members(_ bits: UInt64) -> [Int] { (0..<64).filter { bits & (1 << UInt64($0)) != 0 } }

    /// The distance between the members, where they begin at 0 and go round without a gap.
    private static func step(of members: [Int], in count: Int) -> Int? {
        guard members.count > 1, members[0] == 0, count.isMultiple(of: members.count) else { return nil }
        let step = count / members.count
        return members.enumerated().allSatisfy { $1 == $0 * step } ? step : nil
    }

    private static func list(_ words: [String]) -> String {
        guard words.count > 1, let last = words.last else { return words.first ?? "" }
        return "\(words.dropLast().joined(separator: ", ")) and \(last)"
    }

    private static func ordinal(_ number: Int) -> String {
        switch (number % 10, number % 100) {
        case (_, 11...13): "\(number)th"
        case (1, _): "\(number)st"
        case (2, _): "\(number)nd"
        case (3, _): "\(number)rd"
        default: "\(number)th"
        }
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

extension CronExpression {
    /// The expression in words: `every weekday at 07:00`; `nil` for what takes a long sentence.
    package var sentence: String? { CronSentence(self).text }
}
