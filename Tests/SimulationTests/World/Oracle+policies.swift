import RQWire
import RedisCronTesting

@testable import RedisCron

/// What is promised of definitions with policies; docs/guarantees.md says why.
extension World {
    /// How far clocks may be apart before a scheduler may think them too far apart, with what a step can add meanwhile.
    private static let clockDistance: Duration = .seconds(4)

    /// Whether a scheduler may think its clock too far from that of Redis.
    func areClocksApart(_ now: Timestamp) -> Bool {
        max(now, serverTime) - min(now, serverTime) >= Self.clockDistance
    }

    /// The runs of a definition that wait or run, whatever it remembers of them.
    func openRuns(of id: DefinitionID) -> [RQJobID] {
        redis.openRuns(of: oracle.ledger.runs[id] ?? []).filter { !oracle.ledger.untracked.contains($0) }
    }

    /// Holds what became of a run against the policy of its definition.
    func checkPolicy(of run: PlannedRun, _ outcome: JobOutcome, before: CronJobHash, open: [RQJobID], now: Timestamp) {
        let (id, policy) = (run.definition.id, before.policy)
        switch (outcome, run.step) {
        case (.queued, _), (.queuedBesideOthers, _), (.finished, _):
            checkBounds(of: run, before, now: now)
            checkOverlap(of: run, policy, open: open)
            checkCatchUp(of: run, policy, now: now)
            count(run, outcome, policy)
        case (.overlapping, _), (.overlappingSomeNoted, _):
            if (open.isEmpty && !isRequeuedRunOpen(of: id)) || policy.overlap != .skip {
                oracle.violate("\(id.display) was skipped beside no run")
            }
        case (.waiting, _):
            if (open.isEmpty && !isRequeuedRunOpen(of: id)) || policy.overlap != .wait {
                oracle.violate("\(id.display) waits for no run")
            }
            if redis.definitions[id]?.hash.nextEnqueueTime != before.nextEnqueueTime {
                oracle.violate("\(id.display) waits and was moved")
            }
        case (.limitReached, _):
            if oracle.ledger.counted[id, default: 0] < policy.maxRuns ?? .max {
                oracle.violate("\(id.display) has finished before its last run")
            }
        case (.paused, _): checkPause(of: id, before)
        case (.advanced, .refuse(let reason)): checkRefusal(of: run, reason, before, now: now)
        default: break
        }
    }

    /// Whether a run that was over and was queued once more is open: a definition may know it.
    private func isRequeuedRunOpen(of id: DefinitionID) -> Bool {
        let records = oracle.ledger.records
        return records.requeued.contains { records[$0]?.definition == id && redis.jobs[$0]?.phase.isOpen == true }
    }

    private func checkBounds(of run: PlannedRun, _ before: CronJobHash, now: Timestamp) {
        let (planned, id) = (run.planned, run.definition.id.display)
        if let start = before.schedule.startTime, planned < start { oracle.violate("\(id) ran before its start") }
        if let end = before.schedule.endTime, planned > end { oracle.violate("\(id) ran after its end") }
        if Self.excludes(before.schedule, planned) { oracle.violate("\(id) ran at \(planned), which is excluded") }
        if let end = before.state.pausedUntil, planned < end { oracle.violate("\(id) ran within a pause") }
        if run.definition.plan.bounds != nil, run.definition.plan.dueTime(of: planned) > now {
            oracle.violate("\(id) ran before it was due")
        }
    }

    /// Whether a time is excluded: by the expressions that ``drawPolicy(into:)`` writes, and without their parser.
    private static func excludes(_ schedule: ScheduleSpec, _ time: Timestamp) -> Bool {
        let second = time.unixSeconds % 60
        return excludedSeconds.contains { seconds in
            seconds.contains(second)
                && schedule.exclusions.contains("* * * * * \(seconds.lowerBound)-\(seconds.upperBound)")
        }
    }

    /// Never two at once under `skip` and `wait`.
    ///
    /// Left out is what guarantees.md names: runs that were queued while the definition did not keep track of them or before
    /// it was made again, more than eight at once, and what workers of the simulation do not do: they queue nothing again that
    /// is over, and delete nothing that runs.
    private func checkOverlap(of run: PlannedRun, _ policy: RunPolicy, open: [RQJobID]) {
        guard !open.isEmpty else { return }
        let id = run.definition.id.display
        switch policy.overlap {
        case .allow: break
        case .skip, .wait: oracle.violate("\(id) was queued for \(run.planned) while \(open[0]) is open")
        case .replace:
            if open.contains(where: { redis.jobs[$0]?.phase == .queued }) {
                oracle.violate("\(id) was queued for \(run.planned) and what it replaces is queued still")
            }
        }
    }

