package import RQWire

/// All that the scheduler does to Redis, one call for each round trip.
///
/// There are two stores: ``RedisStore``, and one in memory for tests. What a call promises is written here, and the same tests
/// check both.
package protocol CronStore: Sendable {
    /// Takes the lock if nobody holds it, or extends it if it is held under this token already. So it is safe to ask again
    /// when an answer was lost.
    ///
    /// - Returns: Whether it is now ours.
    func acquireLock(token: String, timeToLive: Duration) async throws -> Bool

    /// Who holds the lock, for a message; `nil` if nobody does or the store cannot tell.
    func lockHolder() async throws -> LockHolder?

    /// Extends the lock, publishes the zone and renews the registry entry, in one step, if the lock is still ours.
    ///
    /// - Parameter isFirst: Whether the scheduler registers with it: then the entry is written whole.
    /// - Returns: Whether it was ours.
    func heartbeat(
        token: String, timeToLive: Duration, registration: SchedulerRegistration, isFirst: Bool, now: Timestamp
    ) async throws -> Bool

    /// The zone that the present or the last leader published; `nil` where none has.
    func publishedZone() async throws -> String?

    /// Plans those definitions anew that name no zone and whose next run was planned in another one than ours.
    ///
    /// - Parameter previous: The zone that was published before ours. With `nil`, whatever does not fit its schedule in
    ///   ours was planned in another.
    /// - Returns: How many.
    func planAnew(afterZone previous: String?) async throws -> Int

    /// Removes the registry entry and the lock, each if it is still ours.
    ///
    /// - Returns: Whether the lock was ours.
    func release(token: String, registration: SchedulerRegistration) async throws -> Bool

    /// The server's clock; `nil` for a store that has none of its own.
    func serverTime() async throws -> Timestamp?

    /// Deletes definitions that have been finished for as long as they said, each in one atomic step.
    ///
    /// - Returns: The ids of those that were deleted, at most 100.
    func deleteFinished(token: String, now: Timestamp) async throws -> [DefinitionID]

    /// Reads a page of what is due.
    ///
    /// - Parameter score: The score that all entries of the index up to `offset` have, in Redis' bytes, where more of them are
    ///   expected. If they fill the page, entries with a lower score are left out of it; otherwise it makes no difference.
    func fetchDue(until now: Timestamp, offset: Int, limit: Int, sharing score: [UInt8]?) async throws -> DuePage

    /// Reads the hashes of definitions, in the order of the ids, in one round trip.
    func definitions(_ ids: [DefinitionID]) async throws -> [Reading<LoadedDefinition>]

    /// Queues the jobs of a batch and moves their schedules, in one atomic step.
    func enqueue(_ batch: DueBatch, token: String, now: Timestamp) async throws -> BatchOutcome

    /// Makes index entries that lead to no run agree with their definitions, in one atomic step.
    ///
    /// - Parameter token: `nil` when the caller need not lead.
    func reconcile(_ entries: [StaleEntry], token: String?) async throws -> ReconcileOutcome

    /// Finds out whether a batch would be refused, and changes nothing.
    ///
    /// - Throws: What keeps a batch from being queued.
    func checkQueueing() async throws

    /// What is announced about definitions from now on.
    func announcements() async throws -> any AnnouncementReader

    // MARK: Runs

    /// The oldest entries of the log of runs, as they stand there.
    func runLog(limit: Int) async throws -> [[UInt8]]

    /// Takes entries off the log and puts what they tell where it is read, in one atomic step, if the log still begins with them.
    ///
    func unfold(_ unfolding: Unfolding, token: String, now: Timestamp) async throws -> UnfoldOutcome

    /// The runs of one place, in the order of their members; those that are no runs are left out.
    ///
    /// - Parameters:
    ///   - member: Those behind this member; `nil` for the first.
    ///   - limit: The most members that are read.
    /// - Returns: The runs, and the last member that was read; `nil` when there is none behind it.
    func trackedRuns(
        _ place: RunPlace, after member: [UInt8]?, limit: Int
    ) async throws -> (runs: [TrackedRun], last: [UInt8]?)

    /// Finds out what has become of runs, in their order. Changes nothing.
    func look(at runs: [RunToLookAt], now: Timestamp) async throws -> [RunFinding]

    /// The runs that were queued last and have not been looked at; elements that hold no runs are left out.
    func recentRuns() async throws -> [RunPortion]

    /// Records what became of runs, each once.
    ///
    /// - Parameter settlement: A portion that is taken out, in one atomic step with all changes, which are of its runs. Without one, a
    ///   step makes some of the changes, which are of runs that stand in the places that they name.
    func record(
        _ changes: [RunChange], settling settlement: RunSettlement?, token: String, now: Timestamp
    ) async throws -> RecordOutcome

    /// The runs of a definition that are over, the newest first.
    func endedRuns(of definition: DefinitionID) async throws -> [EndedRun]

    /// Where runs stand, in their order. Changes nothing.
    func standings(of runs: [TrackedRun]) async throws -> [RunStanding]

    /// Removes all that is kept of the runs of definitions that are gone, of those that are given.
    ///
    /// - Returns: Those that are gone.
    @discardableResult
    func forgetRuns(of definitions: [DefinitionID]) async throws -> [DefinitionID]

    /// Looks through definitions of which runs are kept: forgets those of definitions that are gone.
    ///
    /// - Parameter cursor: Where to go on; 0 to begin.
    /// - Returns: Where to go on; 0 at the end.
    func sweepRuns(from cursor: Int) async throws -> Int

    /// Removes the runs that were over longest ago, until no more are kept than that.
    ///
    /// - Returns: How many are kept.
    func trimRuns(to total: Int) async throws -> Int

    /// Whether fewer replicas than wanted acknowledged the last batch that was waited for.
    var isMissingReplicas: Bool { get }

    /// How many connections were made after the first one.
    var reconnects: Int { get async }

    /// Which server holds the data; `nil` where it does not say.
    func serverLineage() async throws -> ServerLineage?

    /// What deserves attention in the server's settings and in the lock.
    func findings() async throws -> [Finding]
}

