package import CronFiles
public import RQWire

/// Queues RQ jobs by definitions that live in Redis and may be added, edited and deleted at any time.
///
/// Redis is the source of truth: each tick reads the due ids from the index, and their definitions from Redis or from a
/// cache that follows every change. One scheduler leads at a time, by a lock; ``LockHeldPolicy`` says what the others do.
///
/// ```swift
/// let connection = try RedisCronConnection(url: "redis://localhost:6379/0")
/// var options = RedisCronScheduler.Options()
/// options.definitions = [
///     CronJobDeclaration(
///         id: "metric:pm25", call: CallSpec("app.tasks.rebuild", queue: "metrics", args: ["pm25"]),
///         schedule: .every(.seconds(300)))
/// ]
/// let scheduler = try RedisCronScheduler(connection: connection, options: options)
/// try await scheduler.run()
/// ```
public final class RedisCronScheduler: Sendable {
    /// Where the definitions live.
    public let connection: RedisCronConnection
    /// How this scheduler behaves.
    public let options: Options
    /// The name in RQ's registry of schedulers.
    public var name: String { actor.settings.name }

    let store: RedisStore
    let actor: SchedulerActor
    private let channel = EventChannel()
    /// What it keeps in Redis, source by source.
    private let kept: [CronJobDeclarations]

    /// Makes a scheduler.
    ///
    /// Nothing is sent to Redis yet.
    ///
    /// - Throws: ``RedisCronError`` with code `.invalidOption` if an option is out of its range, `.invalidDefinition` with
    ///   id and field for the first of ``Options/definitions`` that makes no sense.
    public convenience init(connection: RedisCronConnection, options: Options = Options()) throws(RedisCronError) {
        try self.init(connection: connection, options: options, files: [])
    }

    /// Makes a scheduler that keeps the definitions of files in Redis too.
    package convenience init(
        connection: RedisCronConnection, options: Options, files: [CronJobDeclarations]
    ) throws(RedisCronError) {
        try self.init(
            connection: connection, options: options, files: files,
            clock: SystemClock(loop: connection.eventLoop, turns: connection.turns))
    }

    /// Makes a scheduler that lives by another clock than the system's.
    package init(
        connection: RedisCronConnection, options: Options, files: [CronJobDeclarations] = [],
        clock: any SchedulerClock
    ) throws(RedisCronError) {
        self.connection = connection
        self.options = options
        self.kept = [options.definitions].filter { !$0.jobs.isEmpty } + files
        let settings = try SchedulerSettings(
            options: options, keys: connection.keys, createdAt: clock.now(), seed: UInt64.random(in: 0 ... .max),
            nameSuffix: connection.turns.nameSuffix(for: connection.keys.prefix), isHopeless: RedisStore.isHopeless)
        let loader = DefinitionLoader(
            zone: settings.zone, serializer: options.serializer, lockTTL: options.lockTTL)
        let replicas = try ReplicaWatch(options, commandTimeout: connection.client.options.commandTimeout) {
            [channel, logger = options.logger] event in
            logger(event)
            channel.send(event)
        }
        let store = RedisStore(
            connection: connection, loader: loader, replicas: replicas, history: settings.history)
        self.store = store
        self.actor = SchedulerActor(
            store: store, clock: clock, settings: settings, channel: channel, executor: connection.eventLoop,
            listing: options.writesRQHistory
                ? RQCronListing(connection: connection, schedulerName: settings.name) : nil,
            rqHistory: options.writesRQHistory ? RQHistoryWriter(connection) : nil)
        do throws(DeclarationError) {
            try CronJobDeclarations(jobs: kept.flatMap(\.jobs)).checkIDs()
            for declarations in kept {
                for declaration in declarations.jobs {
                    let schedule = declaration.schedule
                    // What exclusions leave of an interval without a start depends on the grid that it has in Redis.
                    let isGridKnown = schedule.interval == nil || schedule.startTime != nil
                    _ = try connection.job(declaration, isNew: isGridKnown, defaultZone: settings.zone)
                }
            }
        } catch {
            throw RedisCronError(.invalidDefinition, id: error.id, field: error.field, error.message)
        }
    }

