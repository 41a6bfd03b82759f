#if Metrics
    import Metrics
    import MetricsTestKit
    import RedisCron
    import TestSupport
    import Testing

    @Suite(.timeLimit(.minutes(5)))
    struct MetricsTests {
        @Test func `counters agree with Redis at 2,000 jobs a second`() async throws {
            try await withRedis { server in
                let factory = TestMetrics()
                try await withScheduler(on: server, options: { $0.meter = .swiftMetrics(factory) }) { scheduler in
                    try await scheduler.connection.apply(everySecond(2_000))
                    let beganAt = ContinuousClock.now
                    try await whileRunning(scheduler) {
                        let leader = try factory.expectMeter("rediscron_leader")
                        try await eventually("it is told who leads") { leader.lastValue == 1 }
                        try await eventually("10,000 are queued") { try server.queued(in: "q") >= 10_000 }
                    }
                    let queued = try server.queued(in: "q")
                    print("\(queued) jobs in \(ContinuousClock.now - beganAt)")
                    let reasons = ["schedule", "catchup"]
                    let counted = try reasons.map {
                        try factory.expectCounter("rediscron_enqueued_total", [("reason", $0)]).totalValue
                    }
                    #expect(counted.reduce(0, +) == Int64(queued))
                    let delays = try factory.expectTimer("rediscron_enqueue_delay_seconds").values
                    #expect(delays.count == queued)
                    // What a histogram of the backend has is what the scheduler's own has.
                    let metrics = await scheduler.metrics
                    #expect(metrics.enqueueDelays.count == queued)
                    #expect(delays.reduce(0, +) / 1_000 == Int64(metrics.enqueueDelays.sum / .microseconds(1)))
                    let ticks = try factory.expectTimer("rediscron_tick_duration_seconds").values.count
                    #expect(ticks == metrics.tickDurations.count)
                    #expect(try factory.expectCounter("rediscron_ticks_total").totalValue == Int64(ticks))
                    let trips = try factory.expectTimer("rediscron_redis_roundtrip_seconds").values.count
                    #expect(trips == metrics.redisRoundTrips.count)
                    #expect(try factory.expectMeter("rediscron_leader").lastValue == 0)
                    #expect(try factory.expectCounter("rediscron_lock_acquisitions_total").totalValue == 1)
                }
            }
        }

        @Test func `what is refused is counted by why`() async throws {
            try await withRedis { server in
                let factory = TestMetrics()
                try await withScheduler(on: server, options: { $0.meter = .swiftMetrics(factory) }) { scheduler in
                    var policy = RunPolicy()
                    policy.overlap = .skip
                    try await scheduler.connection.apply(
                        CronJobDeclarations(jobs: [
                            CronJobDeclaration(
                                id: "one", call: CallSpec("app.tasks.rebuild", queue: "q"),
                                schedule: .every(.seconds(1)),
                                policy: policy)
                        ]))
                    let skipped = try factory.expectCounter("rediscron_skipped_total", [("reason", "overlap")])
                    try await whileRunning(scheduler) {
                        // No worker takes the first run.
                        try await eventually("two are refused") { skipped.totalValue >= 2 }
                    }
                    let metrics = await scheduler.metrics
                    #expect(skipped.totalValue == Int64(metrics.skipped[.overlap, default: 0]))
                    #expect(try server.queued(in: "q") == 1)
                }
            }
        }
    }
#endif