    private func checkCatchUp(of run: PlannedRun, _ policy: RunPolicy, now: Timestamp) {
        // What a clock says that is wrong by more than that is not believed: one run, then.
        guard !areClocksApart(now) else { return }
        let (id, plan) = (run.definition.id.display, run.definition.plan)
        if let window = run.definition.governance?.window, plan.dueTime(of: run.planned) < now - window {
            oracle.violate("\(id) was queued for \(run.planned), which is too late by its window")
        }
        if policy.catchUp == .all, run.next != plan.time(after: run.planned, anchor: run.planned) {
            oracle.violate("\(id) makes up for all and went on from \(run.planned) to \(run.next?.wireFormat ?? "-")")
        }
    }

    /// Counts a run against the limit, and keeps it among those that may be open.
    private func count(_ run: PlannedRun, _ outcome: JobOutcome, _ policy: RunPolicy) {
        let id = run.definition.id
        if let most = policy.maxRuns {
            let counted = oracle.ledger.counted[id, default: 0] + 1
            oracle.ledger.counted[id] = counted
            if counted > most { oracle.violate("\(id.display) ran \(counted) times and may run \(most) times") }
            if (outcome == .finished) != (counted == most) {
                oracle.violate("\(id.display) has run \(counted) of \(most) times: \(outcome)")
            }
        }
        keep(RQJobID.planned(definition: id.bytes, at: run.planned), of: id)
    }

    /// Keeps a run among those that may be open.
    func keep(_ job: RQJobID, of id: DefinitionID) {
        let open = redis.openRuns(of: oracle.ledger.runs[id] ?? [])
        oracle.ledger.runs[id] = open + [job]
        let known = OpenRun.list(redis.definitions[id]?.hash.state.openRuns ?? [])
        let isTracked = redis.definitions[id]?.hash.policy.tracksRuns == true
        if known.count == OpenRun.most || !isTracked { forget(open + [job], besides: known) }
    }

    func checkPause(of id: DefinitionID, _ before: CronJobHash) {
        guard let most = before.policy.pauseAfterFailures, oracle.ledger.failures[id, default: 0] >= most else {
            return oracle.violate("\(id.display) was paused after too few failures")
        }
        guard let after = redis.definitions[id]?.hash else {
            return oracle.violate("\(id.display) was paused and deleted")
        }
        var expected = before
        (expected.enabled, expected.state, expected.updatedAt) = (false, after.state, after.updatedAt)
        if expected != after || redis.index[id] != nil {
            oracle.violate("\(id.display) was paused, and more of it changed")
        }
    }

    private func checkRefusal(of run: PlannedRun, _ reason: RefusalReason, _ before: CronJobHash, now: Timestamp) {
        let (id, plan, planned) = (run.definition.id.display, run.definition.plan, run.planned)
        let schedule = before.schedule
        let isDue =
            switch reason {
            case .excluded: Self.excludes(schedule, planned) || schedule.startTime.map { planned < $0 } == true
            case .ended: schedule.endTime.map { planned > $0 } == true
            case .paused: before.state.pausedUntil.map { planned < $0 } == true
            case .missed:
                run.definition.governance?.window.map { plan.dueTime(of: planned) < now - $0 } == true
                    || (before.policy.catchUp == .all
                        && plan.count(from: planned, before: now, upTo: 2_000).count
                            >= PreparedDefinition.mostCaughtUp)
            case .overlap, .limit: false
            }
        if !isDue { oracle.violate("\(id) was refused for \(planned) as \(reason) without a reason") }
        guard before.policy.catchUp == .all, reason == .missed, let next = run.next else { return }
        // No more is given up than has to be.
        let isFirst =
            run.definition.governance?.window.map { plan.dueTime(of: next) <= now - $0 + .seconds(61) } == true
            || plan.count(from: next, before: now + .microseconds(1), upTo: 2_000).count
                == PreparedDefinition.mostCaughtUp
        if !isFirst { oracle.violate("\(id) gave up times before \(next), which were to be made up for") }
    }

    // MARK: Edits

    /// Keeps what is counted in step with what editors do: a limit that is removed or a definition that is made again is
    /// counted from 0, and runs that nobody kept track of are not known to those that come later.
    func noteEdit(_ id: DefinitionID, before: CronJobHash?) {
        let after = redis.definitions[id]?.hash
        if after?.policy.maxRuns == nil { oracle.ledger.counted[id] = nil }
        let known = OpenRun.list(after?.state.openRuns ?? [])
        // A policy that has to know the last run finds it again.
        for run in known.compactMap({ RQJobID($0.jobID) }) where !oracle.ledger.records.requeued.contains(run) {
            oracle.ledger.untracked.remove(run)
        }
        let open = openRuns(of: id)
        guard !open.isEmpty else { return }
        if before?.policy.tracksRuns == true, after?.policy.tracksRuns == true, known.count < OpenRun.most {
            let ids = Set(known.map(\.jobID))
            if let lost = open.first(where: { !ids.contains($0.description) }) {
                oracle.violate("an edit of \(id.display) forgot \(lost), which is open")
            }
        } else {
            forget(open, besides: known)
        }
    }

    private func forget(_ runs: [RQJobID], besides known: [OpenRun]) {
        let ids = Set(known.map(\.jobID))
        for run in runs where !ids.contains(run.description) { oracle.ledger.untracked.insert(run) }
    }

