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
    /// The `updated_at` that Redis must still hold, where the edit is meant for one version; `nil` for any.
    package var expectedVersion: [UInt8]?
    /// Where it belongs in the index.
    package let place: Place
    /// The time for an entry that is missing from the index; `nil` leaves it missing.
    package let placeIfMissing: Timestamp?
    /// What becomes of the time at which a finished definition is deleted.
    package let deletion: Deletion

    /// When a definition is to be deleted.
    package enum Deletion: Sendable, Hashable {
        /// As it was.
        case kept
        /// Never.
        case none
        /// At this time.
        case at(Timestamp)
    }

    /// The edit that makes Redis hold `definition` where it held `stored`.
    ///
    /// Times move only when the schedule changes or the caller moved them; other fields are written only where they differ.
    /// So two editors of different fields, and a tick in between, do not undo each other.
    ///
    /// - Parameters:
    ///   - due: When it is due, its jitter included; `nil` for never.
    ///   - stored: What Redis held, or `nil` to write everything.
    ///   - mode: For a definition that is written whole.
    ///   - event: Enabling or disabling is written even if nothing seems to change, since another editor may have switched it.
    init(
        _ definition: CronJobHash, due: Timestamp?, stored: StoredDefinition?, mode: Mode = .create, event: CronEvent,
        now: Timestamp
    ) {
        placeIfMissing = due
        let wasFinished = stored?.definition.isFinished == true
        if !definition.isFinished {
            deletion = .none
        } else if wasFinished, stored?.definition.policy.deleteAfter == definition.policy.deleteAfter {
            deletion = .kept
        } else {
            deletion = definition.policy.deleteAfter.map { .at(now + $0) } ?? .none
        }
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
        let together = CronJobHash.Field.together.filter { group in group.contains { !$0.isSame(in: definition, old) } }
        fields = CronJobHash.Field.wireOrder.compactMap { field in
            let value = field.bytes(of: definition)
            let isWritten =
                switch field {
                case .updatedAt: true
                case .enabled where switches: true
                case .interval where isRescheduled, .cron where isRescheduled: true
                case _ where together.contains { $0.contains(field) }: true
                // A tick may have written them since.
                case .runCount where definition.policy.maxRuns == nil && old.policy.maxRuns != nil: true
                case .failureCount
                where definition.policy.pauseAfterFailures == nil && old.policy.pauseAfterFailures != nil: true
                case .openRuns where !definition.policy.tracksRuns && old.policy.tracksRuns: true
                case .waitingSince where definition.policy.overlap != .wait && old.policy.overlap == .wait: true
                default: value != field.bytes(of: old)
                }
            return isWritten ? (field, value) : nil
        }
        // The planned time stays, and its score moves.
        let isPlaced = movesNext || turnsOn || definition.schedule.jitter != old.schedule.jitter
        place = isPlaced ? due.map(Place.at) ?? .nowhere : .kept
        // A tick may have finished it since: then another end or limit has to bring it back.
        let isBoundedAnew =
            definition.schedule.endTime != old.schedule.endTime || definition.policy.maxRuns != old.policy.maxRuns
            || definition.state.runCount != old.state.runCount
        // What runs are open depends on the run that was queued last.
        let isTracked = definition.startsTracking(after: old)
        expectedNext = isPlaced || isBoundedAnew || isTracked ? stored.nextEnqueueTime : nil
        // Two fields say whether runs are kept track of. Another editor may have changed one of them since they were read: then
        // what this edit does to the open runs would be meant for a definition that neither of the two has made.
        let saysTracking = fields.contains { $0.field == .overlap || $0.field == .pauseAfterFailures }
        expectedVersion = saysTracking ? stored.updatedAtBytes : nil
    }
}

extension CronJobHash.Field {
    /// Fields that are checked against each other: an edit of one writes all of its group, as the editor saw them, so that two
    /// editors do not make up a definition that neither wanted and nobody can run.
    static let together: [[CronJobHash.Field]] = [
        [.interval, .cron, .jitter], [.startTime, .endTime], [.overlap, .catchUp],
    ]
}
