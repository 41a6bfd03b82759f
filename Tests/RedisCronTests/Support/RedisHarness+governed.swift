import RQWire
import RedisBridge
import RedisCronTesting
import TestSupport
import Testing

@testable import RedisCron

/// Definitions with policies, ticked by hand: their jobs are ended by the test in place of workers.
extension RedisHarness {
    /// The present, in whole seconds: what the tests plan lies before it.
    static var present: Timestamp { Timestamp(unixSeconds: Timestamp.now.unixSeconds) }

    /// Registers a definition in queue `metrics`.
    @discardableResult
    func register(
        _ id: String = "a", _ schedule: ScheduleSpec = .every(.seconds(3600)), _ policy: RunPolicy = RunPolicy(),
        _ change: (inout CallSpec) -> Void = { _ in }
    ) async throws -> RedisCronJob {
        var call = CallSpec("app.tasks.rebuild", queue: "metrics")
        change(&call)
        return try await connection.register(id: id, call: call, schedule: schedule, policy: policy)
    }

    /// Plans a definition's next run as Python does: hash, index without jitter, and the marker of an update.
    func plan(_ id: String = "a", at time: Timestamp) throws {
        try server.pipeline([
            ["HSET", "rq:cron_job:\(id)", "next_enqueue_time", time.wireFormat],
            ["ZADD", "rq:cron_jobs", time.redisScoreText, id],
            ["SET", "rq:cron_jobs:last_update", "\(time) of \(id)"],
        ])
    }

    /// Gives a definition an end that may have passed, which `register` refuses.
    func end(_ id: String = "a", at end: Timestamp) throws {
        try server.command("HSET", "rq:cron_job:\(id)", "end_time", end.wireFormat)
    }

    /// Makes the entry of a definition due, and leaves its planned time.
    func makeDue(_ id: String = "a") throws {
        try server.command("ZADD", "rq:cron_jobs", (Timestamp.now - .seconds(1)).redisScoreText, id)
    }

    /// Queues what is due, and returns the planned times of what was queued of one definition.
    @discardableResult
    func tick(_ id: String = "a") async throws -> [Timestamp] {
        if await !actor.isLeading { try await actor.beginByHand() }
        return try await actor.tick(collecting: true).queued.filter { $0.entry.id == DefinitionID(id) }.map(\.planned)
    }

    /// The id of the job of a planned run.
    static func job(_ id: String = "a", at time: Timestamp) -> String {
        RQJobID.planned(definition: Array(id.utf8), at: time).description
    }

    /// Ends everything that is queued, as workers do.
    func work(_ status: String = "finished") throws {
        for job in try queued() { try server.command("HSET", "rq:job:\(job)", "status", status) }
        try server.command("DEL", "rq:queue:metrics")
    }

    func field(_ name: String, of id: String = "a") throws -> String? {
        try server.command("HGET", "rq:cron_job:\(id)", name).string
    }

    /// The jobs in `open_runs`, each with its queue.
    func openRuns(of id: String = "a") throws -> [[String]] {
        guard let text = try field("open_runs", of: id), !text.isEmpty else { return [] }
        return try JSONValue(parsing: text).array?.map { $0.array?.compactMap(\.string) ?? [] } ?? []
    }

    /// The refusals that were told, once there are so many.
    func refusals(_ count: Int) async throws -> [RefusedRuns] {
        let told: @Sendable (SchedulerEvent) -> [RefusedRuns] = { if case .refused(let runs) = $0 { runs } else { [] } }
        try await eventually("\(count) refusals") { recorder.events.flatMap(told).count >= count }
        return recorder.events.flatMap(told)
    }

    /// What was done to runs that were replaced, once there is something.
    func replacements() async throws -> [SchedulerEvent] {
        let isReplacement: @Sendable (SchedulerEvent) -> Bool = { if case .replaced = $0 { true } else { false } }
        try await recorder.wait(for: "a replacement", where: isReplacement)
        return recorder.events.filter(isReplacement)
    }

    /// Waits until it is told that a definition has finished.
    func finish(of id: String = "a") async throws -> FinishReason? {
        let event = try await recorder.wait(for: "the end of \(id)") {
            if case .finished(id, _) = $0 { true } else { false }
        }
        if case .finished(_, let reason) = event { return reason }
        return nil
    }
}

extension Timestamp {
    fileprivate var redisScoreText: String { String(decoding: redisScore, as: UTF8.self) }
}
