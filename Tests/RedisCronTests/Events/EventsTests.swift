import RQWire
import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

@Suite(.timeLimit(.minutes(2)))
struct EventsTests {
    private func with(
        _ change: (inout RedisCronScheduler.Options) -> Void = { _ in },
        _ body: (RedisServer, RedisCronScheduler) async throws -> Void
    ) async throws {
        try await withRedis { server in
            try await withConnection(to: server) { connection in
                try await body(server, RedisCronScheduler(connection: connection, options: .forTest(change)))
            }
        }
    }

    @Test func `an app sees what the scheduler does, in order, without parsing text`() async throws {
        try await with({ $0.name = "s" }) { server, scheduler async throws in
            var events = scheduler.events.makeAsyncIterator()
            let job = try await scheduler.register(
                functionName: "m.f", queueName: "q", id: "a", interval: .seconds(300))
            try server.command("HSET", "rq:cron_job:bad", "id", "bad")
            try await scheduler.registerBirth()
            #expect(await events.next() == .becameLeader(name: "s"))

            try await scheduler.enqueueJobs()
            let created = try #require(job.createdAt)
            let run = EnqueuedRun(
                id: "a", jobID: RQJobID.planned(definition: "a", at: created).description, queueName: "q",
                planned: created,
                enqueuedAt: created, next: created + .seconds(300))
            guard case .enqueued(let runs)? = await events.next(), let told = runs.first, runs.count == 1 else {
                Issue.record("the run was not told")
                return
            }
            #expect(told.enqueuedAt > created)
            #expect(told.lateness == told.enqueuedAt - created)
            #expect(told == run.queued(at: told.enqueuedAt))

            try server.command("ZADD", "rq:cron_jobs", 1, "bad", 2, "orphan")
            try await scheduler.enqueueJobs()
            guard case .badDefinition("bad", "func_name", let reason)? = await events.next() else {
                Issue.record("the bad definition was not named")
                return
            }
            #expect(reason.contains("missing") && !reason.contains("func_name"))
            #expect(await events.next() == .skipped(id: "orphan", .missing))

            try server.command("SET", "rq:cron_jobs:lock", "thief:1")
            await #expect(throws: RedisCronError.self) { try await scheduler.heartbeat() }
            #expect(await events.next() == .lockLost(name: "s"))
        }
    }

    @Test func `each reader sees everything from when it began`() async throws {
        try await with({ $0.name = "s" }) { _, scheduler async throws in
            var early = scheduler.events.makeAsyncIterator()
            try await scheduler.registerBirth()
            var late = scheduler.events.makeAsyncIterator()
            try await scheduler.registerDeath()
            #expect(await early.next() == .becameLeader(name: "s"))
            #expect(await early.next() == .stopped(name: "s"))
            #expect(await late.next() == .stopped(name: "s"))
        }
    }

    @Test func `the sequence ends when the scheduler is let go, and when its reader is cancelled`() async throws {
        try await withRedis { server in
            try await withConnection(to: server) { connection in
                var scheduler: RedisCronScheduler? = try RedisCronScheduler(
                    connection: connection, options: .forTest())
                let events = try #require(scheduler?.events.makeAsyncIterator())
                let reading = Task {
                    var events = events
                    return await events.next()
                }
                scheduler = nil
                #expect(await reading.value == nil)

                let other = try RedisCronScheduler(connection: connection, options: .forTest())
                let cancelled = Task {
                    var count = 0
                    for await _ in other.events { count += 1 }
                    return count
                }
                cancelled.cancel()
                #expect(await cancelled.value == 0)
            }
        }
    }

