import Cron
import RQWire
import RedisBridge

/// The store in Redis: commands and scripts over one connection of the scheduler's own.
actor RedisStore: CronStore {
    nonisolated var unownedExecutor: UnownedSerialExecutor { connection.eventLoop.asUnownedSerialExecutor() }

    nonisolated let connection: RedisCronConnection
    private var loader: DefinitionLoader
    /// The zone of definitions that name none.
    let zone: ZoneRules
    private let batchCommand: BatchCommand
    private let replicas: ReplicaWatch?
    /// How many runs a definition keeps that does not say so itself; 0 for none.
    let history: Int
    /// How the server takes the hashes of jobs; found out anew with each lock, because another server may grant it.
    private var jobForm = BatchCommand.JobForm.dumps
    /// Whether the user may use the log of runs, as far as that is known; found out anew with each lock.
    private var isLogging = true
    /// Counts the runs that are kept while ``sweepRuns(from:)`` looks through them.
    var runCount: RunCount?

    var keys: RQKeys { connection.keys }
    var client: RedisClient { connection.client }

    init(
        connection: RedisCronConnection, loader: DefinitionLoader, replicas: ReplicaWatch? = nil, history: Int = 0
    ) {
        self.replicas = replicas
        self.history = history
        self.connection = connection
        self.loader = loader
        self.zone = loader.zone
        self.batchCommand = BatchCommand(keys: connection.keys, history: history)
    }

    nonisolated var isMissingReplicas: Bool { replicas?.isBehind == true }

    var reconnects: Int { get async { await client.reconnects } }

    func acquireLock(token: String, timeToLive: Duration) async throws -> Bool {
        try await checkRightToWait()
        jobForm = .dumps
        isLogging = true
        var call = CronScript.acquireLock.call(keyCount: 2, reserving: 256)
        call.append(keys.lock)
        // Not touched: a cluster in which our keys are in several slots refuses here, before anything is held.
        call.append(keys.cronJobs)
        call.append(token)
        call.append(timeToLive.milliseconds)
        return try await connection.run(CronScript.acquireLock, call) { reply in reply.integer == 1 }
    }

    /// Finds out whether the user may wait for replicas before anything is held: behind a batch it would be too late.
    private func checkRightToWait() async throws {
        guard replicas != nil else { return }
        do {
            _ = try await client.send(RedisCommand("WAIT", 0, 1))
        } catch {
            guard error.code == .server, error.prefix != .noPerm else { throw error }
        }
    }

    func heartbeat(
        token: String, timeToLive: Duration, registration: SchedulerRegistration, isFirst: Bool, now: Timestamp
    ) async throws -> Bool {
        var call = CronScript.heartbeat.call(keyCount: 4, reserving: 512)
        call.append(keys.lock)
        call.append(keys.cronSchedulers)
        call.append(keys.cronScheduler(registration.name))
        call.append(keys.timeZone)
        call.append(token)
        call.append(timeToLive.milliseconds)
        call.append(registration.name)
        call.append(score: now)
        call.append(SchedulerRegistration.timeToLiveSeconds)
        call.append(isFirst ? 1 : 0)
        call.append(registration.timeZone)
        for (field, value) in registration.hashFields {
            call.append(field)
            call.append(value)
        }
        return try await connection.run(CronScript.heartbeat, call) { reply in reply.integer == 1 }
    }

    func release(token: String, registration: SchedulerRegistration) async throws -> Bool {
        var call = CronScript.release.call(keyCount: 3, reserving: 512)
        call.append(keys.lock)
        call.append(keys.cronSchedulers)
        call.append(keys.cronScheduler(registration.name))
        call.append(token)
        call.append(registration.name)
        call.append(registration.createdAt.description)
        return try await connection.run(CronScript.release, call) { reply in reply.integer == 1 }
    }

    func enqueue(_ batch: DueBatch, token: String, now: Timestamp) async throws -> BatchOutcome {
        var (codes, replaced) = try await send(batch, token: token, now: now, form: jobForm)
        guard codes != Self.lockLost else { return .lockLost }
        let refused = codes.indices.filter { codes[$0] == Self.refused }
        if !refused.isEmpty {
            // Nothing was done for these. A server that takes the fields does not get dumps again.
            let runs = refused.map { batch.runs[$0] }
            let (again, more) = try await send(
                DueBatch(runs: runs, mark: batch.mark), token: token, now: now, form: .fields)
            guard again != Self.lockLost else { return .lockLost }
            for (index, code) in zip(refused, again) { codes[index] = code }
            replaced += more.map { ReplacedRun(place: refused[$0.place], kind: $0.kind, jobID: $0.jobID) }
            jobForm = .fields
        }
        return .done(codes.compactMap(JobOutcome.init(rawValue:)), replaced: replaced)
    }

    /// Sends one batch.
    ///
    /// - Returns: One code for each job, or ``lockLost``, and what was done to runs that are replaced.
    private func send(
        _ batch: DueBatch, token: String, now: Timestamp, form: BatchCommand.JobForm
    ) async throws -> (codes: [UInt8], replaced: [ReplacedRun]) {
        func transmit(isLogged: Bool) async throws(RedisError) -> (value: BatchAnswer, replicas: Int?) {
            let call = batchCommand.call(of: batch, token: token, now: now, form: form, isLogged: isLogged)
            return try await connection.run(
                CronScript.enqueueBatch, call, confirmedBy: replicas?.waitForNextBatch()
            ) { reply in BatchAnswer(reply) }
        }
        let (answer, acknowledged): (BatchAnswer, Int?)
        do throws(RedisError) {
            (answer, acknowledged) = try await transmit(isLogged: isLogging)
        } catch {
            // A user of an older version may have no right to the key of the log. Nothing was done.
            guard isLogging, error.prefix == .noPerm else { throw error }
            (answer, acknowledged) = try await transmit(isLogged: false)
            isLogging = false
        }
        let codes = answer.codes
        guard codes != Self.lockLost else { return (codes, []) }
        if let acknowledged { replicas?.acknowledged(by: acknowledged) }
        let isKnown = codes.allSatisfy { JobOutcome(rawValue: $0) != nil || ($0 == Self.refused && form == .dumps) }
        guard codes.count == batch.runs.count, isKnown else {
            throw RedisCronError.unexpectedReply(to: "enqueue_batch", "\(codes.count) of \(batch.runs.count) outcomes")
        }
        return (codes, answer.replaced.filter { batch.runs.indices.contains($0.place) })
    }

    /// The answer of `enqueue_batch.lua`: codes, or an array of them and of what was done to runs that are replaced.
    private struct BatchAnswer {
        let codes: [UInt8]
        let replaced: [ReplacedRun]

        init(_ reply: borrowing RedisReplyView) {
            guard reply.count > 0 else {
                codes = reply.copiedBytes
                replaced = []
                return
            }
            var codes: [UInt8] = []
            var texts: [String] = []
            for index in 0..<reply.count {
                reply.withElement(index) { element in
                    if index == 0 {
                        codes = element.copiedBytes
                    } else {
                        texts.append(element.integer.map(String.init) ?? element.string ?? "")
                    }
                }
            }
            self.codes = codes
            replaced = stride(from: 0, to: texts.count - 2, by: 3).compactMap { start in
                guard let number = Int(texts[start]), let kind = Replacement(rawValue: texts[start + 1]) else {
                    return nil
                }
                return ReplacedRun(place: number - 1, kind: kind, jobID: texts[start + 2])
            }
        }
    }

    func reconcile(_ entries: [StaleEntry], token: String?) async throws -> ReconcileOutcome {
        try await connection.definitions.reconcile(entries, token: token)
    }

    func definitions(_ ids: [DefinitionID]) async throws -> [Reading<LoadedDefinition>] {
        zip(ids, try await connection.definitions.fetch(ids)).map { id, reading in
            reading.flatMap { loader.prepare($0, id: id) }
        }
    }

    func publishedZone() async throws -> String? {
        try await connection.definitions.publishedZone()
    }

    func planAnew(afterZone previous: String?) async throws -> Int {
        try await connection.planAnew(afterZone: previous, in: zone)
    }

    func lockHolder() async throws -> LockHolder? {
        try await connection.lockHolder()
    }

    func checkQueueing() async throws {
        let trial = try await CommandTrial(of: NeededCommand.queueing(on: keys), on: connection)
        if let obstacle = trial.obstacle { throw obstacle }
    }

    func announcements() async throws -> any AnnouncementReader {
        // On the server that commands go to, which may be another one after a failover.
        let subscription = try await client.subscribe(to: [keys.events])
        return RedisAnnouncements(subscription: subscription)
    }

    func findings() async throws -> [Finding] {
        let facts = try await ServerFacts(from: client, keys: keys) { Timestamp.now }
        return ServerCheck(facts: facts, lock: keys.lock).findings + (try await findingsOfRecords())
    }

    func serverLineage() async throws -> ServerLineage? {
        // Older servers take one section at a time. What is denied is an element of the answer.
        let replies = try await client.pipeline([RedisCommand("INFO", "server"), RedisCommand("INFO", "replication")])
        return ServerLineage(info: replies.compactMap(\.string).joined(separator: "\n"))
    }

    static let lockLost = CronScript.lockLost
    /// What `enqueue_batch.lua` answers for a job whose dump the server does not take.
    private static let refused = UInt8(ascii: "r")

    /// Whether waiting cannot help with an error at the first contact: a server that refuses our name or password, or does
    /// not know a command, will do so again.
    static let isHopeless: @Sendable (any Error) -> Bool = { error in
        guard let error = error.redisError, let prefix = error.prefix else { return false }
        return error.unknownCommand != nil || prefix == .wrongPass || prefix == .noAuth || prefix == .noPerm
            || prefix == .crossSlot
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    var milliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(clamping: seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
    }
}
