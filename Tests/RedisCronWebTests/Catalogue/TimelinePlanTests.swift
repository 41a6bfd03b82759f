import Cron
import RQWire
import RedisCron
import Testing

@testable import RedisCronWeb

struct TimelinePlanTests {
    /// A Wednesday, twenty past five in UTC.
    private static let now = Timestamp(unixSeconds: 1_780_464_000)
    private static let start = Timestamp(unixSeconds: 1_780_464_000 - 1_780_464_000 % 3600)

    private static func plan(
        _ schedule: ScheduleSpec, _ policy: RunPolicy = RunPolicy(),
        _ change: (inout [(field: [UInt8], value: [UInt8])]) -> Void = { _ in }
    ) throws -> TimelinePlan {
        let made = try RedisCronJob(
            id: "a", call: CallSpec("app.f", queue: "q"), schedule: schedule, policy: policy, enabled: true,
            createdAt: now - .seconds(86_400), connection: nil, defaultZone: .utc, now: now)
        var fields = made.hashFields().map { (field: Array($0.field.utf8), value: $0.value) }
        change(&fields)
        return TimelinePlan(try .restore(id: "a", hash: fields), from: start, now: now, zone: .utc)
    }

    private static func set(_ name: String, _ value: String, in fields: inout [(field: [UInt8], value: [UInt8])]) {
        fields.removeAll { $0.field.elementsEqual(name.utf8) }
        fields.append((Array(name.utf8), Array(value.utf8)))
    }

    @Test(arguments: ["*/7 * * * *", "0 * * * *", "30 3 * * *", "* 9-10 * * *", "15 */2 * * *"])
    func `an expression is planned at each of its minutes`(_ cron: String) throws {
        let plan = try Self.plan(.cron(cron, timeZone: "Etc/UTC"))
        let expression = CompiledCron(expression: try CronExpression(cron), zone: .utc)
        var minutes: [Int] = []
        var time = Self.now - .microseconds(1)
        while let next = expression.next(after: time), next < Self.start + .seconds(86_400) {
            minutes.append(Int((next.unixSeconds - Self.start.unixSeconds) / 60))
            time = next
        }
        #expect(plan.marks.map(\.minute) == minutes)
        #expect(plan.marks.allSatisfy { $0.count == 1 && !$0.isHeld && $0.due == $0.minute })
    }

    @Test func `what runs several times in a minute is counted`() throws {
        let plan = try Self.plan(.every(.seconds(10)))
        #expect(plan.marks.count == 1_440 - Int((Self.now.unixSeconds - Self.start.unixSeconds) / 60))
        #expect(plan.marks.allSatisfy { $0.count == 6 })
        let seconds = try Self.plan(.cron("*/2 * * * * 0,20,40", timeZone: "Etc/UTC"))
        #expect(seconds.marks.allSatisfy { $0.count == 3 && $0.minute.isMultiple(of: 2) })
    }

    @Test func `a pause holds what comes in it`() throws {
        let schedule = ScheduleSpec.cron("0 * * * *", timeZone: "Etc/UTC")
        let paused = try Self.plan(schedule) { fields in
            Self.set("enabled", "0", in: &fields)
            Self.set("paused_at", Self.now.wireFormat, in: &fields)
        }
        #expect(!paused.marks.isEmpty)
        #expect(paused.marks.allSatisfy { $0.isHeld })
        let end = Self.start + .seconds(5 * 3600)
        let snoozed = try Self.plan(schedule) { fields in
            Self.set("paused_at", Self.now.wireFormat, in: &fields)
            Self.set("paused_until", end.wireFormat, in: &fields)
            Self.set("next_enqueue_time", end.wireFormat, in: &fields)
        }
        #expect(snoozed.marks.map(\.minute) == paused.marks.map(\.minute))
        #expect(snoozed.marks.allSatisfy { $0.isHeld == ($0.minute < 300) })
    }

    @Test func `jitter is told, and counted where it leads to`() throws {
        let plan = try Self.plan(.cron("0 * * * *", timeZone: "Etc/UTC", jitter: .seconds(1800)))
        #expect(plan.jitter == 30)
        #expect(plan.marks.contains { $0.due > $0.minute })
        #expect(plan.marks.allSatisfy { (0..<30).contains($0.due - $0.minute) })
    }

    @Test func `a limit ends it`() throws {
        let plan = try Self.plan(.cron("0 * * * *", timeZone: "Etc/UTC"), RunPolicy(maxRuns: 3))
        #expect(plan.marks.count == 3)
    }

    @Test(
        arguments: [
            ("every 1s", "every second", nil), ("every 300s", "every 5 minutes", nil),
            ("every 90s", "every 90 seconds", nil),
            ("every 86400s", "every day", nil), ("0 7 * * 1-5", "every weekday at 07:00", "0 7 * * 1-5"),
            ("1,2,3,5,8 * * * *", "1,2,3,5,8 * * * *", nil), ("no expression", "no expression", nil),
        ] as [(String, String, String?)])
    func `a schedule is a sentence where it makes one`(_ text: String, _ sentence: String, _ expression: String?) {
        let said = ScheduleText(text, id: "a")
        #expect(said.sentence == sentence)
        #expect(said.expression == expression)
    }
}
