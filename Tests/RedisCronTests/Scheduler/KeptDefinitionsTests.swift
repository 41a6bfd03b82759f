import RQWire
import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

/// The definitions that a scheduler is given by its options.
@Suite(.timeLimit(.minutes(2)))
struct KeptDefinitionsTests {
    private static let two: CronJobDeclarations = [
        CronJobDeclaration(
            id: "a", call: CallSpec("m.f", queue: "q", args: [1]), schedule: ScheduleSpec(interval: .seconds(3600))),
        CronJobDeclaration(
            id: "b", call: CallSpec("m.g", queue: "q"),
            schedule: ScheduleSpec(cron: "0 7 * * *", timeZone: "Europe/Berlin")),
    ]
    private static let created = SchedulerEvent.definitionsApplied(source: nil, created: 2, changed: 0, unchanged: 0)

    /// Options of a scheduler that looks often, so that the tests are short.
    private func options(_ change: (inout RedisCronScheduler.Options) -> Void = { _ in }) -> RedisCronScheduler.Options
    {
        .forTest {
            $0.definitions = Self.two
            $0.lockTTL = .seconds(1)
            $0.maxSleepInterval = .milliseconds(100)
            $0.name = "s"
            change(&$0)
        }
    }

    private func indexed(_ server: RedisServer) throws -> [String] {
        try server.command("ZRANGE", "rq:cron_jobs", 0, -1).strings.sorted()
    }

    @Test func `they are there when the scheduler leads, and unchanged at the next start`() async throws {
        try await withRedis { server in
            try await withConnection(to: server) { connection in
                let unchanged = SchedulerEvent.definitionsApplied(source: nil, created: 0, changed: 0, unchanged: 2)
                for outcome in [Self.created, unchanged] {
                    let scheduler = try RedisCronScheduler(connection: connection, options: options())
                    let recorder = EventRecorder(scheduler)
                    try await whileRunning(scheduler) {
                        try await recorder.wait(for: "\(outcome)") { $0 == outcome }
                        #expect(try indexed(server) == ["a", "b"])
                    }
                }
                #expect(try server.command("HGET", "rq:cron_job:b", "timezone").string == "Europe/Berlin")
            }
        }
    }

    @Test func `a Redis that is not there yet gets them when it comes`() async throws {
        try await withRedis { server in
            await server.kill()
            try await withConnection(to: server) { connection in
                let scheduler = try RedisCronScheduler(
                    connection: connection, options: options { $0.whenLockHeld = .standBy })
                let recorder = EventRecorder(scheduler)
                let running = Task { try await scheduler.run() }
                defer { running.cancel() }
                try await recorder.wait(for: "the loss") { if case .disconnected = $0 { true } else { false } }
                try await server.restart()
                try await recorder.wait(for: "the definitions") { $0 == Self.created }
                #expect(try indexed(server) == ["a", "b"])
                running.cancel()
                try await running.value
            }
        }
    }

    @Test func `one that stands by applies them too, and one that finds the lock held writes nothing`() async throws {
        try await withRedis { server in
            try server.command("SET", "rq:cron_jobs:lock", "another's")
            try await withConnection(to: server) { connection in
                let refused = try RedisCronScheduler(connection: connection, options: options())
                await #expect(throws: RedisCronError.self) { try await refused.run() }
                #expect(try server.command("KEYS", "*").strings == ["rq:cron_jobs:lock"])

                let scheduler = try RedisCronScheduler(
                    connection: connection, options: options { $0.whenLockHeld = .standBy })
                let recorder = EventRecorder(scheduler)
                let running = Task { try await scheduler.run() }
                try await recorder.wait(for: "the definitions") { $0 == Self.created }
                #expect(recorder.events.first == .standingBy(name: "s"))
                running.cancel()
                try await running.value
            }
        }
    }

