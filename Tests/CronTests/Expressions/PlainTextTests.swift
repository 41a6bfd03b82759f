import Cron
import TestSupport
import Testing

/// Expressions as programs with a croniter of their own get them.
@Suite struct PlainTextTests {
    /// 2026-11-29T12:00:00Z.
    private static let now: Int64 = 1_795_953_600

    @Test(arguments: [
        ("H H * * *", "55 21 * * *"), ("H/15  h(9-17)\tR * h", "10-59/15  12\t10 * 2"),
        ("*/5 8-18 * * MON-fri", "*/5 8-18 * * MON-fri"), ("@daily", "@daily"), ("0 0 L * * 30", "0 0 L * * 30"),
    ])
    func `H and R become the numbers that they have for the id, and the rest stays as written`(
        text: String, plain: String
    ) throws {
        let id = "metric:pm25"
        #expect(CronExpression.plainText(of: text, id: id, now: Self.now) == plain)
        let (hashed, bare) = (try CronExpression(text, id: id), try CronExpression(plain))
        var base = Self.now
        for _ in 0..<50 {
            let next = try #require(bare.next(after: base, in: .utc))
            #expect(hashed.next(after: base, in: .utc) == next)
            base = next
        }
    }

    @Test(arguments: [
        "0 0 1 1 * 0 2020", "0 0 1 12 * 0 2026", "0 0 28 11 * 0 2026", "0 0 1 1 * 0 2090", "0 0 1 1 * 0 2077",
        "* * 30 2 *", "61 * * * *", "", "0 9 15W * *", "0 9 w15 * mon",
    ])
    func `there is none where the other program would fail, now or within days`(text: String) {
        #expect(CronExpression.plainText(of: text, id: "a", now: Self.now) == nil)
    }

    @Test(arguments: ["0 0 31 12 * 0 2026", "0 0 1 1 * 0 2075", "0 0 29 2 1", "* * * * * * 2026-2099"])
    func `one whose times are rare or few is written while some are ahead`(text: String) {
        #expect(CronExpression.plainText(of: text, id: "a", now: Self.now) == text)
    }
}
