import Cron
import CronFiles
import RQWire
import RedisBridge
public import RedisCron

/// A scheduler without Redis, on a clock that you move: answers what runs between two instants.
///
/// It decides as the real one does, because it is the real one: the same definitions, checks, cron expressions, time zones
/// and ticks, on a store in memory. Nothing is queued anywhere; the runs are returned.
///
/// ```swift
/// let scheduler = try TestScheduler(at: Timestamp("2026-03-28T00:00:00Z")!, timeZone: "Europe/Berlin")
/// try scheduler.register(id: "report", call: CallSpec("app.report", queue: "mail"), schedule: .cron("0 7 * * *"))
/// let runs = try await scheduler.advance(by: .seconds(3 * 86_400))
/// print(runs.map(\.planned))  // 06:00, then twice 05:00 in UTC: clocks went forward
/// ```
///
/// No worker takes the jobs, so a run is open until the test says how it ends: with ``finish(jobID:)`` or ``fail(jobID:)``. That
/// decides what a policy for overlaps does with the next planned time, and ``events`` tells it:
///
/// ```swift
/// try scheduler.register(
///     id: "sync", call: CallSpec("app.sync", queue: "q"), schedule: .every(.seconds(60)), policy: RunPolicy(overlap: .skip))
/// let first = try await scheduler.advance(by: .zero)[0]
/// #expect(try await scheduler.advance(by: .seconds(60)).isEmpty)
/// #expect(scheduler.refused.map(\.reason) == [.overlap])
/// try scheduler.finish(jobID: first.jobID)
/// #expect(try await scheduler.advance(by: .seconds(60)).count == 1)
/// ```
///
/// One task at a time moves the clock.
public final class TestScheduler: Sendable {
    /// A run that was queued.
    public struct Run: Sendable, Hashable, CustomStringConvertible {
        /// The definition's id.
        public let id: String
        /// The id of its job: what ends it.
        public let jobID: String
        /// The time for which it was planned.
        public let planned: Timestamp
        /// When it was queued: later than planned after ``stop(until:)``, by its jitter, or where it waited for earlier runs.
        public let enqueuedAt: Timestamp
        /// What it calls, as the definition said at that time; with the planned time where the function gets it.
        public let call: CallSpec

        /// `2026-03-28T06:00:00.000000Z report`.
        public var description: String { "\(planned) \(id)" }
    }

    private let clock: ManualClock
    private let memory: MemoryStore
    private let scheduler: HandDrivenScheduler
    private let zone: ZoneRules
    private let hasBegun = Guarded(false)
    private let told = Guarded<[SchedulerEvent]>([])
    /// Definitions that were deleted since runs were recorded last.
    private let deleted = Guarded<[DefinitionID]>([])

    /// Makes a scheduler.
    ///
    /// - Parameters:
    ///   - start: What its clock shows.
    ///   - timeZone: The IANA zone of definitions that name none.
    /// - Throws: `RedisCronError` with code `.invalidOption` or `.timeZoneUnavailable` for the zone.
    public init(at start: Timestamp, timeZone: String = "UTC") throws(RedisCronError) {
        zone = try ZoneRules(option: "timeZone", timeZone)
        let clock = ManualClock(at: start)
        self.clock = clock
        // The server's clock stands still, so that no lock expires while time is skipped.
        memory = MemoryStore(book: ContentBook(zone: zone), serverTime: { start })
        var options = RedisCronScheduler.Options()
        options.timeZone = timeZone
        scheduler = try HandDrivenScheduler(store: memory, clock: clock, options: options)
    }

    /// The present.
    public var now: Timestamp { clock.now() }

    /// All definitions, in the order of their ids.
    public var jobs: [RedisCronJob] {
        memory.model.definitions.values.map { RedisCronJob(StoredDefinition(written: $0.hash), connection: nil) }
            .sorted { $0.id < $1.id }
    }

    /// What became of planned times and definitions besides runs, oldest first: `refused`, `finished`, `paused`, `replaced` and
    /// `deletedFinished`.
    public var events: [SchedulerEvent] { told.withLock { $0 } }

    /// The planned times that came and were not run, oldest first.
    public var refused: [RefusedRuns] {
        events.flatMap { event -> [RefusedRuns] in
            if case .refused(let runs) = event { runs } else { [] }
        }
    }

    // MARK: Definitions

    /// Creates a definition, or edits the one of that id, as `RedisCronConnection.register` does.
    ///
    /// - Throws: `RedisCronError` with code `.invalidDefinition`, naming the field and the reason.
    @discardableResult
    public func register(
        id: String? = nil, call: CallSpec, schedule: ScheduleSpec, policy: RunPolicy = RunPolicy(),
        enabled: Bool? = nil
    ) throws(RedisCronError) -> RedisCronJob {
        let now = now
        let job = try RedisCronJob(
            id: id, call: call, schedule: schedule, policy: policy, enabled: enabled ?? true, connection: nil,
            defaultZone: zone, isPlanned: false, now: now)
        return try register(job, enabled: enabled, firstRun: nil, now: now)
    }