    /// Applies what is kept in Redis; `nil` where that is nothing.
    private var application: SchedulerActor.Application? {
        guard !kept.isEmpty else { return nil }
        return {
            var events: [SchedulerEvent] = []
            for declarations in self.kept {
                let plan = try await self.connection.apply(declarations, assuming: self.actor.settings.zone)
                events.append(plan.applied)
            }
            return events
        }
    }

    /// What the scheduler does, for logging, counting and testing without parsing text.
    ///
    /// Each iteration sees everything that happens after it began; see ``SchedulerEvents``.
    public var events: SchedulerEvents { SchedulerEvents(channel: channel) }

    /// The same without what becomes of each run, which costs nothing where nobody wants to know.
    package var eventsOfItsLife: SchedulerEvents { SchedulerEvents(channel: channel, withRuns: false) }

    /// Leads, or waits to lead, until the task is cancelled.
    ///
    /// Cancellation is a clean stop, not an error: the batch in flight is finished, the registry entry and the lock are
    /// released, and `run()` returns. What has not ended within ``Options/shutdownBound`` is abandoned; the lock then
    /// expires by itself. A scheduler runs once.
    ///
    /// With the trait `ServiceLifecycle` a graceful shutdown of the group of services that runs it is the same stop.
    ///
    /// When Redis goes away, `run()` does not return: it tries again, with growing pauses.
    ///
    /// ``events`` end when it returns or throws, and the lines of the log are written by then, or a second has passed.
    ///
    /// - Throws: ``RedisCronError`` with code `.lockHeld` if another scheduler leads and the policy is
    ///   ``LockHeldPolicy/fail``, `.lockLost` if another one got the lock meanwhile (same policy), `.alreadyRunning` if
    ///   it runs or has run, and the error of the first contact with Redis, if that fails (with
    ///   ``LockHeldPolicy/standBy`` only if waiting cannot help, as with a wrong password).
    public func run() async throws(RedisCronError) {
        do {
            try await RedisCronError.unifying {
                try await withTaskExecutorPreference(connection.eventLoop) {
                    let turn = LockTurn(
                        turns: connection.turns, place: connection.turns.join(keyPrefix: connection.keys.prefix),
                        look: { [connection] in try await connection.lockToken() })
                    defer { turn.turns.leave(turn.place) }
                    try await actor.run(applying: application, taking: turn)
                }
            }
        } catch {
            await options.logger.flush()
            throw error
        }
        await options.logger.flush()
    }

    // MARK: Driven by hand

    /// Takes the lock and enters RQ's registry, for those who drive the scheduler by hand; ``run()`` does it by itself.
    ///
    /// Applies ``Options/definitions``, as ``run()`` does.
    ///
    /// - Throws: ``RedisCronError`` with code `.lockHeld` if another scheduler leads, whatever the policy, and what the
    ///   connection throws; nothing is held then.
    public func registerBirth() async throws(RedisCronError) {
        try await RedisCronError.unifying {
            try await actor.beginByHand()
            guard let application else { return }
            do {
                try await actor.applyIfWanted(application)
            } catch {
                try? await actor.endByHand()
                throw error
            }
        }
    }

    /// Leaves RQ's registry and releases the lock, if it is still ours.
    ///
    /// The counterpart of ``registerBirth()``.
    ///
    /// - Throws: ``RedisCronError`` with code `.alreadyRunning` beside ``run()``, which releases the lock itself. Redis being
    ///   out of reach is not an error; ``SchedulerEvent/releaseFailed(reason:)`` says so.
    public func registerDeath() async throws(RedisCronError) {
        try await RedisCronError.unifying { try await actor.endByHand() }
        await options.logger.flush()
    }

