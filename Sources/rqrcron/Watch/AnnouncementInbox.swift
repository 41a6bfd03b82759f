/// An edit that somebody announced, and when it was heard.
struct Announcement: Sendable, Equatable {
    let line: WatchLine
    let heard: ContinuousClock.Instant

    /// The definition's id.
    var id: [UInt8] { Array(line.id.utf8) }
}

/// The announcements that nobody has looked into yet.
///
/// Bounded: when nobody reads our output, the oldest ones give way.
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

    /// Empties the inbox, and says how many announcements were lost since the last call.
    func take() -> (announcements: [Announcement], dropped: Int) {
        defer { (waiting, dropped) = ([], 0) }
        return (waiting, dropped)
    }
}
