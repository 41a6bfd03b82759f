import RQWire

/// Decides which announcements are about this database.
///
/// Pub/Sub ignores databases, so the edits of all databases of a server arrive.
///
/// Every edit moves the update marker of its database, and all but a deletion give the definition a new `updated_at`. So an
/// announcement belongs to another database if
///
/// - the marker has not moved since before the announcement,
/// - the definition has the same `updated_at` as before it, or one well before the marker of that time,
/// - it says deleted but the definition exists, or the other way round, and no later announcement explains that.
///
/// All others are shown. An edit of this database is missed only if its editor's clock is more than a minute behind
/// another editor's. An edit of another database is shown only if this database was edited within the same second.
///
/// Pure.
struct AnnouncementCheck: Sendable {
    /// The state of the database after the announcements were heard.
    struct Look: Sendable {
        /// The update marker.
        let marker: [UInt8]?
        /// The `updated_at` of each announced definition; nil for one that does not exist.
        let versions: [[UInt8]: [UInt8]?]
        /// When it was read.
        let time: ContinuousClock.Instant
    }

    /// How long an announcement may take to arrive.
    static let delay = Duration.seconds(1)
    /// How far apart the clocks of two editors may be.
    private static let skew = Duration.seconds(60)
    /// The most definitions whose `updated_at` is remembered.
    private static let limit = 100_000

    /// The markers that were read, oldest first.
    ///
    /// Of those older than any announcement to come, only the last is kept.
    private var markers: [(value: [UInt8]?, time: ContinuousClock.Instant)]
    private var versions: [[UInt8]: (value: [UInt8], time: ContinuousClock.Instant)] = [:]

    /// - Parameters:
    ///   - marker: The update marker, read before the channel was subscribed to.
    ///   - time: When it was read.
    init(marker: [UInt8]?, at time: ContinuousClock.Instant) {
        // No announcement can be older than the subscription.
        markers = [(marker, time - Self.delay)]
    }

    /// The announcements that may be about this database, in the order in which they were heard.
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

    /// The announcements of one definition that contradict whether it exists afterwards.
    private static func contradictions(
        in announcements: [(index: Int, announcement: Announcement)], isThere: Bool
    ) -> [Int] {
        var contradictions: [Int] = []
        // Goes backwards. Before a creation the definition may have existed or not.
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
            // An unchanged one keeps the time since which it is known.
            if versions[id]?.value != version { versions[id] = (version, look.time) }
        }
    }
}

/// An announced edit, and when it was heard.
struct Announcement: Sendable, Equatable {
    let line: WatchLine
    let heard: ContinuousClock.Instant

    /// The definition's id.
    var id: [UInt8] { Array(line.id.utf8) }
}

/// The announcements that have not been checked yet.
///
/// Bounded: if nobody reads our output, the oldest ones are dropped.
actor AnnouncementInbox {
    private let limit: Int
    private var waiting: [Announcement] = []
    private var dropped = 0

    init(limit: Int) {
        self.limit = limit
    }

    func insert(_ announcement: Announcement) {
        if waiting.count >= limit { drop(waiting.count) }
        waiting.append(announcement)
    }

    /// Counts announcements that were lost.
    func drop(_ count: Int) {
        dropped += count
        if count >= waiting.count { waiting = [] }
    }

    /// Empties the inbox.
    ///
    /// - Returns: The announcements, and how many were lost since the last call.
    func take() -> (announcements: [Announcement], dropped: Int) {
        defer { (waiting, dropped) = ([], 0) }
        return (waiting, dropped)
    }
}
