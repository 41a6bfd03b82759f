import RQWire
import RedisBridge
import RedisCron

/// How the scheduler of this process and its Redis are doing, for health and metrics.
final class WebCondition: Sendable {
    /// What a scheduler said of itself.
    struct SchedulerState: Sendable {
        let health: SchedulerHealth
        let metrics: SchedulerMetrics
        let isConnected: Bool
    }

    let scheduler: RedisCronScheduler?
    private let client: RedisClient
    private let memory = Guarded(Memory())

    private struct Memory {
        var last: SchedulerState?
        /// How many questions the scheduler has not answered yet.
        var asking = 0
        /// Since when it has answered none of them.
        var silentSince: ContinuousClock.Instant?
        /// When Redis last answered a question of ours.
        var answered: ContinuousClock.Instant?
    }

    /// The most questions that are put to a scheduler which has been silent for that long.
    private static let (mostAsking, silence) = (64, Duration.seconds(5))
    /// How long metrics wait for the scheduler's thread.
    private static let patience: Duration = .seconds(1)
    /// How long an answer of Redis is taken for news.
    static let recent: Duration = .seconds(5)
    /// How long Redis may take for one.
    private static let answerLimit: Duration = .seconds(2)

    init(connection: RedisCronConnection, scheduler: RedisCronScheduler?) {
        client = connection.client
        self.scheduler = scheduler
    }

    /// What the scheduler says now; `nil` where there is none, or where its thread does not answer in time.
    func askScheduler(within limit: Duration) async -> SchedulerState? {
        guard let scheduler else { return nil }
        let now = ContinuousClock.now
        let mayAsk = memory.withLock { memory in
            let silentSince = memory.silentSince ?? now
            guard memory.asking < Self.mostAsking || now - silentSince < Self.silence else { return false }
            memory.asking += 1
            memory.silentSince = silentSince
            return true
        }
        guard mayAsk else { return nil }
        return await answer(within: limit) { [memory] in
            let (health, metrics) = await scheduler.report()
            let isConnected = await scheduler.connection.client.isConnected
            let state = SchedulerState(health: health, metrics: metrics, isConnected: isConnected)
            memory.withLock { memory in
                memory.asking -= 1
                memory.silentSince = memory.asking > 0 ? .now : nil
                memory.last = state
            }
            return state
        }
    }

    /// What the scheduler says now or, where its thread is busy, said last.
    func lastKnownScheduler() async -> SchedulerState? {
        if let state = await askScheduler(within: Self.patience) { return state }
        return memory.withLock(\.last)
    }

    /// Whether Redis answers, or did so within the last ``recent``.
    func redisAnswers() async -> Bool {
        let now = ContinuousClock.now
        if let answered = memory.withLock(\.answered), now - answered < Self.recent { return true }
        let answers = await answer(within: Self.answerLimit) { [client] in
            (try? await client.send(RedisCommand("PING"), timeout: Self.answerLimit)) != nil
        }
        guard answers == true else { return false }
        memory.withLock { $0.answered = now }
        return true
    }
}

/// Waits for an answer for a while; who is asked goes on.
private func answer<Value: Sendable>(
    within limit: Duration, _ ask: @escaping @Sendable () async -> Value
) async -> Value? {
    let (answers, continuation) = AsyncStream.makeStream(of: Value.self, bufferingPolicy: .bufferingOldest(1))
    // Unstructured, both: what does not answer must not hold up who asks.
    let asking = Task {
        continuation.yield(await ask())
        continuation.finish()
    }
    let timer = Task {
        try await Task.sleep(for: limit)
        continuation.finish()
    }
    defer {
        timer.cancel()
        asking.cancel()
    }
    for await value in answers { return value }
    return nil
}
