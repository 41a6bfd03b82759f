import Cron
import TestSupport
import Testing

@Suite struct CronExpressionTests {
    /// Thursday, 1 January 2026, midnight UTC.
    static let newYear2026: Int64 = 1_767_225_600

    @Test(arguments: [
        "* * * * *", "*/15 0-6,22 * jan-mar MON-FRI", "0 0 L * *", "0 0 15W * ?", "0 0 w15 * *", "0 0 ? * 5#2,l3",
        "0 0 * * mon-wed#1", "0 22-3/2 * nov-feb sat-sun", "5/15 * * * *", "* * * * * */10", "0 0 1 1 * 0 2026-2030/2",
        "\t0  0 \n 1 * * ", "0 0 5-0 * *", "0 0 0-0 * *", "0 0 * * 7/2", "*/99999999999999999999 * * * *", "@HOURLY",
        "*,5 * * * *",
    ])
    func `what croniter accepts is accepted`(text: String) throws {
        let expression = try CronExpression(text)
        #expect(expression.text == text)
        #expect(expression.next(after: Self.newYear2026, in: .utc) != nil)
    }

    // Text, column, offending part, its position.
    @Test(arguments: [
        ("61 * * * *", CronField.minute, "61", 0),
        ("* 5,24 * * *", .hour, "24", 4),
        ("* * 0 * *", .dayOfMonth, "0", 4),
        ("* * * Dezember *", .month, "Dezember", 6),
        ("* * * * mon-xyz", .dayOfWeek, "xyz", 12),
        ("* * * * 5#6", .dayOfWeek, "5#6", 8),
        ("* * * * 1-5#2", .dayOfWeek, "1-5#2", 8),
        ("* * * * mon/2#1", .dayOfWeek, "mon/2#1", 8),
        ("* * * * 1#2,3", .dayOfWeek, "1#2,3", 8),
        ("* * * * L", .dayOfWeek, "L", 8),
        ("* * * * * 60", .second, "60", 10),
        ("* * * * * * 1969", .year, "1969", 12),
        ("*/0 * * * *", .minute, "*/0", 0),
        ("5- * * * *", .minute, "5-", 0),
        ("*/x * * * *", .minute, "x", 2),
        ("1,,2 * * * *", .minute, "", 2),
        ("? * * * *", .minute, "?", 0),
        ("* * ?,1 * *", .dayOfMonth, "?,1", 4),
        ("* * 15W,3 * *", .dayOfMonth, "15W", 4),
        ("* * 32W * *", .dayOfMonth, "32W", 4),
        ("* * L-3 * *", .dayOfMonth, "L", 4),
        ("H(5-5) * * * *", .minute, "H(5-5)", 0),
        ("H(0-60) * * * *", .minute, "H(0-60)", 0),
        ("H/0 * * * *", .minute, "H/0", 0),
        ("٣ * * * *", .minute, "٣", 0),
        ("é  ٣ * * *", .minute, "é", 0),
    ])
    func `what croniter refuses is refused, with its position`(
        text: String, field: CronField, part: String, position: Int
    ) throws {
        let error = try #require(throws: CronExpressionError.self) { try CronExpression(text, id: "a") }
        #expect(error.field == field)
        #expect(error.text == part)
        #expect(error.position == position)
        #expect(error.expression == text)
        #expect(error.description.contains(field.description))
        #expect(error.description.contains("expected \(error.expected)"))
    }

    @Test func `an error is one short line, whatever the text contains`() throws {
        let hostile = "\u{1B}[2J\n\"\u{2028}\u{85}\u{A0}é" + String(repeating: "x", count: 5_000_000)
        for text in [hostile, "\(hostile) * * * *"] {
            let error = try #require(throws: CronExpressionError.self) { try CronExpression(text) }
            #expect(error.description.utf8.count < 500)
            #expect(error.description.contains(#""\u{1b}[2J\n\"\u{2028}\u{85}\u{a0}éxxx"#))
            #expect(error.description.contains(#"xxx...""#))
            #expect(error.expression == text)
        }
        let error = try #require(throws: ZoneRulesError.self) { try ZoneRules(identifier: hostile) }
        #expect(error.description.utf8.count < 300)
        #expect(error.description.contains(#"unknown time zone "\u{1b}[2J\n"#))
    }

