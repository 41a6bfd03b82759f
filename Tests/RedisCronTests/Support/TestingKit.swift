import RQWire
import RedisCronTesting
import TestSupport
import Testing

@testable import RedisCron

extension Timestamp {
    /// 2026-01-01T00:00:00Z, a Thursday.
    static let newYear = Timestamp(unixSeconds: 1_767_225_600)
}

extension ManualClock {
    /// A clock that shows 2026-01-01T00:00:00Z.
    convenience init() {
        self.init(at: .newYear)
    }

    /// Waits until somebody sleeps until that time.
    func sleeper(until time: Timestamp) async throws {
        try await eventually("a sleep until \(time)", within: .seconds(30)) { sleeps.contains { $0.wall == time } }
    }

    /// Waits until somebody sleeps for at most that long from now.
    func sleeper(for duration: Duration) async throws {
        let time = monotonic() + duration
        try await eventually("a sleep for \(duration)", within: .seconds(30)) {
            sleeps.contains { $0.monotonic == time }
        }
    }
}

extension MemoryStore {
    /// A store in which nothing expires.
    convenience init() {
        self.init { .newYear }
    }

    /// Waits until the store is in such a state.
    func wait(for what: String, _ condition: (RedisModel) -> Bool) async throws {
        try await eventually(what, within: .seconds(30)) { condition(model) }
    }
}

extension RedisModel {
    /// Ids of queued jobs, in the order of each queue.
    var queued: [RQJobID] { queues.values.flatMap { $0 } }

    /// When the definition is due, by the index.
    func due(_ id: String) -> Timestamp? { index[DefinitionID(id)].map(Timestamp.init(score:)) }

    /// Puts a token into the lock, or removes the lock.
    mutating func hold(_ token: String?) {
        lock = token.map { Lock(token: $0, expiresAt: time + .seconds(3600)) }
    }

    /// Adds a name of RQ's own to the index.
    mutating func addForeign(_ id: DefinitionID, at score: Timestamp) {
        histories.insert(id)
        index[id] = score.score
    }

    /// Makes a definition one that cannot be understood.
    mutating func spoil(_ id: String, reason: String) {
        definitions[DefinitionID(id)]?.content = .failure(ContentBook.Unreadable(field: nil, reason: reason))
    }

    /// Repairs what was spoiled.
    mutating func repair() {
        for definition in definitions.values { put(definition.hash) }
    }

    /// Makes a job exist, as if it had been queued before.
    mutating func addJob(_ id: RQJobID, of definition: PreparedDefinition) {
        jobs[id] = Job(createdAt: time, template: definition.template, data: [], description: [], expiresAt: nil)
        queues[definition.template.settings.queue, default: []].append(id)
    }
}

extension CronJobHash {
    /// The bytes of `updated_at` in Redis.
    var updatedAtBytes: [UInt8] { Field.updatedAt.bytes(of: self) }
}
