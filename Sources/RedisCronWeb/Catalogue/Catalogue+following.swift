import RQWire
import RedisBridge
import RedisCron

/// Keeps the catalogue in step with Redis.
///
/// All definitions are read at the start, page by page. From then on those are read that are announced. What ticks move is not
/// announced: once a second, while somebody looks, those are looked at whose time has come, and those of which a run was recorded. For
/// metrics and for the list of all prefixes that is done less often where there are many prefixes.
extension Catalogue {
    /// How many definitions are read in one round trip: few, because a thread that a scheduler may share decodes them.
    private static let pageSize = 100
    /// How often announcements are taken in.
    private static let step: Duration = .milliseconds(200)
    /// How long its task rests at most while there is nothing to do.
    private static let longestRest: Duration = .seconds(60)
    /// How many definitions that are due are looked at in one look.
    private static let mostDue = 10_000
    /// How many definitions of which a run was recorded are looked at in one look.
    private static let mostRecorded = 5_000
    /// How many announcements are kept until they are read.
    private static let mostAnnounced = 100_000
    private static let retryPause: Duration = .seconds(1)

    /// Follows Redis until the task is cancelled.
    func follow() async {
        defer { feed.finish() }
        status.progress = .loading(read: 0, of: nil)
        while !Task.isCancelled {
            do {
                try await followOnce()
            } catch {
                guard !Task.isCancelled else { return }
                disconnected(because: error)
                // Cancelled, the loop ends.
                try? await Task.sleep(for: Self.retryPause)
            }
        }
    }

    private func followOnce() async throws {
        let subscription = try await subscribe()
        let reader = RedisAnnouncements(subscription: subscription)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                // On the thread where they come: to wake another one for each costs more than to note it.
                group.addTask(executorPreference: self.connection.eventLoop) { try await self.listen(to: reader) }
                group.addTask { try await self.keepUp() }
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch {
            await reader.close()
            throw error
        }
        await reader.close()
    }

    private func subscribe() async throws -> RedisSubscription {
        let (channels, limit) = ([connection.keys.events], 16_384)
        if let announcing {
            do throws(RedisError) {
                return try await announcing.client.subscribe(to: channels, bufferLimit: limit)
            } catch {
                // An app may have ended its scheduler, and not its page.
                guard error.code == .closed else { throw error }
            }
        }
        return try await connection.client.subscribe(to: channels, bufferLimit: limit)
    }

    /// Takes announcements off the channel.
    private func listen(to reader: RedisAnnouncements) async throws {
        while let announcement = try await reader.next() {
            switch announcement {
            case .changed(let id), .deleted(let id): noteAnnounced(id)
            case .anything:
                hasMissedAnnouncements = true
                wake()
            }
        }
    }

    private func noteAnnounced(_ id: DefinitionID) {
        if announced.count < Self.mostAnnounced { announced.insert(id) } else { hasMissedAnnouncements = true }
        wake()
    }

    private func keepUp() async throws {
        try await load()
        while true {
            try await pause()
            if hasMissedAnnouncements { try await load() }
            try await readAnnounced()
            if let period = pollPeriod, !isPolling, lastPoll.map({ ContinuousClock.now - $0 >= period }) ?? true {
                try await poll()
            }
            publish()
        }
    }

    /// Waits until there may be something to do.
    ///
    /// What is announced is taken in together with what comes right behind it. Where nothing is, and nobody looks, it rests, so that a
    /// hundred catalogues cost nothing.
    private func pause() async throws {
        if !hasAnnouncements, !changes.areWaiting {
            await rest(for: untilPoll ?? Self.longestRest)
            try Task.checkCancellation()
        }
        if hasAnnouncements || changes.areWaiting { try await Task.sleep(for: Self.step) }
    }

    private var hasAnnouncements: Bool { hasMissedAnnouncements || !announced.isEmpty }

    /// How long it is until the next look at what moves by itself, and never less than a step, since a look may be under way; `nil` where
    /// nobody asks for it.
    private var untilPoll: Duration? {
        guard let period = pollPeriod else { return nil }
        return lastPoll.map { max(Self.step, $0 + period - ContinuousClock.now) } ?? Self.step
    }

