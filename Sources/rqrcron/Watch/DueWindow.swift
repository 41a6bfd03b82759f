import RQWire

/// The index entries that are due now or soon, from the last reading.
///
/// An entry that leaves was enqueued, edited or deleted.
struct DueWindow: Sendable {
    /// An entry that is no longer at its score.
    struct Departure: Sendable, Equatable {
        let id: [UInt8]
        /// Its former score.
        let score: Double
    }

    /// How much earlier than we a scheduler may hear an announcement, or how far its clock may be behind ours, in seconds.
    private static let headStart = 1.0

    private var seen: [[UInt8]: Double] = [:]

    /// Takes the entries of a new reading.
    ///
    /// - Parameters:
    ///   - entries: The entries that are due now or soon.
    ///   - now: The present, in Unix seconds.
    ///   - announced: The definitions announced since the last call, with the time. One that is not due now may have been
    ///     due then, and enqueued since.
    /// - Returns: The entries that were due by `now` and are no longer at their score, in the order of their scores.
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
