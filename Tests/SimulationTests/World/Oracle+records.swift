import RQWire
import RedisCronTesting

@testable import RedisCron

/// What is promised of the records of runs; docs/guarantees.md says why.
extension World {
    // MARK: What happens to runs

    /// A planned time was queued or refused.
    func noteRun(_ run: PlannedRun, _ outcome: JobOutcome, now: Timestamp) {
        let id = run.definition.id
        let keep = run.definition.governance?.policy.history ?? scenario.history
        guard keep > 0 else { return }
        for (reason, count) in refusals(of: run, outcome, now: now) {
            oracle.ledger.records.refused(count, reason, of: id, keep: keep)
        }
        guard outcome.isQueued else { return }
        let story = RecordLedger.Story(
            definition: id, planned: run.planned, reason: run.reason, keep: keep, changedAt: time)
        oracle.ledger.records.queued(RQJobID.planned(definition: id.bytes, at: run.planned), at: now, story)
    }

    /// A run was queued by hand.
    func noteTrigger(of id: DefinitionID, _ policy: RunPolicy, job: RQJobID, at: Timestamp) {
        let keep = policy.history ?? scenario.history
        guard keep > 0 else { return }
        let story = RecordLedger.Story(
            definition: id, planned: nil, reason: .trigger, keep: keep, changedAt: time)
        oracle.ledger.records.queued(job, at: at, story)
    }

    func noteDeletion(of id: DefinitionID) {
        oracle.goneSince[id] = time
        oracle.ledger.records.definitionDeleted(id)
    }

    func noteStart(of job: RQJobID) {
        oracle.ledger.records.started(job, time: time)
    }

    func noteEnd(of job: RQJobID, as outcomes: Set<RunOutcome>) {
        oracle.ledger.records.changed(job, to: outcomes, time: time)
        if redis.jobs[job] == nil { oracle.ledger.records.vanished(job) }
    }

    /// A run that waited was taken out for another one: the log says so, whatever is left of it.
    func noteRemoval(of job: RQJobID) {
        oracle.ledger.records.changed(job, to: [.canceled], time: time)
    }

    func noteRemovals(_ replaced: [ReplacedRun]) {
        for run in replaced where run.kind == .removed {
            if let job = RQJobID(run.jobID) { noteRemoval(of: job) }
        }
    }

    // MARK: What the leader does

    /// `unfold_runs.lua`, held against the promises.
    func unfold(_ unfolding: Unfolding, token: String, now: Timestamp) -> UnfoldOutcome {
        remember()
        redis.time = serverTime
        redis.expireKeys()
        let left = redis.runLog.count
        let outcome = redis.unfold(unfolding, token: token, now: now)
        note("  \(left - redis.runLog.count) of \(left) entries are taken off")
        for refused in unfolding.refused {
            let times = refused.times
            note("  \(refused.definition.display) \(times.count) \(times.reason) \(refused.joins ? "joined" : "anew")")
        }
        if outcome != .lockLost, redis.lock?.token != token {
            oracle.violate("the log was unfolded by \(token), which has not the lock")
        }
        return outcome
    }

    /// `record_runs.lua`, held against the promises.
    func record(
        _ changes: [RunChange], settling settlement: RunSettlement?, token: String, now: Timestamp
    ) -> RecordOutcome {
        remember()
        redis.time = serverTime
        redis.expireKeys()
        let before = redis.definitions
        let outcome = redis.record(changes, settling: settlement, token: token, now: now)
        if let settlement, case .done = outcome {
            note(
                "  a portion of \(settlement.portion.runs.count), of which \(settlement.open.count) are open, is settled"
            )
        }
        guard case .done(let outcomes, _) = outcome else { return outcome }
        if redis.lock?.token != token { oracle.violate("runs were recorded by \(token), which has not the lock") }
        for (change, outcome) in zip(changes, outcomes) {
            let id = change.run.definition
            note("  \(id.display) \(change.run.jobID) \(change.ending?.outcome.rawValue ?? "no end"): \(outcome)")
            if change.isReopened, outcome == .recorded {
                oracle.ledger.records.reopened(RecordLedger.Key(job: change.run.jobID, at: change.run.at))
            }
            guard let former = before[id]?.hash else { continue }
            if outcome == .paused { checkPause(of: id, former) }
            if outcome == .paused || outcome == .noted, scenario.policies { noteEdit(id, before: former) }
        }
        deliver()
        return outcome
    }