    @Test func `the log has a line for what happens, and no password`() async throws {
        let lines = Observed<[String]>([])
        try await withRedis(RedisServer.Configuration(password: "secret")) { server in
            try await withConnection(to: server) { connection in
                let logger = SchedulerLogger(minimumLevel: .debug) { level, line in
                    lines.update { $0.append("\(level.rawValue): \(line)") }
                }
                let scheduler = try RedisCronScheduler(
                    connection: connection,
                    options: .forTest {
                        $0.logger = logger
                        $0.name = "s"
                    })
                try await scheduler.register(functionName: "m.f", queueName: "q", id: "a", interval: .seconds(300))
                try await whileRunning(scheduler) {
                    try await eventually("a run") { lines.current.contains { $0.contains("enqueued 'a'") } }
                    try server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                    try server.command("CLIENT", "KILL", "TYPE", "pubsub")
                    // A release on a connection that was cut a moment ago may fail with it.
                    let back = "info: \(SchedulerEvent.subscriptionRestored.line)"
                    try await eventually("the channel is back") { lines.current.contains(back) }
                }
            }
        }
        #expect(lines.current.contains("info: s took the lock and leads"))
        #expect(lines.current.contains("info: s stopped; it holds no lock and is in no registry"))
        #expect(!lines.current.contains { $0.contains("secret") })
    }

    @Test func `the events end with the scheduler, after a last one, also for who reads later`() async throws {
        try await with({ $0.name = "s" }) { _, scheduler async throws in
            let reading = Task {
                var seen: [SchedulerEvent] = []
                for await event in scheduler.events { seen.append(event) }
                return seen
            }
            try await eventually("a reader") { scheduler.events.channel.hasReaders }
            try await whileRunning(scheduler) {}
            let seen = await reading.value
            #expect(seen.first == .becameLeader(name: "s"))
            #expect(seen.last == .stopped(name: "s"))
            var late: [SchedulerEvent] = []
            for await event in scheduler.events { late.append(event) }
            #expect(late == [.stopped(name: "s")])
        }
    }

    @Test func `the events end when run() throws`() async throws {
        try await with({ $0.name = "s" }) { server, scheduler async throws in
            try server.command("SET", "rq:cron_jobs:lock", "another's")
            var events = scheduler.events.makeAsyncIterator()
            await #expect(throws: RedisCronError.self) { try await scheduler.run() }
            #expect(await events.next() == .stopped(name: "s"))
            #expect(await events.next() == nil)
        }
    }

    @Test func `running a scheduler twice ends the events of neither`() async throws {
        try await with({ $0.name = "s" }) { _, scheduler async throws in
            try await whileRunning(scheduler) {
                var events = scheduler.events.makeAsyncIterator()
                await #expect(throws: RedisCronError.self) { try await scheduler.run() }
                try await scheduler.register(functionName: "m.f", queueName: "q", id: "a", interval: .seconds(300))
                // Whether it leads already when the reading begins is not said.
                var event = await events.next()
                while let other = event, other.enqueuedIDs != ["a"] { event = await events.next() }
                #expect(event != nil)
            }
        }
    }

    @Test func `a lock that could not be released is told before the end`() async throws {
        let harness = try ActorHarness { $0.name = "s" }
        harness.store.before(.release) { throw MadeUpFailure() }
        try await harness.whileRunning {
            try await harness.recorder.wait(for: "leading") { $0 == .becameLeader(name: "s") }
        }
        try await harness.recorder.wait(for: "the end") { $0 == .stopped(name: "s") }
        #expect(harness.recorder.events.suffix(2) == [.releaseFailed(reason: "MadeUpFailure()"), .stopped(name: "s")])
    }

    @Test func `who may not listen to changes is told once, and when they may again`() async throws {
        let harness = try ActorHarness { $0.maxSleepInterval = .seconds(1) }
        harness.store.before(.announcements) { throw MadeUpFailure() }
        try await harness.whileRunning {
            try await harness.passTime(until: "some tries") { $0.store.calls.count { $0 == .announcements } >= 5 }
            harness.store.before(.announcements, nil)
            try await harness.passTime(until: "it listens") { $0.recorder.events.contains(.subscriptionRestored) }
        }
        let losses = harness.recorder.events.filter { $0 == .subscriptionLost(reason: "MadeUpFailure()") }
        #expect(losses.count == 1)
    }
}

extension EnqueuedRun {
    fileprivate func queued(at time: Timestamp) -> EnqueuedRun {
        EnqueuedRun(id: id, jobID: jobID, queueName: queueName, planned: planned, enqueuedAt: time, next: next)
    }
}
