import Cron
import RQWire
import RedisBridge

extension RedisCronConnection {
    /// Examines the server's settings, what sentinels or the nodes of a cluster say of each other, the lock, the registry, the
    /// index and every definition, tries what a scheduler does, and changes nothing.
    ///
    /// Reads all definitions, page by page. What looks wrong because it was being written meanwhile is read again before
    /// it is reported. No scheduler needs to run.
    ///
    /// - Parameter lockTTL: The expiry of the schedulers' locks, 1 s to a day: one that lasts longer outlasts its holder.
    /// - Returns: What deserves attention; empty when all is well.
    /// - Throws: ``RedisCronError`` with code `.invalidOption` for an expiry out of its range, and what the connection throws.
    ///   Commands that the server denies are left out and named in a finding.
    public func diagnose(lockTTL: Duration = .seconds(120)) async throws(RedisCronError) -> [Finding] {
        try await diagnose(lockTTL: lockTTL) { _, _ in }
    }

    /// As ``diagnose(lockTTL:)``.
    ///
    /// - Parameter progress: Is told from time to time how many of how many definitions were looked at.
    package func diagnose(
        lockTTL: Duration = .seconds(120), progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void
    ) async throws(RedisCronError) -> [Finding] {
        try lockTTL.checkAsLockTTL()
        return try await RedisCronError.unifying { try await examine(lockTTL: lockTTL, progress) }
    }

    private func examine(
        lockTTL: Duration, _ progress: @escaping @Sendable (Int, Int) -> Void
    ) async throws -> [Finding] {
        let topology = await client.topology()
        let findings = TopologyCheck(topology).findings
        do {
            return findings + (try await inspectServer(in: topology, lockTTL: lockTTL, progress))
        } catch let error as RedisError where !findings.isEmpty {
            // What is wrong between the servers is why this one does not take all commands.
            return findings + [
                Finding(.error, .access, "no more could be looked at: \(Refusal.text(for: error))")
            ]
        }
    }

    /// What deserves attention in the server that takes our commands, and in what it holds.
    private func inspectServer(
        in topology: RedisTopology, lockTTL: Duration, _ progress: @escaping @Sendable (Int, Int) -> Void
    ) async throws -> [Finding] {
        var facts = try await ServerFacts(from: client, keys: keys) { Timestamp.now }
        guard facts.info?["redis_mode"] != "sentinel" else {
            return [Finding(.error, .role, "the server is a sentinel: name it as redis+sentinel://HOST:PORT/SERVICE")]
        }
        let trial = try await CommandTrial(of: NeededCommand.all(on: keys), on: self)
        facts.writeRefusal = trial.writeRefusal
        let isLed = facts.lockToken != nil
        var findings: [Finding] = []
        if case .sentinels = topology, facts.info?["role"] == "master", facts.info?["connected_slaves"] == "0" {
            findings.append(.noReplicas(of: try await client.connection().endpoint.description))
        }
        if facts.requiresFullCoverage == true {
            findings += [TopologyCheck(topology).findingOfFullCoverage()].compactMap(\.self)
        }
        findings += ServerCheck(facts: facts, lock: keys.lock).findings + trial.findings
        // Who may not write at all was told so.
        if trial.findings.isEmpty {
            let records = try await CommandTrial(of: NeededCommand.recording(on: keys), on: self)
            findings += [records.findingOfRecords].compactMap(\.self)
        }
        if !isLed { findings.append(Finding(.warning, .lock, "no scheduler leads: start one with rqrcron run")) }
        var zone: DefaultTimeZone?
        do {
            zone = try await timeZoneOfDefinitions(assuming: defaultZone)
        } catch let error as RedisCronError where error.code == .timeZoneUnavailable {
            findings.append(Finding(.error, .timeZone, error.message))
        } catch let error as RedisError
            where error.prefix == .wrongType || error.prefix == .noPerm || error.unknownCommand != nil
        {
            // The audit names the key, and the trial what is denied.
        }
        let audit = DefinitionAudit(
            connection: self, defaultZone: zone, isLed: isLed, lockTTL: lockTTL, progress: progress)
        do {
            return findings + (try await audit.findings())
        } catch let error as RedisError where error.unknownCommand != nil || error.prefix == .noPerm {
            let reason = Refusal(error)?.predicate ?? error.reason
            return findings + [
                Finding(
                    .error, .access, about: error.command, "the definitions were not looked at: the server \(reason)")
            ]
        }
    }

