package import RQWire
package import RedisCron

/// What the scheduler asks of Redis, script by script.
extension RedisModel {
    // MARK: The lock

    /// `acquire_lock.lua`.
    package mutating func acquireLock(token: String, timeToLive: Duration) -> Bool {
        expireKeys()
        guard lock == nil || lock?.token == token else { return false }
        lock = Lock(token: token, expiresAt: time + timeToLive)
        return true
    }

    /// `heartbeat.lua`.
    package mutating func heartbeat(
        token: String, timeToLive: Duration, registration: SchedulerRegistration, isFirst: Bool, now: Timestamp
    ) -> Bool {
        expireKeys()
        guard lock?.token == token else { return false }
        lock?.expiresAt = time + timeToLive
        timeZone = registration.timeZone
        schedulers[registration.name] = now
        let expiresAt = time + .seconds(SchedulerRegistration.timeToLiveSeconds)
        let createdAt =
            isFirst
            ? registration.createdAt : schedulerHashes[registration.name]?.createdAt ?? registration.createdAt
        schedulerHashes[registration.name] = SchedulerHash(createdAt: createdAt, expiresAt: expiresAt)
        return true
    }

    /// `release.lua`.
    package mutating func release(token: String, registration: SchedulerRegistration) -> Bool {
        expireKeys()
        let born = schedulerHashes[registration.name]?.createdAt
        if born == nil || born == registration.createdAt { schedulers[registration.name] = nil }
        guard lock?.token == token else { return false }
        lock = nil
        return true
    }

    // MARK: What is due

    /// `GET` of the marker and two `ZRANGEBYSCORE`.
    package mutating func fetchDue(
        until now: Timestamp, offset: Int, limit: Int, sharing rawScore: [UInt8]? = nil
    ) -> DuePage {
        expireKeys()
        let score = now.score
        var due: [DueEntry] = []
        var next: Double?
        for (id, entry) in index {
            if entry <= score {
                due.append(DueEntry(id: id, rawScore: Self.raw(entry), score: entry))
            } else {
                next = min(next ?? entry, entry)
            }
        }
        if due.count > 1 {
            due.sort { left, right in
                left.score == right.score
                    ? left.id.bytes.lexicographicallyPrecedes(right.id.bytes) : left.score < right.score
            }
        }
        var entries = due.dropFirst(offset).prefix(limit)
        if let rawScore {
            let sharing = due.filter { $0.rawScore == rawScore }.dropFirst(offset).prefix(limit)
            if sharing.count == limit { entries = sharing }
        }
        return DuePage(
            entries: Array(entries), nextScore: next, marker: marker, nextDeletion: deletions.values.min()?.score)
    }

    /// `HGETALL` for a batch of definitions.
    package mutating func fetch(_ ids: [DefinitionID]) -> [Reading<LoadedDefinition>] {
        expireKeys()
        return ids.map { id in
            guard let definition = definitions[id] else { return .missing }
            let fetched = definition.fetched(id: id)
            if !fences.contains(.onlyOurs), case .found(.prepared(let prepared)) = fetched {
                readHashes[ObjectIdentifier(prepared)] = definition.hash
            }
            return fetched
        }
    }

    /// `reconcile_index.lua`.
    package mutating func reconcile(_ entries: [StaleEntry], token: String?) -> ReconcileOutcome {
        expireKeys()
        if let token, fences.contains(.lock), lock?.token != token { return .lockLost }
        return .done(entries.map { reconcile($0) })
    }

    private mutating func reconcile(_ stale: StaleEntry) -> EntryOutcome {
        let id = stale.entry.id
        guard index[id].map(Self.raw) == stale.entry.rawScore else { return .leftAlone }
        guard let definition = definitions[id] else {
            if histories.contains(id) { return .foreign }
            index[id] = nil
            return .pruned
        }
        if !definition.hash.enabled {
            index[id] = nil
            return .disabled
        }
        if let updatedAtBytes = stale.updatedAtBytes, !definition.wasUpdated(at: updatedAtBytes) { return .leftAlone }
        guard let next = stale.nextScore else {
            guard stale.isOver else { return .leftAlone }
            index[id] = nil
            return .over
        }
        if stale.updatedAtBytes != nil { definitions[id]?.hash.nextEnqueueTime = stale.planned }
        index[id] = next.score
        return .moved
    }

    // MARK: The batch

    /// `enqueue_batch.lua`.
    ///
    /// - Parameter history: How many runs a definition keeps that does not say so itself.
    package mutating func enqueue(
        _ batch: DueBatch, token: String, now: Timestamp, history: Int
    ) -> BatchOutcome {
        expireKeys()
        if fences.contains(.lock), lock?.token != token { return .lockLost }
        let scores = batch.runs.map { index[$0.definition.id] }
        let ids = batch.runs.map { RQJobID.planned(definition: $0.definition.id.bytes, at: $0.planned) }
        var outcomes: [JobOutcome] = []
        outcomes.reserveCapacity(batch.runs.count)
        var replaced: [ReplacedRun] = []
        foremost = [:]
        for position in batch.runs.indices {
            let run = batch.runs[position]
            let fenced = outcome(of: run, score: scores[position], job: ids[position])
            if run.isGoverned, fenced != .movedByOther, fenced != .stale {
                let (outcome, others) = govern(run, job: ids[position], now: now)
                outcomes.append(outcome)
                replaced += others.map { ReplacedRun(place: position, kind: $0.kind, jobID: $0.jobID) }
                continue
            }
            outcomes.append(fenced)
            switch fenced {
            case .queued: queue(run, job: ids[position], now: now)
            case .advanced: move(run, now: now)
            default: break
            }
        }
        logRuns(outcomes, replaced, RunLogEntry.body(of: batch, at: now, history: history))
        // Stops are sent last.
        let stops = replaced.filter { $0.kind == .stopped || $0.kind == .unheard }
        return .done(outcomes, replaced: replaced.filter { $0.kind == .removed || $0.kind == .still } + stops)
    }

    private func outcome(of run: PlannedRun, score: Double?, job: RQJobID) -> JobOutcome {
        if fences.contains(.once), score.map(Self.raw) != run.entry.rawScore { return .movedByOther }
        guard let definition = definitions[run.definition.id] else { return .stale }
        if fences.contains(.fresh), !definition.isSource(of: run.definition) { return .stale }
        if run.isMoveOnly { return .advanced }
        if spoiledQueues.contains(run.definition.template.settings.queue) { return .unusableQueue }
        return fences.contains(.jobExists) && jobs[job] != nil ? .duplicate : .queued
    }

    mutating func queue(_ run: PlannedRun, job: RQJobID, now: Timestamp) {
        let texts = run.definition.texts(planned: run.planned)
        push(job, run.definition.template, data: texts.data, description: texts.description, now: now)
        definitions[run.definition.id]?.hash.latestEnqueueTime = now
        move(run, now: now)
    }

    mutating func push(
        _ job: RQJobID, _ template: JobTemplate, data: ArraySlice<UInt8>, description: ArraySlice<UInt8>, now: Timestamp
    ) {
        let settings = template.settings
        jobs[job] = Job(
            createdAt: now, template: template, data: Array(data), description: Array(description),
            expiresAt: settings.ttl.map { time + .seconds($0) })
        if settings.atFront {
            // Of one batch the first stands foremost.
            queues[settings.queue, default: []].insert(job, at: foremost[settings.queue, default: 0])
            foremost[settings.queue, default: 0] += 1
        } else {
            queues[settings.queue, default: []].append(job)
        }
        registeredQueues.insert(settings.queue)
    }
}
