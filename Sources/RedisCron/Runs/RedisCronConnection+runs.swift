public import RQWire
import RedisBridge

extension RedisCronConnection {
    /// What is recorded of runs: what was queued by the schedule, a trigger or a backfill, what became of it, and which planned times
    /// were refused.
    ///
    /// The newest come first, by ``RunRecord/at``. What still is queued or running is among them; its ``RunRecord/started`` is set where
    /// it runs. Refused times that follow each other count as one. As many runs are kept as `RunPolicy.history` and
    /// ``RedisCronScheduler/Options/history`` say. A run that is over appears so within some seconds, once the scheduler that leads has
    /// seen it.
    ///
    /// What a scheduler queued that records nothing, such as rq-rediscron's, has no record. If a definition says that its last run was
    /// queued after all that is recorded of it, the result says so with one record whose ``RunRecord/result`` is
    /// ``RunResult/unknown``. This is so only where at least one run of the definition is recorded and its `RunPolicy.history` is not
    /// 0: otherwise nobody keeps its runs.
    ///
    /// Without an id, the definitions are looked at whose runs were queued or over last: as many as are needed, at most 10,000, and at
    /// most 100,000 open runs. Nothing is written, and no key is searched for.
    ///
    /// - Parameters:
    ///   - id: The definition; `nil` for all.
    ///   - limit: The most records, 1 to 10,000.
    ///   - outcomes: Only runs that ended so, such as ``RunOutcome/unsuccessful``; `nil` for all records.
    ///   - since: Only what was queued or refused at that time or later; `nil` for no bound.
    /// - Returns: The records. Entries that cannot be understood are passed over.
    /// - Throws: ``RedisCronError`` with code `.invalidOption` for a limit out of its range, `.noSuchJob` if there is no such definition,
    ///   and what the connection throws. When the task is cancelled, `.cancelled`; nothing was changed.
    public func runs(
        of id: String? = nil, limit: Int = 20, outcomes: Set<RunOutcome>? = nil, since: Timestamp? = nil
    ) async throws(RedisCronError) -> [RunRecord] {
        guard (1...10_000).contains(limit) else {
            throw RedisCronError(.invalidOption, field: "limit", "must be from 1 to 10000, not \(limit)")
        }
        let wanted = RunFilter(limit: limit, outcomes: outcomes, since: since)
        return try await RedisCronError.unifying {
            let log = try await definitions.loggedRuns(of: id.map { DefinitionID($0) })
            var found = FoundRuns(wanted)
            if let id {
                guard let known = try await definitions.knownRuns(of: [DefinitionID(id)], log: log).first ?? nil else {
                    throw RedisCronError.noSuchJob(id)
                }
                found.take(known)
            } else {
                try await search(&found, log: log)
            }
            var records = found.records
            try await definitions.addStarts(to: &records)
            return records
        }
    }

    /// The last run of each job, queued and running ones too, in the order of the jobs; `nil` where none is recorded, or the
    /// server does not let us look.
    package func lastRuns(of jobs: [RedisCronJob]) async throws(RedisCronError) -> [RunRecord?] {
        try await RedisCronError.unifying {
            let log: LoggedRuns
            do throws(RedisError) {
                log = try await definitions.loggedRuns()
            } catch {
                guard error.isDenial else { throw error }
                return jobs.map { _ in nil }
            }
            var last: [RunRecord?] = []
            for page in jobs.pages(of: DefinitionRepository.pageSize) {
                last += try await definitions.newestRuns(of: page.map(\.definition), log: log).map { known in
                    known.records.first { $0.result != .skipped }
                }
            }
            let places = last.indices.filter { last[$0] != nil }
            var records = last.compactMap(\.self)
            try await definitions.addStarts(to: &records)
            for (place, record) in zip(places, records) { last[place] = record }
            return last
        }
    }

    /// Looks through all definitions, first those with the newest open runs, then those whose runs were over last.
    private func search(_ found: inout FoundRuns, log: LoggedRuns) async throws {
        var seen: Set<DefinitionID> = []
        if found.wanted.outcomes == nil {
            for page in try await definitionsWithOpenRuns(found.wanted, log: log).pages(of: FoundRuns.page) {
                seen.formUnion(page)
                try await take(page, log: log, into: &found)
            }
        }
        for rank in stride(from: 0, to: FoundRuns.mostDefinitions, by: FoundRuns.page) {
            let entries = try await definitions.definitionsWithRuns(from: rank, count: FoundRuns.page)
            try await take(entries.map(\.id).filter { seen.insert($0).inserted }, log: log, into: &found)
            guard entries.count == FoundRuns.page, let last = entries.last,
                found.mayHaveMore(endedBy: Timestamp(score: last.score))
            else { return }
        }
    }

