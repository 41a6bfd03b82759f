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

    /// What the schedulers say now, in order; `nil` where there is none, or where its thread does not answer in time.
    ///
    /// Those of one thread are asked in one go: a hundred questions at a time would take megabytes.
    static func ask(_ conditions: [WebCondition], within limit: Duration) async -> [SchedulerState?] {
        let threads = Dictionary(grouping: conditions.indices) { index in
            conditions[index].scheduler.map { ObjectIdentifier($0.connection.eventLoop) }
        }
        var states = [SchedulerState?](repeating: nil, count: conditions.count)
        await withTaskGroup(of: ([Int], [SchedulerState]?).self) { group in
            for (thread, indices) in threads where thread != nil {
                group.addTask {
                    let members = indices.map { conditions[$0] }
                    let found = await answer(within: limit) { () -> [SchedulerState]? in
                        var found: [SchedulerState] = []
                        for member in members {
                            guard let state = await member.question() else { return nil }
                            found.append(state)
                        }
                        return found
                    }
                    return (indices, found ?? nil)
                }
            }
            for await (indices, found) in group {
                for (index, state) in zip(indices, found ?? []) { states[index] = state }
            }
        }
        return states
    }

    /// What the schedulers say now or, where their thread is busy, said last.
    static func lastKnown(_ conditions: [WebCondition]) async -> [SchedulerState?] {
        zip(conditions, await ask(conditions, within: patience)).map { condition, state in
            state ?? condition.memory.withLock(\.last)
        }
    }

    /// Asks the scheduler, for as long as it takes.
    ///
    /// - Returns: `nil` where there is none, or where it has left too many questions unanswered.
    private func question() async -> SchedulerState? {
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
