import RQWire

/// Makes of entries of the log of runs what is to be written where runs are read.
///
/// Pure. It remembers the refusals of each definition since its last run, so that many that follow each other are one entry.
struct RunUnfolder: Sendable {
    /// The most definitions whose refusals are remembered: beyond that, an entry begins anew for all.
    private static let mostStreaks = 100_000

    /// How many runs a definition keeps that does not say so itself.
    let history: Int
    private var streaks: [DefinitionID: RefusedTimes] = [:]
    /// What was read and, as there was no answer, may have been written, or may yet be.
    private var unanswered: Result?

    init(history: Int) {
        self.history = history
    }

    /// What some entries of the log say.
    struct Result: Sendable {
        var unfolding = Unfolding()
        /// The ids of jobs that were taken out for others, each with when.
        var removed: [(job: RQJobID, at: Timestamp)] = []
        /// Runs outside of the schedule, which others queued; also those that are not kept.
        var byOthers: [TrackedRun] = []
        /// The refusals that each definition has since its last run.
        fileprivate var streaks: [DefinitionID: RefusedTimes?] = [:]
    }

    /// Reads entries, up to one by which a run is taken out that those before it have queued: its record has to stand by then.
    ///
    /// Nothing is remembered before ``wrote(_:)`` says that it was written.
    func read(_ entries: [[UInt8]]) -> Result {
        var result = Result()
        for bytes in entries {
            // An entry that cannot be read is taken off the log with the others.
            if let entry = RunLogEntry(bytes) {
                let removed = entry.removed.compactMap { RQJobID($0) }
                guard !result.unfolding.opened.contains(where: { removed.contains($0.jobID) }) else { break }
                for line in entry.lines { read(line, into: &result) }
                result.removed += removed.map { ($0, entry.at) }
            }
            result.unfolding.entries.append(bytes)
        }
        return result
    }

    private func read(_ line: RunLogEntry.Line, into result: inout Result) {
        switch line {
        case .queued(let run):
            if run.reason == .trigger || run.reason == .backfill { result.byOthers.append(run) }
            guard run.history ?? history > 0 else { return }
            result.unfolding.opened.append(run)
            result.streaks[run.definition] = .some(nil)
        case .refused(let id, let times, let ownHistory):
            let keep = ownHistory ?? history
            guard keep > 0 else { return }
            let former = result.streaks[id] ?? streaks[id]
            let joined = former.flatMap { $0.reason == times.reason ? $0.joined(with: times) : nil }
            result.unfolding.refused.append(
                Unfolding.Refused(definition: id, times: joined ?? times, joins: joined != nil, keep: keep))
            result.streaks[id] = .some(joined ?? times)
        }
    }

    /// Takes in that what was read is written.
    mutating func wrote(_ result: Result) {
        // An earlier call finds another beginning from now on.
        unanswered = nil
        if streaks.count > Self.mostStreaks { streaks = [:] }
        for (id, streak) in result.streaks { streaks[id] = streak }
    }

    /// Takes in that it is not known whether what was read is written.
    ///
    /// Forgets all refusals: what follows is not joined with them.
    mutating func gotNoAnswer(_ result: Result) {
        streaks = [:]
        unanswered = result
    }

    /// What was written without an answer, to judge by the entries with which the log begins now.
    mutating func writtenUnanswered(logNow entries: [[UInt8]]) -> Result? {
        guard let result = unanswered, result.unfolding.entries.first != entries.first else { return nil }
        unanswered = nil
        return result
    }

    /// Forgets the refusals of a definition.
    mutating func forget(_ definition: DefinitionID) {
        streaks[definition] = nil
    }
}

/// How much of the log is unfolded in one step: a few entries that hold a batch each, or many that hold a run.
///
/// Pure.
struct LogPortion: Sendable {
    /// Unless one entry has more: about two batches.
    private static let mostBytes = 16_384
    private static let fewest = 2
    /// The most entries that are read at once.
    static let most = 64

    /// How many entries are read.
    private(set) var limit = fewest

    /// The entries of those that were read which are unfolded now.
    mutating func take(from entries: [[UInt8]]) -> [[UInt8]] {
        var bytes = 0
        let taken = entries.prefix { entry in
            let fits = bytes == 0 || bytes + entry.count <= Self.mostBytes
            if fits { bytes += entry.count }
            return fits
        }
        if taken.count < entries.count {
            limit = max(Self.fewest, taken.count)
        } else if entries.count == limit, 2 * bytes <= Self.mostBytes {
            limit = min(2 * limit, Self.most)
        }
        return Array(taken)
    }
}
