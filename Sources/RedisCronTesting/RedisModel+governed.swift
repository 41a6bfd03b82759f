package import RQWire
package import RedisCron

/// What `enqueue_batch.lua` does to a job whose definition has a policy, and what becomes of finished definitions.
extension RedisModel {
    /// Decides about a governed job that has passed the fences, and writes everything but the job itself.
    ///
    /// - Returns: The outcome, and what was done to runs that are replaced.
    mutating func govern(
        _ run: PlannedRun, job: RQJobID, now: Timestamp
    ) -> (outcome: JobOutcome, replaced: [(kind: Replacement, jobID: String)]) {
        let id = run.definition.id
        guard let governance = run.definition.governance, var state = definitions[id]?.hash.state else {
            return (.stale, [])
        }
        let policy = governance.policy
        let read = run.openRuns?.bytes ?? []
        if fences.contains(.openRuns), state.openRuns != read { return (.stale, []) }
        if run.isMoveOnly {
            definitions[id]?.hash.state.waitingSince = nil
            move(run, now: now)
            return (.advanced, [])
        }
        let counted = state.runCount ?? 0
        if fences.contains(.limit), let most = policy.maxRuns, counted >= most {
            definitions[id]?.hash.state.waitingSince = nil
            finish(id, policy, planned: definitions[id]?.hash.nextEnqueueTime, now: now)
            return (.limitReached, [])
        }
        if spoiledQueues.contains(run.definition.template.settings.queue) { return (.unusableQueue, []) }
        if fences.contains(.jobExists), jobs[job] != nil { return (.duplicate, []) }

        let known = run.openRuns?.runs ?? []
        var open = survey(known, besides: job, policy, &state)
        let isChanged = open.count != known.count
        if let most = policy.pauseAfterFailures, state.failureCount ?? 0 >= most {
            if isChanged { state.openRuns = OpenRuns.bytes(of: open) }
            pause(id, state, policy, now: now)
            return (.paused, [])
        }
        var replaced: [(kind: Replacement, jobID: String)] = []
        if fences.contains(.overlap), !open.isEmpty, policy.overlap != .allow {
            guard policy.overlap == .replace else {
                if isChanged { state.openRuns = OpenRuns.bytes(of: open) }
                return (hold(run, state, isChanged: isChanged, now: now), [])
            }
            (open, replaced) = replace(open, now: now)
        }
        if policy.tracksRuns {
            state.openRuns = OpenRuns.bytes(of: open, and: run.definition.openRun(planned: run.planned))
        } else if isChanged {
            state.openRuns = OpenRuns.bytes(of: open)
        }
        if policy.overlap == .wait { state.waitingSince = nil }
        if policy.maxRuns != nil { state.runCount = counted + (fences.contains(.count) ? 1 : 2) }
        definitions[id]?.hash.state = state
        let planned = definitions[id]?.hash.nextEnqueueTime
        queue(run, job: job, now: now)
        if let most = policy.maxRuns, counted + 1 >= most {
            finish(id, policy, planned: planned, now: now)
            return (.finished, replaced)
        }
        return (open.isEmpty ? .queued : .queuedBesideOthers, replaced)
    }

    /// `push_job.lua` for a trigger that obeys the policy, by an editor that has just read the definition.
    ///
    /// - Returns: Whether the job was queued.
    package mutating func trigger(_ id: DefinitionID, job: RQJobID, now: Timestamp) -> Bool {
        expireKeys()
        guard let definition = definitions[id], case .success(let content) = definition.content else { return false }
        let policy = definition.hash.policy
        var state = definition.hash.state
        let known = OpenRun.list(state.openRuns)
        var open = known
        var replaced: [ReplacedRun] = []
        if policy.overlap != .allow {
            open = survey(known, besides: job, policy, &state)
            if policy.overlap == .replace {
                let result = replace(open, now: now)
                open = result.kept
                replaced = result.replaced.map { ReplacedRun(place: 0, kind: $0.kind, jobID: $0.jobID) }
            } else if !open.isEmpty {
                if open.count != known.count { state.openRuns = OpenRuns.bytes(of: open) }
                definitions[id]?.hash.state = state
                return false
            }
        }
        let template = content.template
        let mayReplace = policy.overlap == .replace && !known.isEmpty
        logRuns([.queued], replaced, logBody(ofTriggered: job, of: id, template, mayReplace: mayReplace, now: now))
        foremost = [:]
        push(
            job, content.template, data: content.payload.data, description: content.payload.description, now: now)
        if policy.tracksRuns {
            let queue = String(decoding: content.template.settings.queue, as: UTF8.self)
            state.openRuns = OpenRuns.bytes(of: open, and: OpenRun(jobID: job.description, queue: queue))
        }
        definitions[id]?.hash.state = state
        return true
    }

