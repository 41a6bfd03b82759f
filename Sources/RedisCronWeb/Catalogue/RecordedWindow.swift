import RQWire
import RedisCron

/// Tells which definitions had a run recorded since the last look at the index of runs, whose scores say when.
///
/// Scores are of the leader's clock, and what comes late may have an older one than what was seen. So each look goes back some
/// seconds, and what was seen there counts once.
///
/// Pure.
struct RecordedWindow: Sendable {
    /// How far a look goes back.
    private static let overlap: Duration = .seconds(10)

    /// The score from which the next look is to read.
    private(set) var start: Double
    /// What was seen from there on.
    private var seen: [DefinitionID: Double] = [:]

    init(from time: Timestamp = .now) {
        start = (time - Self.overlap).score
    }

    /// Takes a look.
    ///
    /// - Parameters:
    ///   - entries: What stands from ``start`` on, in the order of the scores.
    ///   - isAll: Whether there is no more.
    /// - Returns: The definitions that are new, or have another score.
    mutating func take(_ entries: [DueEntry], now: Timestamp, isAll: Bool) -> [DefinitionID] {
        let new = entries.filter { seen[$0.id] != $0.score }
        for entry in new { seen[entry.id] = entry.score }
        if isAll {
            start = max(start, (now - Self.overlap).score)
        } else if let last = entries.last {
            // More than one look can take: the next one goes on where this one ends. Where all have one score, it is left behind.
            start = last.score > start ? last.score : last.score.nextUp
        }
        seen = seen.filter { $0.value >= start }
        return new.map(\.id)
    }
}
