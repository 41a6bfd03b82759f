package import RQWire

/// What the store is told to do with entries that were read from the log of runs.
package struct Unfolding: Sendable {
    /// The entries in the order of the log, as they stood there.
    package var entries: [[UInt8]] = []
    /// Runs that were queued.
    package var opened: [TrackedRun] = []
    /// The same runs, to be held together until they are looked at; empty to put each where open runs stand.
    package var portions: [RunPortion] = []
    /// Times that were refused.
    package var refused: [Refused] = []

    /// Times of a definition that were refused.
    package struct Refused: Sendable, Hashable {
        package let definition: DefinitionID
        package let times: RefusedTimes
        /// Whether they take the place of the entry that stands first in the list, which they include.
        package let joins: Bool
        /// How many entries the list keeps.
        package let keep: Int

        package init(definition: DefinitionID, times: RefusedTimes, joins: Bool, keep: Int) {
            self.definition = definition
            self.times = times
            self.joins = joins
            self.keep = keep
        }
    }

    package init() {}
}

/// What became of entries of the log.
package enum UnfoldOutcome: Sendable, Hashable {
    /// They are off the log, and what they tell stands where it is read.
    case done
    /// The lock is not ours: nothing was done.
    case lockLost
    /// The log does not begin with them any more: they were taken off before, as by a call of ours whose answer was lost. Nothing was done.
    case logMoved
}

/// In which of two sets a run stands.
package enum RunPlace: Sendable, Hashable {
    /// It is queued or running.
    case open
    /// It is over, and may be brought back.
    case watched
}

/// What the leader knows of a run beyond what the sets hold; a new leader begins with nothing.
package struct RunMemory: Sendable, Hashable {
    /// When it was last seen to be open.
    package var lastOpen: Timestamp
    /// When a worker started it, if it was seen running.
    package var started: Timestamp?
    /// The worker that was seen to run it.
    package var worker: String?
    /// Since when it has been found in no place; see `open_runs.lua`.
    package var suspectedAt: Timestamp?
    /// How many attempts are known from before it was brought back.
    package var formerAttempts = 0

    package init(lastOpen: Timestamp) {
        self.lastOpen = lastOpen
    }
}

/// A run at which the leader looks.
package struct RunToLookAt: Sendable, Hashable {
    package let run: TrackedRun
    package var memory: RunMemory
    package var place: RunPlace

    package init(_ run: TrackedRun, memory: RunMemory, place: RunPlace) {
        self.run = run
        self.memory = memory
        self.place = place
    }
}

/// What a look has found.
package enum RunFinding: Sendable, Hashable {
    /// It is queued or running.
    case open(RunMemory)
    /// It is over.
    case over(RunEnding)
    /// Nothing can be said yet, or nothing has changed: it is looked at again.
    case unclear(RunMemory)
    /// It is over as was recorded, and its job is gone: nothing can change any more.
    case settled

    /// Whether it is called a success because nothing is left that says otherwise.
    var isConcludedSuccess: Bool {
        guard case .over(let ending) = self else { return false }
        return ending.outcome == .finished && ending.isInferred
    }
}

/// Where a run stands, and what is recorded of it.
package struct RunStanding: Sendable, Hashable {
    /// `nil` if it is followed no longer.
    package let place: RunPlace?
    /// `nil` if it is open, or nothing is kept of it.
    package let recorded: EndedRun?

    package init(place: RunPlace?, recorded: EndedRun?) {
        self.place = place
        self.recorded = recorded
    }
}

/// A change of what is recorded of a run.
package struct RunChange: Sendable, Hashable {
    package let run: TrackedRun
    /// Where it stands before.
    package let from: RunPlace
    /// What is recorded of it: taken out.
    package var former: EndedRun?
    /// What became of it; `nil` if it is open again, or only taken out.
    package var ending: RunEnding?
    /// Whether it is open afterwards.
    package var isReopened = false
    /// Whether its definition may bound failures in a row, so that its end may have to be counted.
    ///
    /// If that is wrong, ``CronStore/enqueue(_:token:now:)`` counts it before the next run.
    package var mayCount = true
    /// How many runs its definition keeps.
    package let keep: Int

    package init(
        _ run: TrackedRun, from: RunPlace, former: EndedRun? = nil, ending: RunEnding? = nil, isReopened: Bool = false,
        keep: Int
    ) {
        self.run = run
        self.from = from
        self.former = former
        self.ending = ending
        self.isReopened = isReopened
        self.keep = keep
    }
}

/// What became of a change.
package enum RunChangeOutcome: UInt8, Sendable {
    /// It is recorded.
    case recorded = 0x2b  // +
    /// The run does not stand there any more: somebody else recorded it, or its definition was deleted. Nothing was done.
    case missing = 0x2d  // -
    /// Its definition is gone: the run was taken out, and nothing is recorded.
    case definitionGone = 0x67  // g
    /// Recorded, and the definition's open runs or its count of failures were written: it has to be read again.
    case noted = 0x66  // f
    /// The same, and the definition is paused, because as many runs in a row failed as it allows.
    case paused = 0x70  // p
}

/// What became of changes.
package enum RecordOutcome: Sendable {
    /// The lock is not ours: nothing was done.
    case lockLost
    /// The portion does not stand there: it was settled before, by somebody else or by a call of ours. Nothing was done.
    case portionGone
    /// One outcome for each change, in order, and how many runs are kept in all.
    case done([RunChangeOutcome], total: Int)
}
