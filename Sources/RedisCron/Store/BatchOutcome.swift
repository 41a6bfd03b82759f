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
    /// Queued, and other runs may be open besides: the definition has to be read again.
    case queuedBesideOthers = 0x6b  // k
    /// Queued as the last run that its limit allows: the definition is finished.
    case finished = 0x46  // F
    /// An earlier run is open: the schedule was moved.
    case overlapping = 0x6f  // o
    /// The same, and what is known of the open runs was written down: the definition has to be read again.
    case overlappingSomeNoted = 0x4f  // O
    /// An earlier run is open: it waits, and its entry was moved a little.
    case waiting = 0x77  // w
    /// The schedule has queued as many runs as it may: the definition is finished.
    case limitReached = 0x6c  // l
    /// Too many runs in a row have failed: the definition is paused.
    case paused = 0x70  // p
    /// The script had looked through enough queues: nothing was done, and it is tried again.
    case handedBack = 0x68  // h

    /// Whether a job was queued.
    package var isQueued: Bool { self == .queued || self == .queuedBesideOthers || self == .finished }
}

/// What the script did to an earlier run in order to replace it.
package struct ReplacedRun: Sendable, Hashable {
    /// The place of the new run in the batch.
    package let place: Int
    /// What was done.
    package let kind: Replacement
    /// The id of the earlier run's job.
    package let jobID: String

    package init(place: Int, kind: Replacement, jobID: String) {
        self.place = place
        self.kind = kind
        self.jobID = jobID
    }
}

/// What happened to a run that another one replaces.
public enum Replacement: String, Sendable, Hashable, CaseIterable {
    /// It was still queued, and was taken out.
    case removed
    /// Its worker was told to stop it.
    case stopped
    /// Nobody listens to the command that would stop it.
    case unheard
    /// It was told to stop 30 s ago or earlier, and still runs.
    case still
}

/// What became of a batch.
package enum BatchOutcome: Sendable {
    /// The lock is not ours: nothing was done.
    case lockLost
    /// One outcome for each job, in the order of the batch, and what was done to runs that were replaced.
    case done([JobOutcome], replaced: [ReplacedRun] = [])
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
