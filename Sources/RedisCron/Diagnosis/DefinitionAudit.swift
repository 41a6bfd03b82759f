import RQWire
import RedisBridge

/// Reads all definitions, the index and the registry, and names contradictions between them.
///
/// It reads page by page while others write. Whatever looks wrong is read once more at the end, and counts only if it still
/// looks wrong.
struct DefinitionAudit: Sendable {
    let connection: RedisCronConnection
    let defaultZone: DefaultTimeZone?
    let isLed: Bool
    /// The expiry of the schedulers' locks.
    let lockTTL: Duration
    /// Is told from time to time how many of how many ids were looked at.
    var progress: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }

    private var client: RedisClient { connection.client }
    private var keys: RQKeys { connection.keys }
    private var runAudit: RunAudit {
        RunAudit(connection: connection, defaultZone: defaultZone?.rules, isLed: isLed)
    }
    private var indexAudit: IndexAudit { IndexAudit(now: Timestamp.now, defaultZone: defaultZone?.rules) }

    func findings() async throws -> [Finding] {
        let misplaced = try await keyTypes()
        // The rest would fail on a key of another type.
        guard misplaced.isEmpty else { return misplaced }
        let index = try await connection.definitions.indexAndKeys()
        var pass = Pass(
            zones: ZoneCheck(defaultZone: defaultZone), governance: GovernanceAudit(connection: connection))
        try await read(index, into: &pass)
        var findings = try await confirm(pass.suspects)
        if let overdue = indexAudit.overdue(pass.scheduled.compactMap { index[$0] }, isLed: isLed) {
            findings.append(overdue)
        }
        if let outlasting = try await outlastingLock() { findings.append(outlasting) }
        findings += pass.zones.findings
        findings += try await pass.governance.findings()
        findings += pass.runs
        if let log = try await runAudit.logFinding() { findings.append(log) }
        return findings + (try await queues(pass.queues)) + (try await silentSchedulers())
    }

    /// The result of one pass over all definitions.
    private struct Pass {
        /// Definitions and entries with a finding.
        var suspects: [DefinitionID] = []
        /// The places of entries whose definitions can run.
        var scheduled: [UInt32] = []
        /// Queues of definitions that can run.
        var queues: Set<String> = []
        var zones: ZoneCheck
        var governance: GovernanceAudit
        /// What the records of runs say.
        var runs: [Finding] = []
    }

    /// Looks at all definitions and entries, in the order of their ids.
    private func read(_ index: IndexScores, into pass: inout Pass) async throws {
        let (definitions, runAudit) = (connection.definitions, runAudit)
        let (order, ids) = (index.ids.sorted(), index.ids)
        var check = SharedCheck(defaultZone: defaultZone?.rules)
        try await definitions.eachPage(of: order.count) { range in
            let page = order[range].map { ids[Int($0)] }
            async let recorded = runAudit.areRecorded(page)
            return (ids: page, readings: try await definitions.fetch(page), recorded: try await recorded)
        } take: { range, page in
            // Reading all of them may take longer than the time from one run to the next.
            let audit = indexAudit
            var recorded: [RedisCronJob] = []
            var orphans: [DueEntry] = []
            for (offset, id) in page.ids.enumerated() {
                let place = order[range.lowerBound + offset]
                let entry = index.entry(at: place)
                switch check.planned(page.readings[offset], id: id) {
                case .missing: if let entry { orphans.append(entry) }
                case .unreadable: pass.suspects.append(id)
                case .found(let planned):
                    let job = RedisCronJob(planned.stored, connection: connection)
                    if audit.finding(job, plan: planned.plan, entry: entry) != nil { pass.suspects.append(id) }
                    guard job.enabled, !job.isFinished else { continue }
                    pass.zones.look(at: job)
                    pass.queues.insert(job.definition.call.queueName)
                    if entry != nil { pass.scheduled.append(place) }
                    pass.governance.look(at: job, now: audit.now)
                    if page.recorded[offset] { recorded.append(job) }
                }
            }
            pass.suspects += try await ours(orphans).map(\.id)
            pass.runs += try await runAudit.findings(of: recorded)
            progress(range.upperBound, order.count)
        }
    }

    /// Reads suspects once more, with their entries.
    private func confirm(_ ids: [DefinitionID]) async throws -> [Finding] {
        var findings: [Finding] = []
        for page in ids.pages(of: DefinitionRepository.pageSize) {
            let entries = try await connection.definitions.current(page).map { ($0.id, $0) }
            findings += try await confirm(page, entries: Dictionary(entries) { first, _ in first })
        }
        return findings
    }

    private func confirm(_ ids: [DefinitionID], entries: [DefinitionID: DueEntry]) async throws -> [Finding] {
        var findings: [Finding] = []
        var orphans: [DueEntry] = []
        let readings = try await connection.definitions.fetch(ids)
        let audit = indexAudit
        var check = SharedCheck(defaultZone: defaultZone?.rules)
        for (id, reading) in zip(ids, readings) {
            switch check.planned(reading, id: id) {
            case .missing: if let entry = entries[id] { orphans.append(entry) }
            case .unreadable(let field, let reason):
                findings.append(
                    Finding(
                        .error, .definition, about: id.display,
                        "it cannot be used: \(field.map { "\($0): " } ?? "")\(reason); register it anew, or delete it"))
            case .found(let planned):
                let job = RedisCronJob(planned.stored, connection: connection)
                if let finding = audit.finding(job, plan: planned.plan, entry: entries[id]) { findings.append(finding) }
            }
        }
        return findings
            + (try await ours(orphans)).map { entry in
                Finding(
                    .notice, .index, about: entry.id.display, "there is no such definition, only its index entry",
                    remedy: .reconcile(entry, moveTo: nil))
            }
    }

    /// The entries that are not RQ's own names.
    private func ours(_ entries: [DueEntry]) async throws -> [DueEntry] {
        zip(entries, try await areForeign(entries)).filter { !$0.1 }.map(\.0)
    }

    /// Whether RQ has a history of the name, in which there is more than what we wrote; see `rq_history.lua`.
    private func areForeign(_ entries: [DueEntry]) async throws -> [Bool] {
        guard !entries.isEmpty else { return [] }
        let commands = entries.map { RedisCommand("ZRANGE", keys.cronHistory($0.id), 0, -1) }
        return try await client.pipeline(commands) { _, reply in
            reply.error != nil || !reply.copiedElements.allSatisfy(RQJobID.isNamed)
        }
    }

    private func exist(_ keys: [[UInt8]]) async throws -> [Bool] {
        guard !keys.isEmpty else { return [] }
        return try await client.pipeline(keys.map { RedisCommand("EXISTS", $0) }) { _, reply in reply.integer == 1 }
    }

    // MARK: Beside the definitions

    private func keyTypes() async throws -> [Finding] {
        let wanted = [
            (keys.cronJobs, "zset"), (keys.queues, "set"), (keys.cronSchedulers, "zset"), (keys.lock, "string"),
            (keys.lastUpdate, "string"), (keys.deletions, "zset"), (keys.timeZone, "string"),
            (keys.runLog, "list"), (keys.recentRuns, "list"), (keys.openRuns, "zset"), (keys.watchedRuns, "zset"),
            (keys.runIndex, "zset"), (keys.runTotal, "string"),
        ]
        let types = try await client.pipeline(wanted.map { RedisCommand("TYPE", $0.0) }) { _, reply in reply.string }
        return zip(wanted, types).compactMap { wanted, found in Finding.mistyped(wanted.0, found, expected: wanted.1) }
    }

    /// Queues of enabled definitions that cannot take a job, or that no worker reads.
    private func queues(_ queues: Set<String>) async throws -> [Finding] {
        try await WorkerSurvey(client: client, keys: keys).findings(queues: queues) { unread in
            try await runAudit.waiting(in: unread)
        }
    }

    /// The lock of a scheduler that is dead by all appearances.
    private func outlastingLock() async throws -> Finding? {
        guard let holder = try await connection.lockHolder() else { return nil }
        return LockCheck(holder: holder, lock: keys.lock, lockTTL: lockTTL).finding
    }

    /// Schedulers in RQ's registry that stopped sending heartbeats.
    private func silentSchedulers() async throws -> [Finding] {
        let command = RedisCommand("ZRANGE", keys.cronSchedulers, 0, -1, "WITHSCORES")
        let entries = try await client.send(command) { reply in DueEntry.read(reply) }
        let now = Timestamp.now
        let silent = entries.filter {
            Timestamp(score: $0.score) < now - .seconds(SchedulerRegistration.timeToLiveSeconds)
        }
        // A heartbeat in the future was written with a clock that was far ahead. A scheduler that lives has its hash.
        let ahead = entries.filter { Timestamp(score: $0.score) > now + IndexAudit.overdueAfter }
        let live = try await exist(ahead.map { Array(keys.cronScheduler($0.id.display).utf8) })
        let ghosts = zip(ahead, live).filter { !$0.1 }.map(\.0)
        return silent.map { entry in
            forgotten(entry, "this scheduler has not beaten since \(Timestamp(score: entry.score)); RQ still lists it")
        }
            + ghosts.map { entry in
                forgotten(entry, "RQ lists this scheduler with a heartbeat that is still to come, and it is gone")
            }
    }

    private func forgotten(_ entry: DueEntry, _ message: String) -> Finding {
        Finding(
            .notice, .registry, about: entry.id.display, message,
            remedy: .forgetScheduler(name: entry.id.display, lastHeartbeat: entry.rawScore))
    }
}
