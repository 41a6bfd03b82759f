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

    private var seen: [[UInt8]: Double] = [:]

    /// Takes what stands in the index now, up to a little after the present.
    ///
    /// - Returns: the entries that were due by `now` and are not where they stood, in the order of their scores.
    mutating func update(_ entries: [(id: [UInt8], score: Double)], now: Double) -> [Departure] {
        let current = Dictionary(entries.map { ($0.id, $0.score) }) { _, last in last }
        let departures = seen.filter { id, score in score <= now && current[id] != score }
        seen = current
        return departures.map { Departure(id: $0.key, score: $0.value) }
            .sorted { ($0.score, $0.id.count) < ($1.score, $1.id.count) }
    }
}