    @discardableResult
    private func register(
        _ wanted: RedisCronJob, enabled: Bool?, firstRun: Timestamp?, now: Timestamp
    ) throws(RedisCronError) -> RedisCronJob {
        var job = wanted
        let existing = memory.model.definitions[DefinitionID(job.id)]?.hash
        if let existing {
            try job.adopt(
                StoredDefinition(written: existing), enabled: enabled, by: .caller(isCountReset: false), now: now,
                defaultZone: zone)
        } else {
            try job.planFirstRun(at: firstRun, now: now, defaultZone: zone)
        }
        return try save(job, event: existing == nil ? .created : .updated)
    }

    /// Creates or edits the declared definitions, as `RedisCronConnection.apply` does without pruning.
    ///
    /// - Throws: `RedisCronError` with code `.invalidDefinition` for the first that makes no sense; those before it stay.
    public func apply(_ declarations: CronJobDeclarations) throws(RedisCronError) {
        for declaration in declarations.jobs {
            do { try declaration.checkFirstRun() } catch { throw RedisCronError(error) }
            let now = now
            let job = try RedisCronJob(
                id: declaration.id, call: declaration.call, schedule: declaration.schedule, policy: declaration.policy,
                enabled: declaration.enabled ?? true, connection: nil, defaultZone: zone, isPlanned: false, now: now)
            try register(job, enabled: declaration.enabled, firstRun: declaration.firstRun, now: now)
        }
    }

    /// Switches a definition on or off, as `RedisCronJob.enable` and `disable` do.
    ///
    /// - Throws: `RedisCronError` with code `.noSuchJob`.
    public func setEnabled(_ enabled: Bool, id: String) throws(RedisCronError) {
        var job = try job(id)
        if enabled {
            try job.noteStart(fromPresent: job.isPlannedFromPresent(at: now), now: now, zone: zone)
        } else {
            job.enabled = false
        }
        try save(job, event: enabled ? .enabled : .disabled)
    }

    /// Pauses a definition, as `RedisCronJob.pause` does.
    ///
    /// - Parameters:
    ///   - id: The definition's id.
    ///   - end: When it goes on by itself; `nil` for not before ``resume(id:)``.
    ///   - note: Why, for people.
    /// - Throws: `RedisCronError` with code `.noSuchJob`, and `.invalidDefinition` for an end that has passed.
    public func pause(id: String, until end: Timestamp? = nil, note: String? = nil) throws(RedisCronError) {
        var job = try job(id)
        try job.notePause(until: end, note: note, now: now)
        try save(job, event: end == nil ? .disabled : .updated)
    }

    /// Ends a pause, as `RedisCronJob.resume` does: nothing is made up for.
    ///
    /// - Throws: `RedisCronError` with code `.noSuchJob`.
    public func resume(id: String) throws(RedisCronError) {
        var job = try job(id)
        try job.noteStart(fromPresent: true, now: now, zone: zone)
        try save(job, event: .enabled)
    }

    private func job(_ id: String) throws(RedisCronError) -> RedisCronJob {
        guard let hash = memory.model.definitions[DefinitionID(id)]?.hash else { throw RedisCronError.noSuchJob(id) }
        return RedisCronJob(StoredDefinition(written: hash), connection: nil)
    }

    /// Removes a definition.
    ///
    /// - Returns: Whether there was one.
    @discardableResult
    public func delete(id: String) -> Bool {
        let key = DefinitionID(id)
        deleted.withLock { $0.append(key) }
        return memory.change { [now] in $0.delete(key, now: now) }
    }

    @discardableResult
    private func save(_ job: RedisCronJob, event: CronEvent) throws(RedisCronError) -> RedisCronJob {
        let now = now
        let (saved, edit) = try job.saving(event: event, newOnly: false, now: now, zone: zone)
        memory.change { _ = $0.write(edit, of: saved.definition, now: now) }
        return saved
    }

    // MARK: Runs

    /// A worker takes a run from its queue and starts it: from then on `replace` can only tell it to stop.
    ///
    /// - Throws: `RedisCronError` with code `.noSuchJob` if no run of that id is queued.
    public func start(jobID: String) throws(RedisCronError) {
        let isStarted = RQJobID(jobID).map { job in memory.change { [now] in $0.startJob(job, at: now) } }
        guard isStarted == true else {
            throw RedisCronError(.noSuchJob, id: jobID, "no run with that job id is queued")
        }
    }

    /// A run ends well; one that is still queued is started first.
    ///
    /// - Throws: `RedisCronError` with code `.noSuchJob` if no run of that id is open.
    public func finish(jobID: String) throws(RedisCronError) {
        try end(jobID, as: .finished)
    }