    @Test(arguments: ["", "* * * *", "* * * * * * * *", "@reboot", " @daily", "@daily ", "1\u{A0}2 3 4 5"])
    func `a wrong number of columns is refused`(text: String) throws {
        let error = try #require(throws: CronExpressionError.self) { try CronExpression(text) }
        #expect(error.code == .columnCount)
        #expect(error.field == nil)
    }

    @Test(arguments: [
        "0 0 31 2 *", "0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 29 2 * 0 2023", "0 0 1 * 5#2", "0 0 15W * 0",
        "0 0 29 2 * 0 2099",
    ])
    func `an expression without any date is refused at once`(text: String) throws {
        let error = try #require(throws: CronExpressionError.self) { try CronExpression(text) }
        #expect(error.code == .neverMatches)
    }

    @Test func `a schedule whose years have passed has a previous time and no next one`() throws {
        let expression = try CronExpression("30 6 1 3 * 0 2020")
        #expect(expression.next(after: Self.newYear2026, in: .utc) == nil)
        #expect(expression.previous(before: Self.newYear2026, in: .utc) == 1_583_044_200)
    }

    @Test func `the search ends after 50 years, as in croniter`() throws {
        let expression = try CronExpression("0 0 1 1 * 0 2099")
        #expect(expression.next(after: Self.newYear2026, in: .utc) == nil)
        // 2049-01-01 00:00:00, 50 years earlier.
        #expect(expression.next(after: 2_493_072_000, in: .utc) == 4_070_908_800)
    }

    // The rule needs a later day that matches both columns for days, and the years end first. Trying the matches after
    // that day one by one would take up to a minute.
    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            ("* * */3 */4 4#3,fri#4 * 2034", 2_910_931_317, 2_042_582_399),
            ("* 8,11,16 W6 */11 wed * 2039-2055", 3_684_668_400, 2_682_867_599),
            ("24-50 * 2/7 */6 L7 */7 2033", 2_708_456_400, 1_990_741_856),
        ])
    func `the search back to a required day is bounded`(text: String, base: Int64, previous: Int64) throws {
        let expression = try CronExpression(text)
        #expect(expression.previous(before: base, in: .utc) == previous)
        #expect(expression.next(after: previous - 1, in: .utc) == previous)
        #expect(expression.next(after: previous, in: .utc).map { $0 >= base } != false)
    }

    @Test(arguments: [Int64.min, -62_135_596_801, 0, 253_402_300_798, 253_402_300_799, Int64.max])
    func `a base at the end of the calendar has a later time or none`(base: Int64) throws {
        let berlin = try ZoneRules(identifier: "Europe/Berlin")
        for text in ["* * * * *", "0 3 * * *", "0 0 29 2 *", "* * * * * *"] {
            let expression = try CronExpression(text)
            for zone in [ZoneRules.utc, berlin] {
                if let next = expression.next(after: base, in: zone) { #expect(next > base) }
                if let previous = expression.previous(before: base, in: zone) { #expect(previous < base) }
            }
        }
    }

    @Test(arguments: [
        ("*", true), ("*/1", true), ("0-23", true), ("5-4", true), ("0-11,12-23", true), ("*,7", true), ("0-0", true),
        ("*/2", false), ("0-22", false), ("0", false),
    ])
    func `a column that admits every hour is recognized however it is written`(hours: String, every: Bool) throws {
        #expect(try CronExpression("30 \(hours) * * *").admitsEveryHour == every)
    }
}
