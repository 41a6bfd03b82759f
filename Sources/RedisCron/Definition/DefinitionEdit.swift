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

    /// Where the write puts an enabled definition in the index.
    enum Place: Sendable, Hashable {
        /// Where it stands already.
        case kept
        /// At this time.
        case at(Timestamp)
        /// Nowhere: its schedule has no further run.
        case nowhere
    }

    let mode: Mode
    /// Fields to write, `updated_at` among them.
    let fields: [(field: CronJobHash.Field, value: [UInt8])]
    /// The `next_enqueue_time` that must still stand there, where the edit depends on it.
    let expectedNext: [UInt8]?
    /// Where it belongs in the index.
    let place: Place
    /// The time for an entry that is missing from the index; `nil` leaves it missing.
    let placeIfMissing: Timestamp?

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
        _ definition: CronJobHash, stored: StoredDefinition?, mode: Mode = .create, event: CronEvent, now: Timestamp
    ) {
        // The present, never 0, for an interval that never ran: RQ's own clean-up deletes entries of score 0.
        let due = definition.nextEnqueueTime ?? (definition.interval == nil ? nil : now)
        placeIfMissing = due
        guard let stored else {
            self.mode = mode
            fields = definition.encode()
            expectedNext = nil
            place = due.map(Place.at) ?? .nowhere
            return
        }
        let old = stored.definition
        self.mode = .edit
        // The next run of another schedule depends on what stood there even where it comes out the same: an interval
        // that never ran may have run since.
        let movesNext =
            definition.nextEnqueueTime != old.nextEnqueueTime
            || ScheduleBasis(old).hasOtherSchedule(than: definition)
        let switches = event == .enabled || event == .disabled
        let turnsOn = definition.enabled && (event == .enabled || !old.enabled)
        // One thing in two fields: another editor may have put an expression where an interval was.
        let isRescheduled = definition.interval != old.interval || definition.cron != old.cron
        fields = CronJobHash.Field.wireOrder.compactMap { field in
            let value = field.bytes(of: definition)
            let isWritten =
                switch field {
                case .updatedAt: true
                case .enabled where switches: true
                case .interval where isRescheduled, .cron where isRescheduled: true
                default: value != field.bytes(of: old)
                }
            return isWritten ? (field, value) : nil
        }
        let isPlaced = movesNext || turnsOn
        place = isPlaced ? due.map(Place.at) ?? .nowhere : .kept
        expectedNext = isPlaced ? stored.nextEnqueueTime : nil
    }
}
