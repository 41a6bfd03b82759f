import RQWire

/// What a save has to write: the difference between a definition and what stood in Redis.
///
/// Pure.
struct DefinitionEdit: Sendable {
    /// How the write treats what stands there.
    enum Mode: String, Sendable {
        /// Whatever stands there is overwritten.
        case create
        /// Only if nothing stands there.
        case new
        /// Only if a definition stands there.
        case edit
    }

    let mode: Mode
    /// Fields to write, `updated_at` among them.
    let fields: [(field: CronJobHash.Field, value: [UInt8])]
    /// The `next_enqueue_time` that must still stand there, where the edit depends on it.
    let expectedNext: [UInt8]?
    /// The index score to set, where the schedule is set.
    let score: Timestamp?
    /// The index score for an entry that is missing.
    let scoreIfMissing: Timestamp

    /// The edit that makes Redis hold `definition` where it held `stored`.
    ///
    /// Times move only when the schedule changes or the caller moved them; all other fields are written only where they
    /// differ. So two editors of different fields, and a tick meanwhile, do not undo each other.
    ///
    /// - Parameters:
    ///   - stored: What stood in Redis, or `nil` to write everything.
    ///   - mode: For a definition that is written whole.
    ///   - event: Switching on or off is written even if it stood so, since another editor may have switched it.
    init(
        _ definition: CronJobHash, stored: CronJobHash?, mode: Mode = .create, event: CronEvent, now: Timestamp
    ) {
        // Never 0 for a definition that never ran: RQ's own clean-up deletes entries of score 0.
        let due = definition.nextEnqueueTime ?? now
        scoreIfMissing = due
        guard let stored else {
            self.mode = mode
            fields = definition.encode()
            expectedNext = nil
            score = due
            return
        }
        self.mode = .edit
        let movesNext = definition.nextEnqueueTime != stored.nextEnqueueTime
        let switches = event == .enabled || event == .disabled
        let turnsOn = definition.enabled && (event == .enabled || !stored.enabled)
        var written = stored
        written.timeZone = written.timeZone ?? (definition.timeZone == nil ? nil : "")
        var wanted = definition
        wanted.timeZone = wanted.timeZone ?? (stored.timeZone == nil ? nil : "")
        fields = zip(wanted.encode(), written.encode()).filter { new, old in
            new.field == .updatedAt || new.value != old.value || (switches && new.field == .enabled)
        }.map(\.0)
        score = movesNext || turnsOn ? due : nil
        if movesNext || turnsOn {
            var expected: [UInt8] = []
            stored.append(.nextEnqueueTime, to: &expected)
            expectedNext = expected
        } else {
            expectedNext = nil
        }
    }
}
