import Cron
import Testing

@Suite struct CronDialectTests {
    private static let foreign: [(String, String)] = [
        ("CRON_TZ=Europe/Berlin 0 7 * * *", "give the time zone apart from the expression: --timezone"),
        ("TZ=UTC 0 7 * * *", "give the time zone apart from the expression: --timezone"),
        ("0 7 * * * Europe/Berlin", "give the time zone apart from the expression: --timezone"),
        ("0 7 * * * America/Argentina/Buenos_Aires", "give the time zone apart from the expression"),
        ("0 7 * * * UTC", "give the time zone apart from the expression"),
        ("0 0 LW * *", "the last working day of a month cannot be expressed here"),
        ("0 0 * * 5L", "the last Friday of a month is written L5 here"),
        ("0 0 * * friL", "the last Friday of a month is written L5 here"),
        ("0 0 12 * * ?", "the sixth column is for seconds here"),
        ("0 0 12 * * ? 2030", "the sixth column is for seconds here"),
        ("0 0 12 ? * MON-FRI", "the sixth column is for seconds here"),
        ("10 1 * * ? 2030", "the sixth column is for seconds here, and years are the seventh"),
        ("@every 5m", "give an interval as such"),
        ("every 5 minutes", "give an interval as such"),
        ("rate(5 minutes)", "give an interval as such"),
        ("cron(0 10 * * ? *)", "write only the first five columns of AWS' cron(…)"),
        ("@reboot", "a definition cannot be scheduled for the start of a machine"),
    ]

    @Test(arguments: foreign)
    func `an expression from another tool is refused with a hint what to write instead`(text: String, hint: String) {
        let error = #expect(throws: CronExpressionError.self) { try CronExpression(text) }
        #expect(error?.description.contains("; \(hint)") == true, "\(error?.description ?? "")")
    }

    @Test(arguments: ["61 * * * *", "* * * *", "0 0 30 2 *", "", "@dayly", "0 0 * * 8", "0 0 * * * 60", "a/b"])
    func `an expression that is merely wrong gets no hint`(text: String) {
        let error = #expect(throws: CronExpressionError.self) { try CronExpression(text) }
        let description = error?.description ?? ""
        #expect(description.hasSuffix("expected \(error?.expected ?? "")"), "\(description)")
    }

    @Test(arguments: ["10 1 * * ? *", "0 */5 * * * *", "H 1 * * * 0-59", "0 0 12 * * * *"])
    func `six or seven columns that fire in every second of a minute cause a caution`(text: String) {
        #expect(CronExpression.caution(about: text)?.contains("60 times in each minute") == true)
    }

    @Test(arguments: ["10 1 * * ?", "10 1 * * ? 0", "* * * * * */5", "* * * * * * 2030", "x * * * * *", "@daily", ""])
    func `other expressions cause no caution`(text: String) {
        #expect(CronExpression.caution(about: text) == nil)
    }

    @Test(arguments: [
        ("*/5", CronField.minute, true), ("0", .minute, true), ("H/15", .minute, true), ("5,10", .minute, true),
        ("60", .minute, false), ("metric", .minute, false), ("hourly", .minute, false), ("5m", .minute, false),
        ("", .minute, false), ("mon-fri", .dayOfWeek, true), ("?", .dayOfWeek, true), ("metrics", .dayOfWeek, false),
        ("2030", .year, true), ("20300", .year, false), ("59", .second, true), ("0 1", .minute, false),
    ])
    func `a word is recognized as a column's value, or not`(word: String, field: CronField, reads: Bool) {
        #expect(CronExpression.reads(word, as: field) == reads)
    }
}
