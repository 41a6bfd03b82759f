package import Cron
public import RQWire

extension RedisCronJob {
    /// Tries of a save while ticks move the schedule.
    private static let saveTries = 16

    /// Writes the job and tells the schedulers, in one atomic step.
    ///
    /// A job that was read from Redis writes what was changed since; fields that others changed meanwhile stay theirs,
    /// and so do the times that ticks moved. If the schedule was changed, the next run is computed anew: of an interval
    /// from the last enqueue time, of an expression from now. A job that was never in Redis is written whole.
    ///
    /// `updatedAt` is the time of the save afterwards. When the task is cancelled while the write is under way, it may
    /// or may not have happened.
    ///
    /// - Parameter event: What to announce.
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition` (nothing is written then), `.noSuchJob` if the job
    ///   was read from Redis and has been deleted since (it does not come back), `.editConflict` if it kept changing,
    ///   `.noConnection`, and what the connection throws.
    public mutating func save(event: CronEvent = .updated) async throws(RedisCronError) {
        try await RedisCronError.unifying { try await save(event: event, newOnly: false) }
    }

    /// Enables the job and tells the schedulers; a pause ends.
    ///
    /// If runs were missed meanwhile, one of them is made up for, unless the job was paused, or makes up for all or none, or
    /// has a window: then the next run is planned from the present. One that is on already keeps its next run.
    ///
    /// - Throws: As ``save(event:)``.
    public mutating func enable() async throws(RedisCronError) {
        try await start(fromPresent: isPlannedFromPresent(at: .now))
    }

    /// Whether to enable it plans its next run from the present, so that nothing is made up for.
    package func isPlannedFromPresent(at now: Timestamp) -> Bool {
        isPaused(at: now) || policy.isMissedLimited
    }

    /// Disables the job and tells the schedulers.
    ///
    /// - Throws: As ``save(event:)``.
    public mutating func disable() async throws(RedisCronError) {
        enabled = false
        try await save(event: .disabled)
    }

    /// Pauses the job and tells the schedulers.
    ///
    /// Without an end, the job is disabled until ``resume()`` or ``enable()``. With one, its next run is the first one planned
    /// from then on, and nothing else has to happen: Python's scheduler obeys too.
    ///
    /// - Parameters:
    ///   - end: When it goes on by itself; `nil` for not at all.
    ///   - note: Why, for people.
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition` for an end that has passed, or where the job is disabled and
    ///   not paused, and as ``save(event:)``.
    public mutating func pause(until end: Timestamp? = nil, note: String? = nil) async throws(RedisCronError) {
        try notePause(until: end, note: note, now: .now)
        try await save(event: end == nil ? .disabled : .updated)
    }

