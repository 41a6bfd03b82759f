import Cron
import RQWire
import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

/// Ends, limits, failures, and what another scheduler planned against them, on a real server.
@Suite(.timeLimit(.minutes(2)))
struct LimitTests {
    private let now = RedisHarness.present
    private static let never = "9999-12-31T23:59:59.999999Z"

    // MARK: Limits and ends

    @Test func `it is finished with its last run, and deleted when its time has come`() async throws {
        try await withRedisHarness { harness async throws in
            try await harness.register(
                "a", .every(.seconds(3600)), RunPolicy(maxRuns: 2, deleteAfter: .seconds(60)))
            for second in [30, 20] {
                try harness.plan(at: now - .seconds(second))
                #expect(try await harness.tick() == [now - .seconds(second)])
            }
            #expect(try await harness.finish() == .limit(runs: 2))
            #expect(try harness.field("next_enqueue_time") == Self.never)
            #expect(try harness.field("run_count") == "2")
            #expect(try harness.score("a") == nil)
            let deletion = try #require(try harness.server.command("ZSCORE", "rq:cron_jobs:deletions", "a").double)
            #expect(abs(deletion - Timestamp.now.score - 60) < 30)
            // Not before.
            try await harness.tick()
            #expect(try harness.server.command("EXISTS", "rq:cron_job:a").integer == 1)
            try harness.server.command("ZADD", "rq:cron_jobs:deletions", 1, "a")
            try await harness.tick()
            try await harness.recorder.wait(for: "its deletion") { $0 == .deletedFinished(id: "a") }
            #expect(try harness.server.command("EXISTS", "rq:cron_job:a", "rq:cron_jobs:deletions").integer == 0)
        }
    }

    @Test func `one that was brought back is not deleted`() async throws {
        try await withRedisHarness { harness async throws in
            try await harness.register("a", .every(.seconds(3600)), RunPolicy(maxRuns: 1, deleteAfter: .seconds(60)))
            try await harness.tick()
            var job = try await harness.job("a")
            #expect(job.isFinished)
            job.policy.maxRuns = 3
            try await job.save()
            #expect(try harness.server.command("ZSCORE", "rq:cron_jobs:deletions", "a").double == nil)
            let next = try #require(job.nextEnqueueTime)
            #expect(next > .now && next <= Timestamp.now + .seconds(3600))
            #expect(try harness.score("a") == next.score)
        }
    }

    @Test func `of many that were missed exactly the limit is made up for`() async throws {
        try await withRedisHarness { harness async throws in
            try await harness.register("a", .every(.seconds(60)), RunPolicy(catchUp: .all, maxRuns: 3))
            try harness.plan(at: now - .seconds(601))
            #expect(try await harness.tick() == [601, 541, 481].map { now - .seconds($0) })
            #expect(try await harness.finish() == .limit(runs: 3))
            #expect(try harness.queued().count == 3)
        }
    }

    @Test func `behind a last run nothing was missed, and it is told first that it was queued`() async throws {
        try await withRedisHarness { harness async throws in
            try await harness.register("a", .every(.seconds(60)), RunPolicy(maxRuns: 1))
            try harness.plan(at: now - .seconds(601))
            #expect(try await harness.tick() == [now - .seconds(601)])
            #expect(try await harness.finish() == .limit(runs: 1))
            let told = harness.recorder.events.filter {
                switch $0 {
                case .enqueued, .finished, .refused: true
                default: false
                }
            }
            #expect(told.count == 2)
            #expect(told.first?.enqueuedIDs == ["a"])
        }
    }

    @Test func `a run that was queued before does not count`() async throws {
        try await withRedisHarness { harness async throws in
            try await harness.register("a", .every(.seconds(3600)), RunPolicy(maxRuns: 1))
            try harness.plan(at: now - .seconds(7200))
            // Its job exists, from whoever led before.
            let job = RedisHarness.job(at: now - .seconds(7200))
            try harness.server.command("HSET", "rq:job:\(job)", "status", "finished")
            #expect(try await harness.tick() == [now - .seconds(3600)])
            #expect(try harness.field("run_count") == "1")
        }
    }