    // MARK: What must be so when all is quiet

    /// Within which an end is known.
    static let recordBound: Int64 = 3_600_000
    /// Within which nothing is kept any more of a definition that is gone.
    static let goneBound: Int64 = 3_000_000

    /// Each run has its record, and nothing has a record that was no run.
    func checkRecords() {
        let ledger = oracle.ledger.records
        var pending: Set<RecordLedger.Key> = []
        var pendingRefusals: [DefinitionID: [RefusalReason: Int]] = [:]
        for line in redis.runLog.compactMap({ RunLogEntry($0) }).flatMap(\.lines) {
            switch line {
            case .queued(let run): pending.insert(RecordLedger.Key(job: run.jobID, at: run.at))
            case .refused(let id, let times, _):
                pendingRefusals[id, default: [:]][times.reason, default: 0] += times.count
            }
        }
        for (key, story) in ledger.stories where !story.isForgettable && redis.definitions[story.definition] != nil {
            check(key, story, isPending: pending.contains(key))
        }
        let ids = Set(redis.endedRuns.keys).union(redis.refusals.keys).union(redis.runIndex.keys)
        for id in ids {
            guard redis.definitions[id] != nil else {
                if isKnownToBeGone(id) { oracle.violate("runs of \(id.display) are kept, which is gone") }
                continue
            }
            checkList(of: id)
            checkRefusals(of: id, pending: pendingRefusals[id] ?? [:])
        }
        for place in [RunPlace.open, .watched] {
            for run in redis.tracked[place] ?? [] { check(tracked: run, place) }
        }
        for run in redis.recentRuns.flatMap(\.runs) {
            check(tracked: run, .open)
            if redis.tracked[.open]?.contains(run) == true { oracle.violate("\(run.jobID) is followed in two places") }
        }
        let total = redis.endedRuns.values.reduce(0) { $0 + $1.count }
        if total != redis.runTotal { oracle.violate("\(total) runs are kept, and counted are \(redis.runTotal)") }
    }

    private func check(_ key: RecordLedger.Key, _ story: RecordLedger.Story, isPending: Bool) {
        let name = "\(story.definition.display) \(key.job), queued at \(key.at),"
        let records = (redis.endedRuns[story.definition] ?? []).filter {
            $0.at == key.at && $0.jobID(of: story.definition) == key.job.description
        }
        let isRecent = redis.recentRuns.contains { $0.runs.contains { $0.jobID == key.job && $0.at == key.at } }
        let isOpen = isRecent || redis.tracked[.open]?.contains { $0.jobID == key.job && $0.at == key.at } == true
        if records.count > 1 { return oracle.violate("\(name) is recorded twice") }
        if let record = records.first {
            if record.planned != story.planned { oracle.violate("\(name) is recorded for another time") }
            if record.reason != story.reason { oracle.violate("\(name) is recorded for another reason") }
        }
        let duration = story.startedAt.map { max(0, story.changedAt - $0) } ?? 0
        guard isDue(story, after: duration / 8) else { return }
        if isPending { return oracle.violate("\(name) is still in the log") }
        let isBeyond = isPushedOut(key, story)
        switch records.first {
        case nil where story.outcomes.isEmpty:
            if !isOpen, !isBeyond { oracle.violate("\(name) is open and has no record") }
        case nil:
            if isOpen {
                oracle.violate("\(name) is \(Self.text(story.outcomes)), and recorded as open")
            } else if !isBeyond {
                oracle.violate("\(name) is \(Self.text(story.outcomes)) and has no record")
            }
        case let record?:
            if isOpen { oracle.violate("\(name) is recorded as open and as \(record.ending.outcome.rawValue)") }
            if !story.outcomes.contains(record.ending.outcome) {
                oracle.violate(
                    "\(name) is \(Self.text(story.outcomes)), and recorded as \(record.ending.outcome.rawValue)")
            }
        }
    }

