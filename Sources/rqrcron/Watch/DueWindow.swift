import RQWire

/// The index entries that are due or soon will be, as they were seen last: what leaves the window was enqueued, edited
/// or deleted.
struct DueWindow: Sendable {
    /// An entry that has gone from where it stood.
    struct Departure: Sendable, Equatable {
        let id: [UInt8]
        /// The score at which it stood.
        let score: Double
    }

    /// By how much a scheduler may be ahead of us in reading an announcement, or its clock behind ours.
    private static let headStart = 1.0

    private var seen: [[UInt8]: Double] = [:]

    /// Takes what stands in the index now, up to a little after the present.
    ///
    /// - Parameters:
    ///   - entries: The entries that are due or soon will be.
    ///   - now: The present, in Unix seconds.
    ///   - announced: Definitions that were announced since the last call, with the time. One that is not due now may
    ///     have been due at that time, and enqueued since.
    /// - Returns: the entries that were due by `now` and are not where they stood, in the order of their scores.
    mutating func update(
        _ entries: [(id: [UInt8], score: Double)], now: Double, announced: [[UInt8]: Double] = [:]
    ) -> [Departure] {
        let current = Dictionary(entries.map { ($0.id, $0.score) }) { _, last in last }
        var departures = seen.filter { id, score in score <= now && current[id] != score }
        for (id, time) in announced where departures[id] == nil && current[id].map({ $0 > now }) ?? true {
            departures[id] = time - Self.headStart
        }
        seen = current
        return departures.map { Departure(id: $0.key, score: $0.value) }
            .sorted { ($0.score, $0.id.count) < ($1.score, $1.id.count) }
    }
}
