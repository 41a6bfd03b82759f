import Cron
import RQWire
import RedisBridge

/// Looks at what is recorded of runs: failures, runs that take too long, runs that wait for a worker, and whether anybody records.
struct RunAudit: Sendable {
    /// How many runs of a definition are looked at that are over.
    static let depth = 20
    /// So many of the last ones say how long runs take.
    private static let measured = 5
    /// A run that is queued for longer waits for a worker.
    private static let longWait: Duration = .seconds(60)
    /// What stands in the log for longer is not taken in: a scheduler does that at least once a second.
    private static let longLogged: Duration = .seconds(60)
    /// The most open runs that are looked at, in pages.
    private static let (pageSize, pages) = (1_000, 100)

    let connection: RedisCronConnection
    let defaultZone: ZoneRules?
    let isLed: Bool

    // MARK: Definitions

    /// Whether definitions have records of runs that are over; of none where the server does not let us look.
    func areRecorded(_ ids: [DefinitionID]) async throws -> [Bool] {
        try await connection.definitions.areRecorded(ids)
    }

    /// What deserves attention in the records of definitions.
    func findings(of jobs: [RedisCronJob]) async throws -> [Finding] {
        let kept = jobs.filter { $0.policy.history != 0 }
        let ended = try await connection.definitions.permittedEnds(
            of: kept.map { DefinitionID($0.id) }, most: Self.depth)
        return zip(kept, ended).flatMap { job, ended in
            let known = KnownRuns(DefinitionID(job.id), ended: ended)
            return [failure(of: job, known), overrun(of: job, known)].compactMap(\.self)
        }
    }

    /// That the last run failed, or several.
    func failure(of job: RedisCronJob, _ known: KnownRuns) -> Finding? {
        let ended = known.records.filter { $0.outcome != nil }
        // What somebody stopped, canceled or deleted tells nothing.
        let telling = ended.filter { $0.outcome == .finished || $0.hasFailed }
        guard let last = telling.first, last.hasFailed else { return nil }
        let failures = telling.prefix { $0.hasFailed }
        let what = last.planned.map { "planned for \($0)" } ?? "queued at \(last.at)"
        let reason = last.error.map { ": \(quoted($0))" } ?? ""
        let outcome = last.outcome == .failed ? "failed" : last.outcome == .lost ? "was lost" : "expired in its queue"
        var text = "its last run, \(what), \(outcome)\(reason)"
        if failures.count > 1 {
            let success = telling.dropFirst(failures.count).first
            text +=
                "; it has not succeeded "
                + (success.map { "since \($0.ended ?? $0.at), \(failures.count) runs ago" }
                    ?? "in the last \(failures.count) runs that are recorded")
        }
        return Finding(.warning, .run, about: job.id, text + "; rqrcron runs shows them all")
    }

    /// That most of the last runs took longer than the time to the next.
    func overrun(of job: RedisCronJob, _ known: KnownRuns) -> Finding? {
        let zone = job.definition.usesDefaultTimeZone ? defaultZone : .utc
        guard let plan = zone.flatMap({ try? job.plan(defaultZone: $0) }) else { return nil }
        let runs = known.records
            .filter { $0.reason == .schedule && ($0.outcome == .finished || $0.outcome == .failed) }
            .compactMap { run in run.planned.flatMap { planned in run.duration.map { (planned: planned, length: $0) } }
            }
            .prefix(Self.measured)
        let long = runs.compactMap { run -> (length: Duration, period: Duration)? in
            guard let next = plan.time(after: run.planned, anchor: run.planned), run.length > next - run.planned else {
                return nil
            }
            return (run.length, next - run.planned)
        }
        guard let last = long.first, long.count * 2 > runs.count else { return nil }
        let effect =
            switch job.policy.overlap {
            case .allow: "runs coincide"
            case .skip: "planned times are skipped"
            case .wait: "it falls behind"
            case .replace: "runs are stopped before they are over"
            }
        return Finding(
            job.policy.overlap == .allow ? .notice : .warning, .run, about: job.id,
            """
            its runs take longer (\(last.length.text)) than the time from one to the next (\(last.period.text)); with overlap \
            \(job.policy.overlap.rawValue) \(effect); plan them further apart, or give them less to do
            """)
    }

    // MARK: The store

    /// That the log of runs is not taken in.
    func logFinding() async throws -> Finding? {
        let keys = connection.keys
        let replies = try await connection.client.pipeline([
            RedisCommand("LINDEX", keys.runLog, 0), RedisCommand("LLEN", keys.runLog),
        ]) { _, reply in (bytes: reply.copiedBytes, count: reply.integer) }
        guard replies.count == 2, let oldest = RunLogEntry(replies[0].bytes), let count = replies[1].count,
            oldest.at + Self.longLogged < Timestamp.now
        else { return nil }
        let cause =
            isLed
            ? "the scheduler that leads records nothing: it is of an older version, or its user may not (see docs/acl.md)"
            : "no scheduler leads, start one with rqrcron run"
        return Finding(
            .warning, .run, about: keys.runLog,
            "nobody takes runs off this log, which has \(count) entries since \(oldest.at): \(cause)")
    }

    /// The runs that have been queued for long, by queue, of those queues.
    func waiting(in queues: Set<String>) async throws -> [String: WaitingRuns] {
        guard !queues.isEmpty else { return [:] }
        let bound = Timestamp.now - Self.longWait
        var waiting: [String: WaitingRuns] = [:]
        var last: [UInt8]?
        for _ in 0..<Self.pages {
            let page = try await connection.definitions.permittedOpenRuns(after: last, count: Self.pageSize)
            let old = page.runs.filter { $0.at < bound && queues.contains($0.terms.queue) }
            // One that is over and not recorded yet does not wait.
            let statuses = try await connection.client.pipeline(
                old.map { RedisCommand("HGET", connection.keys.job($0.jobID), "status") }
            ) { _, reply in reply.string }
            for (run, status) in zip(old, statuses) where status == "queued" {
                waiting[run.terms.queue, default: WaitingRuns(oldest: run.at)].add(run.at)
            }
            last = page.last
            if last == nil { break }
        }
        return waiting
    }
}

/// Runs that wait for a worker.
struct WaitingRuns: Sendable {
    private(set) var count = 0
    private(set) var oldest: Timestamp

    init(oldest: Timestamp) {
        self.oldest = oldest
    }

    mutating func add(_ time: Timestamp) {
        count += 1
        oldest = min(oldest, time)
    }
}

extension RunRecord {
    /// Whether it came to nothing, and not by somebody's wish.
    fileprivate var hasFailed: Bool { outcome?.isFailure ?? false }
}

extension Duration {
    /// `300 s`.
    fileprivate var text: String { "\(components.seconds) s" }
}
