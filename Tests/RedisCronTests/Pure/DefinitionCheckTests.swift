import Cron
import RQWire
import Testing

@testable import RedisCron

@Suite struct DefinitionCheckTests {
    private static let refused: [(String, String, @Sendable (inout CronJobHash) -> Void)] = [
        ("id", "must not be empty", { $0.id = "" }),
        ("id", "must not end in ':jobs'", { $0.id = "metric:jobs" }),
        ("id", "must not end in ':jobs'", { $0.id = ":jobs" }),
        ("queue_name", "must not be empty", { $0.queueName = "" }),
        ("func_name", "", { $0.functionName = "rebuild" }),
        ("func_name", "", { $0.functionName = "app.tasks.re build" }),
        ("func_name", "", { $0.functionName = "" }),
        ("interval", "from 1 to 31536000000 s, not 0", { $0.interval = .seconds(0) }),
        ("interval", "from 1 to 31536000000 s, not -5", { $0.interval = .seconds(-5) }),
        ("interval", "from 1 to 31536000000 s, not 9223372036854775807", { $0.interval = .seconds(Int.max) }),
        ("interval", "given together with cron", { $0.cron = "* * * * *" }),
        ("interval", "missing, and so is cron", { $0.interval = nil }),
        ("cron", "expected", { ($0.interval, $0.cron) = (nil, "* * * *") }),
        ("cron", "never comes", { ($0.interval, $0.cron) = (nil, "0 0 31 2 *") }),
        ("timezone", "Mars", { ($0.interval, $0.cron, $0.timeZone) = (nil, "* * * * *", "Mars/Olympus") }),
        ("timezone", "Mars", { $0.timeZone = "Mars/Olympus" }),
        ("job_timeout", "from 1 to 2147483647 s, or -1 for no limit, not 0", { $0.jobTimeout = .seconds(0) }),
        ("job_timeout", "not 2147483648", { $0.jobTimeout = .seconds(2_147_483_648) }),
        // RQ kills its job after a minute at most.
        ("job_timeout", "not -2", { $0.jobTimeout = .seconds(-2) }),
        ("result_ttl", "not 9223372036854775807", { $0.resultTTL = .seconds(Int.max) }),
        ("result_ttl", "not 250000000001", { $0.resultTTL = .seconds(250_000_000_001) }),
        // RQ deletes its result and keeps its job.
        ("result_ttl", "0 for not at all, or -1 for good, not -2", { $0.resultTTL = .seconds(-2) }),
        ("failure_ttl", "not 250000000001", { $0.failureTTL = .seconds(250_000_000_001) }),
        ("failure_ttl", "not -2", { $0.failureTTL = .seconds(-2) }),
        ("ttl", "from 1 to 250000000000 s, not 0", { $0.ttl = .seconds(0) }),
        ("ttl", "not -1", { $0.ttl = .seconds(-1) }),
        ("ttl", "not 250000000001", { $0.ttl = .seconds(250_000_000_001) }),
    ]

    @Test(arguments: refused.indices)
    func `what makes no sense is refused with field and reason`(index: Int) {
        let (field, reason, change) = Self.refused[index]
        let error = #expect(throws: RedisCronError.self) {
            try DefinitionCheck(.example("m", change)).plan(defaultZone: .utc)
        }
        #expect(error?.code == .invalidDefinition)
        #expect(error?.field == field)
        #expect(error?.message.contains(reason) == true, "\(String(describing: error))")
    }

    private static let accepted: [@Sendable (inout CronJobHash) -> Void] = [
        { _ in },
        { $0.interval = .seconds(1) },
        { $0.interval = .seconds(CronJobHash.Field.longestInterval) },
        { $0.jobTimeout = .seconds(Int(Int32.max)) },
        { $0.resultTTL = .seconds(CronJobHash.Field.longestKeeping) },
        { $0.failureTTL = .seconds(CronJobHash.Field.longestKeeping) },
        { $0.failureTTL = .seconds(-1) },
        { $0.ttl = .seconds(CronJobHash.Field.longestKeeping) },
        { $0.resultTTL = .seconds(0) },
        { $0.resultTTL = .seconds(-1) },
        { $0.resultTTL = nil },
        { $0.jobTimeout = .seconds(-1) },
        { $0.failureTTL = .seconds(0) },
        { $0.ttl = .seconds(1) },
        { $0.id = "jobs" },
        { $0.id = "a:jobs:b" },
        { $0.id = "ключ 🔑\n'" },
        { $0.queueName = "очередь" },
        { $0.cron = "" },
        { ($0.interval, $0.cron) = (nil, "@daily") },
        { ($0.interval, $0.cron, $0.timeZone) = (nil, "0 7 * * *", "Europe/Berlin") },
        // Its years have passed: it is valid and never due.
        { ($0.interval, $0.cron) = (nil, "0 0 1 1 * 0 1999") },
    ]

    @Test(arguments: accepted.indices)
    func `what makes sense is accepted`(index: Int) throws {
        _ = try DefinitionCheck(.example("m", Self.accepted[index])).plan(defaultZone: .utc)
    }

    @Test func `the zone of the definition wins over the default`() throws {
        let berlin = try ZoneRules(identifier: "Europe/Berlin")
        let plain = CronJobHash.example(cron: "0 7 * * *")
        let zoned = CronJobHash.example(cron: "0 7 * * *") { $0.timeZone = "UTC" }
        for (hash, hour) in [(plain, 6), (zoned, 7)] {
            let plan = try DefinitionCheck(hash).plan(defaultZone: berlin)
            #expect(plan.next(planned: .newYear, now: .newYear) == .newYear + .seconds(hour * 3600))
        }
    }
}

extension CronJobHash {
    fileprivate static func example(_ id: String, _ change: (inout CronJobHash) -> Void) -> CronJobHash {
        .example(id, queue: "metrics", change)
    }
}

@Suite struct ScheduleSpecTests {
    @Test func `a schedule is a period or an expression`() throws {
        #expect(ScheduleSpec.every(.seconds(300)).interval == .seconds(300))
        #expect(ScheduleSpec.every(.seconds(300)).cron == nil)
        let report = ScheduleSpec.cron("0 7 * * *", timeZone: "Europe/Berlin")
        #expect(report.interval == nil && report.cron == "0 7 * * *" && report.timeZone == "Europe/Berlin")
        let job = try RedisCronJob(id: "a", call: CallSpec("m.f", queue: "q"), schedule: .every(.seconds(1)))
        #expect(job.schedule == .every(.seconds(1)))
    }

    @Test(arguments: [
        Duration.milliseconds(1500), .milliseconds(500), .zero, .seconds(-1),
        Duration(secondsComponent: .max, attosecondsComponent: 0),
    ])
    func `a period that no hash can hold is refused, and named`(period: Duration) {
        let error = #expect(throws: RedisCronError.self) {
            try RedisCronJob(id: "a", call: CallSpec("m.f", queue: "q"), schedule: .every(period))
        }
        #expect(error?.code == .invalidDefinition && error?.field == "interval")
        #expect(error?.message.contains("must be") == true, "\(error?.message ?? "")")
    }
}
