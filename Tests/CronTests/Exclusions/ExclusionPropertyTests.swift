import Cron
import TestSupport
import Testing

/// Random lists against a reference that looks at each instant by itself.
@Suite(.seeded, .timeLimit(.minutes(5)))
struct ExclusionPropertyTests {
    private static let day: Int64 = 86_400

    /// What an item excludes, said by instants: the local time is that of the zone's offset at each.
    private enum Reference {
        case days(String, String)
        case times(CronExpression, resolution: Int64)

        init(_ item: String) throws {
            if item.dropFirst(4).first == "-", !item.contains(" ") {
                let dates = item.split(separator: "/").map(String.init)
                self = .days(dates[0], dates[dates.count - 1])
            } else {
                let columns = item.split(whereSeparator: \.isWhitespace).count
                self = .times(try CronExpression(item, id: "a"), resolution: columns > 5 ? 1 : 60)
            }
        }

        func excludes(_ instant: Int64, in zone: ZoneRules) -> Bool {
            // A clock of UTC shows this as local time.
            let reading = instant + Int64(zone.offset(at: instant))
            switch self {
            case .days(let first, let last):
                let date = String(LocalTime(reading, in: .utc).description.prefix(10))
                return first <= date && date <= last
            case .times(let expression, let resolution):
                let passed = (reading % resolution + resolution) % resolution
                return expression.matches(reading - passed, in: .utc)
            }
        }
    }

    /// Items of which several together exclude much and leave some.
    private struct ItemGenerator {
        var expressions: ExpressionGenerator

        mutating func items(near instant: Int64) -> [String] {
            (0..<Int.random(in: 1...4, using: &expressions.random)).map { _ in item(near: instant) }
        }

        private mutating func item(near instant: Int64) -> String {
            switch Int.random(in: 0..<10, using: &expressions.random) {
            case 0: return date(near: instant)
            case 1:
                let dates = [date(near: instant), date(near: instant)].sorted()
                return dates.joined(separator: "/")
            case 2: return expressions.expression()
            default: return dense()
            }
        }

        private mutating func date(near instant: Int64) -> String {
            let days = Int64.random(in: -3...3, using: &expressions.random)
            return String(LocalTime(instant + days * 86_400, in: .utc).description.prefix(10))
        }

        private mutating func dense() -> String {
            var columns = [
                expressions.pick(["*", "*", "0-59", "*/2", "1-59/2", "0-29", "30-59", "15,45", "H/7", "59,0", "10-50"]),
                expressions.pick(["*", "*", "0-22", "1-23", "9-17", "22-2", "0-3", "1,2,3", "23", "0"]),
                expressions.pick(["*", "*", "*", "1-15", "16-31", "L", "1", "15W", "H"]),
                expressions.pick(["*", "*", "*", "*", "3,10", "4-9", "10-3"]),
                expressions.pick(["*", "*", "*", "0", "1-6", "6,0", "1-5", "L0", "sun#1,sun#5"]),
            ]
            if expressions.chance(1, in: 3) {
                columns.append(expressions.pick(["*", "0-58", "30-59", "*/2", "0", "59", "1-10,12-20"]))
                if expressions.chance(1, in: 4) { columns.append(expressions.pick(["*", "1970-2099", "2000-2040"])) }
            }
            return columns.joined(separator: " ")
        }
    }

    /// Calls `body` with lists, zones, and instants that are mostly within a day of a change of the clock.
    private func forAny(
        _ count: Int,
        _ body: (
            _ exclusions: Exclusions, _ isExcluded: (Int64) -> Bool, _ zone: ZoneRules, _ base: Int64,
            _ random: inout SeededGenerator
        ) throws -> Void
    ) throws {
        let pool = try ZonePool()
        var generator = ItemGenerator(expressions: ExpressionGenerator(random: .ofTest()))
        var valid = 0
        while valid < count {
            let zone = pool.zone(using: &generator.expressions.random)
            let base = pool.base(in: zone, using: &generator.expressions.random)
            guard let exclusions = try? Exclusions(generator.items(near: base), id: "a") else { continue }
            let references = try exclusions.items.map { try Reference($0) }
            try body(
                exclusions, { instant in references.contains { $0.excludes(instant, in: zone) } }, zone, base,
                &generator.expressions.random)
            valid += 1
        }
    }

