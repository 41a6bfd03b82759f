package import RQWire
import RedisBridge
package import RedisCron

/// A store without a server: ``RedisModel`` behind a lock, with a channel for announcements.
///
/// Nothing is announced by itself: whoever changes a definition says so, or leaves it to the scheduler's next look.
package final class MemoryStore: CronStore {
    private struct State {
        var model: RedisModel
        var readers: [Int: AsyncThrowingStream<Announcement, any Error>.Continuation] = [:]
        var lastReader = 0
        var connections = 1
        var restarts = 0
        var hidesLineage = false
    }

    private let state: Guarded<State>
    private let serverTime: @Sendable () -> Timestamp
    private let history: Int

    /// Makes an empty store.
    ///
    /// - Parameters:
    ///   - book: Makes of definitions what the scheduler needs.
    ///   - history: How many runs a definition keeps that does not say so itself.
    ///   - serverTime: The server's clock, by which keys expire. If it does not move, none does.
    package init(
        book: ContentBook = ContentBook(), history: Int = 20, serverTime: @escaping @Sendable () -> Timestamp
    ) {
        self.serverTime = serverTime
        self.history = history
        state = Guarded(State(model: RedisModel(time: serverTime(), book: book)))
    }

    /// What is in the store, as a snapshot.
    package var model: RedisModel { change { $0 } }

    /// Looks at the store, or changes it.
    @discardableResult
    package func change<Value: Sendable>(_ body: (inout RedisModel) -> Value) -> Value {
        let now = serverTime()
        return state.withLock { state in
            state.model.time = now
            return body(&state.model)
        }
    }

    /// Puts a definition there, as an editor would, without an event.
    package func put(_ definition: CronJobHash, at score: Timestamp?) {
        change { model in
            model.put(definition)
            model.setScore(score?.score, of: DefinitionID(definition.id))
        }
    }

    // MARK: Connections

    /// Cuts the connection for commands: the next one is made at once.
    package func cutConnection() {
        state.withLock { $0.connections += 1 }
    }

    /// Has another server answer from now on, with the same data until they are changed.
    ///
    /// - Parameter isSilent: Whether it does not say which one it is.
    package func restart(isSilent: Bool = false) {
        cutConnection()
        state.withLock { state in
            state.restarts += 1
            state.hidesLineage = isSilent
        }
    }

    package var reconnects: Int { get async { state.withLock { $0.connections } - 1 } }

    package func serverLineage() async throws -> ServerLineage? {
        state.withLock { state in
            state.hidesLineage ? nil : ServerLineage(runID: "\(state.restarts)", replicationID: "\(state.restarts)")
        }
    }

    // MARK: Announcements

    /// How many read the channel.
    package var readerCount: Int { state.withLock { $0.readers.count } }

    /// Tells all readers.
    package func announce(_ announcement: Announcement) {
        for reader in state.withLock({ Array($0.readers.values) }) { reader.yield(announcement) }
    }

    /// Cuts the channel: every reader gets the error.
    package func cutChannel(_ error: any Error) {
        let readers = state.withLock { state in
            defer { state.readers = [:] }
            return Array(state.readers.values)
        }
        for reader in readers { reader.finish(throwing: error) }
    }

    private struct Reader: AnnouncementReader {
        let stream: AsyncThrowingStream<Announcement, any Error>
        let continuation: AsyncThrowingStream<Announcement, any Error>.Continuation

        func next() async throws -> Announcement? {
            var iterator = stream.makeAsyncIterator()
            return try await iterator.next()
        }

        func close() async {
            continuation.finish()
        }
    }

    package func announcements() async throws -> any AnnouncementReader {
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: Announcement.self)
        state.withLock { state in
            state.lastReader += 1
            state.readers[state.lastReader] = continuation
        }
        return Reader(stream: stream, continuation: continuation)
    }

    // MARK: The other calls

    package func acquireLock(token: String, timeToLive: Duration) async throws -> Bool {
        change { $0.acquireLock(token: token, timeToLive: timeToLive) }
    }

    package func heartbeat(
        token: String, timeToLive: Duration, registration: SchedulerRegistration, isFirst: Bool, now: Timestamp
    ) async throws -> Bool {
        change { model in
            model.heartbeat(
                token: token, timeToLive: timeToLive, registration: registration, isFirst: isFirst, now: now)
        }
    }

    package func publishedZone() async throws -> String? { change { $0.timeZone } }

    package func release(token: String, registration: SchedulerRegistration) async throws -> Bool {
        change { $0.release(token: token, registration: registration) }
    }

    package func fetchDue(
        until now: Timestamp, offset: Int, limit: Int, sharing score: [UInt8]?
    ) async throws -> DuePage {
        change { $0.fetchDue(until: now, offset: offset, limit: limit, sharing: score) }
    }

    package func deleteFinished(token: String, now: Timestamp) async throws -> [DefinitionID] {
        change { $0.deleteFinished(token: token, now: now) }
    }

    package func definitions(_ ids: [DefinitionID]) async throws -> [Reading<LoadedDefinition>] {
        change { $0.fetch(ids) }
    }

    package func enqueue(_ batch: DueBatch, token: String, now: Timestamp) async throws -> BatchOutcome {
        change { [history] in $0.enqueue(batch, token: token, now: now, history: history) }
    }

    package func reconcile(_ entries: [StaleEntry], token: String?) async throws -> ReconcileOutcome {
        change { $0.reconcile(entries, token: token) }
    }

    // MARK: Runs

    package func runLog(limit: Int) async throws -> [[UInt8]] {
        change { $0.runLog(limit: limit) }
    }

    package func unfold(_ unfolding: Unfolding, token: String, now: Timestamp) async throws -> UnfoldOutcome {
        change { $0.unfold(unfolding, token: token, now: now) }
    }

    package func trackedRuns(
        _ place: RunPlace, after member: [UInt8]?, limit: Int
    ) async throws -> (runs: [TrackedRun], last: [UInt8]?) {
        change { $0.trackedRuns(place, after: member, limit: limit) }
    }

    package func look(at runs: [RunToLookAt], now: Timestamp) async throws -> [RunFinding] {
        change { $0.look(at: runs, now: now) }
    }

    package func recentRuns() async throws -> [RunPortion] {
        change { $0.recentRuns }
    }

    package func record(
        _ changes: [RunChange], settling settlement: RunSettlement?, token: String, now: Timestamp
    ) async throws -> RecordOutcome {
        change { $0.record(changes, settling: settlement, token: token, now: now) }
    }

    package func endedRuns(of definition: DefinitionID) async throws -> [EndedRun] {
        change { $0.endedRuns[definition] ?? [] }
    }

    package func standings(of runs: [TrackedRun]) async throws -> [RunStanding] {
        change { $0.standings(of: runs) }
    }

    package func forgetRuns(of definitions: [DefinitionID]) async throws -> [DefinitionID] {
        change { $0.forgetRuns(of: definitions) }
    }

    package func sweepRuns(from cursor: Int) async throws -> Int {
        change { $0.sweepRuns(from: cursor) }
    }

    package func trimRuns(to total: Int) async throws -> Int {
        change { $0.trimRuns(to: total) }
    }
}
