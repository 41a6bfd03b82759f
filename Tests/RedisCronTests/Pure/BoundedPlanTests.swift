import Cron
import RQWire
import TestSupport
import Testing

@testable import RedisCron

@Suite struct BoundedPlanTests {
    /// 2026-03-28T00:00:00Z: the day before clocks in Berlin go forward.
    private static let march = Timestamp(unixSeconds: 1_774_656_000)

    private static func cron(_ text: String, in zone: String) throws -> RunPlan {
        .cron(CompiledCron(expression: try CronExpression(text), zone: try ZoneRules(identifier: zone)))
    }

    private static func bounded(
        _ grid: RunPlan, id: String = "metric:pm25", start: Timestamp? = nil, end: Timestamp? = nil,
        excluding items: [String] = [], in zone: String = "UTC", jitter: Duration? = nil
    ) throws -> RunPlan {
        .bounded(
            BoundedPlan(
                grid, id: Array(id.utf8), start: start, end: end,
                exclusions: items.isEmpty ? nil : try Exclusions(items, id: id),
                zone: try ZoneRules(identifier: zone), jitter: jitter))
    }

    // MARK: Start, end, exclusions

    @Test func `an interval with a start has its grid on it, and runs first at the start`() throws {
        let start = Timestamp.newYear + .seconds(100)
        let plan = try Self.bounded(.interval(seconds: 60), start: start)
        #expect(plan.time(after: .newYear, anchor: .newYear + .seconds(7)) == start)
        #expect(plan.time(after: start, anchor: .newYear) == start + .seconds(60))
        #expect(plan.next(planned: start, now: start + .seconds(150)) == start + .seconds(180))
    }

    @Test func `start and end are times at which it may run, and none lies outside`() throws {
        let (start, end) = (Timestamp.newYear, Timestamp.newYear + .seconds(600))
        let plan = try Self.bounded(try Self.cron("*/5 * * * *", in: "UTC"), start: start, end: end)
        #expect(plan.time(after: start - .seconds(86_400), anchor: start) == start)
        #expect(plan.time(after: end - .seconds(1), anchor: start) == end)
        #expect(plan.time(after: end, anchor: start) == nil)
        #expect(plan.bounds?.admits(start) == true)
        #expect(plan.bounds?.admits(end) == true)
        #expect(plan.bounds?.admits(end + .microseconds(1)) == false)
    }

    @Test func `an exclusion that leaves no time ends the search`() throws {
        let plan = try Self.bounded(.interval(seconds: 1), excluding: ["* * * * *"])
        #expect(plan.time(after: .newYear, anchor: .newYear) == nil)
    }

    /// Schedules, zones and exclusions of which every combination is drawn.
    private static func drawn(_ generator: inout SeededGenerator) throws -> (plan: RunPlan, grid: RunPlan) {
        let zones = ["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"]
        let zone = try #require(zones.randomElement(using: &generator))
        let grids: [RunPlan] = [
            .interval(seconds: 1), .interval(seconds: 7), .interval(seconds: 60), .interval(seconds: 5_400),
            try cron("* * * * *", in: zone), try cron("* * * * * */20", in: zone), try cron("0 */3 * * *", in: zone),
            try cron("30 1,2 * * *", in: zone), try cron("*/7 1-3 * * *", in: zone),
        ]
        let exclusions = [
            [], ["* * * * 6"], ["2026-03-29"], ["2026-03-28/2026-03-29", "0-30 5 * * *"], ["0-29 * * * *"],
            ["* * * * * 0-29"],
        ]
        let grid = try #require(grids.randomElement(using: &generator))
        let (first, last) = (
            march + .seconds(Int.random(in: 0..<90_000, using: &generator)),
            march + .seconds(Int.random(in: 90_000..<400_000, using: &generator))
        )
        let plan = try bounded(
            grid, start: Bool.random(using: &generator) ? first : nil,
            end: Bool.random(using: &generator) ? last : nil,
            excluding: try #require(exclusions.randomElement(using: &generator)), in: zone,
            jitter: Bool.random(using: &generator) ? .seconds(40) : nil)
        return (plan, grid)
    }

    @Test(.seeded) func `a look back finds what counting forward finds`() throws {
        var generator = SeededGenerator.ofTest()
        for round in 0..<150 {
            let (plan, grid) = try Self.drawn(&generator)
            let from = Self.march + .seconds(Int.random(in: 0..<200_000, using: &generator))
            let anchor = plan.bounds?.start ?? Self.march
            // One by one, from the schedule without bounds.
            var expected: [Timestamp] = []
            var cursor = from
            for _ in 0..<3_000 where expected.count < 400 {
                guard let next = grid.time(after: cursor, anchor: anchor) else { break }
                if plan.bounds?.admits(next) == true { expected.append(next) }
                cursor = next
            }
            guard let first = expected.first, let last = expected.last else { continue }
            #expect(plan.time(after: from, anchor: Self.march) == first, "round \(round)")
            for _ in 0..<4 {
                let distance = Int.random(in: 0...Int((last - first).components.seconds), using: &generator)
                let instant = first + .seconds(distance) + .microseconds(Int.random(in: 0...1, using: &generator))
                guard instant <= last else { continue }
                let passed = expected.filter { $0 <= instant }
                #expect(plan.lastTime(notAfter: instant, from: first, anchor: first) == passed.last)
                let count = plan.count(from: first, before: instant, upTo: 1_000)
                #expect(count.isExact && count.count == expected.count { $0 < instant })
                let some = Int.random(in: 1...passed.count, using: &generator)
                #expect(plan.earliest(ofLast: some, from: first, to: instant) == passed[passed.count - some])
                #expect(plan.earliest(ofLast: passed.count + 1, from: first, to: instant) == first)
            }
        }
    }

