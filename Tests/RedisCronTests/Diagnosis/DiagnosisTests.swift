import RQWire
import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

@Suite(.timeLimit(.minutes(1)))
struct DiagnosisTests {
    /// A server with a log, one good definition, and a scheduler that does not run.
    private func withScheduler(
        _ body: (RedisServer, RedisCronScheduler) async throws -> Void
    ) async throws {
        try await withRedis(RedisServer.Configuration(appendOnly: true)) { server in
            try await withConnection(to: server) { connection in
                let scheduler = try RedisCronScheduler(connection: connection, options: .forTest())
                try await scheduler.register(
                    functionName: "m.f", queueName: "q", id: "good", cron: "0 0 1 1 *", timeZone: "UTC")
                try await body(server, scheduler)
            }
        }
    }

    /// Findings but those that a scheduler that does not run and a queue without workers always give.
    private func findings(_ scheduler: RedisCronScheduler) async throws -> [Finding] {
        try await scheduler.connection.diagnose()
            .filter { $0.check != .worker && $0.severity > .notice || $0.isRepairable }
            .filter { $0.subject != nil }
    }

    @Test func `data in good order gives no more than hints`() async throws {
        try await withScheduler { _, scheduler in
            let all = try await scheduler.connection.diagnose()
            #expect(Set(all.map(\.check)) == [.lock, .worker])
            let grave = try await findings(scheduler)
            #expect(grave.isEmpty)
        }
    }