    /// Notes a pause; nothing is saved yet.
    ///
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition` for an end that has passed, and for an end where the job is
    ///   disabled.
    package mutating func notePause(until end: Timestamp?, note: String?, now: Timestamp) throws(RedisCronError) {
        if let end, end <= now {
            throw RedisCronError.invalid("paused_until", "must be later than now, not \(end)", id: id)
        }
        if end != nil, !enabled, !isPaused(at: now) {
            throw RedisCronError.invalid("enabled", "is off, and the end of a pause would switch it on", id: id)
        }
        definition.state.pausedAt = now
        definition.state.pausedUntil = end
        definition.state.pauseNote = note.flatMap { $0.isEmpty ? nil : $0 }
        enabled = end != nil
    }

    /// Ends a pause and tells the schedulers.
    ///
    /// The next run is planned from the present: what the pause kept from running is not made up for. A job that was disabled
    /// without being paused is enabled in the same way. One that is on already keeps its next run.
    ///
    /// - Throws: As ``save(event:)``.
    public mutating func resume() async throws(RedisCronError) {
        try await start(fromPresent: true)
    }

    private mutating func start(fromPresent: Bool) async throws(RedisCronError) {
        var zone = ZoneRules.utc
        if fromPresent, !definition.isFinished {
            let definition = definition
            do {
                zone = try await connection?.timeZone(for: definition) ?? .local()
            } catch {
                throw RedisCronError(error)
            }
        }
        try noteStart(fromPresent: fromPresent, now: .now, zone: zone)
        try await save(event: .enabled)
    }

    /// Enables the job and ends a pause; nothing is saved yet.
    ///
    /// A job that is on already, or whose pause is over, keeps its next run: what is late then was missed, not paused.
    ///
    /// - Parameter fromPresent: Whether the next run is planned from the present.
    package mutating func noteStart(
        fromPresent: Bool, now: Timestamp, zone: ZoneRules
    ) throws(RedisCronError) {
        if stored?.definition.enabled == true, enabled, !isPaused(at: now) { return }
        enabled = true
        definition.state.endPause()
        guard fromPresent, !definition.isFinished else { return }
        nextEnqueueTime = try nextEnqueueTime(
            after: now, defaultZone: zone, keeping: formerPlan, isMissedDropped: true)
        basis = ScheduleBasis(definition)
    }

    /// Records an enqueue time, computes the run that follows it, and saves both.
    ///
    /// - Throws: As ``save(event:)``.
    public mutating func setEnqueueTime(_ time: Timestamp) async throws(RedisCronError) {
        latestEnqueueTime = time
        nextEnqueueTime = try await nextRun(after: time)
        try await save()
    }

    /// Reads the job again, in place.
    ///
    /// Changes that were not saved are lost.
    ///
    /// - Throws: ``RedisCronError`` with code `.noSuchJob` or `.unreadableDefinition`, and what the connection throws.
    public mutating func refresh() async throws(RedisCronError) {
        self = try await reachable().job(id: id)
    }

    /// Removes the job and tells the schedulers, in one atomic step.
    ///
    /// A job that is gone already is not an error.
    ///
    /// - Throws: ``RedisCronError`` with code `.noConnection`, and what the connection throws.
    public func delete() async throws(RedisCronError) {
        try await reachable().deleteJob(id: id)
    }

    /// Reads one job, as ``RedisCronConnection/job(id:)`` does.
    ///
    /// - Throws: ``RedisCronError`` with code `.noSuchJob` or `.unreadableDefinition`, and what the connection throws.
    public static func fetch(
        id: String, on connection: RedisCronConnection
    ) async throws(RedisCronError) -> RedisCronJob {
        try await connection.job(id: id)
    }

    /// Saves; with `newOnly` fails with `.editConflict` if Redis has a definition of that id already.
    ///
    /// - Parameters:
    ///   - zone: The zone of definitions that name none, where it is known; `nil` asks Redis.
    ///   - tries: How often it is tried while ticks move the schedule.
    ///   - isVersionKept: Whether it is saved only where nobody has edited it since it was read.
    mutating func save(
        event: CronEvent, newOnly: Bool, source: String? = nil, zone knownZone: ZoneRules? = nil,
        tries: Int = saveTries, isVersionKept: Bool = false
    ) async throws {
        let connection = try reachable()
        for _ in 0..<tries {
            let now = Timestamp.now
            try DefinitionCheck(definition).validate()
            try DefinitionCheck(definition).checkAtTheDoor()
            let zone = if let knownZone { knownZone } else { try await connection.timeZone(for: definition) }
            let open = try await openRunsToTrack(defaultZone: zone)
            var (saved, edit) = try saving(event: event, newOnly: newOnly, now: now, zone: zone, openRuns: open)
            if isVersionKept { edit.expectedVersion = stored?.updatedAtBytes }
            switch try await connection.definitions.write(edit, id: id, event: event, now: now, source: source) {
            case .written:
                self = saved
                return
            case .missing:
                throw RedisCronError.noSuchJob(id)
            case .changed where newOnly:
                throw RedisCronError(.editConflict, id: id, "a definition of that id exists already")
            case .changed:
                merge(onto: try await connection.stored(id))
            }
        }
        throw RedisCronError(.editConflict, id: id, "its schedule kept moving while it was saved; try again")
    }

    /// The runs that may be open, where the policy has to know of them from now on; `nil` where it need not, or nothing tells.
    ///
    /// By the records, and where these do not tell of the last run by RQ's jobs too.
    private func openRunsToTrack(defaultZone zone: ZoneRules) async throws -> [OpenRun]? {
        guard let old = stored?.definition, definition.startsTracking(after: old) else { return nil }
        let definitions = try reachable().definitions
        let known = try await definitions.knownRuns(of: id)
        let recorded = (known?.open ?? []).sorted { $0.at < $1.at }.map {
            OpenRun(jobID: $0.jobID.description, queue: $0.terms.queue)
        }
        if known?.coversLastRun == true { return recorded.suffix(OpenRun.most) }
        let open = try await definitions.openRuns(
            of: old, knowing: recorded, defaultZone: zone, among: Self.timesToSearch)
        return open.isEmpty ? nil : open
    }

    /// Among how many planned times the last run is looked for: it may have been so many too late.
    private static let timesToSearch = 1_000

    /// What a save writes, and the job as it is once that is written.
    ///
    /// Pure.
    ///
    /// - Parameter openRuns: Those that may be open; `nil` to conclude from the times of the definition which was queued last.
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition` or `.timeZoneUnavailable` if the next run cannot be
    ///   computed.
    package func saving(
        event: CronEvent, newOnly: Bool, now: Timestamp, zone: ZoneRules, openRuns: [OpenRun]? = nil
    ) throws(RedisCronError) -> (saved: RedisCronJob, edit: DefinitionEdit) {
        var job = self
        // Every save gives a new version, even when the clock was stepped back.
        job.definition.updatedAt = max(now, (stored?.definition.updatedAt ?? now) + .microseconds(1))
        try job.rescheduleIfChanged(now: now, defaultZone: zone)
        job.definition.settleState(nextWas: stored?.definition.nextEnqueueTime)
        if let old = stored?.definition, job.definition.startsTracking(after: old) {
            let open = if let openRuns { openRuns } else { try old.lastRun(defaultZone: zone).map { [$0] } ?? [] }
            job.definition.state.openRuns = open.isEmpty ? [] : OpenRuns(of: open).bytes
        }
        let due = try job.dueTime(now: now, defaultZone: zone)
        let edit = DefinitionEdit(
            job.definition, due: due, stored: stored, mode: newOnly ? .new : .create, event: event, now: now)
        job.stored = StoredDefinition(written: job.definition)
        job.basis = ScheduleBasis(job.definition)
        return (job, edit)
    }

