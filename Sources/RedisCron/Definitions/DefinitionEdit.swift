package import RQWire

/// What a save has to write: the difference between a definition and what Redis held.
///
/// Pure.
package struct DefinitionEdit: Sendable {
    /// How the write treats a definition that is there already.
    package enum Mode: String, Sendable {
        /// It is overwritten.
        case create
        /// There must be none.
        case new
        /// There must be one.
        case edit
    }

    /// Where the write puts an enabled definition in the index.
    package enum Place: Sendable, Hashable {
        /// Where it is already.
        case kept
        /// At this time.
        case at(Timestamp)
        /// Nowhere: its schedule has no further run.
        case nowhere
    }

    package let mode: Mode
    /// Fields to write, `updated_at` among them.
    package let fields: [(field: CronJobHash.Field, value: [UInt8])]
    /// The `next_enqueue_time` that Redis must still hold, where the edit depends on it.
    package let expectedNext: [UInt8]?
    /// Where it belongs in the index.
    package let place: Place
    /// The time for an entry that is missing from the index; `nil` leaves it missing.
    package let placeIfMissing: Timestamp?

    /// The edit that makes Redis hold `definition` where it held `stored`.
    ///
    /// Times move only when the schedule changes or the caller moved them; other fields are written only where they differ.
    /// So two editors of different fields, and a tick in between, do not undo each other.
    ///
    /// - Parameters:
    ///   - stored: What Redis held, or `nil` to write everything.
    ///   - mode: For a definition that is written whole.
    ///   - event: Enabling or disabling is written even if nothing seems to change, since another editor may have switched it.
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
        // The next run of another schedule depends on what Redis held even if it comes out the same: an interval that never
        // ran may have run since.
        let movesNext =
            definition.nextEnqueueTime != old.nextEnqueueTime
            || ScheduleBasis(old).hasOtherSchedule(than: definition)
        let switches = event == .enabled || event == .disabled
        let turnsOn = definition.enabled && (event == .enabled || !old.enabled)
        // The schedule is in two fields: another editor may have replaced the interval by an expression.
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