    /// Whether what became of a run must be known by now.
    private func isDue(_ story: RecordLedger.Story, after more: Int64 = 0) -> Bool {
        max(story.changedAt, keepsRunsSince) + Self.recordBound + more < time
    }

    private static func text(_ outcomes: Set<RunOutcome>) -> String {
        outcomes.isEmpty ? "open" : outcomes.map(\.rawValue).sorted().joined(separator: " or ")
    }

    /// Whether others may have taken the place of a run: the list is full, or too many were open at once.
    private func isPushedOut(_ key: RecordLedger.Key, _ story: RecordLedger.Story) -> Bool {
        let all = oracle.ledger.records.stories.filter { $0.value.definition == story.definition }
        let fewest = all.values.lazy.map(\.keep).min() ?? 0
        // What was brought back had a place before.
        let broughtBack = all.keys.count { oracle.ledger.records.requeued.contains($0.job) }
        if (redis.endedRuns[story.definition] ?? []).count + broughtBack >= fewest { return true }
        return all.keys.count { $0.at >= key.at } > RunWatch.mostOpen
    }

    /// Whether the leader must have learnt some time ago that a definition is gone.
    ///
    /// Who begins to lead looks through all. Later on a message tells, which Python sends at the end of its deletion, or never if it
    /// dies before.
    private func isKnownToBeGone(_ id: DefinitionID) -> Bool {
        guard let gone = oracle.goneSince[id], gone + Self.goneBound < time else { return false }
        let mayBeUnheard = tornWrites[id] != nil || scenario.faults.contains(.lostMessage)
        return gone < leadsSince || !mayBeUnheard
    }

    private func checkList(of id: DefinitionID) {
        let runs = redis.endedRuns[id] ?? []
        let stories = oracle.ledger.records.stories
        let most = stories.values.lazy.filter { $0.definition == id }.map(\.keep).max() ?? 0
        if runs.count > most { oracle.violate("\(runs.count) runs of \(id.display) are kept, and \(most) may be") }
        var seen: Set<RecordLedger.Key> = []
        for run in runs {
            guard let job = RQJobID(run.jobID(of: id)), case let key = RecordLedger.Key(job: job, at: run.at),
                stories[key]?.definition == id
            else { return oracle.violate("\(id.display) has a record of \(run.jobID(of: id)), which was no run") }
            if !seen.insert(key).inserted { oracle.violate("\(id.display) has two records of \(job)") }
        }
    }

    private func check(tracked run: TrackedRun, _ place: RunPlace) {
        let key = RecordLedger.Key(job: run.jobID, at: run.at)
        guard let story = oracle.ledger.records.stories[key], story.definition == run.definition else {
            return oracle.violate("\(run.definition.display) follows \(run.jobID), which was no run")
        }
        guard redis.definitions[run.definition] == nil else { return }
        let isDue = isDue(story) && !story.outcomes.isEmpty
        if place == .watched ? isKnownToBeGone(run.definition) : isDue {
            oracle.violate("\(run.jobID) is followed, and its definition is gone")
        }
    }

    private func checkRefusals(of id: DefinitionID, pending: [RefusalReason: Int]) {
        let times = redis.refusals[id] ?? []
        // A leader that remembers what Redis has lost counts it twice.
        guard !oracle.hasLostData, !oracle.ledger.records.deleted.contains(id),
            times.count < oracle.ledger.records.fewestRefusals[id] ?? .max
        else { return }
        var counts = pending
        for refused in times { counts[refused.reason, default: 0] += refused.count }
        let expected = oracle.ledger.records.refusals[id] ?? [:]
        for reason in Set(counts.keys).union(expected.keys) {
            let (count, wanted) = (counts[reason] ?? 0, expected[reason] ?? 0)
            // Counted to 1,000.
            if count != wanted, wanted < 1_000 {
                let list = times.map { "\($0.count) \($0.reason)" }.joined(separator: ", ")
                oracle.violate("\(count) times of \(id.display) are refused for \(reason), and not \(wanted): \(list)")
            }
        }
    }
}