    /// What writes a job that was never in Redis, and only where there is none of its id.
    ///
    /// Pure.
    ///
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition` or `.timeZoneUnavailable` if the next run cannot be
    ///   computed.
    func creating(now: Timestamp, zone: ZoneRules) throws(RedisCronError) -> DefinitionEdit {
        var job = self
        job.definition.updatedAt = now
        try job.rescheduleIfChanged(now: now, defaultZone: zone)
        job.definition.settleState(nextWas: nil)
        return DefinitionEdit(
            job.definition, due: try job.dueTime(now: now, defaultZone: zone), stored: nil, mode: .new, event: .created,
            now: now)
    }

    /// Applies what was changed in the job to another state of its definition.
    mutating func merge(onto current: StoredDefinition) {
        if let base = stored?.definition {
            definition = definition.merged(onto: current.definition, base: base)
        }
        stored = current
        basis = ScheduleBasis(current.definition)
    }

    func reachable() throws(RedisCronError) -> RedisCronConnection {
        guard let connection else {
            throw RedisCronError(.noConnection, id: id, "the job was made without a connection")
        }
        return connection
    }
}

/// What happened to a definition, as it is announced on the events channel.
public enum CronEvent: String, Sendable, Hashable, CaseIterable {
    /// It was written for the first time.
    case created
    /// It was edited.
    case updated
    /// It was switched on.
    case enabled
    /// It was switched off.
    case disabled
    /// It was removed.
    case deleted
}

extension CronJobHash {
    /// The edit that led from `base` to this definition, applied to what Redis holds now.
    func merged(onto current: CronJobHash, base: CronJobHash) -> CronJobHash {
        var result = current
        for field in Field.all where field != .updatedAt && !field.isSame(in: self, base) {
            field.copy(from: self, to: &result)
        }
        // The schedule is in two fields: an interval beside the expression of another editor would be invalid.
        if schedule.interval != base.schedule.interval || schedule.cron != base.schedule.cron {
            result.schedule.interval = schedule.interval
            result.schedule.cron = schedule.cron
        }
        return result
    }
}

extension CronJobHash {
    /// Whether its policy has to know of open runs, and that of another state did not.
    func startsTracking(after old: CronJobHash) -> Bool { policy.tracksRuns && !old.policy.tracksRuns }

    /// The run that the schedule queued last, as far as its times tell.
    fileprivate func lastRun(defaultZone: ZoneRules) throws(RedisCronError) -> OpenRun? {
        guard let latest = latestEnqueueTime else { return nil }
        let plan = try DefinitionCheck(self).plan(defaultZone: defaultZone)
        let anchor = gridTime ?? createdAt ?? latest
        // A run is queued at its planned time or later; of the five years before it is enough to know the last one.
        guard let first = plan.time(after: latest - .seconds(5 * 31_557_600), anchor: anchor),
            let planned = plan.lastTime(notAfter: latest, from: first, anchor: anchor)
        else { return nil }
        return OpenRun(
            jobID: RQJobID.planned(definition: id, at: planned).description, queue: call.queueName)
    }

    /// Removes what ticks noted for a policy that the definition does not have any more, or for another planned time, and notes the
    /// planned time that stood there if it finishes.
    fileprivate mutating func settleState(nextWas former: Timestamp?) {
        if !isFinished {
            state.lastPlannedTime = nil
        } else if former != .finished {
            state.lastPlannedTime = former
        }
        if policy.maxRuns == nil { state.runCount = nil }
        if policy.pauseAfterFailures == nil { state.failureCount = nil }
        if !policy.tracksRuns { state.openRuns = [] }
        if policy.overlap != .wait || nextEnqueueTime != former { state.waitingSince = nil }
    }
}