    /// A run fails, and is not tried again; one that is still queued is started first.
    ///
    /// - Throws: `RedisCronError` with code `.noSuchJob` if no run of that id is open.
    public func fail(jobID: String) throws(RedisCronError) {
        try end(jobID, as: .failed)
    }

    private func end(_ jobID: String, as phase: RedisModel.Phase) throws(RedisCronError) {
        let isEnded = RQJobID(jobID).map { job in
            memory.change { [now] model in
                _ = model.startJob(job, at: now)
                return model.endJob(job, as: phase, at: now)
            }
        }
        guard isEnded == true else {
            throw RedisCronError(.noSuchJob, id: jobID, "no run with that job id is queued or running")
        }
    }

    /// What became of the runs of a definition and which planned times were refused, the newest first.
    ///
    /// As `RedisCronJob.runs` tells it: of the runs that are over the last 20 are kept, unless the definition's policy says
    /// otherwise.
    ///
    /// - Throws: `RedisCronError` with code `.noSuchJob`, and `.cancelled` when the task is cancelled.
    public func runs(of id: String) async throws(RedisCronError) -> [RunRecord] {
        let job = try job(id)
        return try await RedisCronError.unifying {
            if hasBegun.withLock({ $0 }) { try await record() }
            let (key, model) = (DefinitionID(id), memory.model)
            return KnownRuns(
                key, latest: job.latestEnqueueTime, history: job.policy.history, ended: model.endedRuns[key] ?? [],
                open: (model.tracked[.open] ?? []).filter { $0.definition == key }.sorted { $0.at < $1.at },
                refusals: model.refusals[key] ?? [], log: LoggedRuns(model.runLog, recent: model.recentRuns)
            ).records
        }
    }

    /// Finds out what has become of runs, as the leader does.
    private func record() async throws {
        let ids = deleted.withLock { ids in
            defer { ids = [] }
            return ids
        }
        for id in ids { await scheduler.definitionDeleted(id) }
        try await scheduler.recordRuns()
    }

    // MARK: Time

    /// Lets time pass, and runs the scheduler at each instant at which something is due.
    ///
    /// - Returns: The runs that were queued, in order.
    /// - Throws: `RedisCronError` with code `.cancelled` when the task is cancelled; time has passed up to a run then.
    @discardableResult
    public func advance(by duration: Duration) async throws(RedisCronError) -> [Run] {
        try await advance(to: now + duration)
    }

    /// Lets time pass until the clock shows `end`, which counts; an instant in the past changes nothing.
    ///
    /// - Returns: The runs that were queued, in order.
    /// - Throws: `RedisCronError` with code `.cancelled` when the task is cancelled; time has passed up to a run then.
    @discardableResult
    public func advance(to end: Timestamp) async throws(RedisCronError) -> [Run] {
        try await RedisCronError.unifying {
            if !hasBegun.withLock({ $0 }) {
                try await scheduler.begin()
                hasBegun.withLock { $0 = true }
            }
            var runs = try await tick()
            while let due = nextDue, due <= end {
                try Task.checkCancellation()
                clock.advance(by: max(.zero, due - now))
                runs += try await tick()
                // What no tick moves would be due for ever.
                if nextDue == due { throw RedisCronError(.redis, "the entry due at \(due) cannot be moved on") }
            }
            clock.advance(by: max(.zero, end - now))
            return runs
        }
    }

    /// Lets time pass while no scheduler runs, as in an outage: what is missed is made up for by the next ``advance(to:)``.
    public func stop(until end: Timestamp) {
        clock.advance(by: max(.zero, end - now))
    }

    /// When something is to be queued, looked at again, or deleted.
    private var nextDue: Timestamp? {
        let model = memory.model
        return [model.index.values.min().map(Timestamp.init(score:)), model.deletions.values.min()].compactMap(\.self)
            .min()
    }

    private func tick() async throws -> [Run] {
        // What has ended by now is known when the next run is due.
        try await record()
        let (enqueuedAt, model) = (now, memory.model)
        let queued = try await scheduler.tick()
        let news = scheduler.takeEvents().filter(\.isAboutPolicy)
        told.withLock { $0 += news }
        return queued.compactMap { id, planned in
            let key = DefinitionID(id)
            return model.definitions[key].map {
                Run(
                    id: id, jobID: RQJobID.planned(definition: key.bytes, at: planned).description, planned: planned,
                    enqueuedAt: enqueuedAt, call: $0.hash.call.planned(for: planned))
            }
        }
    }
}

extension SchedulerEvent {
    /// Whether it tells what a policy did.
    fileprivate var isAboutPolicy: Bool {
        switch self {
        case .refused, .finished, .paused, .replaced, .deletedFinished: true
        default: false
        }
    }
}
