import RQWire

@testable import RedisCron

/// Redis in memory, as far as the scheduler knows it: the keys of the wire contract, and of each script what it does to
/// them.
///
/// A value: a copy is a snapshot. That it does what the scripts do on a real server is a test of its own
/// (`DifferentialTests`).
struct RedisModel {
    /// The lock, a string with a TTL.
    struct Lock: Equatable {
        var token: String
        var expiresAt: Timestamp
    }

    /// What RQ's registry tells about one scheduler, a hash with a TTL.
    struct SchedulerHash: Equatable {
        var createdAt: Timestamp
        var expiresAt: Timestamp
    }

    /// A job's hash.
    struct Job {
        let createdAt: Timestamp
        let template: JobTemplate
        let data: [UInt8]
        let description: [UInt8]
        let expiresAt: Timestamp?
    }

    /// The server's clock, by which keys expire.
    var time: Timestamp
    /// Guards that are in force; all of them unless a test takes one out.
    var fences = Set(Fence.allCases)
    /// Makes of definitions what the scheduler needs.
    let book: ContentBook

    var lock: Lock?
    var index: [DefinitionID: Double] = [:]
    var definitions: [DefinitionID: ModelDefinition] = [:]
    var marker: [UInt8]?
    /// The zone that a leader published last.
    var timeZone: String?
    var schedulers: [String: Timestamp] = [:]
    var schedulerHashes: [String: SchedulerHash] = [:]
    /// RQ's own histories, by name.
    var histories: Set<DefinitionID> = []
    /// Keys of queues that hold something else than a list.
    var spoiledQueues: Set<[UInt8]> = []
    var queues: [[UInt8]: [RQJobID]] = [:]
    var registeredQueues: Set<[UInt8]> = []
    var jobs: [RQJobID: Job] = [:]

    /// Hashes as they were read, kept where a tick is to write them back whole.
    var readHashes: [ObjectIdentifier: CronJobHash] = [:]
    /// Counts changes of definitions other than of their two time fields.
    var edits = 0
    /// Messages published and not yet taken by whoever delivers them.
    var published: [DefinitionID] = []

    init(time: Timestamp, book: ContentBook) {
        self.time = time
        self.book = book
    }

    /// Removes what has expired, as Redis does before it looks at a key.
    mutating func expireKeys() {
        if let held = lock, held.expiresAt <= time { lock = nil }
        for (name, hash) in schedulerHashes where hash.expiresAt <= time { schedulerHashes[name] = nil }
        for (id, job) in jobs {
            if let expiresAt = job.expiresAt, expiresAt <= time { jobs[id] = nil }
        }
    }

    /// The bytes that stand for a score: any will do that are equal for equal scores only.
    static func raw(_ score: Double) -> [UInt8] {
        withUnsafeBytes(of: score.bitPattern) { Array($0) }
    }
}
