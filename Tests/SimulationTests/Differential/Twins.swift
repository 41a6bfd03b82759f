import Cron
import RQWire
import RedisCronTesting
import TestSupport

@testable import RedisCron

/// The model and a real server, side by side: what is done to one is done to the other, and must come to the same.
struct Twins {
    /// An index entry as each of the two has given it.
    struct Entry {
        let model: DueEntry
        let real: DueEntry
    }

    /// A definition as each of the two has given it.
    struct Definition {
        let model: PreparedDefinition
        let real: PreparedDefinition
    }

    /// What the two did not agree on.
    struct Difference: Error, CustomStringConvertible {
        let description: String
    }

    /// How many runs each definition keeps.
    static let history = 3

    let server: RedisServer
    let connection: RedisCronConnection
    let store: RedisStore
    var model: RedisModel
    /// What was read so far, old things among them.
    var entries: [Entry] = []
    var definitions: [Definition] = []
    var hashes: [CronJobHash] = []
    /// How often each outcome was seen, so that a test can tell whether it has seen them all.
    private(set) var outcomes: [String: Int] = [:]

    init(server: RedisServer, connection: RedisCronConnection, book: ContentBook) {
        self.server = server
        self.connection = connection
        store = RedisStore(
            connection: connection, loader: DefinitionLoader(zone: .utc, serializer: .pickle),
            history: Self.history)
        model = RedisModel(time: Timestamp(microseconds: World.epoch), book: book)
        // Nobody subscribes to the channels of workers.
        model.workersListen = false
    }

    /// Compares all keys, their values and when they expire.
    func compare(after operation: String) throws {
        let space = try ServerKeyspace(of: server)
        for key in Set(space.values.keys).union(model.keyspace.keys).sorted() {
            let (real, modelled) = (space.values[key], model.keyspace[key])
            // A count that has gone back to none may stand there.
            if key == RQKeys().runTotal, real == "string 0", modelled == nil { continue }
            guard real == modelled else {
                throw Difference(
                    description: "after \(operation) \(key) is \(real ?? "missing"), and in the model "
                        + (modelled ?? "missing"))
            }
        }
        let times = model.timesToLive
        for key in Set(space.millisecondsToLive.keys).union(times.keys) {
            // The model's clock stands still; the tests are given a minute.
            guard let real = space.millisecondsToLive[key], let modelled = times[key],
                (modelled * 1000 - 60_000...modelled * 1000).contains(Int64(real))
            else {
                let left = space.millisecondsToLive[key].map(String.init) ?? "no"
                let modelled = times[key].map(String.init) ?? "no"
                throw Difference(
                    description: "after \(operation) \(key) lives \(left) ms, and in the model \(modelled) s")
            }
        }
    }

    /// Compares two answers.
    func expect<Value: Equatable>(_ real: Value, _ modelled: Value, of operation: String) throws {
        if real != modelled {
            throw Difference(description: "\(operation) answered \(real), and in the model \(modelled)")
        }
    }

    // MARK: The store

    mutating func acquireLock(token: String, timeToLive: Duration) async throws {
        let real = try await store.acquireLock(token: token, timeToLive: timeToLive)
        try expect(real, model.acquireLock(token: token, timeToLive: timeToLive), of: "acquireLock")
    }

    mutating func heartbeat(
        token: String, timeToLive: Duration, registration: SchedulerRegistration, isFirst: Bool, now: Timestamp
    ) async throws {
        let real = try await store.heartbeat(
            token: token, timeToLive: timeToLive, registration: registration, isFirst: isFirst, now: now)
        let modelled = model.heartbeat(
            token: token, timeToLive: timeToLive, registration: registration, isFirst: isFirst, now: now)
        try expect(real, modelled, of: "heartbeat")
    }

    mutating func release(token: String, registration: SchedulerRegistration) async throws {
        let real = try await store.release(token: token, registration: registration)
        try expect(real, model.release(token: token, registration: registration), of: "release")
    }

    mutating func fetchDue(until now: Timestamp, offset: Int, limit: Int, sharing score: Entry? = nil) async throws {
        let real = try await store.fetchDue(until: now, offset: offset, limit: limit, sharing: score?.real.rawScore)
        let modelled = model.fetchDue(until: now, offset: offset, limit: limit, sharing: score?.model.rawScore)
        try expect(real.entries.map(\.id), modelled.entries.map(\.id), of: "fetch due")
        try expect(real.entries.map(\.score), modelled.entries.map(\.score), of: "fetch due")
        try expect(real.nextScore, modelled.nextScore, of: "fetch due")
        try expect(real.marker, modelled.marker, of: "fetch due")
        try expect(real.nextDeletion, modelled.nextDeletion, of: "fetch due")
        entries += zip(modelled.entries, real.entries).map { Entry(model: $0, real: $1) }
    }

    mutating func fetch(_ ids: [DefinitionID]) async throws {
        let real = try await store.definitions(ids)
        let modelled = model.fetch(ids)
        try expect(real.map(Self.text), modelled.map(Self.text), of: "definitions")
        for case (.found(.prepared(let real)), .found(.prepared(let modelled))) in zip(real, modelled) {
            definitions.append(Definition(model: modelled, real: real))
        }
        hashes += ids.compactMap { model.definitions[$0]?.hash }
    }