    @Test func `an index entry of nothing is pruned, and RQ's own name is left alone`() async throws {
        try await withScheduler { server, scheduler in
            try server.command("ZADD", "rq:cron_jobs", "5000000000", "orphan", "5000000000", "rqs-own")
            try server.command("ZADD", "rq:cron_job:rqs-own:jobs", "1", "x")
            let found = try await findings(scheduler)
            #expect(found.map(\.subject) == ["orphan"])
            for finding in found { #expect(try await scheduler.connection.repair(finding)) }
            let left = try server.command("ZRANGE", "rq:cron_jobs", "0", "-1").strings
            #expect(Set(left) == ["good", "rqs-own"])
            let again = try await findings(scheduler)
            #expect(again.isEmpty)
        }
    }

    @Test func `an enabled definition without an entry gets one at its own time`() async throws {
        try await withScheduler { server, scheduler in
            let score = try server.command("ZSCORE", "rq:cron_jobs", "good").string
            try server.command("ZREM", "rq:cron_jobs", "good")
            let found = try await findings(scheduler)
            #expect(found.map(\.subject) == ["good"])
            #expect(found.map(\.severity) == [.error])
            for finding in found { #expect(try await scheduler.connection.repair(finding)) }
            #expect(try server.command("ZSCORE", "rq:cron_jobs", "good").string == score)
            // Mended already: nothing is done.
            for finding in found { #expect(try await !scheduler.connection.repair(finding)) }
        }
    }

    @Test func `an entry later than its definition is moved, and a disabled one taken out`() async throws {
        try await withScheduler { server, scheduler in
            try await scheduler.register(
                functionName: "m.f", queueName: "q", id: "off", interval: .seconds(5), enabled: false)
            let score = try server.command("ZSCORE", "rq:cron_jobs", "good").string
            try server.command("ZADD", "rq:cron_jobs", "9000000000", "good", "1", "off")
            let found = try await findings(scheduler)
            #expect(Set(found.compactMap(\.subject)) == ["good", "off"])
            for finding in found { #expect(try await scheduler.connection.repair(finding)) }
            #expect(try server.command("ZSCORE", "rq:cron_jobs", "good").string == score)
            #expect(try server.command("ZSCORE", "rq:cron_jobs", "off").string == nil)
        }
    }

    @Test func `a definition that cannot be used is named with its field and not touched`() async throws {
        try await withScheduler { server, scheduler in
            try server.command("HSET", "rq:cron_job:good", "interval", "abc")
            let found = try await findings(scheduler)
            #expect(found.map(\.subject) == ["good"])
            #expect(found.first?.message.contains("interval") == true)
            #expect(found.first?.isRepairable == false)
        }
    }

    @Test func `a scheduler that fell silent is forgotten, one that beat meanwhile is not`() async throws {
        try await withScheduler { server, scheduler in
            try server.command("ZADD", "rq:cron_schedulers", "1000", "dead", "1000", "revived")
            let found = try await findings(scheduler)
            #expect(found.map(\.subject) == ["dead", "revived"])
            try server.command("ZADD", "rq:cron_schedulers", "2000", "revived")
            for finding in found {
                let changed = try await scheduler.connection.repair(finding)
                #expect(changed == (finding.subject == "dead"))
            }
            #expect(try server.command("ZCARD", "rq:cron_schedulers").integer == 1)
        }
    }

    @Test func `a lock without expiry gets one, unless it is another one by then`() async throws {
        try await withScheduler { server, scheduler in
            try server.command("SET", "rq:cron_jobs:lock", "somebody")
            let found = try await findings(scheduler)
            #expect(found.map(\.check) == [.lock])
            try server.command("SET", "rq:cron_jobs:lock", "another")
            for finding in found { #expect(try await !scheduler.connection.repair(finding)) }
            try server.command("SET", "rq:cron_jobs:lock", "somebody")
            for finding in found { #expect(try await scheduler.connection.repair(finding)) }
            #expect((1...120).contains(try server.command("TTL", "rq:cron_jobs:lock").integer ?? 0))
        }
    }

    @Test(arguments: [Duration.zero, .seconds(-1), .seconds(86_401), .seconds(Int64.max)])
    func `an expiry that no lock can have is refused, and the lock stays as it is`(lockTTL: Duration) async throws {
        try await withScheduler { server, scheduler in
            try server.command("SET", "rq:cron_jobs:lock", "somebody")
            let finding = try #require(try await findings(scheduler).first)
            let fromRepair = await #expect(throws: RedisCronError.self) {
                try await scheduler.connection.repair(finding, lockTTL: lockTTL)
            }
            let fromDiagnosis = await #expect(throws: RedisCronError.self) {
                try await scheduler.connection.diagnose(lockTTL: lockTTL)
            }
            for error in [fromRepair, fromDiagnosis] {
                #expect(error?.code == .invalidOption)
                #expect(error?.field == "lockTTL")
            }
            #expect(try server.command("TTL", "rq:cron_jobs:lock").integer == -1)
        }
    }

    @Test func `a key of another type is named before anything stumbles over it`() async throws {
        try await withScheduler { server, scheduler in
            try server.command("DEL", "rq:cron_jobs")
            try server.command("SET", "rq:cron_jobs", "text")
            let found = try await findings(scheduler)
            #expect(found.map(\.check) == [.keyType])
            #expect(found.first?.message.contains("holds a string, not a zset") == true)
        }
    }

    @Test func `a definition that waits past its time is overdue`() async throws {
        try await withScheduler { server, scheduler in
            try server.command("HSET", "rq:cron_job:good", "next_enqueue_time", "2020-01-01T00:00:00.000000Z")
            try server.command("ZADD", "rq:cron_jobs", "1577836800", "good")
            let found = try await scheduler.connection.diagnose()
            let overdue = found.first { $0.check == .overdue }
            #expect(overdue?.message.contains("1 definition is overdue") == true)
        }
    }

    @Test(arguments: ["inf", "9000000000"])
    func `an interval that never ran is due at once, and an entry later than that is moved`(score: String) async throws
    {
        try await withScheduler { server, scheduler in
            try await scheduler.register(functionName: "m.f", queueName: "q", id: "new", interval: .seconds(60))
            let quiet = try await findings(scheduler)
            #expect(quiet.isEmpty)
            try server.command("ZADD", "rq:cron_jobs", score, "new")
            let found = try await findings(scheduler)
            #expect(found.map(\.subject) == ["new"])
            #expect(found.map(\.severity) == [.error])
            for finding in found { #expect(try await scheduler.connection.repair(finding)) }
            let moved = try server.command("ZSCORE", "rq:cron_jobs", "new").string.flatMap(Double.init)
            #expect((moved ?? .infinity) < 5_000_000_000)
            let again = try await findings(scheduler)
            #expect(again.isEmpty)
        }
    }

    @Test(arguments: ["9999-12-31T23:59:59.999999Z", "2126-12-31T23:59:59.999999Z"])
    func `a definition that waits beyond its schedule is a warning, and planned anew where a clock was ahead`(
        next: String
    ) async throws {
        try await withScheduler { server, scheduler in
            try await scheduler.register(functionName: "m.f", queueName: "q", id: "often", interval: .seconds(60))
            let latest = ["good": "2026-01-01T00:00:00.000000Z", "often": "2090-01-01T00:00:00.000000Z"]
            for (id, latest) in latest {
                try server.command(
                    "HSET", "rq:cron_job:\(id)", "next_enqueue_time", next, "latest_enqueue_time", latest)
                try server.command(
                    "ZADD", "rq:cron_jobs", next.hasPrefix("9999") ? "253402300799" : "4954003199", id)
            }
            let found = try await scheduler.connection.diagnose().filter { $0.check == .definition }
            #expect(found.map(\.subject) == ["good", "often"])
            #expect(found.allSatisfy { $0.severity == .warning && $0.message.contains(next) })
            // Somebody may have meant it where the last run lies in the past.
            #expect(found.map(\.isRepairable) == [false, true])
            for finding in found { #expect(try await scheduler.connection.repair(finding) == finding.isRepairable) }
            let mended = try await RedisCronJob.fetch(id: "often", on: scheduler.connection)
            let distance = try #require(mended.nextEnqueueTime) - Timestamp.now
            #expect((.seconds(50)...(.seconds(60))).contains(distance))
            #expect(try server.command("ZSCORE", "rq:cron_jobs", "often").double == mended.nextEnqueueTime?.score)
            // Mended already: nothing is done.
            for finding in found { #expect(try await !scheduler.connection.repair(finding)) }
        }
    }

    @Test func `a first run that was put off on purpose is no finding`() async throws {
        try await withScheduler { _, scheduler in
            let later = Timestamp.now + .seconds(86_400 * 30)
            var job = CronJobDeclaration(
                id: "later", call: CallSpec("m.f", queue: "q"), schedule: ScheduleSpec(interval: .seconds(60)))
            job.firstRun = later
            try await scheduler.connection.apply(CronJobDeclarations(jobs: [job]))
            #expect(try await scheduler.connection.diagnose().filter { $0.check == .definition } == [])
            // Nor does registering or applying it again take that back.
            let again = try await scheduler.register(
                functionName: "m.f", queueName: "q", id: "later", interval: .seconds(60))
            #expect(again.nextEnqueueTime == later)
            #expect(try await scheduler.connection.plan(CronJobDeclarations(jobs: [job])).unchanged == 1)
        }
    }

    @Test func `a wait of less than a whole period beyond the next time is no finding`() async throws {
        try await withScheduler { server, scheduler in
            var job = try await scheduler.register(
                functionName: "m.f", queueName: "q", id: "hourly", interval: .seconds(3600))
            for (seconds, isFound) in [(5_400, false), (9_000, true)] {
                job.latestEnqueueTime = Timestamp.now - .seconds(60)
                job.nextEnqueueTime = Timestamp.now + .seconds(seconds)
                try await job.save()
                let found = try await scheduler.connection.diagnose().contains { $0.subject == "hourly" }
                #expect(found == isFound)
            }
        }
    }

    @Test func `a queue whose keys hold something else is named`() async throws {
        try await withScheduler { server, scheduler in
            try server.command("HSET", "rq:queue:q", "a", "b")
            try server.command("SET", "rq:workers:q", "x")
            let found = try await findings(scheduler)
            #expect(found.map(\.check) == [.keyType, .keyType])
            #expect(found.map(\.subject) == ["rq:queue:q", "rq:workers:q"])
            #expect(found.first?.message.contains("holds a hash, not a list") == true)
        }
    }

    @Test func `a queue that a worker reads is no finding`() async throws {
        try await withScheduler { server, scheduler in
            try server.command("SADD", "rq:workers:q", "rq:worker:w", "rq:worker:dead")
            try server.command("HSET", "rq:worker:w", "queues", "q")
            #expect(try await scheduler.connection.diagnose().map(\.check) == [.lock])
        }
    }

    @Test func `a long lock of a scheduler that is in no registry is shortened`() async throws {
        try await withScheduler { server, scheduler in
            try server.command("SET", "rq:cron_jobs:lock", "host:1:abc:0123", "EX", "100000")
            let found = try await findings(scheduler)
            #expect(found.map(\.check) == [.lock])
            #expect(found.first?.message.contains("'host:1:abc' holds the lock for") == true)
            for finding in found { #expect(try await scheduler.connection.repair(finding)) }
            let left = try server.command("TTL", "rq:cron_jobs:lock").integer ?? 0
            #expect((1...120).contains(left))
            let again = try await findings(scheduler)
            #expect(again.isEmpty)
        }
    }

    @Test func `a long lock of a scheduler that beats is its own affair`() async throws {
        try await withScheduler { server, scheduler in
            try server.command("SET", "rq:cron_jobs:lock", "host:1:abc:0123", "EX", "100000")
            try server.command("HSET", "rq:cron_scheduler:host:1:abc", "hostname", "host", "pid", "1")
            let found = try await findings(scheduler)
            #expect(found.isEmpty)
        }
    }

    @Test func `a holder whose registry entry is no hash does not stop the look`() async throws {
        try await withScheduler { server, scheduler in
            try server.command("SET", "rq:cron_jobs:lock", "host:1:abc:0123", "EX", "100")
            try server.command("SET", "rq:cron_scheduler:host:1:abc", "x")
            let found = try await findings(scheduler)
            #expect(found.isEmpty)
        }
    }

    @Test func `a scheduler whose heartbeat is still to come is forgotten when it is gone`() async throws {
        try await withScheduler { server, scheduler in
            try server.command(
                "ZADD", "rq:cron_schedulers", "99999999999", "gone", "inf", "endless", "99999999999", "lives")
            try server.command("HSET", "rq:cron_scheduler:lives", "hostname", "host", "pid", "1")
            let found = try await findings(scheduler)
            #expect(Set(found.compactMap(\.subject)) == ["gone", "endless"])
            for finding in found { #expect(try await scheduler.connection.repair(finding)) }
            #expect(try server.command("ZRANGE", "rq:cron_schedulers", "0", "-1").strings == ["lives"])
        }
    }

    @Test func `a running scheduler tells what the server's settings could cost`() async throws {
        let settings = RedisServer.Configuration(lines: ["maxmemory 1gb", "maxmemory-policy allkeys-lru"])
        try await withRedis(settings) { server in
            try await withConnection(to: server) { connection in
                let lines = Observed<[String]>([])
                let options = RedisCronScheduler.Options.forTest { options in
                    options.logger = SchedulerLogger(minimumLevel: .warning) { _, line in
                        lines.update { $0.append(line) }
                    }
                }
                try await whileRunning(try RedisCronScheduler(connection: connection, options: options)) {
                    _ = try await lines.wait(for: "the warning") { lines in
                        lines.contains { $0.hasPrefix("eviction-policy: ") } ? true : nil
                    }
                }
            }
        }
    }
}
