import RQWire

extension SchedulerActor {
    /// What a tick came to.
    struct TickResult: Sendable {
        /// The score of the next entry that is not due yet, if there is one.
        var nextScore: Double?
        /// The runs that were queued, if they were asked for.
        var queued: [PlannedRun] = []
    }

    /// Bytes of jobs in one atomic step: more would keep Redis from others for longer than the number of jobs allows for.
    private static let partBytes = 1 << 20

    /// Passes over the same due entries without any progress before the tick gives up for a moment.
    private static let patience = 3

    /// Queues all that is due, page by page, until nothing due is left, the lock is lost or a stop is asked for.
    ///
    /// - Parameter collecting: Whether to return the runs that were queued.
    /// - Throws: What the store throws. Batches that Redis has executed are in effect; the index says which.
    func tick(collecting: Bool = false) async throws -> TickResult {
        await lookAgainAtParked()
        var result = TickResult()
        // Entries in front that are all passed over: of what is behind them the next page is read.
        var offset = 0
        var fruitless = 0
        while case .leading(let lease) = machine.state {
            let page = try await readPage(offset: offset)
            if page.entries.isEmpty {
                result.nextScore = page.nextScore
                if !page.isFull { break }
                offset += page.count
                continue
            }
            let progress: Progress
            do {
                progress = try await work(through: DueQueue(page), offset: offset, token: lease.token)
            } catch {
                batchSizing.batchFailed()
                throw error
            }
            if collecting { result.queued += progress.queued }
            fruitless = progress.didMove ? 0 : fruitless + 1
            if fruitless >= Self.patience {
                result.nextScore = (clock.now() + settings.retryInterval).score
                break
            }
        }
        return result
    }

    /// Reads a page of due entries.
    private func readPage(offset: Int) async throws -> CandidatePage {
        let now = clock.now()
        let page = try await store.fetchDue(until: now, offset: offset, limit: settings.pageSize)
        if offset == 0 { noticeLoss(page) }
        if await jobStore.observe(marker: page.marker) { await markerMovedUnheard() }
        let candidates = await jobStore.candidates(page.entries)
        health.readIndex(at: now, oldestDue: candidates.first?.score)
        return CandidatePage(
            entries: candidates, dueBy: now, count: page.entries.count, last: page.entries.last,
            isFull: page.entries.count >= settings.pageSize, nextScore: page.nextScore)
    }

    /// Looks again at what was passed over, once in the longest sleep: a definition may have been mended, or the key of
    /// a queue emptied, without an event.
    private func lookAgainAtParked() async {
        let now = clock.monotonic()
        guard now - parkedSince >= settings.maxSleepInterval else { return }
        parkedSince = now
        await jobStore.releaseParked()
    }

    /// What became of some due entries.
    private struct Progress: Sendable {
        var didMove = false
        var queued: [PlannedRun] = []

        mutating func add(_ other: Progress) {
            didMove = didMove || other.didMove
            queued += other.queued
        }
    }

    /// A batch of which is known what each entry leads to.
    private struct ResolvedBatch: Sendable {
        let resolution: JobStoreActor.Resolution
        let entryCount: Int
        /// The time for which that was decided.
        let resolvedAt: Timestamp
    }

    /// What one of the tasks of a tick brought.
    private enum Step: Sendable {
        case resolved(ResolvedBatch)
        case finished(Progress)
        case page(CandidatePage)
    }

