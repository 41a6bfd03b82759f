import RQWire
import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

/// The fences of the tick on a real server, each with the interleaving that it is there for.
@Suite(.timeLimit(.minutes(2)))
struct FenceTests {
    /// A harness that leads and has one definition due now.
    private func withDue(_ body: (RedisHarness) async throws -> Void) async throws {
        try await withRedisHarness { harness async throws in
            try await harness.register()
            try await harness.actor.beginByHand()
            try await body(harness)
        }
    }

    private static let interference: [InterposedStore.Call] = [.fetchDue, .definitions]

    @Test(arguments: interference)
    func `lock: stolen between reading and queueing, nothing is queued and leading ends`(
        call: InterposedStore.Call
    ) async throws {
        try await withDue { harness async throws in
            harness.store.afterNext(call) { try harness.server.command("SET", "rq:cron_jobs:lock", "thief:1") }
            _ = try await harness.actor.tick()
            #expect(try harness.queued().isEmpty)
            #expect(await !harness.actor.isLeading)
            #expect(try harness.server.command("GET", "rq:cron_jobs:lock").string == "thief:1")
            #expect(try await harness.job().latestEnqueueTime == nil)
        }
    }

    @Test func `lock: expired and not taken again, nothing is queued either`() async throws {
        try await withDue { harness async throws in
            harness.store.afterNext(.definitions) { try harness.server.command("DEL", "rq:cron_jobs:lock") }
            _ = try await harness.actor.tick()
            #expect(try harness.queued().isEmpty)
        }
    }

    @Test(arguments: interference)
    func `once: moved by somebody else between reading and queueing, it is not queued`(
        call: InterposedStore.Call
    ) async throws {
        try await withDue { harness async throws in
            harness.store.afterNext(call) {
                try harness.server.command("ZADD", "rq:cron_jobs", "XX", 4_000_000_000, "metric:pm25")
            }
            _ = try await harness.actor.tick()
            #expect(try harness.queued().isEmpty)
            #expect(try harness.score() == 4_000_000_000)
        }
    }

    @Test func `once: two that both believe they lead queue a planned time once`() async throws {
        try await withDue { harness async throws in
            let rival = try RedisHarness(harness.server, harness.connection)
            let token = try harness.server.command("GET", "rq:cron_jobs:lock").string ?? ""
            harness.store.afterNext(.definitions) {
                try harness.server.command("DEL", "rq:cron_jobs:lock")
                try await rival.actor.beginByHand()
                _ = try await rival.actor.tick()
                // Redis lost the rival's lock, as in a failover, and has the old one again.
                try harness.server.command("SET", "rq:cron_jobs:lock", token)
            }
            _ = try await harness.actor.tick()
            #expect(try harness.queued().count == 1)
        }
    }

    @Test(arguments: interference)
    func `fresh: an edit between reading and queueing is what is queued`(call: InterposedStore.Call) async throws {
        try await withDue { harness async throws in
            harness.store.afterNext(call) {
                try await harness.editor.register(
                    functionName: "app.tasks.rebuild", queueName: "edited", id: "metric:pm25", args: ["o3"],
                    interval: .seconds(300))
            }
            _ = try await harness.actor.tick()
            #expect(try harness.queued().isEmpty)
            let queued = try #require(try harness.queued("edited").first)
            let description = try harness.server.command("HGET", "rq:job:\(queued)", "description").string
            #expect(description == "app.tasks.rebuild('o3')")
        }
    }

    @Test(arguments: interference)
    func `fresh: deleted between reading and queueing, it is not queued and does not come back`(
        call: InterposedStore.Call
    ) async throws {
        try await withDue { harness async throws in
            let job = try await harness.job()
            harness.store.afterNext(call) { try await job.delete() }
            _ = try await harness.actor.tick()
            #expect(try harness.queued().isEmpty)
            #expect(try harness.server.command("EXISTS", "rq:cron_job:metric:pm25", "rq:cron_jobs").integer == 0)
        }
    }

    @Test(arguments: interference)
    func `fresh: disabled between reading and queueing, it is not queued`(call: InterposedStore.Call) async throws {
        try await withDue { harness async throws in
            harness.store.afterNext(call) {
                var job = try await harness.job()
                try await job.disable()
            }
            _ = try await harness.actor.tick()
            #expect(try harness.queued().isEmpty)
            #expect(try harness.score() == nil)
            #expect(try await harness.job().enabled == false)
        }
    }

    @Test func `fresh: disabled by a whole rewrite that left the index as it was, as Python's save does half way`()
        async throws
    {
        try await withDue { harness async throws in
            harness.store.afterNext(.definitions) {
                try harness.server.command(
                    "HSET", "rq:cron_job:metric:pm25", "enabled", "0", "updated_at", "2026-01-01T00:00:00.000000Z")
            }
            _ = try await harness.actor.tick()
            #expect(try harness.queued().isEmpty)
            #expect(try harness.score() == nil)
        }
    }

    @Test func `only ours: an edit during a tick is not overwritten`() async throws {
        try await withDue { harness async throws in
            // The edit lands after the batch was made and before Redis has it; the tick then runs to its end.
            harness.store.beforeNext(.enqueue) {
                var job = try await harness.job()
                job.args = ["edited"]
                job.meta = ["by": "hand"]
                try await job.save()
            }
            _ = try await harness.actor.tick()
            let job = try await harness.job()
            #expect(job.args == ["edited"])
            #expect(job.meta == ["by": "hand"])
            #expect(job.latestEnqueueTime != nil)
            #expect(try harness.queued().count == 1)
        }
    }

    @Test func `only ours: a tick during an edit is not undone`() async throws {
        try await withDue { harness async throws in
            var edited = try await harness.job()
            _ = try await harness.actor.tick()
            edited.args = ["edited"]
            try await edited.save()
            let job = try await harness.job()
            #expect(job.latestEnqueueTime != nil)
            #expect(job.nextEnqueueTime.map { $0 == job.createdAt.map { $0 + .seconds(300) } } == true)
            #expect(try harness.score() == job.nextEnqueueTime?.score)
            _ = try await harness.actor.tick()
            #expect(try harness.queued().count == 1)
        }
    }

    @Test func `a schedule that is edited while it is queued is computed from the run that it did not see`()
        async throws
    {
        try await withDue { harness async throws in
            var edited = try await harness.job()
            _ = try await harness.actor.tick()
            edited.interval = .seconds(600)
            try await edited.save()
            let job = try await harness.job()
            #expect(job.interval == .seconds(600))
            #expect(job.nextEnqueueTime == job.latestEnqueueTime.map { $0 + .seconds(600) })
            #expect(try harness.score() == job.nextEnqueueTime?.score)
        }
    }

    @Test func `an entry of RQ's that appears between reading and settling is left alone`() async throws {
        try await withRedisHarness { harness async throws in
            try await harness.actor.beginByHand()
            try harness.server.command("ZADD", "rq:cron_jobs", 1, "nightly")
            harness.store.beforeNext(.reconcile) {
                try harness.server.command("ZADD", "rq:cron_job:nightly:jobs", 1, "x")
            }
            _ = try await harness.actor.tick()
            #expect(try harness.score("nightly") == 1)
        }
    }

    @Test func `a definition that is created between reading and settling is queued, not pruned`() async throws {
        try await withRedisHarness { harness async throws in
            try await harness.actor.beginByHand()
            try harness.server.command("ZADD", "rq:cron_jobs", 1, "metric:pm25")
            harness.store.beforeNext(.reconcile) { try await harness.register() }
            _ = try await harness.actor.tick()
            #expect(try harness.queued().count == 1)
        }
    }
}
