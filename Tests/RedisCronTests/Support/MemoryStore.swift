import RQWire
import TestSupport
import Testing

@testable import RedisCron

/// The promises of ``CronStore`` in a few dictionaries, for tests that need no server.
final class MemoryStore: CronStore {
    struct State: Sendable {
        var lock: String?
        var zone: String?
        var registry: Set<String> = []
        var definitions: [DefinitionID: CronJobHash] = [:]
        /// Definitions that cannot be understood, with the reason.
        var unreadable: [DefinitionID: String] = [:]
        var index: [DefinitionID: Timestamp] = [:]
        /// RQ's own names.
        var foreign: Set<DefinitionID> = []
        var marker: [UInt8]?
        /// Ids of queued jobs, in order.
        var queued: [RQJobID] = []
        var readers: [AsyncThrowingStream<Announcement, any Error>.Continuation] = []
    }

    let state = Observed(State())

    /// Puts a definition there, as an editor would, without an event.
    func put(_ definition: CronJobHash, at score: Timestamp?) {
        let id = DefinitionID(definition.id)
        state.update { state in
            state.definitions[id] = definition
            state.index[id] = score
        }
    }

    /// Tells all readers.
    func announce(_ announcement: Announcement) {
        for reader in state.current.readers { reader.yield(announcement) }
    }

    /// Cuts the events channel.
    func cutChannel(_ error: any Error) {
        let readers = state.update { state in
            defer { state.readers = [] }
            return state.readers
        }
        for reader in readers { reader.finish(throwing: error) }
    }

    func acquireLock(token: String, timeToLive: Duration) async throws -> Bool {
        state.update { state in
            state.lock = state.lock ?? token
            return state.lock == token
        }
    }

    func heartbeat(
        token: String, timeToLive: Duration, birth: SchedulerBirth, isFirst: Bool, now: Timestamp
    ) async throws -> Bool {
        state.update { state in
            guard state.lock == token else { return false }
            state.registry.insert(birth.name)
            state.zone = birth.timeZone
            return true
        }
    }

    func publishedZone() async throws -> String? { state.current.zone }

    func release(token: String, birth: SchedulerBirth) async throws -> Bool {
        state.update { state in
            state.registry.remove(birth.name)
            guard state.lock == token else { return false }
            state.lock = nil
            return true
        }
    }

    func survey(until now: Timestamp, offset: Int, limit: Int) async throws -> Survey {
        let state = state.current
        let sorted = state.index.sorted {
            ($0.value, $0.key.display) < ($1.value, $1.key.display)
        }
        let due = sorted.prefix { $0.value <= now }.dropFirst(offset).prefix(limit)
        return Survey(
            due: due.map { DueEntry(id: $0.key, rawScore: $0.value.redisScore) },
            nextScore: sorted.first { $0.value > now }?.value.score, marker: state.marker)
    }

    func definitions(_ ids: [DefinitionID]) async throws -> [Reading<LoadedDefinition>] {
        let state = state.current
        return ids.map { id in
            if let reason = state.unreadable[id] { return .unreadable(field: nil, reason: reason) }
            return state.definitions[id]?.prepared() ?? .missing
        }
    }

    func enqueue(_ batch: DueBatch, token: String, now: Timestamp) async throws -> BatchOutcome {
        state.update { state in
            guard state.lock == token else { return .lockLost }
            return .done(batch.runs.map { state.enqueue($0, now: now) })
        }
    }

    func settle(_ entries: [UnsettledEntry], token: String?) async throws -> SettleOutcome {
        state.update { state in
            guard token == nil || state.lock == token else { return .lockLost }
            return .done(entries.map { state.settle($0) })
        }
    }

    func announcements() async throws -> any AnnouncementReader {
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: Announcement.self)
        state.update { $0.readers.append(continuation) }
        return Reader(stream: stream, continuation: continuation)
    }

    private actor Reader: AnnouncementReader {
        private let stream: AsyncThrowingStream<Announcement, any Error>
        private let continuation: AsyncThrowingStream<Announcement, any Error>.Continuation

        init(
            stream: AsyncThrowingStream<Announcement, any Error>,
            continuation: AsyncThrowingStream<Announcement, any Error>.Continuation
        ) {
            self.stream = stream
            self.continuation = continuation
        }

        func next() async throws -> Announcement? {
            var iterator = stream.makeAsyncIterator()
            return try await iterator.next()
        }

        func close() {
            continuation.finish()
        }
    }
}

extension MemoryStore.State {
    fileprivate mutating func enqueue(_ run: PlannedRun, now: Timestamp) -> JobOutcome {
        let id = run.definition.id
        guard index[id]?.redisScore == run.entry.rawScore else { return .movedByOther }
        guard let definition = definitions[id], definition.version == run.definition.version else { return .stale }
        let job = RQJobID.planned(definition: id.bytes, at: run.planned)
        let outcome: JobOutcome = run.isReplay ? .advanced : queued.contains(job) ? .duplicate : .queued
        guard outcome != .duplicate else { return outcome }
        if outcome == .queued {
            queued.append(job)
            definitions[id]?.latestEnqueueTime = now
        }
        definitions[id]?.nextEnqueueTime = run.next
        index[id] = run.next
        return outcome
    }

    fileprivate mutating func settle(_ unsettled: UnsettledEntry) -> EntryOutcome {
        let id = unsettled.entry.id
        guard index[id]?.redisScore == unsettled.entry.rawScore else { return .leftAlone }
        guard let definition = definitions[id] else {
            if foreign.contains(id) { return .foreign }
            index[id] = nil
            return .pruned
        }
        if !definition.enabled {
            index[id] = nil
            return .disabled
        }
        if let version = unsettled.version, version != definition.version { return .leftAlone }
        if let next = unsettled.nextScore {
            if unsettled.version != nil { definitions[id]?.nextEnqueueTime = next }
            index[id] = next
            return .moved
        }
        guard unsettled.isOver else { return .leftAlone }
        index[id] = nil
        return .over
    }
}

extension CronJobHash {
    /// `updated_at` as it stands in Redis.
    var version: [UInt8] { Field.updatedAt.bytes(of: self) }
}