    @Test func `a count of more than the bound is not exact, but of a plain interval`() throws {
        let plan = try Self.bounded(.interval(seconds: 1), jitter: .seconds(1))
        let end = Timestamp.newYear + .seconds(5_000)
        #expect(plan.count(from: .newYear, before: end, upTo: 1_000) == (1_000, false))
        #expect(plan.count(from: .newYear, before: .newYear + .seconds(1_000), upTo: 1_000) == (1_000, true))
        let interval = RunPlan.interval(seconds: 1)
        #expect(interval.count(from: .newYear, before: end, upTo: 1_000) == (5_000, true))
    }

    // MARK: Jitter

    /// What Python makes of `uuid.uuid5(namespace, "{id}|{planned}").int >> 80`, times the jitter, >> 48.
    @Test(arguments: [
        ("metric:pm25", 0, 600, 532_363_390),
        ("metric:pm25", 0, 60, 53_236_339),
        ("metric:pm25", 3_600, 600, 44_730_441),
        ("metric:pm25", 3_600, 60, 4_473_044),
        ("a", 0, 600, 374_362_075),
        ("a", 0, 60, 37_436_207),
        ("a", 3_600, 600, 270_887_804),
        ("a", 3_600, 60, 27_088_780),
        ("é", 0, 600, 291_576_147),
        ("é", 0, 60, 29_157_614),
    ])
    func `the delay is the same in every process`(id: String, planned: Int, jitter: Int, delay: Int) throws {
        let plan = try Self.bounded(.interval(seconds: 3600), id: id, jitter: .seconds(jitter))
        let planned = Timestamp.newYear + .seconds(planned)
        #expect(plan.dueTime(of: planned) == planned + .microseconds(delay))
    }

    @Test func `delays of 100,000 definitions are spread evenly`() {
        var counts = [Int](repeating: 0, count: 100)
        for number in 0..<100_000 {
            let plan = BoundedPlan(.interval(seconds: 3600), id: Array("job:\(number)".utf8), jitter: .seconds(600))
            let delay = plan.dueTime(of: .newYear).microseconds - Timestamp.newYear.microseconds
            counts[Int(delay / 6_000_000)] += 1
        }
        // Of 99 degrees of freedom: greater once in 10,000 times.
        let squares = counts.reduce(0.0) { $0 + Double(($1 - 1_000) * ($1 - 1_000)) / 1_000 }
        #expect(squares < 161.3)
        // And not too even either.
        #expect(squares > 55)
    }

    @Test func `delays of one definition's runs are spread evenly`() {
        let plan = BoundedPlan(.interval(seconds: 3600), id: Array("a".utf8), jitter: .seconds(600))
        var counts = [Int](repeating: 0, count: 50)
        for number in 0..<20_000 {
            let planned = Timestamp.newYear + .seconds(3600 * number)
            counts[Int((plan.dueTime(of: planned).microseconds - planned.microseconds) / 12_000_000)] += 1
        }
        let squares = counts.reduce(0.0) { $0 + Double(($1 - 400) * ($1 - 400)) / 400 }
        #expect(squares < 96)
    }

    @Test(.seeded) func `a delay is shorter than the jitter, and no run overtakes the next`() throws {
        var generator = SeededGenerator.ofTest()
        for text in ["* * * * * */20", "0,1 * * * *", "30 1,2 * * *", "0 0 1 * *"] {
            let jitter = Int64.random(in: 1...86_400, using: &generator)
            let grid = try Self.cron(text, in: "Europe/Berlin")
            let plan = try Self.bounded(grid, id: "job:\(jitter)", jitter: .seconds(jitter))
            var planned = try #require(plan.time(after: Self.march, anchor: Self.march))
            for _ in 0..<1_000 {
                let next = try #require(plan.time(after: planned, anchor: planned))
                let due = plan.dueTime(of: planned)
                #expect(due >= planned && due < next && due < planned + .seconds(jitter))
                #expect(due <= plan.bounds?.latestDueTime(of: planned) ?? .earliest)
                planned = next
            }
        }
    }

    @Test func `the next run is the first one that is due after the present`() throws {
        let plan = try Self.bounded(.interval(seconds: 60), jitter: .seconds(50))
        for second in stride(from: 0, to: 6_000, by: 7) {
            let now = Timestamp.newYear + .seconds(second)
            let next = try #require(plan.next(planned: .newYear, now: now))
            var expected = Timestamp.newYear + .seconds(60)
            while plan.dueTime(of: expected) <= now { expected += .seconds(60) }
            #expect(next == expected)
        }
    }
}
