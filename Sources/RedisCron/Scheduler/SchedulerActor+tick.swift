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
        /// How many of those no event tells of.
        var untold = 0

        mutating func add(_ other: Progress) {
            didMove = didMove || other.didMove
            queued = queued.isEmpty ? other.queued : queued + other.queued
            untold += other.untold
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
        let began = clock.monotonic()
        var log = TickLog(settings.logger, began: began)
        defer {
            log.write()
            let time = clock.monotonic() - began
            pace?.rest()
            metrics.tickDurations.record(microseconds: time.microseconds, telling: settings.meter.ticks)
        }
        // A definition may have been repaired, or the key of a queue emptied, without an event.
        await jobStore.releaseParked(at: clock.monotonic(), every: settings.maxSleepInterval)
        var result = TickResult()
        // Entries in front that are all passed over: what is behind them is read next.
        var passedOver = 0
        var fruitlessPasses = 0
        var share = CatchUpShare()
        while case .leading(let lease) = machine.state {
            let page = try await readPage(offset: passedOver, without: share.spent)
            if page.entries.isEmpty {
                // What is left of a share is due at once, after whatever else waits.
                result.nextScore = share.spent.isEmpty ? page.nextScore : clock.now().score
                if !page.isFull { break }
                passedOver += page.count
                continue
            }
            let pipeline = BatchPipeline(
                page, passedOver: passedOver,
                window: BatchWindow(most: settings.batchesInFlight, distance: shortestRoundTrip),
                readAheadBelow: settings.readAheadBelow)
            let didMove: Bool
            do {
                didMove = try await run(pipeline, token: lease.token, share: &share) { progress in
                    result.enqueued += progress.queued.count
                    log.add(progress.untold, at: clock.monotonic())
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
    ///
    /// - Parameters:
    ///   - score: The one score that all entries up to `offset` have, if that is known.
    ///   - spent: Definitions that have had their share of the tick.
    private func readPage(
        offset: Int, sharing score: [UInt8]? = nil, without spent: Set<DefinitionID>
    ) async throws -> CandidatePage {
        let now = clock.now()
        let page = try await measuringRoundTrip {
            try await store.fetchDue(until: now, offset: offset, limit: settings.pageSize, sharing: score)
        }
        if offset == 0 { noticeLoss(page) }
        if await jobStore.observe(marker: page.marker) { await markerMovedUnheard() }
        if let deletion = page.nextDeletion, deletion <= now.score { try await deleteFinished(now: now) }
        let candidates = await jobStore.candidates(page.entries)
        health.readIndex(at: now, oldestDue: candidates.first?.score)
        metrics.nextDue = (candidates.first?.score ?? page.nextScore).map { $0 > 0 ? Timestamp(score: $0) : now }
        return CandidatePage(
            entries: candidates.without(spent), dueBy: now, count: page.entries.count, last: page.entries.last,
            sharedScore: page.sharedScore, isFull: page.entries.count >= settings.pageSize,
            nextScore: [page.nextScore, page.nextDeletion.map { afterDeletion($0, now: now) }].compactMap(\.self).min())
    }

    /// When to look at the deletions again: when the next one is due, and soon where some were, since others may follow.
    private func afterDeletion(_ next: Double, now: Timestamp) -> Double {
        next > now.score ? next : (now + settings.retryInterval).score
    }

    /// Deletes definitions that have been finished for as long as they said.
    private func deleteFinished(now: Timestamp) async throws {
        guard case .leading(let lease) = machine.state, machine.mayEnqueue(at: clock.monotonic()) else { return }
        for id in try await store.deleteFinished(token: lease.token, now: now) {
            await jobStore.take(.deleted(id))
            tell(.deletedFinished(id: id.display))
        }
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
    /// - Parameters:
    ///   - share: What each definition has had of the tick.
    ///   - report: Told what became of each batch.
    /// - Returns: Whether anything moved.
    /// - Throws: The first error, when everything that was under way is over.
    private func run(
        _ pipeline: BatchPipeline, token: String, share: inout CatchUpShare, report: (Progress) -> Void
    ) async throws -> Bool {
        if let (entries, dueBy) = pipeline.onlyBatch(ofAtMost: batchSizing.size) {
            await wait(forPlaceAt: takePlaces(entries.count))
            let batch = try await resolve(entries, dueBy: dueBy, without: share.spent)
            let progress = try await send(batch, token: token)
            batchSizing.batchSucceeded()
            share.count(progress.queued, at: clock.now())
            report(progress)
            return progress.didMove
        }
        let outcome: Result<Bool, any Error> = await withTaskGroup(of: Ending.self) { group in
            var pipeline = pipeline
            var didMove = false
            var failure: (any Error)?
            while true {
                if !machine.mayEnqueue(at: clock.monotonic()) { pipeline.handle(.mayNotEnqueue) }
                let spent = share.spent
                switch pipeline.nextAction(batchSize: batchSizing.size) {
                case .resolve(let entries, let dueBy):
                    let place = takePlaces(entries.count)
                    group.addTask {
                        await .of(.resolving) {
                            await self.wait(forPlaceAt: place)
                            return .resolved(try await self.resolve(entries, dueBy: dueBy, without: spent))
                        }
                    }
                case .send(let batch):
                    group.addTask {
                        await .of(.sending) { .finished(try await self.send(batch, token: token)) }
                    }
                case .readPage(let offset, let score):
                    group.addTask {
                        await .of(.reading) {
                            .page(try await self.readPage(offset: offset, sharing: score, without: spent))
                        }
                    }
                case .wait:
                    switch await group.next() {
                    case .resolved(let batch):
                        pipeline.handle(.resolved(batch))
                    case .finished(let progress):
                        batchSizing.batchSucceeded()
                        share.count(progress.queued, at: clock.now())
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

    /// Takes places for so many jobs, before it is decided on them, so that nothing is decided long before it is done.
    ///
    /// - Returns: When they may be queued; `nil` where nothing is paced.
    private func takePlaces(_ count: Int) -> Duration? {
        pace?.take(count, at: clock.monotonic())
    }

    /// Waits for the time of a place, in steps, and no longer than jobs may be queued.
    private func wait(forPlaceAt place: Duration?) async {
        guard let place else { return }
        while machine.mayEnqueue(at: clock.monotonic()) {
            let left = place - clock.monotonic()
            guard left > .zero, (try? await clock.sleep(for: min(left, .milliseconds(100)))) != nil else { return }
        }
    }

    /// Looks up what the entries lead to, reading definitions where they are not cached.
    private func resolve(
        _ entries: ArraySlice<DueEntry>, dueBy: Timestamp, without spent: Set<DefinitionID>
    ) async throws -> ResolvedBatch {
        // A clock that was stepped back since the page was read must not make due entries undue.
        let now = max(clock.now(), dueBy)
        let resolution = try await jobStore.resolve(Array(entries).without(spent), now: now)
        for bad in resolution.bad {
            tell(.badDefinition(id: bad.id.display, field: bad.field, reason: bad.reason))
        }
        if resolution.clocksDiffer {
            tellOnce(
                Finding(
                    .warning, .clock,
                    """
                    this machine's clock and that of Redis are more than 10 s apart: of missed runs only one each is made \
                    up for, and nothing is finished
                    """))
        }
        for reason in resolution.missingZones {
            tellOnce(Finding(.error, .timeZone, reason))
        }
        pace?.giveBack(entries.count - resolution.runs.count(where: { !$0.isMoveOnly }))
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
        let earlier = unanswered.sending(batch)
        let span = settings.tracer.begin(batch)
        let outcome: BatchOutcome
        do {
            let marked = batch.marked(by: span, serializer: settings.serializer)
            outcome = try await measuringRoundTrip { try await store.enqueue(marked, token: token, now: now) }
        } catch {
            span?.end(queued: 0, error: error)
            metrics.queued(
                unanswered.failed(batch, by: error, earlier: earlier), at: clock.now(), settings.meter)
            throw error
        }
        unanswered.answered()
        switch outcome {
        case .lockLost:
            span?.end(queued: 0, error: RedisCronError.lockLost(settings.name))
            lockIsLost(token: token)
            return Progress()
        case .done(let outcomes, let replaced):
            span?.end(queued: outcomes.count(where: \.isQueued), error: nil)
            count(earlier, in: batch, outcomes)
            await jobStore.record(outcomes, of: batch)
            var progress = report(outcomes, of: batch, at: now)
            await runKeeper?.logGrew(by: progress.queued.count)
            for run in replaced {
                tell(.replaced(id: batch.runs[run.place].entry.id.display, jobID: run.jobID, run.kind))
            }
            let alreadyQueued = zip(batch.runs, outcomes).filter { $0.1 == .duplicate }.map(\.0.alreadyQueued)
            if !alreadyQueued.isEmpty {
                progress.add(try await enqueue(DueBatch(runs: alreadyQueued), token: token, now: now))
            }
            return progress
        }
    }

    /// Tells what became of a batch.
    ///
    /// - Returns: The same, for the tick.
    private func report(_ outcomes: [JobOutcome], of batch: DueBatch, at now: Timestamp) -> Progress {
        var queued = batch.runs
        if outcomes.contains(where: { $0 != .queued }) {
            waiting.take(outcomes, of: batch.runs, at: clock.monotonic())
            queued = zip(batch.runs, outcomes).filter(\.1.isQueued).map(\.0)
            for (run, outcome) in zip(batch.runs, outcomes) {
                if let reason = outcome.skipReason(of: run) {
                    tell(.skipped(id: run.entry.id.display, reason))
                }
            }
        } else {
            waiting.queued(queued)
        }
        metrics.queued(queued, at: clock.now(), settings.meter)
        let isTold = queued.count == 1 || (channel.hasReadersOfRuns && !queued.isEmpty)
        if isTold { tell(.enqueued(queued.map { EnqueuedRun($0, at: now) })) }
        reportRefusals(outcomes, of: batch)
        return Progress(
            didMove: outcomes.contains(where: \.didMove), queued: queued, untold: isTold ? 0 : queued.count)
    }

    /// Tells which planned times were not run, and which definitions have finished or are paused.
    private func reportRefusals(_ outcomes: [JobOutcome], of batch: DueBatch) {
        var refused: [RefusedRuns] = []
        for (run, outcome) in zip(batch.runs, outcomes) {
            if let runs = outcome.refused(by: run) { refused.append(runs) }
            guard run.definition.finishes || run.isGoverned else { continue }
            let id = run.entry.id.display
            let policy = run.definition.governance?.policy
            switch outcome {
            case .finished, .limitReached: tell(.finished(id: id, .limit(runs: policy?.maxRuns ?? 0)))
            case .paused: tell(.paused(id: id, note: policy?.pauseNote ?? ""))
            case .queued, .queuedBesideOthers, .advanced, .overlapping, .overlappingSomeNoted:
                if run.next == nil, run.definition.finishes { tell(.finished(id: id, .ended)) }
            case .duplicate, .movedByOther, .stale, .unusableQueue, .waiting, .handedBack: break
            }
        }
        guard !refused.isEmpty else { return }
        metrics.refused(refused)
        tell(.refused(refused))
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
        case .queued, .queuedBesideOthers, .finished, .advanced, .overlapping, .overlappingSomeNoted, .waiting,
            .limitReached, .paused, .unusableQueue:
            true
        case .movedByOther, .stale, .duplicate, .handedBack: false
        }
    }

    fileprivate func skipReason(of run: PlannedRun) -> SkipReason? {
        switch self {
        case .queued, .queuedBesideOthers, .finished, .duplicate, .overlapping, .overlappingSomeNoted, .limitReached,
            .paused, .handedBack:
            nil
        case .waiting: .waiting
        case .advanced: run.step == .skipQueued ? .alreadyQueued(planned: run.planned) : nil
        case .movedByOther: .movedByOther
        case .stale: .changed
        case .unusableQueue: .unusableQueue(String(decoding: run.definition.template.settings.queue, as: UTF8.self))
        }
    }

    /// The planned times that were given up with this outcome: of a run that was queued, those that it stands for.
    fileprivate func refused(by run: PlannedRun) -> RefusedRuns? {
        let reason: RefusalReason
        var (first, count, isExact) = (run.planned, 1, true)
        switch (self, run.step) {
        case (.advanced, .refuse(let refusal)): reason = refusal
        case (.overlapping, _), (.overlappingSomeNoted, _): reason = .overlap
        case (.limitReached, _): reason = .limit
        case (.queued, .queue), (.queuedBesideOthers, .queue):
            guard let missed = run.missed else { return nil }
            (reason, first, count) = (.missed, missed.first, 0)
        default: return nil
        }
        if reason == .missed || reason == .overlap, let missed = run.missed {
            (count, isExact) = (count + missed.count, missed.isExact)
            if !isExact { count = min(count, PreparedDefinition.mostCaughtUp) }
        }
        return RefusedRuns(
            id: run.entry.id.display, reason: reason, first: first, count: count, isExact: isExact, next: run.next)
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
