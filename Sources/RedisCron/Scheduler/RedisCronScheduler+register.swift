import Cron
public import RQWire

extension RedisCronScheduler {
    /// Tries of a registration against somebody else who creates and deletes the same id.
    private static let patience = 16

    /// Creates a definition, or edits the one of that id, and tells the schedulers.
    ///
    /// With an unchanged schedule an edit keeps the last enqueue time, and the next one if the schedule itself could have
    /// given it: not one that a clock which was ahead, or another zone, left behind. Else the next one is computed anew,
    /// of an interval from the last enqueue time, of an expression from now. `createdAt` is kept, and so
    /// is `enabled` unless it is given. Needs no lock and no running scheduler.
    ///
    /// - Parameters:
    ///   - functionName: The dotted name of the function. Its form is checked; it is never imported.
    ///   - queueName: The queue of its runs.
    ///   - id: A stable id; `nil` makes a new definition with an id from `idGenerator`.
    ///   - args: Positional arguments.
    ///   - kwargs: Keyword arguments.
    ///   - interval: Whole seconds between runs, at least 1. Exactly one of `interval` and `cron` is given.
    ///   - cron: A cron expression. `R` fields are drawn when it is registered first, and stay until it is another one.
    ///   - timeZone: The IANA zone in which `cron` is read; `nil` means that of the scheduler that runs it, as it is
    ///     published in Redis; where none is, that of the options.
    ///   - jobTimeout: Seconds that a run may take, -1 for no limit, `nil` for RQ's default of 180.
    ///   - resultTTL: Seconds that a result is kept; -1 for ever, 0 not at all. Default 500.
    ///   - ttl: Seconds that a run may wait in its queue, at least 1; `nil` for no limit.
    ///   - failureTTL: Seconds that a failed run is kept; `nil` for the worker's default.
    ///   - meta: The `meta` of each run.
    ///   - enabled: Whether it runs at all; `nil` keeps what it was, and is on for a new definition.
    ///   - idGenerator: Makes the id when none is given; `nil` means that of the options.
    /// - Returns: The definition as it stands in Redis.
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition` (nothing is written then) or `.editConflict`, and what
    ///   the connection throws. When the task is cancelled while the write is under way, it may or may not have happened.
    @discardableResult
    public func register(
        functionName: String, queueName: String, id: String? = nil, args: [JSONValue] = [], kwargs: JSONObject = [:],
        interval: Int? = nil, cron: String? = nil, timeZone: String? = nil, jobTimeout: Int? = nil,
        resultTTL: Int? = JobPayload.defaultResultTTL, ttl: Int? = nil, failureTTL: Int? = nil,
        meta: JSONObject = [:], enabled: Bool? = nil, idGenerator: RedisCronJob.IDGenerator? = nil
    ) async throws -> RedisCronJob {
        let call = CallSpec(
            functionName, queue: queueName, args: args, kwargs: kwargs, jobTimeout: jobTimeout, resultTTL: resultTTL,
            ttl: ttl, failureTTL: failureTTL, meta: meta)
        let schedule = ScheduleSpec(interval: interval, cron: cron, timeZone: timeZone)
        return try await register(id: id, call, schedule, enabled: enabled, idGenerator: idGenerator)
    }

    /// Creates a definition, or edits the one of that id, and tells the schedulers.
    ///
    /// As the form that takes every field by itself; see there for what an edit keeps.
    ///
    /// - Parameters:
    ///   - id: A stable id; `nil` makes a new definition with an id from `idGenerator`.
    ///   - call: What each run calls.
    ///   - schedule: When it runs.
    ///   - enabled: Whether it runs at all; `nil` keeps what it was, and is on for a new definition.
    ///   - idGenerator: Makes the id when none is given; `nil` means that of the options.
    /// - Returns: The definition as it is in Redis.
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition` (nothing is written then) or `.editConflict`, and what
    ///   the connection throws. When the task is cancelled while the write is under way, it may or may not have happened.
    @discardableResult
    public func register(
        id: String? = nil, _ call: CallSpec, _ schedule: ScheduleSpec, enabled: Bool? = nil,
        idGenerator: RedisCronJob.IDGenerator? = nil
    ) async throws -> RedisCronJob {
        let zone = try await defaultZone(isNeeded: schedule.cron != nil && schedule.timeZone == nil)
        let wanted = try RedisCronJob(
            id: id, call, schedule, enabled: enabled ?? true, connection: connection, defaultTimeZone: zone,
            idGenerator: idGenerator ?? options.idGenerator)
        return try await register(wanted, enabled: enabled, zone: zone)
    }

    /// The zone of definitions that name none; any where it is not needed.
    func defaultZone(isNeeded: Bool) async throws -> ZoneRules {
        guard isNeeded else { return options.timeZone }
        return try await connection.timeZoneOfDefinitions(assuming: options.timeZone).rules
    }

    /// Makes Redis hold the definition, whether or not one of its id stands there.
    ///
    /// - Parameter zone: The zone of definitions that name none.
    func register(
        _ wanted: RedisCronJob, enabled: Bool?, zone: ZoneRules, source: String? = nil
    ) async throws -> RedisCronJob {
        for _ in 0..<Self.patience {
            var job = wanted
            do {
                let existing = try await RedisCronJob.fetch(id: wanted.id, on: connection)
                try job.adopt(existing, enabled: enabled, now: Timestamp.now, defaultZone: zone)
                try await job.save(event: .updated, newOnly: false, source: source, zone: zone)
                return job
            } catch let error as RedisCronError where error.code == .noSuchJob {
                do {
                    try await job.save(event: .created, newOnly: true, source: source, zone: zone)
                    return job
                } catch let error as RedisCronError where error.code == .editConflict {
                    continue
                }
            } catch let error as RedisCronError where error.code == .unreadableDefinition {
                // What nobody could run is replaced whole.
                try await job.save(event: .updated, newOnly: false, source: source, zone: zone)
                return job
            }
        }
        throw RedisCronError(.editConflict, id: wanted.id, "it was created and deleted while it was registered")
    }
}

extension RedisCronJob {
    /// Becomes an edit of the job that stands in Redis: keeps what registering it again does not change.
    ///
    /// Its next run is kept if the schedule is the same and could have given it.
    mutating func adopt(
        _ existing: RedisCronJob, enabled: Bool?, now: Timestamp, defaultZone: ZoneRules
    ) throws(RedisCronError) {
        stored = existing.stored
        basis = existing.basis
        definition.createdAt = existing.definition.createdAt
        definition.latestEnqueueTime = existing.definition.latestEnqueueTime
        // The save computes it anew if the schedule changed, or if it has none where it needs one.
        definition.nextEnqueueTime = existing.definition.nextEnqueueTime
        definition.enabled = enabled ?? existing.definition.enabled
        // What was drawn when it was registered first is no other schedule.
        if let drawn = existing.definition.cron, let writtenCron, CronExpression.isResolution(drawn, of: writtenCron) {
            definition.cron = drawn
        }
        guard let next = definition.nextEnqueueTime, !basis.hasOtherSchedule(than: definition) else { return }
        let plan = try DefinitionCheck(definition).plan(defaultZone: defaultZone)
        guard !PlanAudit(definition, plan: plan, now: now).isPlausible(next) else { return }
        definition.nextEnqueueTime = try nextRun(after: now, defaultTimeZone: defaultZone)
    }
}
