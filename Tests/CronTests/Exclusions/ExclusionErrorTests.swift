import Cron
import Testing

@Suite struct ExclusionErrorTests {
    private static let forms = """
        a cron expression, a date such as 2026-12-25, or a range of dates such as 2026-12-24/2027-01-02
        """
    private static func missing(_ date: String, _ reason: String) -> String {
        "expected a date that exists, and \"\(date)\" does not: \(reason)"
    }
    private static let noSuchMonth = "years begin with 0001, months are 01 to 12"

    @Test(arguments: [
        ("", ExclusionError.Code.empty, "item 2, \"\": expected \(forms)"),
        (" \t", .empty, "item 2, \" \\t\": expected \(forms)"),
        ("christmas", .syntax, "item 2, \"christmas\": expected \(forms)"),
        ("2026-1-5", .syntax, "item 2, \"2026-1-5\": expected \(forms)"),
        ("20261225", .syntax, "item 2, \"20261225\": expected \(forms)"),
        ("2026-12-25 ", .syntax, "item 2, \"2026-12-25 \": expected \(forms)"),
        ("2026-12-25T00:00:00Z", .syntax, "item 2, \"2026-12-25T00:00:00Z\": expected \(forms)"),
        ("2026-12-24 / 2027-01-02", .syntax, "item 2, \"2026-12-24 / 2027-01-02\": expected \(forms)"),
        ("2026-12-24/", .syntax, "item 2, \"2026-12-24/\": expected \(forms)"),
        (
            "2026-12-24/2026-12-25/2026-12-26", .syntax,
            "item 2, \"2026-12-24/2026-12-25/2026-12-26\": expected \(forms)"
        ),
        ("2026-02-30", .noSuchDate, "item 2, \"2026-02-30\": \(missing("2026-02-30", "that month has days 01 to 28"))"),
        ("2100-02-29", .noSuchDate, "item 2, \"2100-02-29\": \(missing("2100-02-29", "that month has days 01 to 28"))"),
        ("2026-04-00", .noSuchDate, "item 2, \"2026-04-00\": \(missing("2026-04-00", "that month has days 01 to 30"))"),
        ("2026-13-01", .noSuchDate, "item 2, \"2026-13-01\": \(missing("2026-13-01", noSuchMonth))"),
        ("2026-00-01", .noSuchDate, "item 2, \"2026-00-01\": \(missing("2026-00-01", noSuchMonth))"),
        ("0000-01-01", .noSuchDate, "item 2, \"0000-01-01\": \(missing("0000-01-01", noSuchMonth))"),
        (
            "2026-12-24/2026-12-32", .noSuchDate,
            "item 2, \"2026-12-24/2026-12-32\": \(missing("2026-12-32", "that month has days 01 to 31"))"
        ),
        (
            "2027-01-02/2026-12-24", .order,
            "item 2, \"2027-01-02/2026-12-24\": expected a range that does not end before it begins"
        ),
        (
            "61 * * * *", .expression,
            "item 2: minute \"61\" at offset 0 of \"61 * * * *\": expected a number from 0 to 59"
        ),
        (
            "* * 30 2 *", .expression,
            """
            item 2: cron expression "* * 30 2 *": expected a date that exists in some year; this one never comes
            """
        ),
        (
            "* R(1-5) * * *", .expression,
            """
            item 2: hour "R(1-5)" at offset 2 of "* R(1-5) * * *": expected no R in an exclusion, where it would be drawn \
            anew at each reading; H takes a fixed value
            """
        ),
        (
            "@never", .expression,
            """
            item 2: cron expression "@never": expected 5, 6 or 7 columns or one of @yearly, @annually, @monthly, @weekly, \
            @daily, @midnight, @hourly; found 1 column
            """
        ),
    ])
    func `an item that is refused is named with its place and the reason`(
        item: String, code: ExclusionError.Code, message: String
    ) throws {
        let error = try #require(throws: ExclusionError.self) {
            try Exclusions(["* 12 * * *", item, "2026-99-99"], id: "a")
        }
        #expect(error.code == code)
        #expect(error.item == item)
        #expect(error.position == 2)
        #expect((error.cause != nil) == (code == .expression))
        #expect(error.description == message)
    }

    @Test func `H needs an id`() throws {
        let error = try #require(throws: ExclusionError.self) { try Exclusions(["H * * * *"]) }
        #expect(error.cause?.code == .missingSeed)
        #expect(error.position == 1)
    }

    @Test func `a long item is cut, and what does not print is escaped`() throws {
        let error = try #require(throws: ExclusionError.self) {
            try Exclusions(["\u{1B}[2J" + String(repeating: "x", count: 5_000)])
        }
        #expect(error.description.hasPrefix("item 1, \"\\u{1b}[2Jxxx"))
        #expect(error.description.count < 300)
    }
}