    /// Mends a finding, if it is still true and can be mended without risk.
    ///
    /// - Index entries without a definition are pruned, and those of disabled definitions are taken out.
    /// - Entries that are later than their definitions say are moved.
    /// - Enabled definitions without an entry get one, and those that a clock which was ahead has put off are planned anew. Both
    ///   count as edits.
    /// - Schedulers that fell silent are taken out of RQ's registry.
    /// - Definitions that are not finished are taken off the list of those that are to be deleted.
    /// - A lock without an expiry, or one that long outlasts a holder that fell silent, expires after `lockTTL`.
    ///
    /// Nothing of RQ's own is touched, and no definition is deleted.
    ///
    /// - Parameters:
    ///   - finding: What ``diagnose(lockTTL:)`` found.
    ///   - lockTTL: The expiry that such a lock gets, 1 s to a day.
    /// - Returns: Whether something was changed; `false` too when it was mended meanwhile.
    /// - Throws: ``RedisCronError`` with code `.invalidOption` for an expiry out of its range, and what the connection throws.
    @discardableResult
    public func repair(
        _ finding: Finding, lockTTL: Duration = .seconds(120)
    ) async throws(RedisCronError) -> Bool {
        try lockTTL.checkAsLockTTL()
        guard let remedy = finding.remedy else { return false }
        return try await RedisCronError.unifying { try await apply(remedy, lockTTL: lockTTL) }
    }

    private func apply(_ remedy: Remedy, lockTTL: Duration) async throws -> Bool {
        switch remedy {
        case .reconcile(let entry, let target): try await reconcile(entry, moveTo: target)
        case .enterIndex(let id): try await enterIndex(id)
        case .planAnew(let id): try await planAnew(id)
        case .forgetScheduler(let name, let lastHeartbeat):
            try await change(CronScript.forgetScheduler, key: keys.cronSchedulers) { call in
                call.append(name)
                call.append(lastHeartbeat)
            }
        case .keepDefinition(let entry):
            try await keep(entry)
        case .expireLock(let token):
            try await change(CronScript.expireLock, key: keys.lock) { call in
                call.append(token)
                call.append(lockTTL.milliseconds)
            }
        }
    }

    private func reconcile(_ entry: DueEntry, moveTo target: Timestamp?) async throws -> Bool {
        guard
            case .done(let outcomes) = try await definitions.reconcile(
                [StaleEntry(entry: entry, nextScore: target)], token: nil)
        else { return false }
        return outcomes.contains { $0 == .pruned || $0 == .disabled || $0 == .moved }
    }

    private func keep(_ entry: DueEntry) async throws -> Bool {
        var call = CronScript.keepDefinition.call(keyCount: 2, reserving: 256)
        call.append(keys.deletions)
        call.append(Array(keys.cronJobPrefix.utf8), entry.id.bytes)
        call.append(entry.id.bytes)
        call.append(entry.rawScore)
        return try await run(CronScript.keepDefinition, call) { reply in reply.integer == 1 }
    }

    private func enterIndex(_ id: DefinitionID) async throws -> Bool {
        guard let job = try await jobs(ids: [id]).first, job.enabled, !job.isFinished else { return false }
        let score = try await client.send(RedisCommand("ZSCORE", keys.cronJobs, id.bytes))
        guard score.isNull else { return false }
        var edited = job
        if edited.nextEnqueueTime == nil {
            edited.nextEnqueueTime = try edited.nextRun(
                after: Timestamp.now, defaultZone: try await timeZone(for: edited.definition))
        }
        try await edited.save(event: .updated, newOnly: false)
        return true
    }

    private func planAnew(_ id: DefinitionID) async throws -> Bool {
        guard let job = try await jobs(ids: [id]).first, job.enabled else { return false }
        let (now, zone) = (Timestamp.now, try await timeZone(for: job.definition))
        guard let plan = try? job.plan(defaultZone: zone),
            IndexAudit(now: now, defaultZone: zone).waitsForClock(job, plan)
        else { return false }
        var edited = job
        edited.nextEnqueueTime = try edited.nextRun(after: now, defaultZone: zone)
        try await edited.save(event: .updated, newOnly: false)
        return true
    }

    private func change(
        _ script: RedisScript, key: String, arguments append: (inout RedisCommand.Builder) -> Void
    ) async throws -> Bool {
        var call = script.call(keyCount: 1, reserving: 256)
        call.append(key)
        append(&call)
        return try await run(script, call) { reply in reply.integer == 1 }
    }
}