    /// Extends the lock and renews the entry in RQ's registry.
    ///
    /// - Throws: ``RedisCronError`` with code `.lockLost` if the lock is not ours any more, `.notRegistered` if it never
    ///   was, and what the connection throws.
    public func heartbeat() async throws(RedisCronError) {
        guard await actor.isLeading else {
            throw RedisCronError(.notRegistered, "the scheduler holds no lock: call registerBirth() first")
        }
        let isOurs = try await RedisCronError.unifying { try await actor.heartbeat() }
        guard isOurs else { throw RedisCronError.lockLost(name) }
    }

    /// Queues what is due now; of a definition that makes up for all missed runs, at most 100 of them.
    ///
    /// May be called beside ``run()``, or by several tasks at once: no run is queued twice.
    ///
    /// - Returns: The definitions whose jobs were queued, as they are afterwards; none without the lock.
    /// - Throws: What the connection throws.
    @discardableResult
    public func enqueueJobs() async throws(RedisCronError) -> [RedisCronJob] {
        try await RedisCronError.unifying {
            let queued = try await actor.tick(collecting: true).queued
            // Beside `run()` its own task does that.
            if let application { try await actor.applyIfWanted(application) }
            return try await connection.jobs(ids: queued.map(\.entry.id))
        }
    }

    /// How long until the next definition is due: 0 when one is, at most ``Options/maxSleepInterval``.
    ///
    /// - Throws: What the connection throws.
    public func sleepInterval() async throws(RedisCronError) -> Duration {
        try await RedisCronError.unifying { try await actor.sleepInterval() }
    }

    /// Creates a definition, or edits the one of that id, and tells the schedulers.
    ///
    /// As ``RedisCronConnection/register(functionName:queueName:id:args:kwargs:interval:cron:timeZone:jobTimeout:resultTTL:ttl:failureTTL:meta:enabled:idGenerator:)``,
    /// with the zone and the id generator of ``options``. Needs no lock, and the scheduler need not run.
    ///
    /// - Throws: As on the connection.
    @discardableResult
    public func register(
        functionName: String, queueName: String, id: String? = nil, args: [JSONValue] = [], kwargs: JSONObject = [:],
        interval: Duration? = nil, cron: String? = nil, timeZone: String? = nil, jobTimeout: Duration? = nil,
        resultTTL: Duration? = .seconds(500), ttl: Duration? = nil, failureTTL: Duration? = nil,
        meta: JSONObject = [:], enabled: Bool? = nil, idGenerator: RedisCronJob.IDGenerator? = nil
    ) async throws(RedisCronError) -> RedisCronJob {
        let call = CallSpec(
            functionName, queue: queueName, args: args, kwargs: kwargs, jobTimeout: jobTimeout, resultTTL: resultTTL,
            ttl: ttl, failureTTL: failureTTL, meta: meta)
        let schedule = ScheduleSpec(interval: interval, cron: cron, timeZone: timeZone)
        return try await connection.register(
            id: id, call: call, schedule: schedule, enabled: enabled, idGenerator: idGenerator ?? options.idGenerator,
            assuming: actor.settings.zone)
    }

    /// How the scheduler is doing.
    public var health: SchedulerHealth {
        get async { await actor.currentHealth() }
    }

    /// What the scheduler has counted since it was made.
    public var metrics: SchedulerMetrics {
        get async { await actor.currentMetrics() }
    }

    /// Both, of the same moment.
    package func report() async -> (health: SchedulerHealth, metrics: SchedulerMetrics) {
        await actor.report()
    }

    /// Queues what is due now, as ``run()`` does each time it wakes.
    ///
    /// Unlike ``enqueueJobs()`` it reads no definition back, so that a benchmark can measure it. Does nothing without the
    /// lock.
    ///
    /// - Returns: How many jobs were queued.
    package func tick() async throws -> Int {
        try await withTaskExecutorPreference(connection.eventLoop) {
            try await actor.tick().enqueued
        }
    }
}
