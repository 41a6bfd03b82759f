import RQWire
import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

/// Overlap policies from the hash to the queue, on a real server.
@Suite(.timeLimit(.minutes(2)))
struct OverlapTests {
    private let now = RedisHarness.present

    private static func openRuns(_ jobs: String...) -> [[String]] { jobs.map { [$0, "metrics"] } }

    @Test func `skip refuses each planned time until the run is over, and tells it once`() async throws {
        try await withRedisHarness { harness async throws in
            try await harness.register("a", .every(.seconds(3600)), RunPolicy(overlap: .skip))
            try harness.plan(at: now - .seconds(30))
            #expect(try await harness.tick() == [now - .seconds(30)])
            let job = RedisHarness.job(at: now - .seconds(30))
            #expect(try harness.openRuns() == Self.openRuns(job))
            for second in [20, 10] {
                try harness.plan(at: now - .seconds(second))
                #expect(try await harness.tick() == [])
                let next = try #require(try harness.score("a"))
                #expect(next > now.score)
            }
            #expect(try harness.queued() == [job])
            #expect(try harness.openRuns() == Self.openRuns(job))
            let refusals = try await harness.refusals(2)
            #expect(refusals.map(\.first) == [now - .seconds(20), now - .seconds(10)])
            #expect(refusals.allSatisfy { $0.reason == .overlap && $0.count == 1 && $0.isExact })

            try harness.work()
            try harness.plan(at: now - .seconds(1))
            #expect(try await harness.tick() == [now - .seconds(1)])
            #expect(try harness.openRuns() == Self.openRuns(RedisHarness.job(at: now - .seconds(1))))
            #expect(try harness.field("waiting_since") == nil)
        }
    }

    @Test func `wait keeps the planned time and looks again, and runs it once the others are over`() async throws {
        try await withRedisHarness { harness async throws in
            try await harness.register("a", .every(.seconds(3600)), RunPolicy(overlap: .wait))
            try harness.plan(at: now - .seconds(30))
            try await harness.tick()
            let waiting = now - .seconds(5)
            try harness.plan(at: waiting)
            /// How much later than the tick it is looked at again: at least, and at most.
            func look() async throws -> ClosedRange<Double> {
                let before = Timestamp.now.score
                #expect(try await harness.tick() == [])
                #expect(try harness.field("next_enqueue_time") == waiting.wireFormat)
                let score = try #require(try harness.score("a"))
                try harness.makeDue()
                return (score - max(before, Timestamp.now.score))...(score - before)
            }
            for _ in 0..<2 {
                let look = try await look()
                #expect(look.lowerBound <= 1 && look.upperBound >= 1)
            }
            let since = try #require(try harness.field("waiting_since"))
            #expect(try Timestamp.now - Timestamp(parsing: since) < .seconds(60))
            // The longer it waits, the less often it is looked at.
            for (waited, pause) in [(80, 8.0), (1_000, 15.0)] {
                let since = Timestamp.now - .seconds(waited)
                try harness.server.command("HSET", "rq:cron_job:a", "waiting_since", since.wireFormat)
                let look = try await look()
                #expect(look.lowerBound <= pause + 0.1 && look.upperBound >= pause)
            }

            try harness.work()
            try harness.makeDue()
            #expect(try await harness.tick() == [waiting])
            #expect(try harness.queued() == [RedisHarness.job(at: waiting)])
            #expect(try harness.field("waiting_since") == nil)
            #expect(try harness.openRuns() == Self.openRuns(RedisHarness.job(at: waiting)))
            #expect(try #require(try harness.score("a")) > Timestamp.now.score)
        }
    }

