import RQWire
import RedisCron

/// Tells which definitions had a run recorded since the last look at the index of runs, whose scores say when.
///
/// Scores are of the leader's clock, which may be behind ours or ahead of it, and what comes late may have an older one than
/// what was seen. So the window follows the scores, not our clock: each look goes back some seconds from where the leader's
/// clock must be by the newest score that was seen, and what was seen there counts once.
///
/// Pure.
struct RecordedWindow: Sendable {
    /// How far a look goes back, in seconds.
    private static let overlap = 10.0

    /// The score from which the next look is to read.
    private(set) var start: Double
    /// By how many seconds the leader's clock is ahead of ours at least.
    private var lead: Double
    /// What was seen from ``start`` on.
    private var seen: [DefinitionID: Double] = [:]

    /// - Parameter newest: The newest score there is; `nil` for none.
    init(newest: Double?, now: Timestamp) {
        // Where nothing was recorded yet, any score is new.
        lead = newest.map { $0 - now.score } ?? -now.score
        start = max(0, now.score + lead - Self.overlap)
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
        if let newest = entries.last?.score { lead = max(lead, newest - now.score) }
        if isAll {
            start = max(start, now.score + lead - Self.overlap)
        } else if let last = entries.last {
            // More than one look can take: the next one goes on where this one ends. Where all have one score, it is left behind.
            start = last.score > start ? last.score : last.score.nextUp
        }
        seen = seen.filter { $0.value >= start }
        return new.map(\.id)
    }
}
