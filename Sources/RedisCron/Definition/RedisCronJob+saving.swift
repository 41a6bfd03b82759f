import Cron
public import RQWire

extension RedisCronJob {
    /// Tries of a save against a schedule that keeps moving.
    private static let patience = 16

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
    public mutating func save(event: CronEvent = .updated) async throws {
        try await save(event: event, newOnly: false)
    }

    /// Switches the job on and tells the schedulers.
    ///
    /// What was missed meanwhile runs once.
    ///
    /// - Throws: As ``save(event:)``.
    public mutating func enable() async throws {
        definition.enabled = true
        try await save(event: .enabled)
    }

    /// Switches the job off and tells the schedulers.
    ///
    /// - Throws: As ``save(event:)``.
    public mutating func disable() async throws {
        definition.enabled = false
        try await save(event: .disabled)
    }

    /// Records an enqueue time, computes the run that follows it, and saves both.
    ///
    /// - Throws: As ``save(event:)``.
    public mutating func setEnqueueTime(_ time: Timestamp) async throws {
        definition.latestEnqueueTime = time
        definition.nextEnqueueTime = try await nextRun(after: time)
        try await save()
    }

    /// Reads the job again, in place.
    ///
    /// What was changed and not saved is gone.
    ///
    /// - Throws: ``RedisCronError`` with code `.noSuchJob` or `.unreadableDefinition`, and what the connection throws.
    public mutating func refresh() async throws {
        self = try await Self.fetch(id: id, on: try reachable())
    }

    /// Removes the job and tells the schedulers, in one atomic step.
    ///
    /// A job that is gone already is no error.
    ///
    /// - Throws: ``RedisCronError`` with code `.noConnection`, and what the connection throws.
    public func delete() async throws {
        _ = try await reachable().delete(id: id)
    }

    /// Queues one run now, under a random job id, and leaves the schedule alone.
    ///
    /// - Parameter serializer: What the workers read.
    /// - Returns: The id of the RQ job.
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition` or `.noConnection`, and what the connection throws.
    @discardableResult
    public func enqueue(serializer: JobSerializer = .pickle) async throws -> RQJobID {
        let connection = try reachable()
        try DefinitionCheck(definition).validate()
        return try await connection.push(JobPayload(definition.call, serializer: serializer), of: id)
    }

    /// Reads one job.
    ///
    /// - Throws: ``RedisCronError`` with code `.noSuchJob` or `.unreadableDefinition`, and what the connection throws.
    public static func fetch(id: String, on connection: RedisCronConnection) async throws -> RedisCronJob {
        guard let hash = try await connection.hash(id: id) else { throw RedisCronError.noSuchJob(id) }
        return try restore(id: id, hash: hash, connection: connection)
    }

    /// Removes the definition of an id, one that cannot be read too, and tells the schedulers, in one atomic step.
    ///
    /// - Returns: Whether there was one; what is no hash is none, and stays.
    /// - Throws: What the connection throws.
    @discardableResult
    public static func delete(id: String, on connection: RedisCronConnection) async throws -> Bool {
        try await connection.delete(id: id)
    }

    /// Saves; with `newOnly` fails with `.editConflict` if a definition of that id stands in Redis already.
    ///
    /// - Parameters:
    ///   - zone: The zone of definitions that name none, where it is known; `nil` asks Redis.
    ///   - tries: Tries against a schedule that moves meanwhile.
    mutating func save(
        event: CronEvent, newOnly: Bool, source: String? = nil, zone knownZone: ZoneRules? = nil,
        tries: Int = patience
    ) async throws {
        let connection = try reachable()
        for _ in 0..<tries {
            var attempt = self
            let now = Timestamp.now
            // Every save gives a new version, even when the clock was stepped back.
            attempt.definition.updatedAt = max(now, (stored?.definition.updatedAt ?? now) + .microseconds(1))
            try DefinitionCheck(attempt.definition).validate()
            let zone = if let knownZone { knownZone } else { try await connection.timeZone(for: attempt.definition) }
            try attempt.rescheduleIfChanged(now: now, defaultTimeZone: zone)
            let edit = DefinitionEdit(
                attempt.definition, stored: stored, mode: newOnly ? .new : .create, event: event, now: now)
            switch try await connection.write(edit, id: id, event: event, now: now, source: source) {
            case .written:
                attempt.stored = StoredDefinition(written: attempt.definition)
                attempt.basis = ScheduleBasis(attempt.definition)
                self = attempt
                return
            case .missing:
                throw RedisCronError.noSuchJob(id)
            case .changed where newOnly:
                throw RedisCronError(.editConflict, id: id, "a definition of that id exists already")
            case .changed:
                let current = try await Self.fetch(id: id, on: connection)
                if let base = stored?.definition {
                    definition = definition.merged(onto: current.definition, base: base)
                }
                stored = current.stored
                basis = current.basis
            }
        }
        throw RedisCronError(.editConflict, id: id, "its schedule kept moving while it was saved; try again")
    }

    private func reachable() throws(RedisCronError) -> RedisCronConnection {
        guard let connection else {
            throw RedisCronError(.noConnection, id: id, "the job was made without a connection")
        }
        return connection
    }
}

extension CronJobHash {
    /// The edit that led from `base` to this definition, applied to what stands in Redis now.
    func merged(onto current: CronJobHash, base: CronJobHash) -> CronJobHash {
        var result = current
        for field in Field.all where field != .updatedAt && !field.isSame(in: self, base) {
            field.copy(from: self, to: &result)
        }
        // One thing in two fields: an interval beside the expression of another editor would be no schedule at all.
        if schedule.interval != base.schedule.interval || schedule.cron != base.schedule.cron {
            result.schedule.interval = schedule.interval
            result.schedule.cron = schedule.cron
        }
        return result
    }
}
