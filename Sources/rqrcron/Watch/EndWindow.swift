import RQWire
import RedisCron

/// Finds the runs that are over since the last look, in the lists of the definitions whose runs were over last.
///
/// An end may be recorded minutes after it, since the scheduler looks less often at runs that take long. So what counts is which
/// entries were not there before, not their times. Its work is bounded: where more definitions have ends than it looks at, or one has
/// more than it reads, some ends are missed.
///
/// Pure.
struct EndWindow {
    /// How long after its end a run may be recorded.
    static let length: Duration = .seconds(600)
    /// The most definitions that are looked at.
    static let limit = 1_000
    /// How many entries of a definition are read.
    static let depth = 20

    /// The definitions of the last look with their scores, and what their lists held.
    private var seen: [DefinitionID: (score: String, entries: Set<[UInt8]>)] = [:]
    /// The scores of the present look.
    private var scores: [DefinitionID: String] = [:]
    /// Ends of definitions that were not in the last look are later than this, if they are new.
    private var bound: Timestamp
    private var nextBound: Timestamp
    /// Whether the first look is over, which only takes in what is there.
    private var isFilled = false

    init(now: Timestamp) {
        bound = now - Self.length
        nextBound = bound
    }

    /// Takes a look at the index.
    ///
    /// - Parameter entries: The definitions with the latest ends, these first, and their scores.
    /// - Returns: The definitions whose lists are to be read.
    mutating func update(_ entries: [(id: DefinitionID, score: String)], now: Timestamp) -> [DefinitionID] {
        let present = Dictionary(entries.map { ($0.id, $0.score) }) { first, _ in first }
        seen = seen.filter { present[$0.key] != nil }
        bound = nextBound
        nextBound = now - Self.length
        if entries.count >= Self.limit, let last = entries.last.flatMap({ Double($0.score) }) {
            nextBound = max(nextBound, Timestamp(score: last))
        }
        let changed = entries.filter { seen[$0.id]?.score != $0.score }
        scores = present
        return changed.map(\.id)
    }

    /// Takes in the lists of these definitions, the newest entry first in each.
    ///
    /// - Returns: The runs that are over since the last look, the oldest first.
    mutating func take(_ lists: [[[UInt8]]], of ids: [DefinitionID]) -> [RunRecord] {
        var records: [RunRecord] = []
        for (id, entries) in zip(ids, lists) {
            let known = seen[id]?.entries
            seen[id] = (scores[id] ?? "", Set(entries))
            guard isFilled else { continue }
            let new = entries.filter { known?.contains($0) != true }.compactMap { EndedRun($0) }
                .map { RunRecord($0, of: id) }
            records += known == nil ? new.filter { $0.ended ?? $0.at > bound } : new
        }
        isFilled = true
        return records.sorted { ($0.ended ?? $0.at) < ($1.ended ?? $1.at) }
    }
}
