import RQWire
import RedisBridge
import RedisCronTesting
import TestSupport
import Testing

@testable import RedisCron

@Suite(.timeLimit(.minutes(2)))
struct MetricsTests {
    // MARK: Runs

    @Test func `runs are counted by why and by how late they were queued, planned times that were passed over by why`()
        async throws
    {
        let harness = try ActorHarness()
        try await harness.actor.beginByHand()
        harness.memory.put(.example { $0.nextEnqueueTime = .newYear }, at: .newYear)
        harness.clock.advance(by: .milliseconds(20))
        _ = try await harness.actor.tick()
        // Of three times that were missed one run is made up for.
        try await harness.advance(by: .seconds(1000))
        _ = try await harness.actor.tick()
        let metrics = await harness.actor.currentMetrics()
        #expect(metrics.enqueued == [.schedule: 1, .catchup: 1])
        #expect(metrics.skipped == [.missed: 2])
        #expect(metrics.enqueueDelays.sum == .milliseconds(20) + .milliseconds(700_020))
        #expect(metrics.enqueueDelays.count == 2)
        let bounds = metrics.enqueueDelays.bounds
        let places = metrics.enqueueDelays.counts.indices.filter { metrics.enqueueDelays.counts[$0] > 0 }
        #expect(places.map { bounds[$0] } == [.milliseconds(25), .seconds(3600)])
        #expect(metrics.nextDue == .newYear + .seconds(1200))
        #expect(metrics.tickDurations.count == 2)
        #expect(await harness.actor.currentHealth().enqueued == 2)
    }

    @Test func `a batch of runs for several times counts each with its own delay`() async throws {
        let harness = try ActorHarness()
        try await harness.actor.beginByHand()
        for (id, late) in [("a", 1), ("b", 1), ("c", 7), ("d", 7), ("e", 40)] {
            let planned = Timestamp.newYear - .seconds(late)
            harness.memory.put(.example(id) { $0.nextEnqueueTime = planned }, at: planned)
        }
        _ = try await harness.actor.tick()
        let delays = await harness.actor.currentMetrics().enqueueDelays
        #expect(delays.sum == .seconds(56))
        let counts = zip(delays.bounds, delays.counts).filter { $0.1 > 0 }
        #expect(counts.map(\.0) == [.seconds(1), .seconds(10), .seconds(60)])
        #expect(counts.map(\.1) == [2, 2, 1])
    }

    @Test func `jitter is no delay`() async throws {
        let harness = try ActorHarness()
        try await harness.actor.beginByHand()
        let due = Timestamp.newYear + .seconds(20)
        harness.memory.put(
            .example {
                $0.nextEnqueueTime = .newYear
                $0.schedule.jitter = .seconds(60)
            }, at: due)
        harness.clock.advance(by: .seconds(60))
        _ = try await harness.actor.tick()
        let delays = await harness.actor.currentMetrics().enqueueDelays
        #expect(delays.count == 1)
        #expect(delays.sum <= .seconds(40))
    }

    @Test(arguments: [false, true])
    func `a batch without an answer is counted once, whether it was queued or not`(wasQueued: Bool) async throws {
        let harness = try ActorHarness()
        harness.memory.put(.example(interval: .seconds(5)) { $0.nextEnqueueTime = .newYear }, at: .newYear)
        /// Lets time pass until so many runs are queued, and then until the log was read.
        @Sendable func pass(until count: Int) async throws {
            try await eventually("\(count) runs", within: .seconds(60)) {
                harness.clock.advance(by: .milliseconds(50))
                return harness.queued.count >= count
            }
            let unfolded = harness.store.calls.count { $0 == .unfold }
            try await eventually("the log is read", within: .seconds(60)) {
                harness.clock.advance(by: .milliseconds(50))
                return harness.store.calls.count { $0 == .unfold } > unfolded
            }
        }
        try await harness.whileRunning {
            try await pass(until: 1)
            if wasQueued {
                harness.store.afterNext(.enqueue) { throw MadeUpFailure() }
            } else {
                harness.store.beforeNext(.enqueue) { throw MadeUpFailure() }
            }
            for count in 2...3 { try await pass(until: count) }
            try await eventually("all are counted", within: .seconds(60)) {
                harness.clock.advance(by: .milliseconds(50))
                return await harness.actor.currentMetrics().enqueuedByItself == harness.queued.count
            }
            #expect(await harness.actor.currentMetrics().redisErrors == 1)
        }
    }

