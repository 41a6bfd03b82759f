/// What became of one job of a batch.
package enum JobOutcome: UInt8, Sendable {
    /// Queued, and the schedule moved.
    case queued = 0x2b  // +
    /// This planned time was queued before: nothing was done. See ``PlannedRun/alreadyQueued``.
    case duplicate = 0x64  // d
    /// Only the schedule was moved, as asked.
    case advanced = 0x61  // a
    /// Somebody else moved the schedule since the index was read: nothing was done.
    case movedByOther = 0x6d  // m
    /// The definition changed or went away since it was read: nothing was done.
    case stale = 0x73  // s
    /// The key of its queue holds something other than a list: nothing was done.
    case unusableQueue = 0x71  // q
}

/// What became of a batch.
package enum BatchOutcome: Sendable {
    /// The lock is not ours: nothing was done.
    case lockLost
    /// One outcome for each job, in the order of the batch.
    case done([JobOutcome])
}

/// What became of a stale index entry.
package enum EntryOutcome: UInt8, Sendable {
    /// It had no definition and was removed.
    case pruned = 0x70  // p
    /// The definition is disabled: taken out of the index.
    case disabled = 0x64  // d
    /// Its schedule has no further run: taken out of the index.
    case over = 0x6f  // o
    /// Moved to the score that the definition says.
    case moved = 0x72  // r
    /// RQ's own: left alone.
    case foreign = 0x66  // f
    /// It or its definition has changed since they were read, or there was nothing to do.
    case leftAlone = 0x2d  // -
}

/// What became of stale index entries.
package enum ReconcileOutcome: Sendable {
    /// The lock is not ours: nothing was done.
    case lockLost
    /// One outcome for each entry, in order.
    case done([EntryOutcome])
}