    /// Works through what is due in batches, several of them in flight, so that encoding overlaps with Redis' work.
    ///
    /// Definitions are read as many batches ahead. If a batch were read only when another one is finished, its reading
    /// would stand behind the scripts of the others, and all of them would go in step: Redis idle while definitions are
    /// prepared, this side idle while scripts run.
    ///
    /// The next page is read while the last batches of this one are on their way, so that Redis has no pause between
    /// two pages. What becomes due in front of what was read is left to the next call.
    ///
    /// - Parameter offset: Entries in front that are passed over.
    private func work(through first: DueQueue, offset: Int, token: String) async throws -> Progress {
        var due = first
        if !due.mayHaveMore, due.count <= batchSizing.size {
            let entries = due.takeBatch(batchSizing.size)
            let batch = try await resolve(entries, dueBy: due.dueBy)
            let progress = try await work(through: batch, token: token)
            batchSizing.batchSucceeded()
            return progress
        }
        unsentEntries = due.count
        return try await withThrowingTaskGroup(of: Step.self) { group in
            var progress = Progress()
            var resolving = 0
            var ready: [ResolvedBatch] = []
            var inFlight = 0
            var isReading = false
            while true {
                let mayEnqueue = machine.mayEnqueue(at: clock.monotonic())
                let sendable = mayEnqueue ? min(ready.count, settings.batchesInFlight - inFlight) : 0
                let ahead = ready.count - sendable
                while mayEnqueue, resolving + ahead < settings.batchesInFlight, due.count > 0 {
                    let entries = due.takeBatch(batchSizing.size)
                    let dueBy = due.dueBy
                    resolving += 1
                    group.addTask { .resolved(try await self.resolve(entries, dueBy: dueBy)) }
                }
                for batch in ready.prefix(sendable) {
                    inFlight += 1
                    group.addTask { .finished(try await self.work(through: batch, token: token)) }
                }
                ready.removeFirst(sendable)
                if due.mayHaveMore, !isReading, due.count <= settings.readAheadBelow, mayEnqueue {
                    isReading = true
                    group.addTask { .page(try await self.readPage(behindUnsent: offset)) }
                }
                switch try await group.next() {
                case .resolved(let batch):
                    resolving -= 1
                    ready.append(batch)
                case .finished(let finished):
                    inFlight -= 1
                    batchSizing.batchSucceeded()
                    progress.add(finished)
                case .page(let page):
                    isReading = false
                    let former = due.count
                    due.append(page)
                    unsentEntries += due.count - former
                case nil:
                    return progress
                }
            }
        }
    }

    /// Looks up what the entries lead to, reading definitions where they are not cached.
    private func resolve(_ entries: ArraySlice<DueEntry>, dueBy: Timestamp) async throws -> ResolvedBatch {
        // A clock that was stepped back since the survey must not make due entries undue.
        let now = max(clock.now(), dueBy)
        let resolution = try await jobStore.resolve(Array(entries), now: now)
        for bad in resolution.bad {
            tell(.badDefinition(id: bad.id.display, field: bad.field, reason: bad.reason))
        }
        for reason in resolution.missingZones {
            tellOnce(Finding(.error, .timeZone, reason))
        }
        return ResolvedBatch(resolution: resolution, entryCount: entries.count, resolvedAt: now)
    }

    /// Reads the page behind those entries that were read and not sent yet.
    ///
    /// What has been sent is out of the way when Redis comes to this; what has not is not read again. So they are counted
    /// here, where nothing can be sent between counting and reading.
    private func readPage(behindUnsent offset: Int) async throws -> CandidatePage {
        try await readPage(offset: offset + unsentEntries)
    }

    private func work(through batch: ResolvedBatch, token: String) async throws -> Progress {
        unsentEntries -= batch.entryCount
        let resolution = batch.resolution
        var progress = Progress(didMove: !resolution.bad.isEmpty || !resolution.missingZones.isEmpty)
        for part in DueBatch(runs: resolution.runs).parts(ofBytes: Self.partBytes) {
            // The next times were computed for that instant: written under a later one they could lie before it.
            progress.add(try await enqueue(part, token: token, now: batch.resolvedAt))
        }
        if !resolution.stale.isEmpty, machine.mayEnqueue(at: clock.monotonic()) {
            if try await reconcile(resolution.stale, token: token) { progress.didMove = true }
        }
        return progress
    }

