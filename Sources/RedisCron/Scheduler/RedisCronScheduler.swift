import RQWire

/// Queues RQ jobs by definitions that live in Redis and may be added, edited and deleted at any time.
///
/// Redis is the source of truth: each tick reads the due ids from the index, and their definitions from Redis or from a
/// cache that follows every change. One scheduler leads at a time, by a lock; see ``LockHeldPolicy`` for what the others
/// do.
///
/// ```swift
/// let connection = try RedisCronConnection(url: RedisURL("redis://localhost:6379/0"))
/// let scheduler = try RedisCronScheduler(connection: connection)
/// try await scheduler.register(
///     functionName: "app.tasks.rebuild", queueName: "metrics", id: "metric:pm25", args: ["pm25"], interval: 300)
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

    /// Makes a scheduler.
    ///
    /// Nothing is sent to Redis yet.
    ///
    /// - Throws: ``RedisCronError`` with code `.invalidOption` if an option is out of its range.
    public convenience init(connection: RedisCronConnection, options: Options = Options()) throws(RedisCronError) {
        try self.init(connection: connection, options: options, clock: SystemClock(loop: connection.eventLoop))
    }

    /// Makes a scheduler that lives by another clock than the system's.
    package init(
        connection: RedisCronConnection, options: Options, clock: any SchedulerClock
    ) throws(RedisCronError) {
        self.connection = connection
        self.options = options
        let loader = DefinitionLoader(zone: options.timeZone, serializer: options.serializer)
        let replicas = try ReplicaWatch(options, commandTimeout: connection.client.options.commandTimeout) {
            [channel, logger = options.logger] event in
            logger(event.level, event.line)
            channel.send(event)
        }
        let store = RedisStore(connection: connection, loader: loader, replicas: replicas)
        let settings = try SchedulerSettings(
            options: options, keys: connection.keys, createdAt: clock.now(), seed: UInt64.random(in: 0 ... .max),
            isHopeless: RedisStore.isHopeless)
        self.store = store
        self.actor = SchedulerActor(
            store: store, clock: clock, settings: settings, channel: channel, executor: connection.eventLoop)
    }

    /// What the scheduler does, for logging, counting and testing without parsing text.
    ///
    /// Each iteration begins with what happens next and sees everything from then on; see ``SchedulerEvents``.
    public var events: SchedulerEvents { SchedulerEvents(channel: channel) }

    /// Leads, or waits to lead, until the task is cancelled.
    ///
    /// Cancellation is a clean stop, not an error: the batch in flight is finished, the registry entry and the lock are
    /// released, and `run()` returns. What has not ended within ``Options/shutdownBound`` is abandoned; the lock then
    /// expires by itself. A scheduler runs once.
    ///
    /// Redis going away is no reason to return: it is asked again, with growing pauses.
    ///
    /// - Throws: ``RedisCronError`` with code `.lockHeld` if another scheduler leads and the policy is
    ///   ``LockHeldPolicy/fail``, `.lockLost` if the lock became another's meanwhile (same policy), `.alreadyRunning` if
    ///   it runs or has run, and the error of the first contact with Redis, if that fails (with
    ///   ``LockHeldPolicy/standBy`` only if waiting cannot mend it, such as a wrong password).
    public func run() async throws {
        try await withTaskExecutorPreference(connection.eventLoop) {
            try await actor.run()
        }
    }

    /// Takes the lock and enters RQ's registry, for those who drive the scheduler by hand; ``run()`` does it by itself.
    ///
    /// - Throws: ``RedisCronError`` with code `.lockHeld` if another scheduler leads, whatever the policy.
    public func registerBirth() async throws {
        try await actor.beginByHand()
    }

    /// Leaves RQ's registry and releases the lock, if it is still ours.
    ///
    /// The counterpart of ``registerBirth()``.
    public func registerDeath() async throws {
        try await actor.endByHand()
    }

    /// Extends the lock and renews the entry in RQ's registry.
    ///
    /// - Throws: ``RedisCronError`` with code `.lockLost` if the lock is not ours any more, `.notRegistered` if it never
    ///   was.
    public func heartbeat() async throws {
        guard await actor.isLeading else {
            throw RedisCronError(.notRegistered, "the scheduler holds no lock: call registerBirth() first")
        }
        guard try await actor.heartbeat() else { throw RedisCronError.lockLost(name) }
    }

    /// Queues what is due now.
    ///
    /// - Returns: The definitions whose jobs were queued, as they stand afterwards; none without the lock.
    @discardableResult
    public func enqueueJobs() async throws -> [RedisCronJob] {
        let queued = try await actor.tick(collecting: true).queued
        return try await connection.jobs(ids: queued.map(\.entry.id))
    }

    /// How long until the next definition is due: 0 when one is, at most ``Options/maxSleepInterval``.
    public func sleepInterval() async throws -> Duration {
        try await actor.sleepInterval()
    }

    /// How the scheduler is doing.
    public var health: SchedulerHealth {
        get async { await actor.currentHealth() }
    }
}
