import RQWire
import RedisCronTesting

@testable import RedisCron

/// Knows what was promised, and notes the first promise that is broken.
struct Oracle {
    /// What Redis has accepted; it goes back with Redis when that loses the last second.
    struct Ledger {
        /// Every job that was ever queued.
        var queued: Set<RQJobID> = []
        /// The latest planned time of each definition that was queued.
        var latest: [DefinitionID: Timestamp] = [:]
        /// Of definitions with policies, the runs that may be open.
        var runs: [DefinitionID: [RQJobID]] = [:]
        /// Those of which their definition knows nothing any more, or never did; see ``World/noteEdit(_:before:)``.
        var untracked: Set<RQJobID> = []
        /// How many runs were queued against a limit.
        var counted: [DefinitionID: Int] = [:]
        /// How many runs have failed.
        var failures: [DefinitionID: Int] = [:]
        /// What has happened to runs; see `Oracle+records.swift`.
        var records = RecordLedger()
    }

    var ledger = Ledger()
    /// Up to which planned time the runs of a definition may come again, because an editor set its schedule back: an old
    /// copy of a hash that Python wrote back, or a definition made again by a clock that was stepped back.
    var plannedAgain: [DefinitionID: Timestamp] = [:]
    /// The latest planned time of each definition that Redis had accepted and lost in a restart.
    var lostByRedis: [DefinitionID: Timestamp] = [:]
    /// The same of those that were edited since, which hides that a run was lost.
    var hiddenLosses: [DefinitionID: Timestamp] = [:]
    /// When each definition was deleted, or Python told of its deletion, in the time of the world.
    var goneSince: [DefinitionID: Int64] = [:]
    /// Whether Redis has ever lost what it had accepted.
    private(set) var hasLostData = false
    /// Runs queued, over all.
    var runs = 0
    /// The first broken promise.
    private(set) var violation: String?

    /// Redis has gone back to an older state.
    mutating func goBack(to older: Ledger) {
        hasLostData = true
        for (id, planned) in ledger.latest where planned > older.latest[id] ?? .earliest {
            lostByRedis[id] = max(planned, lostByRedis[id] ?? planned)
        }
        ledger = older
    }

    mutating func violate(_ what: String) {
        if violation == nil { violation = what }
    }
}

extension World {
    // MARK: What schedulers do

    /// A read: it changes nothing but lets keys expire.
    func readRedis<Value>(_ body: (inout RedisModel) -> Value) -> Value {
        redis.time = serverTime
        return body(&redis)
    }

    /// A command of a scheduler that concerns the lock and the registry only.
    func changeRedis<Value>(_ body: (inout RedisModel) -> Value) -> Value {
        remember()
        redis.time = serverTime
        let edits = redis.edits
        let value = body(&redis)
        if redis.edits != edits { oracle.violate("the lock's commands changed a definition") }
        return value
    }

    /// `enqueue_batch.lua`, held against the promises.
    func enqueue(_ batch: DueBatch, token: String, now: Timestamp) -> BatchOutcome {
        remember()
        redis.time = serverTime
        redis.expireKeys()
        let before = redis.definitions
        let scores = redis.index
        let edits = redis.edits
        let jobsBefore = redis.jobs.count
        let open = scenario.policies ? batch.runs.map { openRuns(of: $0.definition.id) } : []
        let outcome = redis.enqueue(batch, token: token, now: now, history: scenario.history)
        if redis.edits != edits + outcome.pauses { oracle.violate("a tick changed a definition beyond its times") }
        switch outcome {
        case .lockLost:
            if redis.jobs.count != jobsBefore { oracle.violate("jobs were queued without the lock") }
        case .done(let outcomes, let replaced):
            noteRemovals(replaced)
            for (position, (run, outcome)) in zip(batch.runs, outcomes).enumerated() {
                let id = run.definition.id
                note("  \(id.display) planned \(run.planned): \(outcome), next \(run.next?.wireFormat ?? "never")")
                switch outcome {
                case .queued, .queuedBesideOthers, .finished:
                    check(queued: run, outcome, before: before[id], token: token)
                case .advanced where run.step == .skipQueued: check(moved: run, before: before[id], token: token)
                case .advanced, .overlapping, .overlappingSomeNoted, .limitReached, .paused, .waiting:
                    checkSource(of: run, before: before[id], token: token)
                    if outcome != .waiting, outcome != .paused { checkMove(of: run, outcome) }
                case .duplicate, .movedByOther, .stale, .unusableQueue, .handedBack:
                    if redis.index[id] != scores[id] { oracle.violate("\(id.display) was skipped and yet moved") }
                }
                noteRun(run, outcome, now: now)
                if scenario.policies, let before = before[id] {
                    checkPolicy(of: run, outcome, before: before.hash, open: open[position], now: now)
                }
            }
        }
        if scenario.policies {
            deliver()
            stopRuns()
        }
        if !redis.fences.contains(.onlyOurs), case .done(let outcomes, _) = outcome {
            for (run, outcome) in zip(batch.runs, outcomes) where outcome == .queued { writeBack(run, now: now) }
        }
        return outcome
    }