    /// Asks about instants in order, `step` apart, and holds the answers against the reference.
    ///
    /// - Returns: How many of them are excluded.
    private func compare(
        _ exclusions: Exclusions, with isExcluded: (Int64) -> Bool, in zone: ZoneRules, from first: Int64, count: Int,
        step: Int64
    ) -> Int {
        let instants = (0..<Int64(count)).map { first + $0 * step }
        let expected = instants.map(isExcluded)
        // Backwards, so that the next instant that is not excluded is known.
        var free = Int64.max
        for (instant, isExcluded) in zip(instants, expected).reversed() {
            if !isExcluded { free = instant }
            let end = exclusions.end(containing: instant, in: zone)
            let isRight = isExcluded ? end.map { instant < $0 && $0 <= free } == true : end == nil
            if !isRight || exclusions.excludes(instant, in: zone) != isExcluded {
                Issue.record("\(exclusions.items), \(zone), \(instant): \(end ?? -1), expected \(isExcluded), \(free)")
                break
            }
        }
        return expected.count { $0 }
    }

    @Test func `minute by minute, what is excluded is what an item names`() throws {
        var excluded = 0
        var asked = 0
        try forAny(80) { exclusions, isExcluded, zone, base, random in
            let first = base - Self.day + Int64.random(in: 0..<60, using: &random)
            excluded += compare(exclusions, with: isExcluded, in: zone, from: first, count: 2_880, step: 60)
            asked += 2_880
        }
        #expect(excluded > asked / 10)
        #expect(excluded < asked * 9 / 10)
    }

    @Test func `second by second across a change of the clock, what is excluded is what an item names`() throws {
        var excluded = 0
        var compared = 0
        try forAny(120) { exclusions, isExcluded, zone, base, _ in
            guard let change = ZonePool.change(after: base, in: zone) else { return }
            excluded += compare(exclusions, with: isExcluded, in: zone, from: change - 1_500, count: 3_000, step: 1)
            compared += 1
        }
        #expect(compared > 40)
        #expect(excluded > compared * 300)
    }

    @Test func `jump after jump arrives at the first instant that is not excluded`() throws {
        var arrived = 0
        try forAny(800) { exclusions, isExcluded, zone, base, _ in
            guard exclusions.excludes(base, in: zone) else { return }
            var instant = base
            var jumps = 0
            while let end = exclusions.end(containing: instant, in: zone), end - base < 6_000 {
                #expect(end > instant)
                instant = end
                jumps += 1
            }
            // Each second that the jumps passed is excluded, and the one where they end is not.
            let areExcluded = (base..<instant).allSatisfy(isExcluded)
            #expect(areExcluded, "\(exclusions.items), \(zone), \(base)")
            guard !exclusions.excludes(instant, in: zone) else { return }
            let isFree = !isExcluded(instant)
            #expect(isFree, "\(exclusions.items), \(zone), \(instant)")
            arrived += 1
        }
        #expect(arrived > 40)
    }

    @Test func `a schedule never runs at an excluded time and passes over no other`() throws {
        var found = 0
        try forAny(150) { exclusions, isExcluded, zone, base, random in
            let texts = ["* * * * *", "*/7 * * * *", "30 * * * *", "*/15 1-3 * * *", "20 2 * * *"]
            let schedule = try CronExpression(texts[Int.random(in: texts.indices, using: &random)])
            // Clocks that jumped in the day before let a schedule pass over times.
            if zone.offset(at: base) > zone.offset(at: base - Self.day) { return }
            var candidate = schedule.next(after: base, in: zone)
            var jumps = 0
            while let time = candidate, let end = exclusions.end(containing: time, in: zone), jumps < 3_000 {
                candidate = schedule.next(after: end - 1, in: zone)
                jumps += 1
            }
            guard let candidate, jumps < 3_000 else { return }
            var expected = schedule.next(after: base, in: zone)
            for _ in 0..<3_000 {
                guard let time = expected, isExcluded(time) else { break }
                expected = schedule.next(after: time, in: zone)
            }
            // A jump may land after a skipped hour, where a schedule goes on from another time.
            guard let expected, !isExcluded(expected) else { return }
            #expect(candidate == expected, "\(schedule), \(exclusions.items), \(zone), \(base)")
            found += 1
        }
        #expect(found > 80)
    }
}