    /// `delete_finished.lua`, held against the promises.
    func deleteFinished(token: String, now: Timestamp) -> [DefinitionID] {
        remember()
        redis.time = serverTime
        let before = redis.definitions
        let deleted = redis.deleteFinished(token: token, now: now)
        for id in deleted {
            note("\(id.display) is deleted")
            if redis.lock?.token != token { oracle.violate("\(id.display) was deleted without the lock") }
            if before[id]?.hash.isFinished != true { oracle.violate("\(id.display) was deleted and is not finished") }
            noteDeletion(of: id)
            noteEdit(id, before: before[id]?.hash)
        }
        deliver()
        return deleted
    }

    /// What has reached its limit has run as often as it may.
    func checkFinished() {
        for (id, definition) in redis.definitions where definition.hash.isFinished && isWhole(id) {
            guard definition.hash.schedule.endTime == nil, let most = definition.hash.policy.maxRuns else { continue }
            let counted = oracle.ledger.counted[id, default: 0]
            if counted < most { oracle.violate("\(id.display) has finished after \(counted) of \(most) runs") }
        }
    }
}

// MARK: - News

extension World {
    /// What a scheduler has to tell of a batch: each planned time that is passed over is in it once.
    func news(of batch: DueBatch, _ outcome: BatchOutcome, now: Timestamp) -> [String] {
        guard scenario.policies, case .done(let outcomes, _) = outcome else { return [] }
        return zip(batch.runs, outcomes).flatMap { news(of: $0, $1, now: now) }
    }

    private func news(of run: PlannedRun, _ outcome: JobOutcome, now: Timestamp) -> [String] {
        let id = run.definition.id.display
        let first = outcome.isQueued ? run.definition.plan.time(after: run.planned, anchor: run.planned) : run.planned
        let lines = refusals(of: run, outcome, now: now).map { reason, count in
            Self.line(id, reason, first ?? run.planned, count)
        }
        switch outcome {
        case .paused: return ["paused \(id)"]
        case .finished, .limitReached: return lines + ["finished \(id)"]
        case .queued, .queuedBesideOthers, .advanced, .overlapping, .overlappingSomeNoted:
            return run.next == nil && run.definition.finishes ? lines + ["finished \(id)"] : lines
        default: return []
        }
    }

    /// How many planned times were given up with a run, and why.
    func refusals(of run: PlannedRun, _ outcome: JobOutcome, now: Timestamp) -> [(reason: RefusalReason, count: Int)] {
        let plan = run.definition.plan
        switch (outcome, run.step) {
        // Behind a last run nothing was planned.
        case (.queued, _), (.queuedBesideOthers, _):
            guard let second = plan.time(after: run.planned, anchor: run.planned), second < run.next ?? .latest,
                plan.dueTime(of: second) <= now || run.next != nil
            else { return [] }
            return [(.missed, count(run, .missed, from: second, now: now))]
        case (.advanced, .refuse(let reason)): return [(reason, count(run, reason, from: run.planned, now: now))]
        case (.overlapping, _), (.overlappingSomeNoted, _):
            return [(.overlap, count(run, .overlap, from: run.planned, now: now))]
        case (.limitReached, _): return [(.limit, 1)]
        default: return []
        }
    }

    /// Counts the planned times up to the next one: none of them may lie in the future.
    private func count(_ run: PlannedRun, _ reason: RefusalReason, from first: Timestamp, now: Timestamp) -> Int {
        let plan = run.definition.plan
        var count = 1
        guard reason == .missed || reason == .overlap || reason == .excluded else { return count }
        var time = first
        while count < 1_000, let next = plan.time(after: time, anchor: first), next < run.next ?? .latest {
            if plan.dueTime(of: next) > now {
                if run.next != nil {
                    oracle.violate("\(run.definition.id.display) was moved past \(next), which is to come")
                }
                break
            }
            (time, count) = (next, count + 1)
        }
        return reason == .excluded ? 1 : count
    }

    fileprivate static func line(_ id: String, _ reason: RefusalReason, _ first: Timestamp, _ count: Int) -> String {
        "\(id) refused \(count) times from \(first): \(reason)"
    }
}

extension SchedulerEvent {
    /// What it tells that must be told once.
    var news: [String] {
        switch self {
        case .refused(let all):
            all.map { World.line($0.id, $0.reason, $0.first, min($0.count, 1_000)) }
        case .finished(let id, _): ["finished \(id)"]
        case .paused(let id, _): ["paused \(id)"]
        default: []
        }
    }
}

extension BatchOutcome {
    /// How many definitions it has paused: more than the times of those changed.
    var pauses: Int {
        guard case .done(let outcomes, _) = self else { return 0 }
        return outcomes.count { $0 == .paused }
    }
}

extension ModelDefinition {
    /// When a planned time is due.
    func dueTime(of planned: Timestamp) -> Timestamp {
        guard case .success(let content) = content else { return planned }
        return content.plan.dueTime(of: planned)
    }
}