    private func enqueue(_ batch: DueBatch, token: String, now: Timestamp) async throws -> Progress {
        // Only a courtesy to Redis: the script looks at the lock itself.
        guard machine.mayEnqueue(at: clock.monotonic()) else { return Progress() }
        switch try await store.enqueue(batch, token: token, now: now) {
        case .lockLost:
            lockIsLost(token: token)
            return Progress()
        case .done(let outcomes):
            await jobStore.record(outcomes, of: batch)
            let queued = report(outcomes, of: batch, at: now)
            var progress = Progress(didMove: outcomes.contains(where: \.didMove), queued: queued)
            let replays = zip(batch.runs, outcomes).filter { $0.1 == .duplicate }.map(\.0.alreadyQueued)
            if !replays.isEmpty {
                progress.add(try await enqueue(DueBatch(runs: replays), token: token, now: now))
            }
            return progress
        }
    }

    /// Tells what became of a batch.
    ///
    /// - Returns: The runs that were queued.
    private func report(_ outcomes: [JobOutcome], of batch: DueBatch, at now: Timestamp) -> [PlannedRun] {
        var queued = batch.runs
        if outcomes.contains(where: { $0 != .queued }) {
            queued = zip(batch.runs, outcomes).filter { $0.1 == .queued }.map(\.0)
            for (run, outcome) in zip(batch.runs, outcomes) {
                if let reason = outcome.skipReason(of: run) {
                    tell(.skipped(id: run.entry.id.display, reason))
                }
            }
        }
        guard !queued.isEmpty else { return [] }
        health.enqueued += queued.count
        if queued.count == 1 || channel.hasReaders {
            tell(.enqueued(queued.map { EnqueuedRun($0, at: now) }))
        } else {
            settings.logger(.info, "enqueued \(queued.count) jobs")
        }
        return queued
    }

    /// - Returns: Whether any of the entries is out of the way now.
    private func reconcile(_ entries: [StaleEntry], token: String) async throws -> Bool {
        switch try await store.reconcile(entries, token: token) {
        case .lockLost:
            lockIsLost(token: token)
            return false
        case .done(let outcomes):
            await jobStore.record(outcomes, of: entries)
            for (stale, outcome) in zip(entries, outcomes) {
                if let reason = outcome.skipReason(of: stale) {
                    tell(.skipped(id: stale.entry.id.display, reason))
                }
            }
            return outcomes.contains { $0 != .leftAlone }
        }
    }
}

extension JobOutcome {
    /// Whether the index moved on, or the entry is passed over from now on.
    fileprivate var didMove: Bool {
        switch self {
        case .queued, .advanced, .unusableQueue: true
        case .movedByOther, .stale, .duplicate: false
        }
    }

    fileprivate func skipReason(of run: PlannedRun) -> SkipReason? {
        switch self {
        case .queued, .duplicate: nil
        case .advanced: .alreadyQueued(planned: run.planned)
        case .movedByOther: .movedByOther
        case .stale: .changed
        case .unusableQueue: .unusableQueue(String(decoding: run.definition.template.settings.queue, as: UTF8.self))
        }
    }
}

extension EntryOutcome {
    fileprivate func skipReason(of stale: StaleEntry) -> SkipReason? {
        switch self {
        case .pruned: .missing
        case .disabled: .disabled
        case .over: .over
        case .moved: stale.nextScore.map(SkipReason.notDue(next:))
        case .foreign, .leftAlone: nil
        }
    }
}

extension EnqueuedRun {
    init(_ run: PlannedRun, at now: Timestamp) {
        self.init(
            id: run.entry.id.display,
            jobID: RQJobID.planned(definition: run.entry.id.bytes, at: run.planned),
            queueName: String(decoding: run.definition.template.settings.queue, as: UTF8.self),
            planned: run.planned,
            enqueuedAt: now,
            next: run.next)
    }
}
