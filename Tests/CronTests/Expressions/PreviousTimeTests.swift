import Cron
import TestSupport
import Testing

/// `previous` against a list of times that `next` gave one after the other.
@Suite(.seeded, .timeLimit(.minutes(5)))
struct PreviousTimeTests {
    private static let day: Int64 = 86_400

    /// The times after an instant, in order, at most `count`.
    private func times(
        of expression: CronExpression, after start: Int64, in zone: ZoneRules, count: Int
    ) -> [Int64] {
        var times: [Int64] = []
        var time = start
        while times.count < count, let next = expression.next(after: time, in: zone) {
            times.append(next)
            time = next
        }
        return times
    }

    @Test func `before any instant, the previous time is the largest that next reaches`() throws {
        let pool = try ZonePool()
        var generator = ExpressionGenerator(random: .ofTest())
        var compared = 0
        var acrossChanges = 0
        for _ in 0..<4_000 {
            guard let expression = try? CronExpression(generator.expression(), id: "a") else { continue }
            let zone = pool.zone(using: &generator.random)
            var start = pool.base(in: zone, using: &generator.random)
            if generator.chance(3, in: 4), let change = ZonePool.change(after: start, in: zone) {
                let distances: [Int64] = [1_000, 10_000, 10 * Self.day]
                start = change - Int64.random(in: 1...generator.pick(distances), using: &generator.random)
            }
            // A schedule that begins in the day after a jump may have times that it would pass over otherwise.
            if zone.offset(at: start) > zone.offset(at: start - Self.day) { continue }
            let times = times(of: expression, after: start, in: zone, count: 20)
            for (time, next) in zip(times, times.dropFirst()) {
                for instant in [time + 1, Int64.random(in: time + 1...next, using: &generator.random), next] {
                    #expect(
                        expression.previous(before: instant, in: zone) == time,
                        "\(expression), \(zone), \(instant)")
                }
                compared += 1
                if zone.offset(at: time) != zone.offset(at: next) { acrossChanges += 1 }
            }
        }
        #expect(compared > 10_000)
        #expect(acrossChanges > 50)
    }

    @Test(arguments: ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"])
    func `across each change of a year, previous walks back over the times of next`(zone: String) throws {
        let zone = try ZoneRules(identifier: zone)
        let texts = [
            "*/10 * * * *", "30 2 * * *", "*/20 1-3 * * *", "0,45 0-2 * * *", "15 0 * * *", "5 */2 * * 0",
            "0 3 * * * */9",
        ]
        for text in texts {
            let expression = try CronExpression(text)
            var change = CronExpressionTests.newYear2026
            for _ in 0..<2 {
                change = try #require(ZonePool.change(after: change, in: zone))
                let end = change + 2 * Self.day
                let forth = times(of: expression, after: change - 3 * Self.day, in: zone, count: 5_000).filter {
                    $0 < end
                }
                var back: [Int64] = []
                var time = end
                while back.count <= forth.count, let previous = expression.previous(before: time, in: zone),
                    previous > change - 3 * Self.day
                {
                    back.append(previous)
                    time = previous
                }
                #expect(!forth.isEmpty)
                #expect(back.reversed() == forth, "\(expression), \(zone), \(change)")
            }
        }
    }
}