    /// The runs that are still open; counts the failures of the others.
    private func survey(
        _ known: [OpenRun], besides own: RQJobID, _ policy: RunPolicy, _ state: inout RunState
    ) -> [OpenRun] {
        let before = state.failureCount ?? 0
        var failures = before
        let open = known.filter { entry in
            guard let job = RQJobID(entry.jobID), job != own else { return false }
            switch jobs[job]?.phase {
            case .queued, .running: return true
            case .failed: failures += 1
            case .finished: failures = 0
            // Where no run is held back, the script looks at the status alone.
            case .dead where policy.overlap == .allow: return true
            case .stopped, .canceled, .dead, nil: break
            }
            return false
        }
        if policy.pauseAfterFailures != nil, failures != before { state.failureCount = failures }
        return open
    }

    /// Refuses a run beside open ones, or lets it wait.
    private mutating func hold(_ run: PlannedRun, _ state: RunState, isChanged: Bool, now: Timestamp) -> JobOutcome {
        let id = run.definition.id
        var state = state
        guard run.definition.governance?.policy.overlap == .wait else {
            state.waitingSince = nil
            definitions[id]?.hash.state = state
            move(run, now: now)
            return isChanged ? .overlappingSomeNoted : .overlapping
        }
        state.waitingSince = state.waitingSince ?? now
        definitions[id]?.hash.state = state
        index[id] = run.definition.governance?.nextLook(now: now).score
        return .waiting
    }

    /// Takes out what is queued of these runs, and tells the others to stop.
    private mutating func replace(
        _ open: [OpenRun], now: Timestamp
    ) -> (kept: [OpenRun], replaced: [(kind: Replacement, jobID: String)]) {
        var kept: [OpenRun] = []
        var replaced: [(kind: Replacement, jobID: String)] = []
        for run in open {
            guard let job = RQJobID(run.jobID) else { continue }
            if jobs[job]?.phase == .queued {
                jobs[job] = nil
                removeFromQueue(job, Array(run.queue.utf8))
                replaced.append((.removed, run.jobID))
            } else if let since = run.stoppedAt {
                kept.append(run)
                if now.unixSeconds - since.unixSeconds >= 30 { replaced.append((.still, run.jobID)) }
            } else {
                kept.append(run.stopped(at: now))
                stopped.append(job)
                replaced.append((workersListen ? .stopped : .unheard, run.jobID))
            }
        }
        return (kept, replaced)
    }

    /// Moves the schedule to the next run, or ends it.
    mutating func move(_ run: PlannedRun, now: Timestamp) {
        let id = run.definition.id
        guard let next = run.next else {
            guard run.definition.finishes else {
                definitions[id]?.hash.nextEnqueueTime = nil
                index[id] = nil
                return
            }
            let policy = run.definition.governance?.policy ?? RunPolicy()
            return finish(id, policy, planned: definitions[id]?.hash.nextEnqueueTime, now: now)
        }
        definitions[id]?.hash.nextEnqueueTime = next
        index[id] = run.definition.plan.dueTime(of: next).score
    }

    /// - Parameter planned: The planned time that stood there.
    private mutating func finish(_ id: DefinitionID, _ policy: RunPolicy, planned: Timestamp?, now: Timestamp) {
        definitions[id]?.hash.nextEnqueueTime = .finished
        if let planned { definitions[id]?.hash.state.lastPlannedTime = planned }
        index[id] = nil
        if let deleteAfter = policy.deleteAfter { deletions[id] = now + deleteAfter }
    }

    /// Pauses a definition of which too many runs have failed.
    mutating func pause(_ id: DefinitionID, _ state: RunState, _ policy: RunPolicy, now: Timestamp) {
        guard var hash = definitions[id]?.hash else { return }
        hash.state = state
        (hash.state.failureCount, hash.state.waitingSince, hash.state.pausedUntil) = (nil, nil, nil)
        (hash.state.pausedAt, hash.state.pauseNote) = (now, policy.pauseNote)
        hash.enabled = false
        hash.updatedAt = now
        put(hash)
        index[id] = nil
        published.append(id)
    }

    /// `delete_finished.lua`, for all whose time has come.
    package mutating func deleteFinished(token: String, now: Timestamp) -> [DefinitionID] {
        expireKeys()
        if fences.contains(.lock), lock?.token != token { return [] }
        let due = deletions.filter { $0.value <= now }.map(\.key).sorted {
            $0.bytes.lexicographicallyPrecedes($1.bytes)
        }
        var deleted: [DefinitionID] = []
        for id in due {
            deletions[id] = nil
            if fences.contains(.stillFinished) {
                guard let hash = definitions[id]?.hash, hash.nextEnqueueTime == .finished,
                    hash.policy.deleteAfter != nil
                else { continue }
            }
            if delete(id, now: now) { deleted.append(id) }
        }
        return deleted
    }
}

extension OpenRuns {
    /// The bytes of the field as the script writes them: the newest of these runs and a further one.
    static func bytes(of kept: [OpenRun], and further: OpenRun? = nil) -> [UInt8] {
        OpenRuns(of: (kept + [further].compactMap(\.self)).suffix(OpenRun.most)).bytes
    }
}
