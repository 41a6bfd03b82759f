package import RQWire
package import RedisCron

/// Redis in memory, as far as the scheduler knows it: the keys of the wire contract, and of each script what it does to
/// them.
///
/// A value: a copy is a snapshot. That it does what the scripts do on a real server is a test of its own
/// (`DifferentialTests`).
package struct RedisModel: Sendable {
    /// The lock, a string with a TTL.
    package struct Lock: Equatable, Sendable {
        package var token: String
        package var expiresAt: Timestamp

        package init(token: String, expiresAt: Timestamp) {
            self.token = token
            self.expiresAt = expiresAt
        }
    }

    /// What RQ's registry says about one scheduler, a hash with a TTL.
    package struct SchedulerHash: Equatable, Sendable {
        package var createdAt: Timestamp
        package var expiresAt: Timestamp
    }

    /// A job's hash.
    package struct Job: Sendable {
        package let createdAt: Timestamp
        package let template: JobTemplate
        package let data: [UInt8]
        package let description: [UInt8]
        package var expiresAt: Timestamp?
        /// How far a worker has come with it.
        package var phase = Phase.queued
        /// When it was put into its queue the last time.
        package var enqueuedAt: Timestamp
        /// When a worker started it the last time, and which.
        package var startedAt: Timestamp?
        package var worker: String?
        /// When it was over.
        package var endedAt: Timestamp?
        /// The last line of its exception.
        package var error: String?
        /// How many times RQ has tried it again.
        package var retriesUsed = 0
        /// How it ended, the newest first: it may have been requeued.
        package var results: [JobResult] = []

        package init(
            createdAt: Timestamp, template: JobTemplate, data: [UInt8], description: [UInt8], expiresAt: Timestamp?
        ) {
            self.createdAt = createdAt
            enqueuedAt = createdAt
            self.template = template
            self.data = data
            self.description = description
            self.expiresAt = expiresAt
        }
    }

    /// How far a worker has come with a job.
    package enum Phase: Sendable {
        case queued, running, finished, failed, stopped, canceled
        /// Its worker died: RQ will call it failed some day, or start it again.
        case dead

        /// Whether it waits or runs.
        package var isOpen: Bool { self == .queued || self == .running }
    }

    /// The guards of the scripts.
    ///
    /// Each can be taken out to see that the simulation notices.
    package enum Fence: String, CaseIterable, Sendable {
        /// Only the holder of the lock changes anything.
        case lock
        /// The index score is still the one that was read.
        case once
        /// The definition is still the one that was read.
        case fresh
        /// A tick writes the two time fields and nothing else.
        case onlyOurs
        /// A job that exists is not queued again.
        case jobExists
        /// The open runs are still those that were read.
        case openRuns
        /// No run is queued beside an open one, unless the policy allows it.
        case overlap
        /// No more runs are queued than the policy allows.
        case limit
        /// A run is counted in the step that queues it, and in no other.
        case count
        /// Only what is still finished is deleted for it.
        case stillFinished
        /// Only the holder of the lock records runs.
        case recordLock
        /// Entries are taken off the log of runs only while it begins with them.
        case logHead
        /// What became of a run is recorded only while it stands where it was read.
        case tracked
        /// A portion of recent runs is settled only while it stands where it was read.
        case portion
    }

    /// The server's clock, by which keys expire.
    package var time: Timestamp
    /// The guards that are in force.
    package var fences = Set(Fence.allCases)
    /// Makes of definitions what the scheduler needs.
    package let book: ContentBook

    package var lock: Lock?
    package var index: [DefinitionID: Double] = [:]
    package var definitions: [DefinitionID: ModelDefinition] = [:]
    package var marker: [UInt8]?
    /// The zone that a leader published last.
    package var timeZone: String?
    package var schedulers: [String: Timestamp] = [:]
    package var schedulerHashes: [String: SchedulerHash] = [:]
    /// RQ's own histories, by name.
    package var histories: Set<DefinitionID> = []
    /// Keys of queues that hold something other than a list.
    package var spoiledQueues: Set<[UInt8]> = []
    package var queues: [[UInt8]: [RQJobID]] = [:]
    package var registeredQueues: Set<[UInt8]> = []
    package var jobs: [RQJobID: Job] = [:]
    /// When finished definitions are to be deleted.
    package var deletions: [DefinitionID: Timestamp] = [:]
    /// Jobs whose workers were told to stop them, oldest first.
    package var stopped: [RQJobID] = []
    /// Whether workers hear the command that stops a job.
    package var workersListen = true

    /// What was queued and refused, a call of a script each, until it is unfolded.
    package var runLog: [[UInt8]] = []
    /// The runs that were taken off the log last, and have not been looked at.
    package var recentRuns: [RunPortion] = []
    /// The runs that are open, and those that are over and may be brought back.
    package var tracked: [RunPlace: Set<TrackedRun>] = [:]
    /// The runs of each definition that are over, the newest first.
    package var endedRuns: [DefinitionID: [EndedRun]] = [:]
    /// The refused times of each definition, the newest first.
    package var refusals: [DefinitionID: [RefusedTimes]] = [:]
    /// When the last run of each definition was over that are kept.
    package var runIndex: [DefinitionID: Double] = [:]
    /// How many runs are kept in all.
    package var runTotal = 0
    /// Jobs of RQ's registries of failures, and when it forgets them.
    package var failedJobs: [RQJobID: Timestamp] = [:]
    /// Jobs that run and whose hashes were deleted: these come back at their ends.
    package var deletedWhileRunning: [RQJobID: Job] = [:]

    /// How many jobs of the batch under way stand at the front of each queue.
    var foremost: [[UInt8]: Int] = [:]
    /// Hashes as they were read, kept where a tick is to write them back whole.
    package var readHashes: [ObjectIdentifier: CronJobHash] = [:]
    /// Counts changes of definitions other than of their two time fields.
    package var edits = 0
    /// Messages that were published and not yet delivered.
    package var published: [DefinitionID] = []

    package init(time: Timestamp, book: ContentBook) {
        self.time = time
        self.book = book
    }

    /// Removes what has expired, as Redis does before it looks at a key.
    package mutating func expireKeys() {
        if let held = lock, held.expiresAt <= time { lock = nil }
        for (name, hash) in schedulerHashes where hash.expiresAt <= time { schedulerHashes[name] = nil }
        for (id, job) in jobs {
            if let expiresAt = job.expiresAt, expiresAt <= time { jobs[id] = nil }
        }
    }

    /// The bytes of a score: any will do that are equal for equal scores only.
    package static func raw(_ score: Double) -> [UInt8] {
        withUnsafeBytes(of: score.bitPattern) { Array($0) }
    }

    // MARK: The single commands of an editor

    /// `HSET` of all fields.
    package mutating func put(_ hash: CronJobHash) {
        definitions[DefinitionID(hash.id)] = ModelDefinition(hash, book: book)
        edits += 1
    }

    /// `DEL` of the hash.
    package mutating func remove(_ id: DefinitionID) {
        definitions[id] = nil
        edits += 1
    }

    /// `ZADD`, or `ZREM` for no score.
    package mutating func setScore(_ score: Double?, of id: DefinitionID) {
        index[id] = score
    }
}