    @Test(arguments: [true, false])
    func `a Redis that came back empty is noticed, and gets them again`(restarts: Bool) async throws {
        try await withRedis { server in
            try await withConnection(to: server) { connection in
                let scheduler = try RedisCronScheduler(connection: connection, options: options())
                let recorder = EventRecorder(scheduler)
                try await whileRunning(scheduler) {
                    try await recorder.wait(for: "a run") { $0.enqueuedIDs == ["a"] }
                    if restarts {
                        await server.kill()
                        try await server.restart()
                    } else {
                        try server.command("FLUSHALL")
                    }
                    try await recorder.wait(for: "the loss") { $0 == .definitionsGone }
                    try await recorder.wait(for: "the definitions", count: 2) { $0 == Self.created }
                    try await recorder.wait(for: "a run", count: 2) { $0.enqueuedIDs == ["a"] }
                    #expect(try indexed(server) == ["a", "b"])
                }
                #expect(recorder.events.count { $0 == .definitionsGone } == 1)
            }
        }
    }

    @Test func `a Redis that came back empty is noticed even where others have written definitions by then`()
        async throws
    {
        try await withRedis { server in
            try await withConnection(to: server) { connection in
                let scheduler = try RedisCronScheduler(connection: connection, options: options())
                let recorder = EventRecorder(scheduler)
                try await whileRunning(scheduler) {
                    try await recorder.wait(for: "a run") { $0.enqueuedIDs == ["a"] }
                    try await scheduler.register(functionName: "m.f", queueName: "q", id: "others", cron: "0 7 * * *")
                    // In one step, so that no look falls between the loss and what an app registers at its start.
                    let loss = """
                        local hash = redis.call('HGETALL', 'rq:cron_job:others')
                        local score = redis.call('ZSCORE', 'rq:cron_jobs', 'others')
                        redis.call('FLUSHALL')
                        redis.call('HSET', 'rq:cron_job:others', unpack(hash))
                        redis.call('ZADD', 'rq:cron_jobs', score, 'others')
                        redis.call('SET', 'rq:cron_jobs:last_update', '1')
                        """
                    try server.command("EVAL", loss, 0)
                    try await recorder.wait(for: "the loss") { $0 == .definitionsGone }
                    try await recorder.wait(for: "the definitions", count: 2) { $0 == Self.created }
                    try await recorder.wait(for: "a run", count: 2) { $0.enqueuedIDs == ["a"] }
                    #expect(try indexed(server) == ["a", "b", "others"])
                }
                #expect(recorder.events.count { $0 == .definitionsGone } == 1)
            }
        }
    }

    @Test func `one that takes over from an empty Redis applies what it had applied while it stood by`() async throws {
        try await withRedis { server in
            try server.command("SET", "rq:cron_jobs:lock", "another's")
            try await withConnection(to: server) { connection in
                let scheduler = try RedisCronScheduler(
                    connection: connection,
                    options: options {
                        $0.whenLockHeld = .standBy
                        $0.maxSleepInterval = .seconds(60)
                    })
                let recorder = EventRecorder(scheduler)
                let running = Task { try await scheduler.run() }
                try await recorder.wait(for: "the definitions") { $0 == Self.created }
                // It looks at the index, with two commands, when it begins to stand by and when they are written.
                try await eventually("it knows them") {
                    let counts = try server.command("INFO", "commandstats").string ?? ""
                    return counts.contains("cmdstat_zrangebyscore:calls=4")
                }
                try server.command("FLUSHALL")
                try await recorder.wait(for: "leading") { $0 == .becameLeader(name: "s") }
                try await recorder.wait(for: "the definitions again", count: 2) { $0 == Self.created }
                #expect(try indexed(server) == ["a", "b"])
                running.cancel()
                try await running.value
            }
        }
    }

