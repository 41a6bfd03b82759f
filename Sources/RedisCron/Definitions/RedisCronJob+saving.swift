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

    /// Enables the job and tells the schedulers.
    ///
    /// If runs were missed meanwhile, one of them is made up for.
    ///
    /// - Throws: As ``save(event:)``.
    public mutating func enable() async throws(RedisCronError) {
        enabled = true
        try await save(event: .enabled)
    }

    /// Disables the job and tells the schedulers.
    ///
    /// - Throws: As ``save(event:)``.
    public mutating func disable() async throws(RedisCronError) {
        enabled = false
        try await save(event: .disabled)
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

    /// Queues one run now, under a random job id, and leaves the schedule alone.
    ///
    /// - Parameter serializer: What the workers read.
    /// - Returns: The id of the RQ job.
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition` or `.noConnection`, and what the connection throws.
    @discardableResult
    public func enqueue(serializer: JobSerializer = .pickle) async throws(RedisCronError) -> String {
        let connection = try reachable()
        try DefinitionCheck(definition).validate()
        return try await RedisCronError.unifying {
            let payload = JobPayload(definition.call, serializer: serializer)
            return try await connection.definitions.enqueue(payload, of: id).description
        }
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
    mutating func save(
        event: CronEvent, newOnly: Bool, source: String? = nil, zone knownZone: ZoneRules? = nil,
        tries: Int = saveTries
    ) async throws {
        let connection = try reachable()
        for _ in 0..<tries {
            let now = Timestamp.now
            try DefinitionCheck(definition).validate()
            let zone = if let knownZone { knownZone } else { try await connection.timeZone(for: definition) }
            let (saved, edit) = try saving(event: event, newOnly: newOnly, now: now, zone: zone)
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

    /// What a save writes, and the job as it is once that is written.
    ///
    /// Pure.
    ///
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition` or `.timeZoneUnavailable` if the next run cannot be
    ///   computed.
    package func saving(
        event: CronEvent, newOnly: Bool, now: Timestamp, zone: ZoneRules
    ) throws(RedisCronError) -> (saved: RedisCronJob, edit: DefinitionEdit) {
        var job = self
        // Every save gives a new version, even when the clock was stepped back.
        job.definition.updatedAt = max(now, (stored?.definition.updatedAt ?? now) + .microseconds(1))
        try job.rescheduleIfChanged(now: now, defaultZone: zone)
        let edit = DefinitionEdit(
            job.definition, stored: stored, mode: newOnly ? .new : .create, event: event, now: now)
        job.stored = StoredDefinition(written: job.definition)
        job.basis = ScheduleBasis(job.definition)
        return (job, edit)
    }

    /// Applies what was changed in the job to another state of its definition.
    mutating func merge(onto current: StoredDefinition) {
        if let base = stored?.definition {
            definition = definition.merged(onto: current.definition, base: base)
        }
        stored = current
        basis = ScheduleBasis(current.definition)
    }

    private func reachable() throws(RedisCronError) -> RedisCronConnection {
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
