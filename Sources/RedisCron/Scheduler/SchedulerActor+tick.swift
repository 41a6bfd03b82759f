import RQWire

/// One tick: everything that is due is queued, page by page.
///
/// All state of a tick is local to it, so any number of them may run at the same time, as when an app calls `enqueueJobs()`
/// beside `run()`. They share what does not depend on who asks: the cache, the health, and the size of batches. That is safe
/// because none of it decides whether a job is queued. The script does, in Redis: of two ticks that read the same entry, one
/// finds the score that both had read, and the other finds that it has moved.
extension SchedulerActor {
    /// What a tick came to.
    struct TickResult: Sendable {
        /// The score of the next entry that is not due yet, if there is one.
        var nextScore: Double?
        /// How many runs were queued.
        var enqueued = 0
        /// The runs that were queued, if they were asked for.
        var queued: [PlannedRun] = []
    }

    /// What became of some due entries.
    private struct Progress: Sendable {
        /// Whether any of them is out of the way now.
        var didMove = false
        var queued: [PlannedRun] = []

        mutating func add(_ other: Progress) {
            didMove = didMove || other.didMove
            queued += other.queued
        }
    }

    /// Bytes of jobs in one atomic step: more would block Redis for longer than the number of jobs allows for.
    private static let partBytes = 1 << 20

    /// Passes over the same due entries without any progress before the tick gives up for a moment.
    private static let mostFruitlessPasses = 3

    /// Queues all that is due, page by page, until nothing due is left, the lock is lost or a stop is asked for.
    ///
    /// - Parameter collecting: Whether to return the runs that were queued.
    /// - Throws: What the store throws. Batches that Redis has executed are in effect; the index says which.
    func tick(collecting: Bool = false) async throws -> TickResult {
        // A definition may have been repaired, or the key of a queue emptied, without an event.
        await jobStore.releaseParked(at: clock.monotonic(), every: settings.maxSleepInterval)
        var result = TickResult()
        // Entries in front that are all passed over: what is behind them is read next.
        var passedOver = 0
        var fruitlessPasses = 0
        while case .leading(let lease) = machine.state {
            let page = try await readPage(offset: passedOver)
            if page.entries.isEmpty {
                result.nextScore = page.nextScore
                if !page.isFull { break }
                passedOver += page.count
                continue
            }
            let pipeline = BatchPipeline(
                page, passedOver: passedOver, batchesInFlight: settings.batchesInFlight,
                readAheadBelow: settings.readAheadBelow)
            let didMove: Bool
            do {
                didMove = try await run(pipeline, token: lease.token) { progress in
                    result.enqueued += progress.queued.count
                    if collecting { result.queued += progress.queued }
                }
            } catch {
                batchSizing.batchFailed()
                throw error
            }
            fruitlessPasses = didMove ? 0 : fruitlessPasses + 1
            if fruitlessPasses >= Self.mostFruitlessPasses {
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

    // MARK: The pipeline

    /// How something that a pipeline started has ended.
    private enum Ending: Sendable {
        case resolved(ResolvedBatch)
        case finished(Progress)
        case page(CandidatePage)
        case failed(BatchPipeline.Stage, any Error)

        /// Runs a stage; an error is one of the ways in which it may end.
        static func of(_ stage: BatchPipeline.Stage, _ body: () async throws -> Ending) async -> Ending {
            do {
                return try await body()
            } catch {
                return .failed(stage, error)
            }
        }
    }

    /// Does what a pipeline says until it is done.
    ///
    /// - Parameter report: Told what became of each batch.
    /// - Returns: Whether anything moved.
    /// - Throws: The first error, when everything that was under way is over.
    private func run(
        _ pipeline: BatchPipeline, token: String, report: (Progress) -> Void
    ) async throws -> Bool {
        if let (entries, dueBy) = pipeline.onlyBatch(ofAtMost: batchSizing.size) {
            let batch = try await resolve(entries, dueBy: dueBy)
            let progress = try await send(batch, token: token)
            batchSizing.batchSucceeded()
            report(progress)
            return progress.didMove
        }
        let outcome: Result<Bool, any Error> = await withTaskGroup(of: Ending.self) { group in
            var pipeline = pipeline
            var didMove = false
            var failure: (any Error)?
            while true {
                if !machine.mayEnqueue(at: clock.monotonic()) { pipeline.handle(.mayNotEnqueue) }
                switch pipeline.nextAction(batchSize: batchSizing.size) {
                case .resolve(let entries, let dueBy):
                    group.addTask {
                        await .of(.resolving) { .resolved(try await self.resolve(entries, dueBy: dueBy)) }
                    }
                case .send(let batch):
                    group.addTask {
                        await .of(.sending) { .finished(try await self.send(batch, token: token)) }
                    }
                case .readPage(let offset):
                    group.addTask {
                        await .of(.reading) { .page(try await self.readPage(offset: offset)) }
                    }
                case .wait:
                    switch await group.next() {
                    case .resolved(let batch):
                        pipeline.handle(.resolved(batch))
                    case .finished(let progress):
                        batchSizing.batchSucceeded()
                        report(progress)
                        didMove = didMove || progress.didMove
                        pipeline.handle(.finished)
                    case .page(let page):
                        pipeline.handle(.pageArrived(page))
                    case .failed(let stage, let error):
                        failure = failure ?? error
                        pipeline.handle(.failed(stage))
                    case nil:
                        return failure.map(Result.failure) ?? .success(didMove)
                    }
                case .done:
                    return failure.map(Result.failure) ?? .success(didMove)
                }
            }
        }
        return try outcome.get()
    }

    /// Looks up what the entries lead to, reading definitions where they are not cached.
    private func resolve(_ entries: ArraySlice<DueEntry>, dueBy: Timestamp) async throws -> ResolvedBatch {
        // A clock that was stepped back since the page was read must not make due entries undue.
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

    /// Sends a batch, in parts if it is large, and reconciles its entries that lead to no run.
    private func send(_ batch: ResolvedBatch, token: String) async throws -> Progress {
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
        // Only to spare Redis the work: the script checks the lock itself.
        guard machine.mayEnqueue(at: clock.monotonic()) else { return Progress() }
        switch try await store.enqueue(batch, token: token, now: now) {
        case .lockLost:
            lockIsLost(token: token)
            return Progress()
        case .done(let outcomes):
            await jobStore.record(outcomes, of: batch)
            let queued = report(outcomes, of: batch, at: now)
            var progress = Progress(didMove: outcomes.contains(where: \.didMove), queued: queued)
            let alreadyQueued = zip(batch.runs, outcomes).filter { $0.1 == .duplicate }.map(\.0.alreadyQueued)
            if !alreadyQueued.isEmpty {
                progress.add(try await enqueue(DueBatch(runs: alreadyQueued), token: token, now: now))
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
            jobID: RQJobID.planned(definition: run.entry.id.bytes, at: run.planned).description,
            queueName: String(decoding: run.definition.template.settings.queue, as: UTF8.self),
            planned: run.planned,
            enqueuedAt: now,
            next: run.next)
    }
}
