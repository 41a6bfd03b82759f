import RQWire
import TestSupport
import Testing

@testable import RedisCron

/// What a meter is told, against what the scheduler has counted itself.
@Suite(.timeLimit(.minutes(2)))
struct MeterTests {
    private struct Told: Sendable {
        var reports: [(health: SchedulerHealth, metrics: SchedulerMetrics)] = []
        var delays: [(time: Duration, times: Int)] = []
        var ticks: [Duration] = []
        var roundTrips: [Duration] = []
    }

    @Test func `a meter is told each time, and at the end all that was counted`() async throws {
        try await withRedis { server in
            try await withConnection(to: server) { connection in
                let told = Observed(Told())
                var meter = SchedulerMeter()
                meter.interval = .milliseconds(20)
                meter.report = { health, metrics in told.update { $0.reports.append((health, metrics)) } }
                meter.enqueueDelays = { time, times in told.update { $0.delays.append((time, times)) } }
                meter.ticks = { time, _ in told.update { $0.ticks.append(time) } }
                meter.roundTrips = { time, _ in told.update { $0.roundTrips.append(time) } }
                let scheduler = try RedisCronScheduler(
                    connection: connection, options: .forTest { $0.meter = meter })
                for number in 1...20 {
                    try await scheduler.register(
                        functionName: "app.tasks.rebuild", queueName: "q", id: "\(number)", interval: .seconds(1))
                }
                try await whileRunning(scheduler) {
                    try await eventually("several batches are queued") {
                        try server.command("LLEN", "rq:queue:q").integer ?? 0 >= 60
                    }
                }
                let (now, metrics) = (told.current, await scheduler.metrics)
                let queued = try server.command("LLEN", "rq:queue:q").integer
                #expect(now.delays.map(\.times).reduce(0, +) == queued)
                #expect(metrics.enqueueDelays.count == queued)
                let delays = now.delays.reduce(Duration.zero) { $0 + $1.time * $1.times }
                #expect(delays == metrics.enqueueDelays.sum)
                #expect(now.ticks.count == metrics.tickDurations.count)
                #expect(now.roundTrips.count == metrics.redisRoundTrips.count)
                // Beside the run, and once behind it.
                #expect(now.reports.contains { $0.health.state == .leading && $0.metrics.leadingSince != nil })
                #expect(now.reports.last?.metrics == metrics)
                #expect(now.reports.last?.health.enqueued == queued)
            }
        }
    }
}