    private func take(_ ids: [DefinitionID], log: LoggedRuns, into found: inout FoundRuns) async throws {
        guard !ids.isEmpty else { return }
        for known in try await definitions.knownRuns(of: ids, log: log) {
            if let known { found.take(known) }
        }
    }

    /// The definitions with the newest open runs and refused times, as many as could be wanted.
    private func definitionsWithOpenRuns(_ wanted: RunFilter, log: LoggedRuns) async throws -> [DefinitionID] {
        var newest = NewestDefinitions(limit: wanted.limit)
        var last: [UInt8]?
        for _ in 0..<FoundRuns.openPages {
            let page = try await definitions.trackedRuns(.open, after: last, limit: FoundRuns.openPage)
            for run in page.runs { newest.insert(run.definition, at: run.at) }
            last = page.last
            if last == nil { break }
        }
        for (id, runs) in log.open { for run in runs { newest.insert(id, at: run.at) } }
        for (id, times) in log.refusals { for time in times { newest.insert(id, at: time.at) } }
        return newest.ids
    }
}

extension RedisCronJob {
    /// What is recorded of its runs, the newest first; see ``RedisCronConnection/runs(of:limit:outcomes:since:)``.
    ///
    /// - Parameters:
    ///   - limit: The most records, 1 to 10,000.
    ///   - outcomes: Only runs that ended so; `nil` for all records.
    ///   - since: Only what was queued or refused at that time or later; `nil` for no bound.
    /// - Throws: As there, and ``RedisCronError`` with code `.noConnection` for a job that was made without one.
    public func runs(
        limit: Int = 20, outcomes: Set<RunOutcome>? = nil, since: Timestamp? = nil
    ) async throws(RedisCronError) -> [RunRecord] {
        try await reachable().runs(of: id, limit: limit, outcomes: outcomes, since: since)
    }
}

/// Which records are wanted.
struct RunFilter: Sendable {
    let limit: Int
    var outcomes: Set<RunOutcome>?
    var since: Timestamp?

    func accepts(_ record: RunRecord) -> Bool {
        if let since, record.at < since { return false }
        guard let outcomes else { return true }
        return record.outcome.map(outcomes.contains) ?? false
    }
}

/// The newest records of those that were looked at.
private struct FoundRuns {
    /// How many definitions are looked at in one round trip.
    static let page = 100
    static let mostDefinitions = 10_000
    static let openPage = 1_000
    static let openPages = 100

    let wanted: RunFilter
    /// The newest first, at most as many as are wanted.
    private(set) var records: [RunRecord] = []

    init(_ wanted: RunFilter) {
        self.wanted = wanted
    }

    mutating func take(_ known: KnownRuns) {
        let new = known.records.lazy.filter(wanted.accepts).prefix(wanted.limit)
        guard !new.isEmpty else { return }
        records = Array((records + new).sorted(by: RunRecord.isNewer).prefix(wanted.limit))
    }

    /// Whether a definition whose last run was over by this time could have a run that is wanted: a run was queued before it was over.
    func mayHaveMore(endedBy time: Timestamp) -> Bool {
        if let since = wanted.since, time < since { return false }
        guard records.count == wanted.limit, let oldest = records.last else { return true }
        return oldest.at < time
    }
}

/// The definitions with the newest times, as many as are wanted.
private struct NewestDefinitions {
    private let limit: Int
    private var times: [DefinitionID: Timestamp] = [:]

    init(limit: Int) {
        self.limit = limit
    }

    mutating func insert(_ id: DefinitionID, at time: Timestamp) {
        times[id] = max(times[id] ?? time, time)
        if times.count > 2 * limit + 1_000 {
            times = Dictionary(newest.map { ($0.key, $0.value) }) { first, _ in first }
        }
    }

    var ids: [DefinitionID] { newest.map(\.key) }

    private var newest: some Sequence<(key: DefinitionID, value: Timestamp)> {
        times.sorted { $0.value > $1.value }.prefix(limit)
    }
}