    /// Rests until ``wake()``.
    private func rest(for limit: Duration) async {
        // Unstructured: whoever has something to do cancels it, without ending the task that waits for it.
        let rest = Task.detached {
            // Cancelled, it has ended.
            _ = try? await Task.sleep(for: limit)
        }
        self.rest = rest
        await withTaskCancellationHandler {
            await rest.value
        } onCancel: {
            rest.cancel()
        }
        self.rest = nil
    }

    // MARK: Reading all

    private func load() async throws {
        hasMissedAnnouncements = false
        announced = []
        try await readZone()
        try await readOverview()
        // What was recorded by now is read with the definitions.
        recorded = RecordedWindow(newest: try await newestRecord(), now: .now)
        status.progress = .loading(read: 0, of: nil)
        let ids = try await connection.definitions.scanIDs()
        for start in stride(from: 0, to: ids.count, by: Self.pageSize) {
            try Task.checkCancellation()
            try await read(Array(ids[start..<min(start + Self.pageSize, ids.count)]))
            status.progress = .loading(read: min(start + Self.pageSize, ids.count), of: ids.count)
            publish()
        }
        // Those that were not found may have come since: each is asked for.
        for id in table.ids(notIn: ids) { announced.insert(id) }
        try await readAnnounced()
        status.progress = .following
        changes.isStatusChanged = true
        publish()
    }

    /// When a run was recorded last, by the leader's clock; `nil` where none was, or a user may not look at runs.
    private func newestRecord() async throws -> Double? {
        do throws(RedisError) {
            return try await connection.definitions.newestRecord()
        } catch {
            guard error.isDenial else { throw error }
            return nil
        }
    }

    private func readAnnounced() async throws {
        while !announced.isEmpty {
            let ids = Array(announced.prefix(Self.pageSize))
            announced.subtract(ids)
            do {
                try await read(ids)
            } catch {
                announced.formUnion(ids)
                throw error
            }
        }
    }

    /// Reads definitions that were changed through the page, so that what is shown next shows the change.
    func renew(_ ids: [DefinitionID]) async {
        for start in stride(from: 0, to: ids.count, by: Self.pageSize) {
            // What fails is read again when its announcement comes.
            try? await read(Array(ids[start..<min(start + Self.pageSize, ids.count)]))
        }
        publish()
    }

    /// Reads definitions and takes in what they say.
    private func read(_ ids: [DefinitionID]) async throws {
        let now = Timestamp.now
        let listed = try await connection.definitions.listed(ids)
        status.asOf = now
        for (id, found) in zip(ids, listed) { take(found, of: id, now: now) }
    }

    private func take(_ found: DefinitionRepository.Listed, of id: DefinitionID, now: Timestamp) {
        if case .missing = found.reading {
            if table.remove(id) { changed(id, isListChanged: true) }
            return
        }
        let before = table[id]
        table.update(id) { row, pool in
            row.facts.forget(&pool)
            row.facts.take(found, now: now, pool: &pool)
        }
        guard let after = table[id] else { return }
        if before == nil || before?.facts.isSame(as: after.facts) == false {
            changed(id, isListChanged: before == nil)
        }
    }

    // MARK: Looking at what moves by itself

    /// Looks at what ticks and workers have done.
    func poll() async throws {
        isPolling = true
        lastPoll = .now
        defer { isPolling = false }
        try await readOverview()
        try await readDue()
        try await readRecorded()
    }

    /// Looks at definitions whose time has come: those that were looked at least recently first.
    private func readDue() async throws {
        let now = Timestamp.now
        let due = table.due(at: now, most: Self.mostDue)
        for start in stride(from: 0, to: due.count, by: 1_000) {
            let page = Array(due[start..<min(start + 1_000, due.count)])
            let scores = try await connection.definitions.scores(of: page)
            status.asOf = now
            var moved: [DefinitionID] = []
            for (id, score) in zip(page, scores) {
                if let score, let row = table[id], row.due == Timestamp(score: score).microseconds {
                    table.update(id) { row, _ in row.checked = UInt32(clamping: now.unixSeconds) }
                    // Nobody has queued it: it becomes overdue by being looked at.
                    if table[id]?.facts.state(at: now.microseconds) != row.facts.state(at: now.microseconds) {
                        changed(id)
                    }
                } else {
                    moved.append(id)
                }
            }
            try await readMoved(moved)
        }
    }