extension CronStore {
    /// Reads a page of what is due, in one round trip.
    package func fetchDue(until now: Timestamp, offset: Int, limit: Int) async throws -> DuePage {
        try await fetchDue(until: now, offset: offset, limit: limit, sharing: nil)
    }

    /// A store without a server has no replicas.
    package var isMissingReplicas: Bool { false }

    /// A store without a server has no connection.
    package var reconnects: Int { get async { 0 } }

    /// A store without a server has no settings.
    package func findings() async throws -> [Finding] { [] }

    /// A store without a server goes by the scheduler's clock.
    package func serverTime() async throws -> Timestamp? { nil }

    /// A store without a server refuses nothing.
    package func checkQueueing() async throws {}

    /// A store without a server plans nothing anew.
    package func planAnew(afterZone previous: String?) async throws -> Int { 0 }

    /// A store that keeps no registry cannot tell.
    package func lockHolder() async throws -> LockHolder? { nil }
}

/// Reads what is announced about definitions.
///
/// One task reads at a time.
package protocol AnnouncementReader: Sendable {
    /// The next announcement, or `nil` when there will be none.
    ///
    /// - Throws: What ended the connection, and `CancellationError` or the like when the task is cancelled.
    func next() async throws -> Announcement?

    /// Ends the reading.
    func close() async
}

/// News from the events channel.
package enum Announcement: Sendable, Hashable {
    /// A definition changed.
    case changed(DefinitionID)
    /// A definition was deleted.
    case deleted(DefinitionID)
    /// Something that cannot be understood was announced, or more than could be buffered: everything may have changed.
    case anything
}
