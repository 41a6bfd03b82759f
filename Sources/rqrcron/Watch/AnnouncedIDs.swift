import Synchronization

/// The definitions that were announced since the index was read last.
///
/// One that is due at once may be enqueued before the index shows it as due.
final class AnnouncedIDs: Sendable {
    private let ids = Mutex<[[UInt8]: Double]>([:])

    /// Remembers an announcement.
    func insert(_ id: [UInt8], at time: Double) {
        ids.withLock { $0[id] = time }
    }

    /// What was announced since the last call, with the time of the announcement.
    func take() -> [[UInt8]: Double] {
        ids.withLock { ids in
            defer { ids = [:] }
            return ids
        }
    }
}
