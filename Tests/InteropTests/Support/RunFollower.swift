import Cron
import RQWire
import RedisBridge
import TestSupport

@testable import RedisCron

/// A run at which a test looks again and again, as a leader does, and what was found.
struct RunFollower {
    /// The kind of run, for messages.
    let name: String
    private(set) var look: RunToLookAt
    /// What was recorded of it, in order.
    private(set) var endings: [RunEnding] = []
    /// Whether nothing can change any more.
    private(set) var isSettled = false
    /// Whether it was open again after it had been over.
    private(set) var isReopened = false

    init(_ name: String, _ run: TrackedRun) {
        self.name = name
        look = RunToLookAt(run, memory: RunMemory(lastOpen: run.at), place: .open)
    }

    /// Whether there is anything to be looked for.
    var isWatched: Bool { !isSettled && (look.place == .open || endings.last?.mayChange == true) }

    mutating func take(_ finding: RunFinding) {
        switch finding {
        case .open(var memory):
            if look.place == .watched {
                isReopened = true
                let ended = endings.last.flatMap { [.failed, .stopped].contains($0.outcome) ? $0.attempts : nil }
                memory.formerAttempts = ended ?? 0
            }
            look = RunToLookAt(look.run, memory: memory, place: .open)
        case .over(let ending):
            // As the keeper does: it may be less that is still there at a later look.
            if look.place == .open || endings.last.map(ending.isChange) ?? true { endings.append(ending) }
            look.place = .watched
        case .unclear(let memory): look.memory = memory
        case .settled: isSettled = true
        }
    }
}

extension [RunFollower] {
    /// Looks at all that are watched.
    ///
    /// - Returns: The ids of the jobs of which a new ending was found.
    @discardableResult
    mutating func look(by store: some CronStore, now: Timestamp = .now) async throws -> [String] {
        let watched = indices.filter { self[$0].isWatched }
        let findings = try await store.look(at: watched.map { self[$0].look }, now: now)
        var ended: [String] = []
        for (index, finding) in zip(watched, findings) {
            let count = self[index].endings.count
            self[index].take(finding)
            if self[index].endings.count > count { ended.append(self[index].look.run.jobID.description) }
        }
        return ended
    }
}

extension RunFinding {
    /// In a word: the outcome with a question mark if it is inferred, or `open`, `unclear`, `suspect`, `settled`.
    var word: String {
        switch self {
        case .open: "open"
        case .over(let ending): ending.word
        case .unclear(let memory): memory.suspectedAt == nil ? "unclear" : "suspect"
        case .settled: "settled"
        }
    }
}

extension RunEnding {
    /// The outcome, with a question mark if it is inferred.
    var word: String { "\(outcome)\(isInferred ? "?" : "")" }
}

/// A store on a test's server.
func withStore<Result>(on server: RedisServer, _ body: (RedisStore) async throws -> Result) async throws -> Result {
    let connection = try RedisCronConnection(
        url: RedisURL("unix://\(server.socketPath)"), keyPrefix: "rq", defaultZone: .utc)
    do {
        let loader = DefinitionLoader(zone: .utc, serializer: .pickle)
        let result = try await body(RedisStore(connection: connection, loader: loader))
        await connection.close()
        return result
    } catch {
        await connection.close()
        throw error
    }
}

extension TrackedRun {
    /// A run whose job was queued by `rq_outcomes.py`, as it prints it.
    init?(_ line: JSONObject) {
        guard let text = line["job"]?.string, let job = RQJobID(text), let queue = line["queue"]?.string,
            let resultTTL = line["result_ttl"]?.int, let retries = line["retries"]?.int,
            let timeout = line["timeout"]?.int, let at = line["at"]?.double
        else { return nil }
        self.init(
            definition: DefinitionID("a"), jobID: job, planned: nil, at: Timestamp(score: at), reason: .trigger,
            terms: RunTerms(
                queue: queue, resultTTL: resultTTL, failureTTL: line["failure_ttl"]?.int, ttl: line["ttl"]?.int,
                retries: retries, timeout: timeout),
            history: nil)
    }
}
