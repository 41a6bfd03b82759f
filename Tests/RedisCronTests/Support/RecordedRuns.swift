import RQWire
import TestSupport

@testable import RedisCron

/// Writes records as a scheduler leaves them.
extension RedisServer {
    /// Adds a run that is over, as the newest of its definition.
    @discardableResult
    func record(_ ending: RunEnding, of run: TrackedRun) throws -> EndedRun {
        let ended = EndedRun(run, ending)
        try command("LPUSH", "rq:cron_runs:\(run.definition.display)", ended.bytes)
        try command("ZADD", "rq:cron_runs_index", (ending.ended ?? run.at).score, run.definition.display)
        return ended
    }

    /// Adds a run that is queued or running.
    func recordOpen(_ run: TrackedRun) throws {
        try command("ZADD", "rq:cron_runs_open", 0, run.member)
    }

    /// Adds runs that were queued lately, as one element.
    func recordRecent(_ runs: TrackedRun...) throws {
        try command("RPUSH", "rq:cron_runs_recent", RunPortion(runs).bytes)
    }

    /// Adds an entry of the log that says that runs were queued.
    func log(_ run: TrackedRun, removed: [String] = []) throws {
        let entry = RunLogEntry.bytes(
            codes: [JobOutcome.queued.rawValue], removed: removed, body: RunLogEntry.body(of: run))
        try command("RPUSH", "rq:cron_runs_log", entry)
    }

    /// Adds refused times, as the newest of their definition.
    func record(_ times: RefusedTimes, of id: String) throws {
        try command("LPUSH", "rq:cron_runs_refused:\(id)", times.bytes)
    }
}

extension TrackedRun {
    /// A run of the schedule, queued that many seconds after the new year, for a time half a second before.
    static func recorded(
        _ id: String = "a", at seconds: Double, reason: RunReason = .schedule, job: RQJobID? = nil, queue: String = "q",
        history: Int? = nil
    ) -> TrackedRun {
        let at = Timestamp.newYear + .seconds(seconds)
        let planned = reason == .trigger ? nil : at - .milliseconds(500)
        let own = planned.map { RQJobID.planned(definition: id, at: $0) }
        return TrackedRun(
            definition: DefinitionID(id), jobID: job ?? own ?? .named(definition: id, "trigger|\(seconds)"),
            planned: planned,
            at: at, reason: reason,
            terms: RunTerms(queue: queue, resultTTL: 500, failureTTL: nil, ttl: nil, retries: 0),
            history: history)
    }
}

extension RunEnding {
    /// How a run ended that was started a second after it was queued and took that long.
    static func recorded(
        _ outcome: RunOutcome = .finished, of run: TrackedRun, lasting seconds: Double = 2, error: String? = nil
    ) -> RunEnding {
        var ending = RunEnding(outcome)
        ending.started = run.at + .seconds(1)
        ending.ended = run.at + .seconds(1 + seconds)
        (ending.worker, ending.error, ending.attempts) = ("w1", error, 1)
        return ending
    }
}
