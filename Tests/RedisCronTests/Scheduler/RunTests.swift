import RQWire
import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

@Suite(.timeLimit(.minutes(2)))
struct RunTests {
    @Test func `a registered interval job is queued at once and indexed for its next run`() async throws {
        try await withRedis { server in
            try await withConnection(to: server) { connection in
                let scheduler = try RedisCronScheduler(connection: connection, options: .forTest())
                try await scheduler.register(
                    functionName: "app.tasks.rebuild", queueName: "metrics", id: "metric:pm25", args: ["pm25"],
                    interval: .seconds(300))
                try await whileRunning(scheduler) {
                    try await eventually("the job is queued") {
                        try server.command("LLEN", "rq:queue:metrics").integer == 1
                    }
                }
                #expect(try server.command("EXISTS", "rq:cron_jobs:lock").integer == 0)
                #expect(try server.command("ZCARD", "rq:cron_schedulers").integer == 0)
            }
        }
    }

    @Test func `jobs that are created, edited, disabled and deleted while it runs are seen without a restart`()
        async throws
    {
        try await withRedisHarness { harness async throws in
            try await harness.whileRunning {
                var job = try await harness.register(interval: .seconds(3600))
                try await harness.recorder.wait(for: "the first run") { $0.enqueuedIDs == ["metric:pm25"] }

                job = try await harness.job()
                job.queueName = "edited"
                job.nextEnqueueTime = Timestamp.now
                try await job.save()
                try await harness.recorder.wait(for: "a run of the edit", count: 2) {
                    $0.enqueuedIDs == ["metric:pm25"]
                }
                #expect(try harness.queued("edited").count == 1)

                job = try await harness.job()
                try await job.disable()
                job.nextEnqueueTime = Timestamp.now
                try await job.save()
                try await job.delete()
                try await harness.register("other", interval: .seconds(3600))
                try await harness.recorder.wait(for: "the other's run") { $0.enqueuedIDs == ["other"] }
            }
            // The first run, and the other's.
            #expect(try harness.queued().count == 2)
            #expect(try harness.queued("edited").count == 1)
        }
    }

    @Test func `a job is queued in its second, not after the longest sleep`() async throws {
        try await withRedisHarness { harness async throws in
            try await harness.whileRunning {
                try await harness.register(interval: .seconds(1))
                try await harness.recorder.wait(for: "three runs", count: 3) { $0.enqueuedIDs == ["metric:pm25"] }
            }
            let planned = harness.recorder.events.flatMap { event -> [Timestamp] in
                if case .enqueued(let runs) = event { runs.map(\.planned) } else { [] }
            }
            let created = try #require(try await harness.job().createdAt)
            // Whole seconds after created_at, none twice: a slow machine may skip some.
            #expect(planned.allSatisfy { ($0 - created).components.attoseconds == 0 })
            #expect(Set(planned).count == planned.count)
        }
    }

    // MARK: Standing by

    @Test func `one that stands by takes over when the leader stops`() async throws {
        try await withRedisHarness { leader async throws in
            let follower = try RedisHarness(leader.server, leader.connection) { $0.whenLockHeld = .standBy }
            let leading = Task { try await leader.actor.run() }
            try await leader.recorder.wait(for: "leading") { if case .becameLeader = $0 { true } else { false } }
            try await leader.register(interval: .seconds(1))
            let following = Task { try await follower.actor.run() }
            try await follower.recorder.wait(for: "standing by") { if case .standingBy = $0 { true } else { false } }
            #expect(await follower.actor.currentHealth().state == .standingBy)
            #expect(try leader.server.command("ZCARD", "rq:cron_schedulers").integer == 1)
            leading.cancel()
            try await leading.value
            try await follower.recorder.wait(for: "a run") { $0.enqueuedIDs == ["metric:pm25"] }
            following.cancel()
            try await following.value
            #expect(try leader.server.command("EXISTS", "rq:cron_jobs:lock", "rq:cron_schedulers").integer == 0)
            let queued = try leader.queued()
            #expect(Set(queued).count == queued.count)
        }
    }

    @Test func `one that stands by takes over when the lock of a dead leader expires`() async throws {
        try await withRedisHarness(.init(), { $0.whenLockHeld = .standBy }) { harness async throws in
            try harness.server.command("SET", "rq:cron_jobs:lock", "dead:1", "EX", 120)
            let running = Task { try await harness.actor.run() }
            try await harness.recorder.wait(for: "standing by") { if case .standingBy = $0 { true } else { false } }
            try harness.server.command("PEXPIRE", "rq:cron_jobs:lock", 300)
            try await harness.recorder.wait(for: "leading") { if case .becameLeader = $0 { true } else { false } }
            running.cancel()
            try await running.value
        }
    }

