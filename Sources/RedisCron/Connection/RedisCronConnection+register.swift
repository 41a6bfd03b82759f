package import Cron
public import RQWire

extension RedisCronConnection {
    /// Tries of a registration while somebody else creates and deletes the same id.
    private static let registrationTries = 16

    /// Creates a definition, or edits the one of that id, and tells the schedulers.
    ///
    /// An edit keeps `createdAt`, the last enqueue time, and `enabled` unless it is given. If the schedule stays the same, it
    /// also keeps the next enqueue time, unless the schedule could not have given it: a clock that was ahead, or another zone,
    /// may have left it behind. Otherwise the next one is computed anew: of an interval from the last enqueue time, of an
    /// expression from now. No scheduler needs to run.
    ///
    /// - Parameters:
    ///   - id: A stable id; `nil` makes a new definition with an id from `idGenerator`.
    ///   - call: What each run calls.
    ///   - schedule: When it runs. `R` fields of an expression are drawn when it is registered first, and stay until it is
    ///     another one. An expression without a zone is read in the one of ``timeZoneOfDefinitions()``.
    ///   - policy: What becomes of its planned times.
    ///   - enabled: Whether it runs at all; `nil` keeps what it was, and is on for a new definition. `true` ends a pause.
    ///   - idGenerator: Makes the id when none is given.
    /// - Returns: The definition as it is in Redis.
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition` (nothing is written then) or `.editConflict`, and what
    ///   the connection throws. When the task is cancelled while the write is under way, it may or may not have happened.
    @discardableResult
    public func register(
        id: String? = nil, call: CallSpec, schedule: ScheduleSpec, policy: RunPolicy = RunPolicy(),
        enabled: Bool? = nil, idGenerator: RedisCronJob.IDGenerator = RedisCronJob.randomID
    ) async throws(RedisCronError) -> RedisCronJob {
        try await register(
            id: id, call: call, schedule: schedule, policy: policy, enabled: enabled, idGenerator: idGenerator,
            assuming: defaultZone)
    }

    /// As the public form, and begins to count runs anew.
    @discardableResult
    package func register(
        _ definition: CronJobHash, enabled: Bool?, isCountReset: Bool
    ) async throws(RedisCronError) -> RedisCronJob {
        try await register(
            id: definition.id, call: definition.call, schedule: definition.schedule, policy: definition.policy,
            enabled: enabled, isCountReset: isCountReset, idGenerator: RedisCronJob.randomID, assuming: defaultZone)
    }

    /// Creates a definition, or edits the one of that id, and tells the schedulers.
    ///
    /// As ``register(id:call:schedule:policy:enabled:idGenerator:)``, with each field as an argument of its own.
    ///
    /// - Parameters:
    ///   - functionName: The dotted name of the function. Its form is checked; it is never imported.
    ///   - queueName: The queue of its runs.
    ///   - id: A stable id; `nil` makes a new definition with an id from `idGenerator`.
    ///   - args: Positional arguments.
    ///   - kwargs: Keyword arguments.
    ///   - interval: The time between runs: whole seconds, at least 1. Give exactly one of `interval` and `cron`.
    ///   - cron: A cron expression.
    ///   - timeZone: The IANA zone in which `cron` is read.
    ///   - jobTimeout: How long a run may take, `CallSpec.unlimited` for no limit; `nil` for RQ's default of 180 s.
    ///   - resultTTL: How long a result is kept, `CallSpec.unlimited` for good, zero for not at all. Default 500 s.
    ///   - ttl: How long a run may wait in its queue, at least 1 s; `nil` for no limit.
    ///   - failureTTL: How long a failed run is kept; `nil` for the worker's default.
    ///   - meta: The `meta` of each run.
    ///   - enabled: Whether it runs at all; `nil` keeps what it was, and is on for a new definition.
    ///   - idGenerator: Makes the id when none is given.
    /// - Returns: The definition as it is in Redis.
    /// - Throws: As ``register(id:call:schedule:policy:enabled:idGenerator:)``.
    @discardableResult
    public func register(
        functionName: String, queueName: String, id: String? = nil, args: [JSONValue] = [], kwargs: JSONObject = [:],
        interval: Duration? = nil, cron: String? = nil, timeZone: String? = nil, jobTimeout: Duration? = nil,
        resultTTL: Duration? = .seconds(500), ttl: Duration? = nil, failureTTL: Duration? = nil,
        meta: JSONObject = [:], enabled: Bool? = nil, idGenerator: RedisCronJob.IDGenerator = RedisCronJob.randomID
    ) async throws(RedisCronError) -> RedisCronJob {
        let call = CallSpec(
            functionName, queue: queueName, args: args, kwargs: kwargs, jobTimeout: jobTimeout, resultTTL: resultTTL,
            ttl: ttl, failureTTL: failureTTL, meta: meta)
        let schedule = ScheduleSpec(interval: interval, cron: cron, timeZone: timeZone)
        return try await register(id: id, call: call, schedule: schedule, enabled: enabled, idGenerator: idGenerator)
    }

    /// As the public form, with a zone to assume where no scheduler has published one.
    func register(
        id: String?, call: CallSpec, schedule: ScheduleSpec, policy: RunPolicy = RunPolicy(), enabled: Bool?,
        isCountReset: Bool = false, idGenerator: RedisCronJob.IDGenerator, assuming assumed: ZoneRules
    ) async throws(RedisCronError) -> RedisCronJob {
        try await RedisCronError.unifying {
            let zone = try await defaultZone(isNeeded: schedule.usesDefaultTimeZone, assuming: assumed)
            let wanted = try RedisCronJob(
                id: id, call: call, schedule: schedule, policy: policy, enabled: enabled ?? true, connection: self,
                defaultZone: zone, idGenerator: idGenerator, isPlanned: false)
            return try await register(
                wanted, enabled: enabled, zone: zone, by: .caller(isCountReset: isCountReset))
        }
    }

    /// Makes Redis hold the definition, whether or not there is one of its id.
    ///
    /// - Parameters:
    ///   - wanted: The definition, not planned yet.
    ///   - firstRun: When it runs first, if it is created; see ``RedisCronJob/planFirstRun(at:now:defaultZone:)``.
    ///   - zone: The zone of definitions that name none.
    func register(
        _ wanted: RedisCronJob, firstRun: Timestamp? = nil, enabled: Bool?, zone: ZoneRules, source: String? = nil,
        by registrar: Registrar
    ) async throws -> RedisCronJob {
        for _ in 0..<Self.registrationTries {
            var job = wanted
            switch try await definitions.read(DefinitionID(wanted.id)) {
            case .found(let existing):
                do {
                    try job.adopt(existing, enabled: enabled, by: registrar, now: Timestamp.now, defaultZone: zone)
                    try await job.save(event: .updated, newOnly: false, source: source, zone: zone)
                    return job
                } catch let error as RedisCronError where error.code == .noSuchJob {
                    // Deleted since it was read, so it is created.
                    job = wanted
                } catch let error as RedisCronError where error.code == .unreadableDefinition {
                    continue
                }
            case .unreadable:
                // A definition that nobody could run is replaced as a whole.
                if case .caller = registrar { try job.checkEnd() }
                try job.planFirstRun(at: firstRun, now: .now, defaultZone: zone)
                try await job.save(event: .updated, newOnly: false, source: source, zone: zone)
                return job
            case .missing: if case .caller = registrar { try job.checkEnd() }
            }
            try job.planFirstRun(at: firstRun, now: .now, defaultZone: zone)
            do {
                try await job.save(event: .created, newOnly: true, source: source, zone: zone)
                return job
            } catch let error as RedisCronError where error.code == .editConflict {
                continue
            }
        }
        throw RedisCronError(.editConflict, id: wanted.id, "it was created and deleted while it was registered")
    }
}

/// Who registers a definition.
package enum Registrar: Sendable, Hashable {
    /// A program or a person, who means this one definition.
    case caller(isCountReset: Bool)
    /// A file, which must not fail on the day when a campaign ends, nor end a pause.
    case file
}

extension RedisCronJob {
    /// Becomes an edit of the job in Redis: keeps what registering it again does not change.
    ///
    /// Its next run is kept if the schedule is the same and could have given it.
    package mutating func adopt(
        _ existing: StoredDefinition, enabled: Bool?, by registrar: Registrar, now: Timestamp, defaultZone: ZoneRules
    ) throws(RedisCronError) {
        stored = existing
        basis = ScheduleBasis(existing.definition)
        definition.createdAt = existing.definition.createdAt
        definition.latestEnqueueTime = existing.definition.latestEnqueueTime
        // The save computes it anew if the schedule changed, or if it has none where it needs one.
        definition.nextEnqueueTime = existing.definition.nextEnqueueTime
        definition.state = existing.definition.state
        definition.enabled = existing.definition.enabled
        switch registrar {
        case .file where isPaused(at: now): break
        case .file: definition.enabled = enabled ?? definition.enabled
        case .caller(let isCountReset):
            definition.enabled = enabled ?? definition.enabled
            if enabled == true { definition.state.endPause() }
            if isCountReset { definition.state.runCount = nil }
            if definition.schedule.endTime != existing.definition.schedule.endTime { try checkEnd() }
        }
        // The expression that was drawn when it was registered first is not another schedule.
        if let drawn = existing.definition.cron, let writtenCron, CronExpression.isResolution(drawn, of: writtenCron) {
            definition.cron = drawn
        }
        let was = existing.definition
        if definition.enabled, !was.enabled, !definition.isFinished,
            was.isPaused(at: now) || definition.policy.isMissedLimited
        {
            // As `enable()`: a pause is no outage.
            definition.nextEnqueueTime = try nextEnqueueTime(
                after: now, defaultZone: defaultZone, keeping: formerPlan, isMissedDropped: true)
        }
        guard let next = definition.nextEnqueueTime, !basis.hasOtherSchedule(than: definition) else { return }
        let plan = try DefinitionCheck(definition).plan(defaultZone: defaultZone)
        guard !PlanAudit(definition, plan: plan, now: now).isPlausible(next) else { return }
        definition.nextEnqueueTime = try nextEnqueueTime(
            after: now, defaultZone: defaultZone, isMissedDropped: existing.definition.isFinished)
    }

    /// - Throws: ``RedisCronError`` with code `.invalidDefinition` if its end has passed.
    fileprivate func checkEnd() throws(RedisCronError) {
        guard let end = definition.schedule.endTime, end < .now else { return }
        throw RedisCronError.invalid("end_time", "\(end) has passed", id: id)
    }
}
