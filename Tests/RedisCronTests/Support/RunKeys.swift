import RQWire
import TestSupport

@testable import RedisCron

/// What is kept of runs, as scripts get it and a test finds it, written out by hand.
enum RunKeys {
    static let log = "rq:cron_runs_log"
    static let recent = "rq:cron_runs_recent"
    static let open = "rq:cron_runs_open"
    static let watched = "rq:cron_runs_watched"
    static let index = "rq:cron_runs_index"
    static let total = "rq:cron_runs_total"

    /// The keys of all runs, as scripts that delete take them.
    static let shared = [open, watched, index, total]

    /// The keys of what a deletion removes of the runs of a definition.
    static func deletion(of id: String) -> [String] { [ended(id), refused(id)] + shared }

    static func ended(_ id: String = "a") -> String { "rq:cron_runs:\(id)" }

    static func refused(_ id: String = "a") -> String { "rq:cron_runs_refused:\(id)" }
}

extension TrackedRun {
    /// A run of a definition, queued that many seconds after New Year.
    static func example(_ id: String = "a", at seconds: Int = 0, history: Int? = nil) -> TrackedRun {
        let at = Timestamp.newYear + .seconds(seconds)
        return TrackedRun(
            definition: DefinitionID(id), jobID: .planned(definition: id, at: at), planned: at, at: at,
            reason: .schedule,
            terms: RunTerms(queue: "q", resultTTL: 500, failureTTL: nil, ttl: nil, retries: 0), history: history)
    }
}

extension RunEnding {
    /// An end, that many seconds after New Year.
    static func example(_ outcome: RunOutcome = .finished, at seconds: Int = 1) -> RunEnding {
        var ending = RunEnding(outcome)
        ending.ended = .newYear + .seconds(seconds)
        return ending
    }
}

extension RedisServer {
    /// The log of runs.
    func runLog() throws -> [String] { try command("LRANGE", RunKeys.log, 0, -1).strings }

    /// The records of a definition.
    func endedRuns(_ id: String = "a") throws -> [String] { try command("LRANGE", RunKeys.ended(id), 0, -1).strings }

    /// How many runs are kept, as Redis says.
    func runTotal() throws -> String? { try command("GET", RunKeys.total).string }
}
