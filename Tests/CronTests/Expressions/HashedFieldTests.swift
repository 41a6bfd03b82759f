import Cron
import TestSupport
import Testing

@Suite struct HashedFieldTests {
    // What croniter 7.0.0 gives with the same hash id.
    @Test(arguments: [
        ("H H * * *", "metric:pm25", [Int64(1_767_304_500), 1_767_390_900, 1_767_477_300]),
        ("H/15 H(9-17) H * H", "metric:pm25", [1_767_701_400, 1_767_702_300, 1_767_703_200]),
        ("H H * * * H", "zürich/日本", [1_767_230_839, 1_767_317_239, 1_767_403_639]),
        ("H H H H *", "", [1_798_761_600, 1_830_297_600, 1_861_920_000]),
    ])
    func `H takes its value from the id, as croniter does from its hash id`(
        text: String, id: String, times: [Int64]
    ) throws {
        let expression = try CronExpression(text, id: id)
        var base = CronExpressionTests.newYear2026
        for time in times {
            #expect(expression.next(after: base, in: .utc) == time)
            base = time
        }
    }

    @Test func `an at-name means the same with and without an id`() throws {
        let base = CronExpressionTests.newYear2026
        for name in ["@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"] {
            let bare = try CronExpression(name).next(after: base, in: .utc)
            #expect(try CronExpression(name, id: "a").next(after: base, in: .utc) == bare)
        }
    }

    @Test func `H and an unresolved R need an id`() throws {
        #expect(throws: CronExpressionError.self) { try CronExpression("H * * * *") }
        let error = try #require(throws: CronExpressionError.self) { try CronExpression("R * * * *") }
        #expect(error.code == .unresolvedRandom)
    }

    @Test func `an unresolved R takes its value from the id, the same at every parse`() throws {
        let expression = try CronExpression("R R * * *", id: "a")
        #expect(
            try expression.next(after: 0, in: .utc) == CronExpression("R R * * *", id: "a").next(after: 0, in: .utc))
    }

    @Test(.seeded) func `resolving replaces R and leaves the rest as written`() throws {
        var random = SeededGenerator.ofTest()
        for _ in 0..<200 {
            let resolved = try CronExpression.resolvingRandomFields(" R\t r(3-6)  * JAN-mar  H/2 ", using: &random)
            let columns = resolved.split(whereSeparator: \.isWhitespace)
            #expect(0...59 ~= Int(columns[0]) ?? -1)
            #expect(3...6 ~= Int(columns[1]) ?? -1)
            #expect(resolved.hasPrefix(" \(columns[0])\t \(columns[1])  * JAN-mar  H/2 "))
        }
    }

    @Test(.seeded) func `a resolved step begins in its first period`() throws {
        var random = SeededGenerator.ofTest()
        var starts: Set<Int> = []
        for _ in 0..<400 {
            let resolved = try CronExpression.resolvingRandomFields("R/15 * * * *", using: &random)
            let start = try #require(resolved.split(separator: "-").first.flatMap { Int($0) })
            #expect(resolved == "\(start)-59/15 * * * *")
            starts.insert(start)
            _ = try CronExpression(resolved)
        }
        #expect(starts == Set(0..<15))
    }

    @Test func `resolving leaves a text without R unchanged`() throws {
        var random = SeededGenerator(seed: 1)
        for text in ["*/5 * * * *", "@Daily", "0 0 1 mar ? 0 2030"] {
            #expect(try CronExpression.resolvingRandomFields(text, using: &random) == text)
        }
    }

    @Test(arguments: ["R(5-5) * * * *", "R/0 * * * *", "R(0-60) * * * *", "R R R R"])
    func `resolving refuses what croniter refuses`(text: String) {
        var random = SeededGenerator(seed: 1)
        #expect(throws: CronExpressionError.self) {
            try CronExpression.resolvingRandomFields(text, using: &random)
        }
    }

    @Test(.seeded) func `resolved text is recognized as a resolution of what was written, and of nothing else`() throws
    {
        var random = SeededGenerator.ofTest()
        let written = [
            "R R(2-4) * jan MON", "R/15 * * * *", "r(10-40)/7 3 R(1-28) R R(1-5)", "0 0 * * * R R(2030-2040)",
        ]
        for text in written {
            for _ in 0..<100 {
                let resolved = try CronExpression.resolvingRandomFields(text, using: &random)
                #expect(CronExpression.isResolution(resolved, of: text), "\(resolved) of \(text)")
                for other in written where other != text {
                    #expect(!CronExpression.isResolution(resolved, of: other), "\(resolved) of \(other)")
                }
            }
        }
    }

    @Test(arguments: [
        ("5 3 * * *", "R R(4-6) * * *"), ("60 3 * * *", "R 3 * * *"), ("5 3 * * *", "R 4 * * *"),
        ("5 3 * * *", "5 3 * * *"), ("R 3 * * *", "R 3 * * *"), ("5-59/15 * * * *", "R/10 * * * *"),
        ("16-59/15 * * * *", "R/15 * * * *"), ("05 3 * * *", "R 3 * * *"), ("5 3 * * * *", "R 3 * * *"),
        ("@daily", "R 0 * * *"), ("", "R 3 * * *"), ("5 3 * * *", "nonsense"),
    ])
    func `an edited expression is not a resolution of what was written`(resolved: String, written: String) {
        #expect(!CronExpression.isResolution(resolved, of: written))
    }
}
