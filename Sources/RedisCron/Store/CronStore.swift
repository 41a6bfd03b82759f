import RQWire

/// All that the scheduler does to Redis, one call for each round trip.
///
/// Two stores exist: ``RedisStore``, and a model in memory against which the scheduler is simulated. What a call
/// promises is written here, and both are held to it by the same tests.
protocol CronStore: Sendable {
    /// Takes the lock if nobody holds it, or extends it if it stands under this token already: so asking again after an
    /// answer that got lost is safe.
    ///
    /// - Returns: Whether it is now ours.
    func acquireLock(token: String, timeToLive: Duration) async throws -> Bool

    /// Who holds the lock, for a message; `nil` where nobody does or it cannot be told.
    func lockHolder() async throws -> LockHolder?

    /// Extends the lock, publishes the zone and renews the registry entry, in one step, if the lock is still ours.
    ///
    /// - Parameter isFirst: Whether it is the birth: the entry is written whole then.
    /// - Returns: Whether it was ours.
    func heartbeat(
        token: String, timeToLive: Duration, birth: SchedulerBirth, isFirst: Bool, now: Timestamp
    ) async throws -> Bool

    /// The zone that the present or the last leader published; `nil` where none has.
    func publishedZone() async throws -> String?

    /// Plans those definitions anew that name no zone and whose next run was planned in another one than ours.
    ///
    /// - Parameter previous: The zone that was published before ours. With `nil` whatever is no time of its schedule in
    ///   ours was planned in another.
    /// - Returns: How many.
    func planAnew(afterZone previous: String?) async throws -> Int

    /// Removes the registry entry and the lock, each if it is still ours.
    ///
    /// - Returns: Whether the lock was ours.
    func release(token: String, birth: SchedulerBirth) async throws -> Bool

    /// Reads what a tick starts from, in one round trip.
    func survey(until now: Timestamp, offset: Int, limit: Int) async throws -> Survey

    /// Reads the hashes of definitions, in the order of the ids, in one round trip.
    func definitions(_ ids: [DefinitionID]) async throws -> [Reading<LoadedDefinition>]

    /// Queues the jobs of a batch and moves their schedules, in one atomic step.
    func enqueue(_ batch: DueBatch, token: String, now: Timestamp) async throws -> BatchOutcome

    /// Settles index entries that lead to no run, in one atomic step. `token` is `nil` when the caller need not lead.
    func settle(_ entries: [UnsettledEntry], token: String?) async throws -> SettleOutcome

    /// Finds out whether a batch would be refused, and changes nothing.
    ///
    /// - Throws: What keeps a batch from being queued.
    func checkQueueing() async throws

    /// What is announced about definitions from now on.
    func announcements() async throws -> any AnnouncementReader

    /// Whether fewer replicas than wanted had the last batch that was waited for.
    var isMissingReplicas: Bool { get }

    /// What deserves attention in the settings of the server and in the lock.
    func findings() async throws -> [Finding]
}

extension CronStore {
    /// A store that is no server has no replicas.
    var isMissingReplicas: Bool { false }

    /// A store that is no server has no settings.
    func findings() async throws -> [Finding] { [] }

    /// A store that is no server refuses nothing.
    func checkQueueing() async throws {}

    /// A store that is no server plans nothing anew.
    func planAnew(afterZone previous: String?) async throws -> Int { 0 }

    /// A store that keeps no registry cannot tell.
    func lockHolder() async throws -> LockHolder? { nil }
}

/// Reads what is announced about definitions.
///
/// One task reads at a time.
protocol AnnouncementReader: Sendable {
    /// The next announcement, or `nil` when there will be none.
    ///
    /// - Throws: What ended the connection, and `CancellationError` or the like when the task is cancelled.
    func next() async throws -> Announcement?

    /// Ends the reading.
    func close() async
}

/// What a tick starts from.
struct Survey: Sendable {
    /// Entries due by the instant asked for, in order of their scores, at most as many as asked for.
    var due: [DueEntry]
    /// The lowest score that lies after that instant, if any.
    var nextScore: Double?
    /// The update marker, as it stands.
    var marker: [UInt8]?
}

/// An index entry that leads to no run.
struct UnsettledEntry: Sendable {
    var entry: DueEntry
    /// The time to which the definition says it belongs, or `nil` to prune or take out only.
    var nextScore: Timestamp?
    /// Whether the schedule has no further run, so that the entry is taken out.
    var isOver = false
    /// The `updated_at` of the definition that says so: nothing is done if another one stands there.
    ///
    /// `nil` means any.
    var version: [UInt8]?
}

/// News from the events channel.
enum Announcement: Sendable, Hashable {
    /// A definition changed.
    case changed(DefinitionID)
    /// A definition was deleted.
    case deleted(DefinitionID)
    /// Something was announced that cannot be understood, or more than could be held: everything may have changed.
    case anything
}