    mutating func enqueue(_ model: DueBatch, _ real: DueBatch, token: String, now: Timestamp) async throws {
        let answer = try await store.enqueue(real, token: token, now: now)
        let modelled = self.model.enqueue(model, token: token, now: now, history: Self.history)
        try expect("\(answer)", "\(modelled)", of: "enqueue")
        switch modelled {
        case .lockLost: note("enqueue", "lockLost")
        case .done(let all, _): for outcome in all { note("enqueue", outcome) }
        }
    }

    mutating func reconcile(_ model: [StaleEntry], _ real: [StaleEntry], token: String?) async throws {
        let answer = try await store.reconcile(real, token: token)
        let modelled = self.model.reconcile(model, token: token)
        try expect("\(answer)", "\(modelled)", of: "reconcile")
        switch modelled {
        case .lockLost: note("reconcile", "lockLost")
        case .done(let all): for outcome in all { note("reconcile", outcome) }
        }
    }

    mutating func write(_ edit: DefinitionEdit, of definition: CronJobHash, now: Timestamp) async throws {
        let real = try await connection.definitions.write(edit, id: definition.id, event: .updated, now: now)
        let modelled = model.write(edit, of: definition, now: now)
        try expect("\(real)", "\(modelled)", of: "write")
        note("write", modelled)
    }

    mutating func delete(_ id: String) async throws {
        let real = try await connection.definitions.delete(id)
        try expect(real, model.delete(DefinitionID(id), now: model.time), of: "delete")
        // The marker is the wall clock's.
        model.marker = try server.command("GET", RQKeys().lastUpdate).bytes
    }

    mutating func deleteFinished(token: String, now: Timestamp) async throws {
        let real = try await store.deleteFinished(token: token, now: now)
        let modelled = model.deleteFinished(token: token, now: now)
        try expect(Set(real), Set(modelled), of: "delete finished")
        if !modelled.isEmpty { note("delete", "finished") }
    }

    // MARK: Workers

    /// A worker starts a job that is queued.
    mutating func start(_ job: RQJobID) throws {
        guard let queue = model.jobs[job]?.template.settings.queue, model.startJob(job) else { return }
        let keys = RQKeys()
        _ = try server.command("LREM", keys.queue(String(decoding: queue, as: UTF8.self)), "0", job.description)
        _ = try server.command(
            "HSET", keys.job(job), "status", "started", "started_at", RedisModel.Job.startedAt.wireFormat)
        _ = try server.command("PERSIST", keys.job(job))
        _ = try server.command("ZADD", keys.executions(job), "\(RedisModel.Job.executionEnd.score)", "run")
    }

    /// A job that runs ends, or its worker dies.
    mutating func end(_ job: RQJobID, as phase: RedisModel.Phase) throws {
        guard model.endJob(job, as: phase) else { return }
        let keys = RQKeys()
        _ = try server.command("DEL", keys.executions(job))
        guard let ended = model.jobs[job] else {
            _ = try server.command("DEL", keys.job(job))
            return
        }
        _ = try server.command("HSET", keys.job(job), "status", phase.status)
        if let expiresAt = ended.expiresAt {
            _ = try server.command("EXPIRE", keys.job(job), String((expiresAt - model.time).components.seconds))
        }
    }

    /// A job that is over goes.
    mutating func forget(_ job: RQJobID) throws {
        guard model.jobs[job]?.phase.isOpen == false else { return }
        model.jobs[job] = nil
        _ = try server.command("DEL", RQKeys().job(job))
    }

    mutating func note(_ operation: String, _ outcome: some Any) {
        outcomes["\(operation) \(outcome)", default: 0] += 1
    }

    private static func text(of governance: Governance?) -> String {
        guard let governance else { return "free" }
        return """
            \(governance.policy) \(governance.openRuns.bytes) \(String(describing: governance.pausedUntil)) \
            \(String(describing: governance.waitingSince)) \(String(describing: governance.window))
            """
    }

    private static func text(of fetched: Reading<LoadedDefinition>) -> String {
        switch fetched {
        case .missing: return "missing"
        case .found(.zoneUnavailable(let reason)): return "zone unavailable \(reason)"
        case .unreadable(let field, let reason): return "unreadable \(field ?? "") \(reason)"
        case .found(.prepared(let definition)):
            let template = definition.template
            let plan =
                switch definition.plan {
                case .interval(let seconds): "every \(seconds)"
                case .cron(let cron): "\(cron.expression)"
                case .bounded(let plan):
                    "\(plan.grid.isInterval) from \(plan.start?.wireFormat ?? "-") to \(plan.end?.wireFormat ?? "-")"
                }
            return """
                \(definition.id.display) \(plan) \(template.settings.queue) \(template.settings.timeout) \(template.settings.resultTTL) \
                \(String(describing: template.settings.failureTTL)) \(String(describing: template.settings.ttl)) \
                \(String(describing: template.settings.meta)) \(definition.texts) \
                \(String(describing: definition.nextEnqueueTime)) \(String(describing: definition.createdAt)) \
                \(definition.isEnabled) \(definition.neverRan) \(Self.text(of: definition.governance))
                """
        }
    }
}
