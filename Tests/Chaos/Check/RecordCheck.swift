/// Holds what is kept of runs against what happened to them.
///
/// Pure. At the end of a run of one server, when all that could be known had the time to be known.
package struct RecordCheck: Sendable {
    /// How long the records of two runs may stand in another order than the runs, in seconds.
    private static let disorder: Int64 = 15

    package private(set) var violations: [Violation] = []
    private let kept: KeptRuns
    /// The jobs of each definition since it was made, with when they were queued.
    private let runs: [String: [String: WireTime]]
    /// All jobs that were ever queued.
    private let queued: Set<String>
    /// How each job ended that was taken; nothing for one that is at work.
    private let outcomes: [String: String]
    private let keep: Int

    /// - Parameters:
    ///   - settled: A time; what was queued before has ended, and is known to have.
    ///   - keep: How many runs each definition keeps.
    package init(
        _ kept: KeptRuns, runs: [String: [String: WireTime]], queued: Set<String>, outcomes: [String: String],
        settled: WireTime, keep: Int
    ) {
        (self.kept, self.runs, self.queued, self.outcomes, self.keep) = (kept, runs, queued, outcomes, keep)
        for (id, list) in kept.over.sorted(by: { $0.key < $1.key }) { check(list, of: id) }
        for (id, jobs) in runs.sorted(by: { $0.key < $1.key }) {
            for (job, at) in jobs where at < settled { check(job, queued: at, of: id) }
        }
        checkLeftovers()
        let count = kept.over.values.reduce(0) { $0 + $1.count }
        if count != kept.total { report("\(count) runs are kept, and counted are \(kept.total)") }
    }

    private mutating func report(of definition: String? = nil, at time: WireTime? = nil, _ detail: String) {
        violations.append(Violation(.wrongRecord, of: definition, at: time, detail))
    }

    /// The list of a definition: each was a run, none twice, no more than are kept, each with its outcome.
    private mutating func check(_ list: [KeptRuns.Run], of id: String) {
        if list.count > keep { report(of: id, "\(list.count) runs are kept, and \(keep) may be") }
        var seen: Set<String> = []
        for run in list {
            if !seen.insert(run.job).inserted { report(of: id, at: run.at, "job \(run.job) has two records") }
            guard queued.contains(run.job) else {
                report(of: id, at: run.at, "job \(run.job) has a record and was never queued")
                continue
            }
            guard let outcome = outcomes[run.job] else { continue }
            if outcome != run.outcome {
                report(of: id, at: run.at, "job \(run.job) is recorded as \(run.outcome), and is \(outcome)")
            }
        }
        for run in kept.open[id] ?? [] where seen.contains(run.job) {
            report(of: id, at: run.at, "job \(run.job) has a record and is followed as open")
        }
    }

    /// A run that is over has a record, unless others have taken its place.
    private mutating func check(_ job: String, queued at: WireTime, of id: String) {
        let list = kept.over[id] ?? []
        guard !list.contains(where: { $0.job == job }) else { return }
        if kept.logged.contains(job) { return report(of: id, at: at, "job \(job) is still in the log") }
        if kept.open[id]?.contains(where: { $0.job == job }) == true {
            return report(of: id, at: at, "job \(job) is over, and followed as open")
        }
        let oldest = list.map(\.at).min() ?? at
        if list.count < keep || at > oldest.advanced(bySeconds: Self.disorder) {
            let newest = list.map(\.at).max() ?? at
            report(of: id, at: at, "job \(job) has no record; \(list.count) have, from \(oldest) to \(newest)")
        }
    }

    /// Of definitions that are gone nothing is kept.
    private mutating func checkLeftovers() {
        let ids = Set(kept.over.keys).union(kept.watched.keys).union(kept.refusing).union(kept.indexed)
        for id in ids.subtracting(runs.keys).sorted() { report(of: id, "runs are kept, and it is gone") }
    }
}