    /// What rq-rediscron does after each run, and a scheduler without the last fence would do: it writes the whole hash
    /// as it had read it.
    private func writeBack(_ run: PlannedRun, now: Timestamp) {
        guard var hash = redis.readHashes[ObjectIdentifier(run.definition)] else { return }
        hash.latestEnqueueTime = now
        hash.nextEnqueueTime = run.next
        after(draw(10...2_000)) { world in
            let id = run.definition.id
            guard let current = world.redis.definitions[id]?.hash else {
                return world.oracle.violate("a tick brought back \(id.display), which was deleted")
            }
            if current.args != hash.args || current.enabled != hash.enabled || current.interval != hash.interval
                || current.cron != hash.cron
            {
                world.oracle.violate("a tick undid an edit of \(id.display)")
            }
            world.redis.put(hash)
        }
    }

    /// `reconcile_index.lua`, held against the promises.
    func reconcile(_ entries: [StaleEntry], token: String?) -> ReconcileOutcome {
        remember()
        redis.time = serverTime
        redis.expireKeys()
        let edits = redis.edits
        let outcome = redis.reconcile(entries, token: token)
        if redis.edits != edits { oracle.violate("settling the index changed a definition") }
        if case .done(let outcomes) = outcome {
            for (stale, outcome) in zip(entries, outcomes) { check(reconciled: stale, outcome, token: token) }
        }
        return outcome
    }

    private func check(queued run: PlannedRun, _ outcome: JobOutcome, before: ModelDefinition?, token: String) {
        let id = run.definition.id
        let job = RQJobID.planned(definition: id.bytes, at: run.planned)
        oracle.runs += 1
        if redis.lock?.token != token { oracle.violate("\(id.display) was queued by \(token), which has not the lock") }
        guard let before else { return oracle.violate("\(id.display) was queued and is deleted") }
        if !before.hash.enabled { oracle.violate("\(id.display) was queued and is disabled") }
        if !before.isContent(of: run.definition) { oracle.violate("\(id.display) was queued from an old definition") }
        if let planned = before.plannedTime, planned != run.planned {
            oracle.violate("\(id.display) was queued for \(run.planned) and is planned for \(planned)")
        }
        if !oracle.ledger.queued.insert(job).inserted {
            // What is replaced goes as well.
            let isExcused =
                (scenario.workersDeleteJobs || scenario.policies) && run.planned <= oracle.plannedAgain[id] ?? .earliest
            if !isExcused { oracle.violate("\(id.display) was queued twice for \(run.planned)") }
        }
        oracle.ledger.latest[id] = max(oracle.ledger.latest[id] ?? run.planned, run.planned)
        checkMove(of: run, outcome)
        let queue = redis.queues[run.definition.template.settings.queue] ?? []
        if redis.jobs[job] == nil || queue.last(where: { $0 == job }) == nil {
            oracle.violate("\(id.display) was queued without its job")
        }
    }

    /// A command of the leader, for a definition that stands there.
    private func checkSource(of run: PlannedRun, before: ModelDefinition?, token: String) {
        let id = run.definition.id
        if redis.lock?.token != token { oracle.violate("\(id.display) was moved by \(token), which has not the lock") }
        guard let before else { return oracle.violate("\(id.display) was moved and is deleted") }
        // A command that comes late may do once more what was done since: it changes nothing then.
        if let planned = before.plannedTime, planned != run.planned, planned != run.next {
            oracle.violate("\(id.display) was moved from \(run.planned) and is planned for \(planned)")
        }
    }