    @Test func `a run that waits is dropped by its window and by a pause`() async throws {
        try await withRedisHarness { harness async throws in
            for id in ["a", "b"] {
                try await harness.register(id, .every(.seconds(3600)), RunPolicy(overlap: .wait))
                try harness.plan(id, at: now - .seconds(60))
                try await harness.tick()
                try harness.plan(id, at: now - .seconds(15))
                #expect(try await harness.tick(id) == [])
                #expect(try harness.field("waiting_since", of: id) != nil)
            }
            try harness.server.command("HSET", "rq:cron_job:a", "catchup_window", 10)
            try harness.plan(at: now - .seconds(15))
            #expect(try await harness.tick() == [])
            let refused = try #require(try await harness.refusals(1).first)
            #expect(refused.reason == .missed && refused.first == now - .seconds(15))
            #expect(try harness.field("waiting_since") == nil)

            var job = try await RedisCronJob.fetch(id: "b", on: harness.connection)
            try await job.pause(until: Timestamp.now + .seconds(7200))
            #expect(try harness.field("waiting_since", of: "b") ?? "" == "")
            #expect(try #require(try harness.score("b")) >= (Timestamp.now + .seconds(7100)).score)
        }
    }

    @Test func `with all, times that wait run one after the other and none is dropped`() async throws {
        try await withRedisHarness { harness async throws in
            try await harness.register(
                "a", .every(.seconds(60), from: now - .seconds(240)), RunPolicy(overlap: .wait, catchUp: .all))
            try harness.end(at: now)
            try harness.plan(at: now - .seconds(240))
            for minute in (0...4).reversed() {
                #expect(try await harness.tick() == [now - .seconds(minute * 60)])
                #expect(try harness.queued().count == 1)
                try harness.work()
                if minute > 0 { try harness.makeDue() }
            }
            #expect(try await harness.finish() == .ended)
        }
    }

    @Test func `replace takes out what is queued`() async throws {
        try await withRedisHarness { harness async throws in
            try await harness.register("a", .every(.seconds(3600)), RunPolicy(overlap: .replace))
            try harness.plan(at: now - .seconds(30))
            try await harness.tick()
            try harness.plan(at: now - .seconds(10))
            #expect(try await harness.tick() == [now - .seconds(10)])
            let (old, new) = (RedisHarness.job(at: now - .seconds(30)), RedisHarness.job(at: now - .seconds(10)))
            #expect(try harness.queued() == [new])
            #expect(try harness.server.command("EXISTS", "rq:job:\(old)").integer == 0)
            #expect(try harness.openRuns() == Self.openRuns(new))
            #expect(try await harness.replacements() == [.replaced(id: "a", jobID: old, .removed)])
        }
    }

    @Test func `what takes out a run says so in the log, also where nothing is kept of it`() async throws {
        try await withRedisHarness { harness async throws in
            let policy = RunPolicy(overlap: .replace, history: 0)
            let job = try await harness.register("a", .every(.seconds(3600)), policy)
            try harness.plan(at: now - .seconds(30))
            try await harness.tick()
            #expect(try harness.server.runLog() == [])
            try harness.plan(at: now - .seconds(10))
            try await harness.tick()
            guard case .queued = try await job.trigger() else {
                Issue.record("nothing was queued")
                return
            }
            let entries = try harness.server.runLog().compactMap { RunLogEntry(Array($0.utf8)) }
            let replaced = [30, 10].map { [RedisHarness.job(at: now - .seconds($0))] }
            #expect(entries.map(\.removed) == replaced)
            #expect(entries.flatMap(\.lines) == [])
        }
    }

    // MARK: Runs that nothing is kept of