    @Test func `what somebody deletes or disables is no loss and stays as it is`() async throws {
        try await withRedis { server in
            try await withConnection(to: server) { connection in
                let scheduler = try RedisCronScheduler(connection: connection, options: options())
                let recorder = EventRecorder(scheduler)
                try await whileRunning(scheduler) {
                    try await recorder.wait(for: "the definitions") { $0 == Self.created }
                    _ = try await connection.deleteJob(id: "a")
                    var other = try await RedisCronJob.fetch(id: "b", on: connection)
                    other.enabled = false
                    try await other.save()
                    #expect(try indexed(server) == [])
                    for _ in 0..<3 {
                        let last = await scheduler.health.lastTick
                        try await eventually("another tick") { await scheduler.health.lastTick != last }
                    }
                    #expect(try indexed(server) == [])
                    #expect(try server.command("EXISTS", "rq:cron_job:a").integer == 0)
                }
                #expect(!recorder.events.contains(.definitionsGone))
                #expect(recorder.events.count { $0 == Self.created } == 1)
            }
        }
    }

    @Test func `a scheduler without definitions of its own says that all are gone`() async throws {
        try await withRedis { server in
            try await withConnection(to: server) { connection in
                let scheduler = try RedisCronScheduler(connection: connection, options: options { $0.definitions = [] })
                let recorder = EventRecorder(scheduler)
                try await whileRunning(scheduler) {
                    try await scheduler.register(functionName: "m.f", queueName: "q", id: "a", interval: .seconds(3600))
                    try await recorder.wait(for: "a run") { $0.enqueuedIDs == ["a"] }
                    try server.command("FLUSHALL")
                    try await recorder.wait(for: "the loss") { $0 == .definitionsGone }
                }
                #expect(try indexed(server) == [])
            }
        }
    }

    @Test(arguments: [
        (
            CronJobDeclaration(id: "x", call: CallSpec("m.f", queue: "q"), schedule: ScheduleSpec(cron: "0 25 * * *")),
            "cron"
        ),
        (CronJobDeclaration(id: "x", call: CallSpec("m.f", queue: "q"), schedule: ScheduleSpec()), "interval"),
        (
            CronJobDeclaration(
                id: "a", call: CallSpec("m.f", queue: "q"), schedule: ScheduleSpec(interval: .seconds(1))), "id"
        ),
    ])
    func `one that makes no sense is refused by name when the scheduler is made`(
        bad: CronJobDeclaration, field: String
    ) throws {
        let connection = try RedisCronConnection(url: RedisURL("redis://127.0.0.1:1/0"))
        let error = #expect(throws: RedisCronError.self) {
            _ = try RedisCronScheduler(connection: connection, options: options { $0.definitions.jobs += [bad] })
        }
        #expect(error?.code == .invalidDefinition)
        #expect(error?.id == bad.id)
        #expect(error?.field == field, "\(String(describing: error))")
    }

    @Test func `who drives the scheduler by hand has them with the lock`() async throws {
        try await withRedis { server in
            try await withConnection(to: server) { connection in
                // Nobody extends the lock meanwhile.
                let scheduler = try RedisCronScheduler(
                    connection: connection, options: options { $0.lockTTL = .seconds(60) })
                try await scheduler.registerBirth()
                #expect(try indexed(server) == ["a", "b"])
                try server.command("DEL", "rq:cron_jobs", "rq:cron_job:a", "rq:cron_job:b", "rq:cron_jobs:last_update")
                _ = try await scheduler.enqueueJobs()
                #expect(try indexed(server) == ["a", "b"])
                try await scheduler.registerDeath()
            }
        }
    }

    @Test func `a failure to apply them is told once, and tried again until it succeeds`() async throws {
        let harness = try ActorHarness { $0.name = "s" }
        let tries = Observed(0)
        let running = Task {
            try await harness.actor.run {
                guard
                    tries.update({
                        $0 += 1
                        return $0 > 4
                    })
                else { throw MadeUpFailure() }
                return [Self.created]
            }
        }
        try await harness.passTime(until: "the definitions") { $0.recorder.events.contains(Self.created) }
        running.cancel()
        try await running.value
        #expect(tries.current == 5)
        let told = harness.recorder.events.filter { $0 == .definitionsNotApplied(reason: "MadeUpFailure()") }
        #expect(told.count == 1)
    }
}