    private func check(moved run: PlannedRun, before: ModelDefinition?, token: String) {
        let id = run.definition.id
        checkSource(of: run, before: before, token: token)
        if run.planned > oracle.ledger.latest[id] ?? .earliest {
            if run.planned > oracle.hiddenLosses[id] ?? .earliest {
                oracle.violate("\(id.display) was moved on from \(run.planned), which was never queued")
            }
        }
        let latest = max(run.planned, oracle.ledger.latest[id] ?? run.planned)
        if let next = run.next, let due = run.definition.plan.time(after: latest, anchor: run.planned), next > due,
            due > oracle.hiddenLosses[id] ?? .earliest
        {
            oracle.violate("\(id.display) was moved on to \(next), past \(due), which was never queued")
        }
        checkMove(of: run, .advanced)
    }

    private func checkMove(of run: PlannedRun, _ outcome: JobOutcome) {
        let id = run.definition.id
        if let next = run.next, next <= run.planned { oracle.violate("\(id.display) was moved back") }
        let next = outcome == .finished || outcome == .limitReached ? nil : run.next
        let written = next ?? (run.definition.finishes ? .finished : nil)
        let due = next.map { run.definition.plan.dueTime(of: $0).score }
        if redis.definitions[id]?.hash.nextEnqueueTime != written || redis.index[id] != due {
            oracle.violate("\(id.display) was queued and its schedule did not move with it")
        }
    }

    private func check(reconciled stale: StaleEntry, _ outcome: EntryOutcome, token: String?) {
        let id = stale.entry.id
        if outcome != .leftAlone, outcome != .foreign, let token, redis.lock?.token != token {
            oracle.violate("the entry of \(id.display) was reconciled by \(token), which has not the lock")
        }
        let definition = redis.definitions[id]
        switch outcome {
        case .pruned:
            if definition != nil { oracle.violate("the entry of \(id.display) was pruned, which exists") }
        case .disabled:
            if definition?.hash.enabled != false { oracle.violate("\(id.display) was taken out and is enabled") }
        case .moved:
            if let definition, let planned = definition.plannedTime, let score = redis.index[id],
                score > definition.dueTime(of: planned).score, tornWrites[id] == nil
            {
                oracle.violate("the entry of \(id.display) was moved past its planned time \(planned)")
            }
        case .over:
            if let definition, definition.plannedTime != nil, !definition.hash.isFinished {
                oracle.violate("\(id.display) was taken out and has a next run")
            }
        case .foreign, .leftAlone: break
        }
    }

    // MARK: What editors do

    /// A command of an editor.
    func edit<Value>(_ id: DefinitionID, _ body: (inout RedisModel) -> Value) -> Value {
        remember()
        redis.time = serverTime
        let before = redis.definitions[id]?.hash
        let value = body(&redis)
        if before != nil, redis.definitions[id] == nil { noteDeletion(of: id) }
        if scenario.policies { noteEdit(id, before: before) }
        if let lost = oracle.lostByRedis[id] { oracle.hiddenLosses[id] = lost }
        if let planned = redis.definitions[id]?.plannedTime, let latest = oracle.ledger.latest[id], planned <= latest {
            oracle.plannedAgain[id] = latest
        }
        deliver()
        return value
    }

    /// Sends what was published to all who listen.
    func deliver() {
        let published = redis.published
        redis.published = []
        for id in published { announce(redis.definitions[id] == nil ? .deleted(id) : .changed(id)) }
    }

    /// Tells all who listen.
    func announce(_ announcement: Announcement) {
        if case .deleted(let id) = announcement { oracle.goneSince[id] = time }
        for node in nodes { node.announce(announcement) }
    }

    var serverTime: Timestamp { Timestamp(microseconds: Self.epoch + time + serverOffset) }

    /// Keeps what a restart may go back to.
    func remember() {
        guard isTroubled, scenario.faults.contains(.restartWithLoss) else { return }
        history.append(
            Snapshot(time: time, redis: redis, ledger: oracle.ledger, torn: Set(tornWrites.keys)))
        if history.count > 64 { history.removeFirst(32) }
    }
}
