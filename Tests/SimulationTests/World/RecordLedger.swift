import RQWire

@testable import RedisCron

/// What has happened to runs, by which their records are judged.
struct RecordLedger {
    /// One run: a job that was queued at some time.
    ///
    /// The same job may be queued again.
    struct Key: Hashable {
        let job: RQJobID
        let at: Timestamp
    }

    /// What has happened to one run.
    struct Story {
        let definition: DefinitionID
        let planned: Timestamp?
        let reason: RunReason
        /// How many runs its definition kept when it was queued.
        let keep: Int
        /// What may be recorded of it; nothing while it is open.
        var outcomes: Set<RunOutcome> = []
        /// What may have been recorded before its job was queued once more, until a scheduler has recorded that it is open again.
        var formerOutcomes: Set<RunOutcome> = []
        /// When that changed last, and when a worker started it, in the time of the world.
        var changedAt: Int64
        var startedAt: Int64?
        /// Whether it may have been forgotten: its definition was deleted since, or its job was queued anew.
        var isForgettable = false
    }

    var stories: [Key: Story] = [:]
    /// The newest run of each job.
    private var newest: [RQJobID: Key] = [:]
    /// How many planned times were refused.
    private(set) var refusals: [DefinitionID: [RefusalReason: Int]] = [:]
    /// The fewest refusals that were kept when one was added.
    private(set) var fewestRefusals: [DefinitionID: Int] = [:]
    /// Definitions that were deleted at some time.
    private(set) var deleted: Set<DefinitionID> = []
    /// Jobs that somebody had queued once more after their ends.
    private(set) var requeued: Set<RQJobID> = []

    /// The newest run of a job.
    subscript(job: RQJobID) -> Story? { newest[job].flatMap { stories[$0] } }

    mutating func queued(_ job: RQJobID, at: Timestamp, _ story: Story) {
        if let former = newest[job] { stories[former]?.isForgettable = true }
        let key = Key(job: job, at: at)
        stories[key] = story
        newest[job] = key
    }

    mutating func refused(_ count: Int, _ reason: RefusalReason, of id: DefinitionID, keep: Int) {
        refusals[id, default: [:]][reason, default: 0] += count
        fewestRefusals[id] = min(fewestRefusals[id] ?? keep, keep)
    }

    mutating func started(_ job: RQJobID, time: Int64) {
        guard let key = newest[job] else { return }
        stories[key]?.startedAt = time
    }

    /// - Parameter outcomes: None if it is open again.
    mutating func changed(_ job: RQJobID, to outcomes: Set<RunOutcome>, time: Int64) {
        guard let key = newest[job], let former = stories[key] else { return }
        stories[key]?.outcomes = outcomes
        stories[key]?.changedAt = time
        if outcomes.isEmpty {
            requeued.insert(job)
            stories[key]?.formerOutcomes.formUnion(former.outcomes)
        }
    }

    /// The hash of a job that is over is gone.
    ///
    /// If nobody has looked since it was queued once more, what was recorded before stays: nothing says otherwise.
    mutating func vanished(_ job: RQJobID) {
        guard let key = newest[job], let story = stories[key] else { return }
        stories[key]?.outcomes.formUnion(story.formerOutcomes)
    }

    /// The hash of a job that is over was deleted, perhaps before anybody has looked.
    mutating func forgotten(_ job: RQJobID, _ settings: JobSettings) {
        guard let key = newest[job] else { return }
        stories[key]?.outcomes.insert(.deleted)
        // What leaves no trace at its end cannot be told apart from this.
        if settings.resultTTL == 0 { stories[key]?.outcomes.insert(.finished) }
        if settings.failureTTL == 0 { stories[key]?.outcomes.insert(.failed) }
        vanished(job)
    }

    /// It was recorded that a run is open again.
    mutating func reopened(_ key: Key) {
        stories[key]?.formerOutcomes = []
    }

    mutating func definitionDeleted(_ id: DefinitionID) {
        deleted.insert(id)
        for (key, story) in stories where story.definition == id { stories[key]?.isForgettable = true }
    }
}
