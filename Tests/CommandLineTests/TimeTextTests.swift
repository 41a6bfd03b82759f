import Cron
import RQWire
import RedisCron
import Testing

@testable import rqrcron

@Suite struct TimeTextTests {
    @Test(arguments: [
        (0, "now"), (3, "in 3s"), (123, "in 2m 3s"), (3600, "in 1h"), (3661, "in 1h 1m"),
        (86_400 * 3 + 7200, "in 3d 2h"),
        (2_274_825_600, "in 72y 31d"), (-31_557_600, "1y ago"),
        (-59, "59s ago"), (-7260, "2h 1m ago"),
    ])
    func `distances have at most two units`(seconds: Int64, text: String) {
        let now = Timestamp(unixSeconds: 1_780_000_000)
        #expect(TimeText.distance(to: Timestamp(unixSeconds: now.unixSeconds + seconds), from: now) == text)
    }

    @Test func `a local time shows its offset`() throws {
        let time = try Timestamp(parsing: "2026-06-03T05:40:00.000000Z")
        #expect(TimeText.local(time, in: try ZoneRules(identifier: "Europe/Berlin")) == "2026-06-03 07:40:00 +02:00")
        #expect(TimeText.local(time, in: try ZoneRules(identifier: "America/St_Johns")) == "2026-06-03 03:10:00 -02:30")
    }

    @Test(arguments: [("abc", 3), ("é", 1), ("e\u{301}", 1), ("你好", 4), ("😀", 2), ("", 0)])
    func `the width of a text is the number of columns on a terminal`(text: String, width: Int) {
        #expect(TextWidth.of(text) == width)
    }

    @Test func `a text is cut at its width`() {
        #expect(TextWidth.cut("abcdef", to: 4) == "abc…")
        #expect(TextWidth.cut("你好吗", to: 4) == "你…")
        #expect(TextWidth.cut("abc", to: 3) == "abc")
        #expect(TextWidth.pad("你", to: 4) == "你  ")
    }
}

@Suite struct ScheduleTimesTests {
    @Test func `a calendar counts the runs on each day`() throws {
        let schedule = ScheduleTimes(
            try CronExpression("30 */12 1-3 * *"), in: try ZoneRules(identifier: "Europe/Berlin"))
        let text = MonthCalendar(schedule: schedule, instant: try Timestamp(parsing: "2026-03-15T00:00:00Z")).text
        let lines = [
            "         March 2026, Europe/Berlin", "Mo    Tu    We    Th    Fr    Sa    Su",
            "                                     1 2", " 2 2   3 2   4 .   5 .   6 .   7 .   8 .",
            " 9 .  10 .  11 .  12 .  13 .  14 .  15 .", "16 .  17 .  18 .  19 .  20 .  21 .  22 .",
            "23 .  24 .  25 .  26 .  27 .  28 .  29 .", "30 .  31 .", "6 runs", "",
        ]
        #expect(text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) == lines)
    }

    @Test func `times backwards are the same as forwards`() throws {
        let schedule = ScheduleTimes(try CronExpression("*/7 3 * * *"), in: .utc)
        let start = Timestamp(microseconds: 1_780_000_000_250_000)
        let next = Array(schedule.times(after: start).prefix(5))
        let last = try #require(next.last)
        #expect(Array(schedule.previous(4, before: last).reversed()) == Array(next.dropLast()))
        #expect(schedule.previous(1, before: last + .microseconds(1)) == [last])
    }
}
