import RQWire

/// Holds announcements against the database: Pub/Sub knows no databases, so edits of all of a server's databases arrive.
///
/// Every edit moves the update marker of its database, and all but a deletion give the definition a new `updated_at`. So an
/// announcement is another database's when
///
/// - the marker has not moved since before it was made,
/// - the definition has the `updated_at` that it had before then, or one well before what the marker said then,
/// - the definition is there and it says deleted, or the other way round, and nothing that followed explains that.
///
/// What remains is told. An edit here counts as another database's only if its editor's clock is more than a minute behind
/// another editor's; one of another database counts as ours only if this database was edited within the same second.
///
/// Pure.
struct AnnouncementCheck: Sendable {
    /// What the database says after the announcements were heard.
    struct Look: Sendable {
        /// The update marker.
        let marker: [UInt8]?
        /// The `updated_at` of each announced definition; nil for one that is not there.
        let versions: [[UInt8]: [UInt8]?]
        /// When it was read.
        let time: ContinuousClock.Instant
    }

    /// How long an announcement may take to get here.
    static let delay = Duration.seconds(1)
    /// How far the clocks of two editors may be apart.
    private static let skew = Duration.seconds(60)
    /// Most definitions whose `updated_at` is remembered.
    private static let limit = 100_000

    /// Markers as they were read, the oldest first; of those older than any announcement to come, only the last one.
    private var markers: [(value: [UInt8]?, time: ContinuousClock.Instant)]
    private var versions: [[UInt8]: (value: [UInt8], time: ContinuousClock.Instant)] = [:]

    /// - Parameters:
    ///   - marker: The update marker, read before the channel was subscribed to.
    ///   - time: When it was read.
    init(marker: [UInt8]?, at time: ContinuousClock.Instant) {
        // Nothing that is heard can be older than the subscription.
        markers = [(marker, time - Self.delay)]
    }

    /// Those of the announcements, in the order in which they were heard, that may be this database's.
    mutating func confirmed(_ announcements: [Announcement], by look: Look) -> [Announcement] {
        var refuted: Set<Int> = []
        for (id, indices) in Dictionary(grouping: announcements.indices, by: { announcements[$0].id }) {
            guard let first = indices.first else { continue }
            let version = look.versions[id] ?? nil
            if hasChanged(id, to: version, marker: look.marker, since: announcements[first].heard - Self.delay) {
                refuted.formUnion(
                    Self.contradictions(in: indices.map { ($0, announcements[$0]) }, isThere: version != nil))
            } else {
                refuted.formUnion(indices)
            }
        }
        remember(look)
        return announcements.indices.filter { !refuted.contains($0) }.map { announcements[$0] }
    }

    private func hasChanged(
        _ id: [UInt8], to version: [UInt8]?, marker: [UInt8]?, since time: ContinuousClock.Instant
    ) -> Bool {
        let before = markers.last { $0.time <= time }
        if let before, before.value == marker { return false }
        guard let version else { return true }
        if let known = versions[id], known.time <= time { return known.value != version }
        guard let edited = try? Timestamp(parsing: String(decoding: version, as: UTF8.self)),
            let moved = before?.value.flatMap({ Double(String(decoding: $0, as: UTF8.self)) })
        else { return true }
        return edited + Self.skew >= Timestamp(score: moved)
    }

    /// Which announcements of one definition cannot be of the one that is there, or not there, after them.
    private static func contradictions(
        in announcements: [(index: Int, announcement: Announcement)], isThere: Bool
    ) -> [Int] {
        var contradictions: [Int] = []
        // Backwards. Before a creation there may have been a definition or none.
        var isThere: Bool? = isThere
        for (index, announcement) in announcements.reversed() {
            switch announcement.line.event {
            case "deleted" where isThere == true: contradictions.append(index)
            case "deleted": isThere = true
            case _ where isThere == false: contradictions.append(index)
            case "created": isThere = nil
            default: isThere = true
            }
        }
        return contradictions
    }

    private mutating func remember(_ look: Look) {
        if let settled = markers.lastIndex(where: { $0.time <= look.time - Self.delay }) {
            markers.removeFirst(settled)
        }
        markers.append((look.marker, look.time))
        if versions.count > Self.limit { versions = [:] }
        for (id, version) in look.versions {
            guard let version else {
                versions[id] = nil
                continue
            }
            // One that is the same as before is known for as long.
            if versions[id]?.value != version { versions[id] = (version, look.time) }
        }
    }
}