    @Test func `a definition waits from its turn that is put off to its run`() async throws {
        let now = RedisHarness.present
        try await withRedisHarness { harness async throws in
            try await harness.register("a", .every(.seconds(3600)), RunPolicy(overlap: .wait))
            try harness.plan(at: now - .seconds(30))
            try await harness.tick()
            #expect(await harness.actor.currentMetrics().waiting == 0)
            try harness.plan(at: now - .seconds(5))
            #expect(try await harness.tick() == [])
            #expect(await harness.actor.currentMetrics().waiting == 1)
            try harness.work()
            try harness.makeDue()
            #expect(try await harness.tick() == [now - .seconds(5)])
            #expect(await harness.actor.currentMetrics().waiting == 0)
        }
    }

    @Test func `what others queued is counted when it is off the log`() throws {
        var unfolder = RunUnfolder(history: 20)
        let runs = [TrackedRun.recorded(at: 1, reason: .trigger), .recorded(at: 2, reason: .backfill)]
        let entries = (runs + [.recorded(at: 3)]).map {
            RunLogEntry.bytes(codes: [JobOutcome.queued.rawValue], body: RunLogEntry.body(of: $0))
        }
        let result = unfolder.read(entries)
        #expect(result.byOthers == runs)
        #expect(unfolder.writtenUnanswered(logNow: []) == nil)
        // The log begins with the same entry: nothing was written.
        unfolder.gotNoAnswer(result)
        #expect(unfolder.writtenUnanswered(logNow: entries)?.byOthers == nil)
        // It does not: it was written, and is told once.
        unfolder.gotNoAnswer(result)
        #expect(unfolder.writtenUnanswered(logNow: Array(entries.dropFirst()))?.byOthers == runs)
        #expect(unfolder.writtenUnanswered(logNow: []) == nil)
    }

    // MARK: The lock and Redis

    @Test func `the lock is counted as it comes and goes`() async throws {
        let harness = try ActorHarness { $0.whenLockHeld = .standBy }
        #expect(await harness.actor.currentMetrics() == SchedulerMetrics())
        try await harness.whileRunning {
            try await eventually("it leads") { await harness.actor.currentMetrics().leadingSince == .newYear }
            #expect(await harness.actor.currentMetrics().lockAcquisitions == 1)
            harness.memory.change { $0.hold("another") }
            try await eventually("it lost the lock", within: .seconds(60)) {
                harness.clock.advance(by: .seconds(1))
                return await harness.actor.currentMetrics().lockLosses == 1
            }
            #expect(await harness.actor.currentMetrics().leadingSince == nil)
            harness.memory.change { $0.hold(nil) }
            try await eventually("it leads again", within: .seconds(60)) {
                harness.clock.advance(by: .seconds(1))
                return await harness.actor.currentMetrics().lockAcquisitions == 2
            }
            #expect(await harness.actor.currentMetrics().leadingSince != nil)
        }
        let metrics = await harness.actor.currentMetrics()
        #expect(metrics.leadingSince == nil)
        #expect(metrics.nextDue == nil)
    }

    @Test func `round trips, reconnections and the distance of clocks are measured`() async throws {
        try await withRedisHarness { harness async throws in
            try await harness.whileRunning {
                try await eventually("clocks are compared") { await harness.actor.currentMetrics().clockSkew != nil }
                let before = await harness.actor.currentMetrics()
                let skew = try #require(before.clockSkew)
                #expect(skew > .seconds(-10) && skew < .seconds(10))
                #expect(before.redisReconnects == 0)
                // The lock, the registration and a reading of the index.
                #expect(before.redisRoundTrips.count >= 3)
                #expect(before.redisRoundTrips.sum > .zero)
                try harness.server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                try await eventually("it is connected again") {
                    try await harness.register()
                    return await harness.actor.currentMetrics().redisReconnects == 1
                }
            }
        }
    }

    // MARK: Histograms

    @Test func `a bound belongs to the range below it, and what is negative counts as zero`() {
        var histogram = SchedulerMetrics.Histogram(bounds: [.milliseconds(1), .seconds(1)])
        for value in [Duration.seconds(-5), .zero, .milliseconds(1), .microseconds(1001), .seconds(1), .seconds(2)] {
            histogram.record(value)
        }
        #expect(histogram.counts == [3, 2, 1])
        #expect(histogram.count == 6)
        #expect(histogram.sum == .microseconds(3_002_001))
        histogram.record(.seconds(Int64.max))
        #expect(histogram.counts == [3, 2, 2])
    }
}
