import Foundation
import RQWire
import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

/// The advice of each finding, followed to the letter: then the finding is gone.
@Suite(.timeLimit(.minutes(2)))
struct AdviceTests {
    /// A trouble, what its finding advises, and doing just that.
    struct Scenario: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let check: Finding.Check
        /// What the message says to do; `nil` where `--repair` is what mends it.
        let advice: String?
        var settings = RedisServer.Configuration(appendOnly: true)
        /// Makes the trouble.
        let arrange: @Sendable (RedisServer, RedisCronScheduler) async throws -> Void
        /// Does what is advised, and what is to hold while it is looked again; `nil` for `--repair`.
        var follow: (@Sendable (RedisServer, RedisCronScheduler) async throws -> Void)?
        /// Whether a scheduler must run when it is looked again, since that was the advice.
        var runs = false
    }

    private static let never = "2020-01-01T00:00:00.000000Z"

    private static func register(
        _ scheduler: RedisCronScheduler, interval: Duration? = .seconds(60), cron: String? = nil, enabled: Bool? = nil,
        zone: String? = nil
    ) async throws {
        try await scheduler.register(
            functionName: "m.f", queueName: "q", id: "a", interval: cron == nil ? interval : nil, cron: cron,
            timeZone: zone, enabled: enabled)
    }

    private static func postpone(_ server: RedisServer, latest: String) throws {
        try server.command(
            "HSET", "rq:cron_job:a", "next_enqueue_time", "2090-01-01T00:00:00.000000Z", "latest_enqueue_time", latest)
        try server.command("ZADD", "rq:cron_jobs", "3786912000", "a")
    }

    private static let apply: @Sendable (RedisServer, RedisCronScheduler) async throws -> Void = { _, scheduler in
        try await scheduler.connection.apply(
            CronJobDeclarations(jobs: [
                CronJobDeclaration(
                    id: "a", call: CallSpec("m.f", queue: "q"), schedule: ScheduleSpec(interval: .seconds(60)))
            ]))
    }

    static let scenarios: [Scenario] = [
        Scenario(
            testDescription: "eviction", check: .evictionPolicy, advice: "set it to noeviction",
            settings: .init(appendOnly: true, lines: ["maxmemory 1gb", "maxmemory-policy allkeys-lru"]),
            arrange: { _, _ in }
        ) { server, _ in try server.command("CONFIG", "SET", "maxmemory-policy", "noeviction") },
        Scenario(
            testDescription: "nothing on disk", check: .persistence, advice: "set appendonly to yes",
            settings: .init(lines: ["save \"\""]), arrange: { _, _ in }
        ) { server, _ in try server.command("CONFIG", "SET", "appendonly", "yes") },
        Scenario(
            testDescription: "no leader", check: .lock, advice: "start one with rqrcron run", arrange: { _, _ in },
            follow: { _, _ in }, runs: true),
        Scenario(
            testDescription: "a lock without expiry", check: .lock, advice: nil,
            arrange: { server, _ in try server.command("SET", "rq:cron_jobs:lock", "somebody") }),
        Scenario(
            testDescription: "a silent scheduler", check: .registry, advice: nil,
            arrange: { server, _ in try server.command("ZADD", "rq:cron_schedulers", "1000", "dead") }),
        Scenario(
            testDescription: "a key of another type", check: .keyType, advice: "rename or delete it",
            arrange: { server, _ in try server.command("SET", "rq:cron_jobs", "x") }
        ) { server, _ in try server.command("RENAME", "rq:cron_jobs", "was:cron_jobs") },
        Scenario(
            testDescription: "a zone of another type", check: .keyType, advice: "rename or delete it",
            arrange: { server, _ in try server.command("RPUSH", "rq:cron_jobs:timezone", "x") }
        ) { server, _ in try server.command("DEL", "rq:cron_jobs:timezone") },
        Scenario(
            testDescription: "an entry of nothing", check: .index, advice: nil,
            arrange: { server, _ in try server.command("ZADD", "rq:cron_jobs", "5000000000", "orphan") }),
        Scenario(
            testDescription: "no entry", check: .index, advice: nil,
            arrange: { server, scheduler in
                try await register(scheduler)
                try server.command("ZREM", "rq:cron_jobs", "a")
            }),
        Scenario(
            testDescription: "unusable, registered anew", check: .definition, advice: "register it anew",
            arrange: { server, _ in try server.command("HSET", "rq:cron_job:a", "id", "a", "interval", "abc") }
        ) { _, scheduler in try await register(scheduler) },
        Scenario(
            testDescription: "unusable, deleted", check: .definition, advice: "or delete it",
            arrange: { server, _ in try server.command("HSET", "rq:cron_job:a", "id", "a", "interval", "abc") }
        ) { _, scheduler in try await scheduler.connection.deleteJob(id: "a") },
        Scenario(
            testDescription: "no further time, another schedule", check: .definition, advice: "give it another one",
            arrange: { _, scheduler in try await register(scheduler, cron: "0 0 1 1 * 0 2020", zone: "UTC") }
        ) { _, scheduler in try await register(scheduler, cron: "0 0 1 1 *", zone: "UTC") },
        Scenario(
            testDescription: "no further time, disabled", check: .definition, advice: "disable or delete it",
            arrange: { _, scheduler in try await register(scheduler, cron: "0 0 1 1 * 0 2020", zone: "UTC") }
        ) { _, scheduler in
            var job = try await RedisCronJob.fetch(id: "a", on: scheduler.connection)
            try await job.disable()
        },
        Scenario(
            testDescription: "a clock that was ahead", check: .definition,
            advice: "plan it anew with rqrcron doctor --repair",
            arrange: { server, scheduler in
                try await register(scheduler)
                try postpone(server, latest: "2089-01-01T00:00:00.000000Z")
            }),
        Scenario(
            testDescription: "a long wait, registered again", check: .definition, advice: "register or apply it again",
            arrange: { server, scheduler in
                try await register(scheduler)
                try postpone(server, latest: never)
            }
        ) { _, scheduler in try await register(scheduler) },
        Scenario(
            testDescription: "a long wait, applied again", check: .definition, advice: "register or apply it again",
            arrange: { server, scheduler in
                try await register(scheduler)
                try postpone(server, latest: never)
            }, follow: apply),
        Scenario(
            testDescription: "a clock that was ahead, registered again", check: .definition, advice: nil,
            arrange: { server, scheduler in
                try await register(scheduler)
                try postpone(server, latest: "2089-01-01T00:00:00.000000Z")
            }
        ) { _, scheduler in try await register(scheduler) },
        Scenario(
            testDescription: "planned in another zone", check: .definition, advice: "register or apply it again",
            arrange: { server, scheduler in
                try server.command("SET", "rq:cron_jobs:timezone", "Asia/Tokyo")
                try await register(scheduler, cron: "0 7 * * *")
                try server.command("SET", "rq:cron_jobs:timezone", "UTC")
            }
        ) { _, scheduler in try await register(scheduler, cron: "0 7 * * *") },
        Scenario(
            testDescription: "overdue", check: .overdue, advice: "no scheduler runs",
            arrange: { server, scheduler in
                try await register(scheduler)
                try server.command("HSET", "rq:cron_job:a", "next_enqueue_time", never)
                try server.command("ZADD", "rq:cron_jobs", "1577836800", "a")
            }, follow: { _, _ in }, runs: true),
        Scenario(
            testDescription: "no worker", check: .worker, advice: "its jobs wait until one does",
            arrange: { _, scheduler in try await register(scheduler) }
        ) { server, _ in
            try server.command("SADD", "rq:workers:q", "rq:worker:w")
            try server.command("HSET", "rq:worker:w", "birth", "2026-01-01T00:00:00.000000Z")
        },
        Scenario(
            testDescription: "a log of runs that nobody reads", check: .run, advice: "start one with rqrcron run",
            arrange: { server, scheduler in
                try await register(scheduler)
                try server.log(.recorded(at: 10))
            }, follow: { _, _ in }, runs: true),
        Scenario(
            testDescription: "runs that take longer than their period", check: .run, advice: "plan them further apart",
            arrange: { server, scheduler in
                try await register(scheduler)
                let run = TrackedRun.recorded(at: 10)
                try server.record(.recorded(of: run, lasting: 90), of: run)
            }
        ) { _, scheduler in try await register(scheduler, interval: .seconds(600)) },
        Scenario(
            testDescription: "no zone published, a scheduler started", check: .timeZone, advice: "start a scheduler",
            arrange: { _, scheduler in try await register(scheduler, cron: "0 0 1 1 *") }, follow: { _, _ in },
            runs: true),
        Scenario(
            testDescription: "no zone published, one named", check: .timeZone, advice: "or name a zone in each",
            arrange: { _, scheduler in try await register(scheduler, cron: "0 0 1 1 *") }
        ) { _, scheduler in try await register(scheduler, cron: "0 0 1 1 *", zone: "UTC") },
    ]

    /// Findings that no server of a test can have and lose again; what they advise is done outside of Redis.
    private static let outside: Set<String> = [
        "serverVersion",  // a newer server
        "role",  // FailoverTests has masters and replicas
        "clock",  // NTP
        "access",  // AccessControlTests has users that may not look
        "writes", "memory", "command",  // a server's own limits; their tests lift them
        "sentinel", "cluster", "replicas",  // more than one server; the tests of high availability have them
    ]

    @Test(arguments: scenarios) func `who does what a finding says sees it go`(scenario: Scenario) async throws {
        try await withRedis(scenario.settings) { server in
            try await withConnection(to: server) { connection in
                let scheduler = try RedisCronScheduler(connection: connection, options: .forTest())
                try await scenario.arrange(server, scheduler)
                let found = try #require(await scheduler.connection.diagnose().first { $0.isAbout(scenario) })
                if let advice = scenario.advice { #expect(found.message.contains(advice), "\(found)") }
                if let follow = scenario.follow {
                    try await follow(server, scheduler)
                } else {
                    #expect(try await scheduler.connection.repair(found))
                }
                if scenario.runs {
                    try await whileRunning(RedisCronScheduler(connection: connection, options: .forTest())) {
                        try await eventually("it is gone") {
                            try await !scheduler.connection.diagnose().contains { $0.isAbout(scenario) }
                        }
                    }
                } else {
                    let left = try await scheduler.connection.diagnose().filter { $0.isAbout(scenario) }
                    #expect(left == [])
                }
            }
        }
    }

    @Test func `each kind of finding has its advice followed`() throws {
        let path = "\(PackageRoot.path)/Sources/RedisCron/Diagnosis/Finding.swift"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let checks = text.matches(of: /static let (\w+) = Check\(description: "([\w-]+)"\)/)
        let followed = Set(Self.scenarios.map(\.check.description))
        #expect(checks.count > 10)
        for check in checks where !Self.outside.contains(String(check.1)) {
            #expect(followed.contains(String(check.2)), "nobody follows the advice of \(check.1)")
        }
    }
}

extension Finding {
    /// Whether a scenario is about it; there are two kinds of trouble with a lock.
    fileprivate func isAbout(_ scenario: AdviceTests.Scenario) -> Bool {
        check == scenario.check && (check != .lock || isRepairable == (scenario.follow == nil))
    }
}
