import TestSupport

@testable import Cron

/// A time as docs/cron.md writes it: `2026-03-29 03:30 +02:00`, with seconds when there are any.
struct LocalTime: CustomStringConvertible {
    let instant: Int64
    let offset: Int
    /// Times in UTC are written without an offset.
    let showsOffset: Bool

    init(_ instant: Int64, in zone: ZoneRules, showsOffset: Bool = true) {
        self.instant = instant
        offset = zone.offset(at: instant)
        self.showsOffset = showsOffset
    }

    /// - Throws: when the text has another form, or the zone has another offset then.
    init(parsing text: String, in zone: ZoneRules) throws {
        var digits = text.split { !("0"..."9").contains($0) }.compactMap { Int($0) }
        let second = digits.count == 8 ? digits.remove(at: 5) : 0
        guard digits.count == 7, let sign = text.dropLast(6).last.map({ _ in text.suffix(6).hasPrefix("-") ? -1 : 1 })
        else {
            throw SupportError("\"\(text)\" is no local time")
        }
        let offset = sign * (digits[5] * 3600 + digits[6] * 60)
        let day = CivilDate(year: digits[0], month: digits[1], day: digits[2]).dayNumber
        self.init(Int64(day * 86_400 + digits[3] * 3600 + digits[4] * 60 + second - offset), in: zone)
        guard self.offset == offset else { throw SupportError("\"\(text)\" is not a time of \(zone)") }
    }

    var description: String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let reading = Int(instant) + offset
        let dayNumber = reading.flooredQuotient(by: .secondsPerDay)
        let date = CivilDate(dayNumber: dayNumber)
        let (hour, minute, second) = CronExpression.timeOfDay(reading - dayNumber * .secondsPerDay)
        let seconds = second == 0 ? "" : ":\(two(second))"
        let minutes = abs(offset) / 60
        let suffix = showsOffset ? " \(offset < 0 ? "-" : "+")\(two(minutes / 60)):\(two(minutes % 60))" : ""
        return "\(date.year)-\(two(date.month))-\(two(date.day)) \(two(hour)):\(two(minute))\(seconds)\(suffix)"
    }
}