    private func readMoved(_ ids: [DefinitionID]) async throws {
        for start in stride(from: 0, to: ids.count, by: Self.pageSize) {
            let page = Array(ids[start..<min(start + Self.pageSize, ids.count)])
            let now = Timestamp.now
            for (id, moved) in zip(page, try await connection.definitions.moved(page)) {
                guard let row = table[id] else { continue }
                guard let updatedAt = moved.updatedAt, updatedAt.microseconds == row.updatedAt else {
                    noteAnnounced(id)
                    continue
                }
                table.update(id) { row, _ in row.facts.take(moved, now: now) }
                if table[id]?.facts.isSame(as: row.facts) == false { changed(id) }
            }
        }
    }

    /// Looks at definitions of which a run was recorded since the last look.
    private func readRecorded() async throws {
        let entries: [DueEntry]
        do throws(RedisError) {
            entries = try await connection.definitions.recorded(from: recorded.start, count: Self.mostRecorded)
        } catch {
            // A user who may not look at runs has a page without them.
            guard error.isDenial else { throw error }
            return
        }
        let ids = recorded.take(entries, now: .now, isAll: entries.count < Self.mostRecorded)
        for start in stride(from: 0, to: ids.count, by: Self.pageSize) {
            let page = Array(ids[start..<min(start + Self.pageSize, ids.count)])
            for (id, end) in zip(page, try await connection.definitions.lastEnds(of: page)) where table[id] != nil {
                table.update(id) { row, _ in row.facts.take(end) }
                changed(id)
            }
        }
    }

    private func readZone() async throws {
        do {
            defaultZone = try await connection.timeZoneOfDefinitions()
        } catch {
            // The zone is not known to this machine, or may not be read: times are told in the one that is assumed.
            guard error.code == .timeZoneUnavailable || error.redisError?.isDenial == true else { throw error }
            defaultZone = nil
        }
    }

    private func readOverview() async throws {
        let now = Timestamp.now
        let former = overview
        let leader = try await connection.lockHolder()
        let vitals = try await connection.definitions.vitals()
        overview.leader = leader
        overview.others = vitals.schedulers.map(\.id.display).filter { $0 != leader?.name }
        overview.lag = vitals.oldestDue.map { max(.zero, now - Timestamp(score: $0)) } ?? .zero
        overview.endpoint = try await connection.client.connection().endpoint.description
        overview.asOf = now
        if leader?.token != former.leader?.token {
            overview.leaderStarted = try await leader.asyncFlatMap { holder in
                try await connection.definitions.schedulerStart(holder.name)
            }
            overview.leadsSince = former.asOf == nil ? nil : now
            changes.isStatusChanged = true
            try await readZone()
        }
    }

    // MARK: Telling

    private func changed(_ id: DefinitionID, isListChanged: Bool = false) {
        status.version += 1
        table.bump(id)
        changes.insert(id, isListChanged: isListChanged)
    }

    private func disconnected(because error: any Error) {
        if case .disconnected = status.progress { return }
        status.progress = .disconnected(since: .now, reason: RedisCronError(error).message)
        changes.isStatusChanged = true
        publish()
    }

    /// Tells viewers what changed, at most once a second.
    private func publish() {
        guard let message = changes.take(version: status.version, now: .now) else { return }
        feed.send(message)
    }
}

extension Optional where Wrapped: Sendable {
    /// What becomes of a value, where there is one.
    fileprivate func asyncFlatMap<Result: Sendable>(
        _ transform: (Wrapped) async throws -> Result?
    ) async rethrows -> Result? {
        guard let self else { return nil }
        return try await transform(self)
    }
}
