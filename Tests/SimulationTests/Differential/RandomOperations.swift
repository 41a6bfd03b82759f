import RQWire
import RedisCronTesting
import TestSupport

@testable import RedisCron

/// Draws one operation after the other and does it to both twins: sensible ones, and those of schedulers and editors
/// that are late, lost the lock, or remember what is no longer so.
struct RandomOperations {
    var twins: Twins
    var random: SeededGenerator
    /// What was unfolded so far, the refusals that follow each other, and the runs that this has opened.
    var unfolded: [RunUnfolder.Result] = []
    var unfolder = RunUnfolder(history: Twins.history)
    var runs: [TrackedRun] = []
    /// The portions that this has made.
    var portions: [RunPortion] = []
    /// Planned times that were tried, to be tried again.
    private var planned: [DefinitionID: [Timestamp]] = [:]
    private let keys = RQKeys()
    private let registrations = [
        Self.registration("a", zone: "UTC"), Self.registration("b", zone: "Europe/Berlin"),
        Self.registration("a", after: 1, zone: ""),
    ]
    private let tokens = ["a:1", "a:1", "a:1", "a:1", "a:1", "b:1"]
    private let queues = ["metrics", "low"]

    private static func registration(_ name: String, after microseconds: Int64 = 0, zone: String)
        -> SchedulerRegistration
    {
        let createdAt = Timestamp(microseconds: World.epoch + microseconds)
        return SchedulerRegistration(name: name, hostname: "host", pid: 1, createdAt: createdAt, timeZone: zone)
    }

    init(twins: Twins, random: SeededGenerator) {
        self.twins = twins
        self.random = random
    }

    /// Does one operation and compares what it came to.
    mutating func step() async throws {
        let operation: String
        switch Int.random(in: 0..<45, using: &random) {
        case 0, 1: operation = try await lock()
        case 2: operation = try await dropLock()
        case 3, 4, 5: operation = try await fetchDue()
        case 6, 7, 8: operation = try await fetch()
        case 9, 10, 11, 12, 13: operation = try await enqueue()
        case 14, 15: operation = try await reconcile()
        case 16, 17, 18: operation = try await edit()
        case 19: operation = try putLikePython()
        case 20: operation = try await delete()
        case 21...25: operation = try work()
        case 26...33: operation = try await tick()
        case 34, 35:
            try await twins.deleteFinished(token: token(), now: time() + .seconds(9))
            operation = "delete finished"
        case 36...43: operation = try await keepRuns()
        default: operation = try beSomebodyElse()
        }
        try twins.compare(after: operation)
    }

    private func drawn<Value>(_ values: [Value], _ random: inout SeededGenerator) -> Value? {
        values.randomElement(using: &random)
    }

    mutating func time() -> Timestamp {
        Timestamp(microseconds: World.epoch + Int64.random(in: 0...40, using: &random) * 500_000)
    }

    private mutating func id() -> String { "d\(Int.random(in: 0...4, using: &random))" }

    private mutating func token() -> String { tokens.randomElement(using: &random) ?? "" }

