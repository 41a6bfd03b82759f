import Cron
import TestSupport
import Testing

/// Properties of any expression, zone and base.
@Suite(.seeded, .timeLimit(.minutes(5)))
struct SchedulePropertyTests {
    private static let day: Int64 = 86_400

    /// Calls `body` with random valid expressions, zones and bases.
    private func forAny(
        _ count: Int, _ body: (_ expression: CronExpression, _ zone: ZoneRules, _ base: Int64) throws -> Void
    ) throws {
        let pool = try ZonePool()
        var generator = ExpressionGenerator(random: .ofTest())
        var valid = 0
        while valid < count {
            guard let expression = try? CronExpression(generator.expression(), id: "a") else { continue }
            let zone = pool.zone(using: &generator.random)
            try body(expression, zone, pool.base(in: zone, using: &generator.random))
            valid += 1
        }
    }

    @Test func `the next time is strictly later and the previous one strictly earlier`() throws {
        try forAny(6_000) { expression, zone, base in
            var time = base
            for _ in 0..<8 {
                guard let next = expression.next(after: time, in: zone) else { break }
                #expect(next > time, "\(expression), \(zone), \(time)")
                time = next
            }
            time = base
            for _ in 0..<8 {
                guard let previous = expression.previous(before: time, in: zone) else { break }
                #expect(previous < time, "\(expression), \(zone), \(time)")
                time = previous
            }
        }
    }

    @Test func `every time matches the columns, unless clocks skipped the one that does`() throws {
        try forAny(6_000) { expression, zone, base in
            guard let next = expression.next(after: base, in: zone), !expression.matches(next, in: zone) else { return }
            #expect(!expression.admitsEveryHour)
            // This time is at most the gap after the jump, so half a day or a day earlier the offset was another one.
            let gaps = [Self.day, Self.day / 2, Self.day / 6].map {
                Int64(zone.offset(at: next) - zone.offset(at: next - $0))
            }
            #expect(gaps.contains { $0 > 0 }, "\(expression), \(zone), \(next)")
        }
    }

    @Test func `any text is accepted or refused with an error that quotes it`() throws {
        var generator = ExpressionGenerator(random: .ofTest())
        let letters = Array("0159*/,-#?LWHR() \tanfju٣é🕰\0\n").map { String($0) }
        var refused = 0
        for round in 0..<20_000 {
            let text =
                round % 2 == 0
                ? generator.expression()
                : (0..<Int.random(in: 0...24, using: &generator.random)).map { _ in generator.pick(letters) }.joined()
            do {
                _ = try CronExpression(text, id: "a")
            } catch {
                refused += 1
                let quoted = text.utf8.dropFirst(error.position).prefix(error.text.utf8.count)
                #expect(quoted.elementsEqual(error.text.utf8), "\(error)")
                #expect(error.expression == text)
            }
        }
        #expect(refused > 10_000)
    }

    @Test func `previous undoes next`() throws {
        var undone = 0
        try forAny(6_000) { expression, zone, base in
            // For a day after a jump, next may reach a time that a schedule from before the jump passes over.
            if zone.offset(at: base) > zone.offset(at: base - Self.day) { return }
            guard let first = expression.next(after: base, in: zone) else { return }
            #expect(expression.previous(before: first + 1, in: zone) == first, "\(expression), \(zone), \(base)")
            if let before = expression.previous(before: first, in: zone) {
                #expect(before <= base, "\(expression), \(zone), \(base)")
            }
            undone += 1
            guard let second = expression.next(after: first, in: zone) else { return }
            #expect(expression.previous(before: second, in: zone) == first, "\(expression), \(zone), \(base)")
        }
        #expect(undone > 5_000)
    }

    @Test func `previous is the last time that repeated calls of next reach`() throws {
        var compared = 0
        try forAny(4_000) { expression, zone, base in
            guard let change = ZonePool.change(after: base, in: zone) else { return }
            let end = change + base % (2 * Self.day) - Self.day
            var last: Int64?
            var time = change - 2 * Self.day
            // The test above covers a jump at the start itself.
            if zone.offset(at: time) > zone.offset(at: time - Self.day) { return }
            for _ in 0..<6_000 {
                guard let next = expression.next(after: time, in: zone), next < end else {
                    if let last {
                        #expect(expression.previous(before: end, in: zone) == last, "\(expression), \(zone), \(end)")
                        compared += 1
                    }
                    break
                }
                (last, time) = (next, next)
            }
        }
        #expect(compared > 500)
    }

    @Test func `with every hour admitted, the times are exactly the instants that match`() throws {
        var compared = 0
        try forAny(6_000) { expression, zone, base in
            guard expression.admitsEveryHour, let change = ZonePool.change(after: base, in: zone) else { return }
            // Offsets are whole minutes, so only whole minutes can match.
            guard zone.offset(at: change) % 60 == 0, zone.offset(at: change - 1) % 60 == 0, change % 60 == 0 else {
                return
            }
            guard expression.text.split(whereSeparator: \.isWhitespace).count == 5 else { return }
            var time = change - Self.day / 6
            let expected = stride(from: time + 60, through: change + Self.day / 6, by: 60).filter {
                expression.matches($0, in: zone)
            }
            for instant in expected {
                let next = expression.next(after: time, in: zone)
                #expect(next == instant, "\(expression), \(zone), \(time)")
                #expect(expression.previous(before: instant + 1, in: zone) == instant, "\(expression), \(zone)")
                time = instant
            }
            compared += expected.count
        }
        #expect(compared > 10_000)
    }
}