    @Test(arguments: [1, nil], [RunPolicy.Overlap.skip, .wait])
    func `an edit finds the late run of a definition that keeps no records`(
        limit: Int?, overlap: RunPolicy.Overlap
    ) async throws {
        try await withRedisHarness { harness async throws in
            try await harness.register("a", .every(.seconds(300)), RunPolicy(maxRuns: limit, history: 0))
            try harness.plan(at: now - .seconds(2_000))
            #expect(try await harness.tick() == [now - .seconds(2_000)])
            var job = try await harness.job("a")
            #expect(job.isFinished == (limit != nil))
            #expect(try harness.field("last_planned_time") == (limit == nil ? nil : (now - .seconds(2_000)).wireFormat))
            guard case .queued(let byHand) = try await job.trigger() else {
                Issue.record("the trigger was refused")
                return
            }
            job.policy.maxRuns = limit.map { $0 + 5 }
            job.policy.overlap = overlap
            try await job.save()
            #expect(!job.isFinished)
            let late = RedisHarness.job(at: now - .seconds(2_000))
            #expect(try harness.openRuns() == Self.openRuns(late, byHand))
            #expect(try harness.field("last_planned_time") ?? "" == "")
            // What is over by then is left out.
            job.policy.overlap = .allow
            try await job.save()
            try harness.server.command("HSET", "rq:job:\(late)", "status", "finished")
            job.policy.overlap = .skip
            try await job.save()
            #expect(try harness.openRuns() == Self.openRuns(byHand))
        }
    }

    // MARK: Triggers

    @Test func `a trigger obeys the overlap unless it is told otherwise, and counts as a run`() async throws {
        try await withRedisHarness { harness async throws in
            for overlap in [RunPolicy.Overlap.skip, .wait] {
                let id = overlap.rawValue
                let job = try await harness.register(id, .every(.seconds(3600)), RunPolicy(overlap: overlap))
                guard case .queued(let first) = try await job.trigger() else {
                    Issue.record("nothing was queued under \(overlap)")
                    continue
                }
                #expect(try await job.trigger() == .refused)
                // The schedule sees it as well.
                try harness.plan(id, at: now)
                #expect(try await harness.tick(id) == [])
                guard case .queued(let second) = try await job.trigger(overlap: .allow) else {
                    Issue.record("allow queued nothing under \(overlap)")
                    continue
                }
                #expect(try harness.queued().suffix(2) == [first, second])
                #expect(try harness.openRuns(of: id) == Self.openRuns(first, second))
                guard case .queued(let third) = try await job.trigger(overlap: .replace) else {
                    Issue.record("replace queued nothing under \(overlap)")
                    continue
                }
                #expect(try harness.queued().last == third)
                #expect(try harness.openRuns(of: id) == Self.openRuns(third))
            }
            // What replace took out is gone from queue and hashes.
            #expect(try harness.queued().count == 2)
            #expect(try harness.server.command("KEYS", "rq:job:*").array.count == 2)
        }
    }

    @Test func `a trigger with a key is queued once`() async throws {
        try await withRedisHarness { harness async throws in
            let job = try await harness.register("a", .every(.seconds(3600)), RunPolicy(overlap: .skip))
            let id = RQJobID.named(definition: "a", "trigger|deploy 7").description
            #expect(try await job.trigger(key: "deploy 7") == .queued(jobID: id))
            #expect(try await job.trigger(key: "deploy 7") == .queuedBefore(jobID: id))
            #expect(try await job.trigger(key: "deploy 8") == .refused)
            try harness.work()
            #expect(try await job.trigger(key: "deploy 7") == .queuedBefore(jobID: id))
            guard case .queued = try await job.trigger(key: "deploy 8") else {
                Issue.record("another key was not queued")
                return
            }
            #expect(try harness.queued().count == 1)
        }
    }

    @Test func `a trigger ignores pause, end and limit, and does not count`() async throws {
        try await withRedisHarness { harness async throws in
            var job = try await harness.register("a", .every(.seconds(3600)), RunPolicy(maxRuns: 1))
            try await harness.tick()
            try await job.refresh()
            #expect(job.isFinished && job.runCount == 1)
            guard case .queued = try await job.trigger() else {
                Issue.record("a finished one was not queued")
                return
            }
            try await job.refresh()
            #expect(job.isFinished && job.runCount == 1)
            var other = try await harness.register("b", .cron("0 0 1 1 *"))
            try await other.pause(note: "database move")
            guard case .queued = try await other.trigger() else {
                Issue.record("a paused one was not queued")
                return
            }
            #expect(try harness.queued().count == 3)
        }
    }
}
