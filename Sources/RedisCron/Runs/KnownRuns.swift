import RQWire

/// What Redis holds of the runs of one definition, put together.
///
/// A run goes from the log to the recent ones, from there to the open ones or those that are over, and from the open ones to these. It
/// may be read in two places, if it goes on between two readings: then it counts where it stands last. What is read in this order is
/// never missed, except for a run that is brought back in that moment.
///
/// Pure.
package struct KnownRuns: Sendable {
    package let id: DefinitionID
    /// When the definition says that its schedule queued a run last.
    let latest: Timestamp?
    /// How many runs it keeps, where it says so itself.
    let history: Int?
    /// In the order of the list: that which was over last is the first.
    package let ended: [EndedRun]
    /// With those of the log and the recent ones.
    package private(set) var open: [TrackedRun]
    private let refusals: [RefusedTimes]
    /// Jobs that were taken out for another run, which the log says and nobody has recorded yet.
    private let removed: [String: Timestamp]

    /// Two clocks of one batch are not further apart.
    private static let tolerance: Duration = .milliseconds(1)

    package init(
        _ id: DefinitionID, latest: Timestamp? = nil, history: Int? = nil, ended: [EndedRun] = [],
        open: [TrackedRun] = [],
        refusals: [RefusedTimes] = [], log: LoggedRuns = LoggedRuns()
    ) {
        self.id = id
        self.latest = latest
        self.history = history
        self.ended = ended
        let over = Set(ended.map { RunIdentity(jobID: $0.jobID(of: id), at: $0.at) })
        var seen = over
        self.open = (open + (log.open[id] ?? [])).filter { seen.insert(RunIdentity($0)).inserted }
        self.refusals = Self.joined(
            refusals, with: log.refusals[id] ?? [], between: ended.map(\.at) + self.open.map(\.at))
        removed = log.removed
    }

    /// The newest first, by ``RunRecord/at``.
    package var records: [RunRecord] {
        let runs = runRecords
        var records = runs + refusals.map { RunRecord($0, of: id) }
        if let time = unrecordedTime(after: runs) { records.append(.unknown(id, at: time)) }
        return records.sorted(by: RunRecord.isNewer)
    }

    /// Whether the run that the schedule queued last is among them, so that what is not open is over.
    var coversLastRun: Bool {
        let runs = runRecords
        return !runs.isEmpty && unrecordedTime(after: runs) == nil
    }

    /// The last planned time for which the schedule itself queued a run.
    var lastPlanned: Timestamp? {
        runRecords.filter { $0.reason == .schedule || $0.reason == .catchup }.compactMap(\.planned).max()
    }

    /// Those of the runs that were queued, in no order.
    private var runRecords: [RunRecord] { ended.map { RunRecord($0, of: id) } + open.map(record) }

    private func record(_ run: TrackedRun) -> RunRecord {
        var record = RunRecord(run)
        if let time = removed[run.jobID.description], time >= run.at {
            (record.outcome, record.ended) = (.canceled, time)
        }
        return record
    }

    /// When a run was queued of which there is no record, although runs of the definition are recorded.
    ///
    /// Where no run is recorded, none is expected: the definition or the scheduler keeps none, or it never ran under one that does. What
    /// was over before another run may have been pushed out by it.
    private func unrecordedTime(after runs: [RunRecord]) -> Timestamp? {
        guard let latest, history != 0, !runs.isEmpty,
            runs.allSatisfy({ max($0.at, $0.ended ?? $0.at) + Self.tolerance < latest })
        else { return nil }
        return latest
    }

    /// The refusals of the list and those of the log, the newest first: of one reason as one unless a run was queued between them.
    private static func joined(
        _ listed: [RefusedTimes], with logged: [RefusedTimes], between runs: [Timestamp]
    ) -> [RefusedTimes] {
        var times = listed
        for later in logged {
            let isListed = times.contains {
                $0.reason == later.reason && $0.first <= later.first && later.last <= $0.last
            }
            guard !isListed else { continue }
            if let first = times.first, first.reason == later.reason,
                !runs.contains(where: { first.at <= $0 && $0 < later.at })
            {
                times[0] = first.joined(with: later)
            } else {
                times.insert(later, at: 0)
            }
        }
        return times
    }
}

/// What still stands in the log of runs, and the runs that were taken off it last.
package struct LoggedRuns: Sendable {
    /// The runs that were queued, by their definitions, the oldest first.
    package private(set) var open: [DefinitionID: [TrackedRun]] = [:]
    /// The times that were refused, the oldest first.
    private(set) var refusals: [DefinitionID: [RefusedTimes]] = [:]
    /// The jobs that were taken out for another run, and when.
    private(set) var removed: [String: Timestamp] = [:]

    /// Of what is no entry nothing is taken.
    package init(_ entries: [[UInt8]] = [], recent: [RunPortion] = []) {
        for run in recent.lazy.flatMap(\.runs) { open[run.definition, default: []].append(run) }
        for entry in entries.lazy.compactMap({ RunLogEntry($0) }) {
            for job in entry.removed { removed[job] = entry.at }
            for line in entry.lines {
                switch line {
                case .queued(let run): open[run.definition, default: []].append(run)
                case .refused(let id, let times, _): refusals[id, default: []].append(times)
                }
            }
        }
    }
}

/// What tells a run from all others: a job's id may be used again, by a run that has the same key.
private struct RunIdentity: Hashable {
    let jobID: String
    let at: Timestamp

    init(jobID: String, at: Timestamp) {
        self.jobID = jobID
        self.at = at
    }

    init(_ run: TrackedRun) {
        self.init(jobID: run.jobID.description, at: run.at)
    }
}

extension RunRecord {
    /// The order of what is listed: the newest first.
    static func isNewer(_ one: RunRecord, than other: RunRecord) -> Bool {
        guard one.at == other.at else { return one.at > other.at }
        let (first, second) = (one.planned ?? one.at, other.planned ?? other.at)
        guard first == second else { return first > second }
        return (one.id, one.jobID ?? "") < (other.id, other.jobID ?? "")
    }
}