    @Test func `the last time before the end is run, and then it is finished`() async throws {
        try await withRedisHarness { harness async throws in
            let end = now + .seconds(600)
            try await harness.register("a", .every(.seconds(3600), through: end))
            try harness.plan(at: now - .seconds(10))
            #expect(try await harness.tick() == [now - .seconds(10)])
            #expect(try await harness.finish() == .ended)
            #expect(try harness.field("next_enqueue_time") == Self.never)
            #expect(try harness.score("a") == nil)
        }
    }

    // MARK: Planned by somebody else

    @Test func `what Python planned against an end, an exclusion, a start or a pause is refused once`() async throws {
        try await withRedisHarness { harness async throws in
            // A whole day, so that no midnight comes between.
            let days = [now - .seconds(86_400), now].map { String($0.wireFormat.prefix(10)) }.joined(separator: "/")
            try await harness.register("ended", .every(.seconds(60)))
            try await harness.register("excluded", .every(.seconds(60), excluding: [days]))
            try await harness.register("start", .every(.seconds(60), from: now + .seconds(7200)))
            var paused = try await harness.register("paused", .every(.seconds(60)))
            try await paused.pause(until: now + .seconds(7200))
            try await harness.register("limit", .every(.seconds(60)), RunPolicy(maxRuns: 1))
            try await harness.tick()
            try harness.end("ended", at: now - .seconds(1))
            try harness.work()

            let ids = ["ended", "excluded", "start", "paused", "limit"]
            for id in ids { try harness.plan(id, at: now) }
            try await harness.tick()
            #expect(try harness.queued() == [])
            let refused = try await harness.refusals(5)
            let reasons = Dictionary(uniqueKeysWithValues: refused.map { ($0.id, $0.reason) })
            #expect(
                reasons == [
                    "ended": .ended, "excluded": .excluded, "start": .excluded, "paused": .paused, "limit": .limit,
                ])
            #expect(refused.allSatisfy { $0.count == 1 && $0.isExact })
            for id in ids {
                let next = try #require(try harness.field("next_enqueue_time", of: id))
                let isFinished = ["ended", "limit"].contains(id)
                #expect((next == Self.never) == isFinished, "\(id)")
                #expect((try harness.score(id) == nil) == isFinished, "\(id)")
            }
            for id in ["start", "paused"] {
                #expect(try #require(try harness.score(id)) >= (now + .seconds(7200)).score)
            }
            try await harness.tick()
            #expect(try await harness.refusals(5).count == 5)
        }
    }

    @Test func `an entry that Python wrote without jitter is moved to its due time, and run then`() async throws {
        try await withRedisHarness { harness async throws in
            try await harness.register("a", .every(.seconds(3600), jitter: .seconds(1800)))
            let definition = try await harness.job("a").definition
            let plan = try DefinitionCheck(definition).plan(defaultZone: .utc)
            // A planned time in the past that is due later.
            let planned = try #require(
                (1...1_000).map { now - .seconds($0) }.first { plan.dueTime(of: $0) > .now + .seconds(60) })
            try harness.plan(at: planned)
            #expect(try await harness.tick() == [])
            #expect(try harness.field("next_enqueue_time") == planned.wireFormat)
            #expect(try harness.score("a") == plan.dueTime(of: planned).score)
            #expect(!harness.recorder.events.contains { if case .refused = $0 { true } else { false } })
            let early = try #require((1_801...3_000).map { now - .seconds($0) }.first)
            try harness.plan(at: early)
            #expect(try await harness.tick() == [early])
            let next = try #require(try harness.field("next_enqueue_time"))
            #expect(try harness.score("a") == plan.dueTime(of: Timestamp(parsing: next)).score)
        }
    }

    // MARK: Failures

    @Test func `as many failures in a row as it allows pause it, a success or a retry in between does not`()
        async throws
    {
        try await withRedisHarness { harness async throws in
            try await harness.register("a", .every(.seconds(3600)), RunPolicy(pauseAfterFailures: 2))
            var second = 100
            func run(_ status: String) async throws -> [Timestamp] {
                second -= 1
                try harness.plan(at: now - .seconds(second))
                let queued = try await harness.tick()
                try harness.work(status)
                return queued
            }
            for status in ["failed", "finished", "failed", "stopped", "failed"] {
                #expect(try await run(status).count == 1, "\(status)")
            }
            #expect(try await run("finished") == [])
            #expect(try harness.field("enabled") == "0")
            #expect(try harness.field("pause_note") == "2 runs in a row failed")
            #expect(try harness.score("a") == nil)
            try await harness.recorder.wait(for: "the pause") { $0 == .paused(id: "a", note: "2 runs in a row failed") }

            var job = try await harness.job("a")
            #expect(job.isPaused(at: .now))
            try await job.resume()
            #expect(job.enabled && job.pauseNote == nil)
            #expect(try #require(try harness.score("a")) > Timestamp.now.score)
            #expect(try await run("failed").count == 1)
            #expect(try await run("failed").count == 1)
            #expect(try await run("failed") == [])
        }
    }

    // MARK: Pauses

    @Test func `a pause keeps grid and first run, and what it held back is not made up for`() async throws {
        try await withRedisHarness { harness async throws in
            for (id, offset) in [("put off", 7200), ("missed", -7300)] {
                var job = try await harness.register(id, .every(.seconds(3600)), RunPolicy(catchUp: .all))
                job.nextEnqueueTime = now + .seconds(offset)
                try await job.save()
                try await job.pause(note: "database move")
                #expect(try harness.score(id) == nil)
                #expect(job.isPaused(at: .now) && job.pauseNote == "database move")
                try await job.resume()
                let next = id == "missed" ? now + .seconds(3500) : now + .seconds(7200)
                #expect(job.nextEnqueueTime == next, "\(id)")
                #expect(try harness.score(id) == next.score)
                #expect(!job.isPaused(at: .now) && job.pauseNote == nil)
            }
            try await harness.tick()
            #expect(try harness.queued() == [])
        }
    }

    @Test(arguments: [RunPolicy.CatchUp.one, .all, .skip])
    func `to enable or resume what is on already gives up no run that is late`(catchUp: RunPolicy.CatchUp) async throws
    {
        try await withRedisHarness { harness async throws in
            try await harness.register("a", .every(.seconds(3600)), RunPolicy(catchUp: catchUp))
            // A pause that is over has left its end behind.
            try harness.server.command("HSET", "rq:cron_job:a", "paused_until", (now - .seconds(60)).wireFormat)
            let late = now - .seconds(30)
            try harness.plan(at: late)
            for isResumed in [true, false] {
                var job = try await harness.job("a")
                if isResumed { try await job.resume() } else { try await job.enable() }
                #expect(try harness.field("next_enqueue_time") == late.wireFormat)
                #expect(try harness.score("a") == late.score)
            }
            #expect(try await harness.tick() == [late])
        }
    }

    // MARK: Order

    @Test func `at the front the oldest runs of a batch run first`() async throws {
        try await withRedisHarness { harness async throws in
            try harness.server.command("RPUSH", "rq:queue:metrics", "waiting")
            for number in 1...5 {
                try await harness.register("front:\(number)") { $0.atFront = true }
                try harness.plan("front:\(number)", at: now - .seconds(number * 10))
                try await harness.register("back:\(number)")
                try harness.plan("back:\(number)", at: now - .seconds(number * 10 + 5))
            }
            try await harness.tick()
            let front = (1...5).reversed().map { RedisHarness.job("front:\($0)", at: now - .seconds($0 * 10)) }
            let back = (1...5).reversed().map { RedisHarness.job("back:\($0)", at: now - .seconds($0 * 10 + 5)) }
            #expect(try harness.queued() == front + ["waiting"] + back)
        }
    }
}