    private mutating func chance(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &random) == 0 }

    private mutating func lock() async throws -> String {
        let timeToLive = Duration.seconds(Int.random(in: 500...1000, using: &random))
        if chance(2) {
            try await twins.acquireLock(token: token(), timeToLive: timeToLive)
            return "acquireLock"
        }
        let registration = registrations[Int.random(in: 0..<registrations.count, using: &random)]
        try await twins.heartbeat(
            token: token(), timeToLive: timeToLive, registration: registration, isFirst: chance(2), now: time())
        return "heartbeat"
    }

    private mutating func dropLock() async throws -> String {
        if chance(2) {
            try await twins.release(
                token: token(), registration: registrations[Int.random(in: 0..<registrations.count, using: &random)])
            return "release"
        }
        _ = try twins.server.command("PEXPIRE", keys.lock, "0")
        twins.model.lock = nil
        return "the lock's expiry"
    }

    private mutating func fetchDue() async throws -> String {
        try await twins.fetchDue(
            until: time(), offset: chance(4) ? 1 : 0, limit: Int.random(in: 1...5, using: &random),
            sharing: chance(2) ? drawn(twins.entries.suffix(12), &random) : nil)
        return "fetch due"
    }

    private mutating func fetch() async throws -> String {
        try await twins.fetch((0...4).map { DefinitionID("d\($0)") } + [DefinitionID("rq's own")])
        return "definitions"
    }

    /// Does what a scheduler does before a batch, so that not everything is refused.
    private mutating func prepare() async throws {
        guard !chance(3) else { return }
        if twins.model.lock == nil { try await twins.acquireLock(token: "a:1", timeToLive: .seconds(600)) }
        try await twins.fetchDue(until: Timestamp(microseconds: World.epoch + 20_000_000), offset: 0, limit: 6)
        _ = try await fetch()
    }

    private mutating func enqueue() async throws -> String {
        try await prepare()
        var (model, real) = (DueBatch(runs: []), DueBatch(runs: []))
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            guard let definition = drawn(chance(2) ? twins.definitions.suffix(5) : twins.definitions, &random),
                let entry = drawn(twins.entries.suffix(12).filter { $0.model.id == definition.model.id }, &random),
                !model.runs.contains(where: { $0.definition.id == definition.model.id })
            else { continue }
            let planned = plannedTime(of: definition.model, entry.model)
            let next = chance(8) ? nil : time()
            let step: PlannedRun.Step = chance(6) ? .skipQueued : .queue
            model.runs.append(
                PlannedRun(
                    definition: definition.model, entry: entry.model, planned: planned, next: next,
                    step: step, openRuns: openRuns(of: definition.model)))
            real.runs.append(
                PlannedRun(
                    definition: definition.real, entry: entry.real, planned: planned, next: next,
                    step: step, openRuns: openRuns(of: definition.real)))
        }
        guard !model.runs.isEmpty else { return "nothing" }
        try await twins.enqueue(model, real, token: token(), now: time())
        return "enqueue"
    }

    /// Whether `a:1` has the lock now.
    mutating func lead() async throws -> Bool {
        if twins.model.lock?.token != "a:1" {
            if twins.model.lock != nil { _ = try await dropLock() }
            try await twins.acquireLock(token: "a:1", timeToLive: .seconds(600))
        }
        return twins.model.lock?.token == "a:1"
    }

    /// A tick by the book: all that is due is queued as it was just read, so that policies are met again and again.
    private mutating func tick() async throws -> String {
        guard try await lead() else { return "nothing" }
        let known = twins.entries.count
        try await twins.fetchDue(until: Timestamp(microseconds: World.epoch + 200_000_000), offset: 0, limit: 6)
        _ = try await fetch()
        var (model, real) = (DueBatch(runs: []), DueBatch(runs: []))
        for entry in twins.entries[known...] {
            guard let definition = twins.definitions.last(where: { $0.model.id == entry.model.id }),
                let planned = definition.model.plannedTime(score: entry.model.score), planned < .finished
            else { continue }
            let next = chance(20) ? nil : planned + .seconds(Int.random(in: 1...3, using: &random))
            model.runs.append(
                PlannedRun(
                    definition: definition.model, entry: entry.model, planned: planned, next: next,
                    openRuns: openRuns(of: definition.model)))
            real.runs.append(
                PlannedRun(
                    definition: definition.real, entry: entry.real, planned: planned, next: next,
                    openRuns: openRuns(of: definition.real)))
        }
        guard !model.runs.isEmpty else { return "nothing" }
        try await twins.enqueue(model, real, token: "a:1", now: time())
        return "a tick"
    }

    private func openRuns(of definition: PreparedDefinition) -> OpenRuns? {
        definition.isGoverned ? definition.governance?.openRuns : nil
    }

    private mutating func plannedTime(of definition: PreparedDefinition, _ entry: DueEntry) -> Timestamp {
        if chance(3), let former = drawn(planned[definition.id] ?? [], &random) { return former }
        let time = chance(4) ? time() : definition.plannedTime(score: entry.score) ?? time()
        planned[definition.id, default: []].append(time)
        return time
    }

    private mutating func reconcile() async throws -> String {
        try await prepare()
        var (model, real): ([StaleEntry], [StaleEntry]) = ([], [])
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            // Half of them of definitions that are disabled, if there are any.
            let disabled = twins.entries.suffix(30).filter {
                twins.model.definitions[$0.model.id]?.hash.enabled == false
            }
            let some = disabled.isEmpty || chance(2) ? twins.entries : disabled
            guard let entry = drawn(some.suffix(12), &random),
                !model.contains(where: { $0.entry.id == entry.model.id })
            else { continue }
            let next = chance(2) ? time() : nil
            let isOver = next == nil && chance(2)
            let updatedAtBytes =
                chance(3) ? nil : twins.definitions.last { $0.model.id == entry.model.id }?.model.updatedAtBytes
            model.append(
                StaleEntry(entry: entry.model, nextScore: next, isOver: isOver, updatedAtBytes: updatedAtBytes))
            real.append(StaleEntry(entry: entry.real, nextScore: next, isOver: isOver, updatedAtBytes: updatedAtBytes))
        }
        guard !model.isEmpty else { return "nothing" }
        try await twins.reconcile(model, real, token: chance(4) ? nil : token())
        return "reconcile"
    }

    private mutating func edit() async throws -> String {
        let now = time()
        let base = chance(3) ? nil : drawn(twins.hashes.suffix(8), &random)
        var hash = base ?? definition()
        if base != nil { change(&hash) }
        hash.updatedAt = now
        let edit = DefinitionEdit(
            hash, due: hash.isFinished ? nil : hash.nextEnqueueTime ?? (hash.interval == nil ? nil : now),
            stored: base.map(StoredDefinition.init(written:)), mode: chance(2) ? .new : .create,
            event: chance(4) ? .enabled : .updated, now: now)
        try await twins.write(edit, of: hash, now: now)
        return "an edit"
    }

    private mutating func change(_ hash: inout CronJobHash) {
        let other = definition()
        for field in [CronJobHash.Field.args, .queueName, .enabled, .nextEnqueueTime, .timeZone, .ttl, .meta]
        where chance(3) {
            field.copy(from: other, to: &hash)
        }
        if chance(3) { (hash.interval, hash.cron) = (other.interval, other.cron) }
        let policy: [CronJobHash.Field] = [
            .overlap, .maxRuns, .pauseAfterFailures, .deleteAfter, .endTime, .jitter, .atFront,
        ]
        for field in policy where chance(6) { field.copy(from: other, to: &hash) }
        if chance(8) { hash.nextEnqueueTime = .finished }
        if chance(6) { (hash.state.pausedAt, hash.state.pauseNote) = (time(), chance(2) ? "a move" : nil) }
        if chance(9) { hash.state.pausedUntil = time() }
        if chance(9) { hash.state.runCount = nil }
        // It has had all its runs, and is due once more.
        if chance(4), let count = hash.state.runCount, count > 0 { hash.policy.maxRuns = count }
    }

    private mutating func policy() -> RunPolicy {
        guard !chance(4) else { return RunPolicy() }
        return RunPolicy(
            overlap: drawn(RunPolicy.Overlap.allCases, &random) ?? .allow,
            maxRuns: chance(2) ? Int.random(in: 1...3, using: &random) : nil,
            pauseAfterFailures: chance(2) ? Int.random(in: 1...2, using: &random) : nil,
            deleteAfter: chance(2) ? .seconds(Int.random(in: 1...9, using: &random)) : nil,
            history: chance(4) ? Int.random(in: 0...2, using: &random) : nil)
    }

    private mutating func definition() -> CronJobHash {
        let isCron = chance(3)
        return CronJobHash(
            id: id(),
            CallSpec(
                "app.tasks.rebuild", queue: drawn(queues, &random) ?? "",
                args: [.int(Int.random(in: 0...3, using: &random))], kwargs: chance(3) ? ["deep": true] : [:],
                jobTimeout: chance(3) ? .seconds(60) : nil, resultTTL: .seconds(chance(3) ? 0 : 500),
                ttl: chance(3) ? .seconds(1000) : nil,
                failureTTL: chance(3) ? .seconds(2000) : nil, meta: chance(3) ? ["team": "air"] : [:],
                atFront: chance(4)),
            ScheduleSpec(
                interval: !isCron || chance(20) ? .seconds(Int.random(in: 1...9, using: &random)) : nil,
                cron: isCron ? "*/5 * * * *" : nil, timeZone: chance(4) ? "Europe/Berlin" : nil,
                endTime: chance(5) ? time() : nil, jitter: chance(5) ? .seconds(2) : nil), policy(),
            enabled: !chance(4),
            latestEnqueueTime: chance(2) ? time() : nil, nextEnqueueTime: chance(2) ? time() : nil, createdAt: time(),
            updatedAt: chance(9) ? nil : time())
    }

    private mutating func putLikePython() throws -> String {
        var hash = drawn(twins.hashes.suffix(8), &random) ?? definition()
        change(&hash)
        // What Python knows nothing of, it leaves alone.
        let current =
            twins.model.definitions[DefinitionID(hash.id)]?.hash
            ?? CronJobHash(id: "", CallSpec("", queue: "", resultTTL: nil))
        for field in CronJobHash.Field.all where field.isOurs { field.copy(from: current, to: &hash) }
        var command: [any CommandPart] = ["HSET", keys.cronJob(hash.id)]
        for (field, value) in hash.encode() where !field.isOurs { command += [field.name, value] }
        _ = try twins.server.command(command)
        twins.model.put(hash)
        guard !chance(2) else { return "Python's HSET" }
        let score = hash.enabled ? hash.nextEnqueueTime?.score ?? 0 : nil
        if let score {
            _ = try twins.server.command("ZADD", keys.cronJobs, "\(score)", hash.id)
        } else {
            _ = try twins.server.command("ZREM", keys.cronJobs, hash.id)
        }
        twins.model.setScore(score, of: DefinitionID(hash.id))
        return "Python's save"
    }

    private mutating func delete() async throws -> String {
        let id = id()
        if chance(2) {
            try await twins.delete(id)
            return "delete"
        }
        _ = try twins.server.command("DEL", keys.cronJob(id))
        twins.model.remove(DefinitionID(id))
        return "Python's DEL"
    }

    /// A worker starts a job, ends it or dies, or a result expires.
    private mutating func work() throws -> String {
        let jobs = twins.model.jobs.sorted { $0.key.description < $1.key.description }
        guard let (job, state) = drawn(jobs.map { ($0.key, $0.value) }, &random) else { return "nothing" }
        switch state.phase {
        case .queued: try twins.start(job)
        case .running: try twins.end(job, as: drawn([.finished, .failed, .failed, .stopped, .dead], &random) ?? .dead)
        case .finished, .failed, .stopped, .canceled, .dead: try twins.forget(job)
        }
        return "a worker's step"
    }

    /// A person at the command line, RQ's own cron, a worker, and somebody who takes a queue's key for something else.
    private mutating func beSomebodyElse() throws -> String {
        switch Int.random(in: 0..<5, using: &random) {
        case 0, 1:
            guard let id = drawn(twins.model.index.keys.sorted { $0.display < $1.display }, &random),
                twins.model.definitions[id] != nil
            else { return "nothing" }
            _ = try twins.server.command("HSET", keys.cronJob(id.display), "enabled", "0")
            twins.model.definitions[id]?.hash.enabled = false
            return "somebody with redis-cli"
        case 2:
            let name = "rq's own"
            if chance(2) {
                _ = try twins.server.command("ZADD", keys.cronJob("\(name):jobs"), "1", "run")
                twins.model.histories.insert(DefinitionID(name))
            } else {
                _ = try twins.server.command("DEL", keys.cronJob("\(name):jobs"))
                twins.model.histories.remove(DefinitionID(name))
            }
            let score = Double(World.epoch / 1_000_000)
            _ = try twins.server.command("ZADD", keys.cronJobs, "\(score)", name)
            twins.model.setScore(score, of: DefinitionID(name))
            return "RQ's own cron"
        case 3:
            let queue = drawn(queues, &random) ?? ""
            let bytes = Array(queue.utf8)
            for job in twins.model.queues[bytes] ?? [] {
                _ = try twins.server.command("DEL", keys.job(job), keys.executions(job))
                twins.model.jobs[job] = nil
            }
            _ = try twins.server.command("DEL", keys.queue(queue))
            twins.model.queues[bytes] = nil
            twins.model.spoiledQueues.remove(bytes)
            return "a worker"
        default:
            let queue = drawn(queues, &random) ?? ""
            let bytes = Array(queue.utf8)
            guard twins.model.queues[bytes] == nil else { return "nothing" }
            _ = try twins.server.command("SET", keys.queue(queue), "spoiled")
            twins.model.spoiledQueues.insert(bytes)
            return "a spoiled queue"
        }
    }
}
