import RQWire
import RedisBridge

/// What is counted for a monitoring system. It costs a batch one reading of the clock, and a job one comparison.
extension SchedulerActor {
    /// What it has counted, at this moment.
    func currentMetrics() async -> SchedulerMetrics {
        var metrics = metrics
        metrics.waiting = waiting.count(at: clock.monotonic())
        metrics.redisReconnects = await store.reconnects
        return metrics
    }

    /// How it is doing, and what it has counted.
    func report() async -> (health: SchedulerHealth, metrics: SchedulerMetrics) {
        (await currentHealth(), await currentMetrics())
    }

    /// Tells the meter how it is doing, again and again until it is cancelled.
    func keepReporting(to report: SchedulerMeter.Report) async {
        while !Task.isCancelled {
            await tell(report)
            try? await clock.sleep(for: settings.meter.interval)
        }
    }

    /// Tells the meter how it is doing.
    func tell(_ report: SchedulerMeter.Report) async {
        let (health, metrics) = await self.report()
        report(health, metrics)
    }

    /// Runs something that asks Redis once, and notes how long the answer took; failures do not count.
    func measuringRoundTrip<Value>(_ body: () async throws -> Value) async throws -> Value {
        let sentAt = clock.monotonic()
        let value = try await body()
        let time = clock.monotonic() - sentAt
        shortestRoundTrip = min(shortestRoundTrip ?? time, time)
        metrics.redisRoundTrips.record(microseconds: time.microseconds, telling: settings.meter.roundTrips)
        return value
    }

    /// Counts runs that an earlier batch had queued, which got no answer.
    ///
    /// - Parameter earlier: Those runs of the batch that may have been queued by one.
    func count(_ earlier: Set<RQJobID>, in batch: DueBatch, _ outcomes: [JobOutcome]) {
        guard !earlier.isEmpty else { return }
        let before = zip(batch.runs, outcomes).filter { $0.1 == .duplicate && earlier.contains($0.0.jobID) }.map(\.0)
        metrics.queued(before, at: clock.now(), settings.meter)
    }

    /// Notes that it does not lead any more: what only a leader knows is forgotten.
    func endLeading() {
        metrics.leadingSince = nil
        metrics.nextDue = nil
        waiting.forgetAll()
        unanswered.forgetAll()
        if let turn { turn.turns.note(turn.place, isLeading: false) }
    }

    /// Compares this machine's clock with that of Redis.
    ///
    /// A failure says nothing: whatever comes next meets it too.
    func compareClocks() async {
        let sentAt = clock.now()
        guard let time = try? await store.serverTime() else { return }
        // Redis read its clock somewhere between.
        let answeredAt = clock.now()
        metrics.clockSkew = sentAt + (answeredAt - sentAt) / 2 - time
    }
}