    @Test func `a held lock fails run before anything is registered`() async throws {
        try await withRedisHarness { harness async throws in
            try harness.server.command("SET", "rq:cron_jobs:lock", "other:1")
            let error = await #expect(throws: RedisCronError.self) { try await harness.actor.run() }
            #expect(error?.code == .lockHeld)
            #expect(try harness.server.command("KEYS", "*").strings == ["rq:cron_jobs:lock"])
        }
    }

    // MARK: Stopping

    @Test(arguments: InterposedStore.Call.soon)
    func `cancelled at each of its awaits it returns, with lock and registry entry released`(
        call: InterposedStore.Call
    ) async throws {
        try await withRedisHarness { harness async throws in
            try await harness.register()
            try harness.server.command("ZADD", "rq:cron_jobs", 1, "orphan")
            try await harness.store.cancelRun(of: harness.actor, during: call)
            #expect(try harness.server.command("EXISTS", "rq:cron_jobs:lock", "rq:cron_schedulers").integer == 0)
            // Queued and moved, or neither.
            let job = try await harness.job()
            #expect(try harness.queued().count == (job.latestEnqueueTime == nil ? 0 : 1))
        }
    }

    @Test(arguments: [nil, "secret"])
    func `cancelled while the server lets it wait for the connection or the lock, it returns without an error`(
        password: String?
    ) async throws {
        // With a password the log-in is what waits, which is part of connecting.
        try await withRedisHarness(RedisServer.Configuration(password: password)) { harness async throws in
            harness.server.pause()
            let running = Task { try await harness.actor.run() }
            try await harness.store.called(.acquireLock)
            running.cancel()
            if password == nil {
                // Once the question may have been sent, it is asked back what became of it.
                try await eventually("what was asked is taken back, if anything was") {
                    let state = await harness.actor.machine.state
                    return harness.store.calls.contains(.release) || state == .stopped
                }
                harness.server.resume()
            }
            try await running.value
            harness.server.resume()
            #expect(await harness.actor.currentHealth().state == .stopped)
            #expect(try harness.server.command("EXISTS", "rq:cron_jobs:lock").integer == 0)
        }
    }

    @Test func `cancelled while there is no server it returns without an error`() async throws {
        let connection = try RedisCronConnection(url: RedisURL("redis://127.0.0.1:\(RedisServer.freePort())"))
        let scheduler = try RedisCronScheduler(
            connection: connection, options: .forTest { $0.whenLockHeld = .standBy })
        let running = Task { try await scheduler.run() }
        try await eventually("it notices") { await scheduler.health.disconnectedSince != nil }
        running.cancel()
        try await running.value
        #expect(await scheduler.health.state == .stopped)
        await connection.close()
    }

    @Test func `cancelled while the server is silent it returns within its bound`() async throws {
        try await withRedisHarness(.init(), { $0.shutdownBound = .milliseconds(300) }) { harness async throws in
            let running = Task { try await harness.actor.run() }
            try await harness.recorder.wait(for: "leading") { if case .becameLeader = $0 { true } else { false } }
            harness.server.pause()
            running.cancel()
            // Far less than the time-out of a command, which would end the wait as well.
            try await running.value
            #expect(await harness.actor.currentHealth().state == .stopped)
            harness.server.resume()
        }
    }

    @Test func `the first contact that fails ends run with an error that names the server`() async throws {
        let port = try RedisServer.freePort()
        let connection = try RedisCronConnection(url: RedisURL("redis://:secret@127.0.0.1:\(port)"))
        let scheduler = try RedisCronScheduler(connection: connection, options: .forTest())
        let error = await #expect(throws: RedisCronError.self) { try await scheduler.run() }
        #expect(error?.description.contains("127.0.0.1:\(port)") == true)
        #expect(error?.description.contains("secret") == false)
        await connection.close()
    }

    @Test func `a wrong password ends run even where it would stand by`() async throws {
        try await withRedis(RedisServer.Configuration(password: "right")) { server in
            let connection = try RedisCronConnection(url: RedisURL("redis://:wrong@127.0.0.1:\(server.port)"))
            let scheduler = try RedisCronScheduler(
                connection: connection, options: .forTest { $0.whenLockHeld = .standBy })
            let error = await #expect(throws: RedisCronError.self) { try await scheduler.run() }
            #expect(error?.cause?.prefix == .wrongPass)
            await connection.close()
        }
    }
}
