import RQWire
import RedisBridge

/// Owns the lock and the loop: ``SchedulerStateMachine``, ``LockClaim`` and ``BatchPipeline`` decide, this acts through
/// ``CronStore``.
///
/// Here is its life from the start to the release. Other parts have files of their own: the lock, and what becomes of
/// operations that Redis fails (`+lock`); the tick (`+tick`); what ends a sleep: events, the definitions that it was
/// given, a change of zone (`+changes`); what is counted (`+metrics`).
actor SchedulerActor {
    /// Where everything of a scheduler runs: its actors and the tasks that they start.
    ///
    /// So nothing hops between threads, and a simulation decides about each step.
    nonisolated let executor: any SerialExecutor & TaskExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    let store: any CronStore
    let clock: any SchedulerClock
    let jobStore: JobStoreActor
    let channel: EventChannel
    let settings: SchedulerSettings
    /// Shows the definitions to RQ; `nil` unless `writesRQHistory` asks for it.
    let listing: RQCronListing?
    /// Writes runs into the histories that RQ's own cron keeps; `nil` unless that is asked for.
    let rqHistory: RQHistoryWriter?

    var machine: SchedulerStateMachine
    var claim = LockClaim()
    /// How large the next batch is, shared by ticks that run at the same time.
    ///
    /// It is knowledge about the server: whoever sees a batch fail makes the next ones smaller, for all.
    var batchSizing: BatchSizing
    /// How far away the server is: the shortest time from a request to its answer since the lock was last asked for.
    var shortestRoundTrip: Duration?
    /// `nil` where jobs are queued as fast as Redis takes them.
    var pace: Pace?
    var health = SchedulerHealthRecord()
    /// What it has counted.
    var metrics = SchedulerMetrics()
    /// Runs of which it is not known whether they are to be counted.
    var unanswered = UnansweredRuns()
    var waiting = WaitingDefinitions()
    var jitter: SplitMix64

    // MARK: Waits that something may end

    var wakeTimer = WakeTimer()
    /// The loop's sleep.
    var sleepTask: Task<Void, any Error>?
    /// The request for the lock that is under way.
    var lockRequest: Task<Bool, any Error>?
    /// Its part in the turns of this process' schedulers, while it runs.
    var turn: LockTurn?
    /// The look at the lock that is under way.
    var lookRequest: Task<String?, any Error>?
    /// The pauses of what runs beside the loop: a success of another operation ends them.
    var pauses: [Outage.Operation: Task<Void, any Error>] = [:]
    private(set) var runTask: Task<Void, any Error>?
    /// Cuts a stop short that takes too long.
    private var shutdownTimer: Task<Void, any Error>?

    // MARK: What does not work

    /// The operations that Redis fails, of those that a scheduler cannot do without.
    var outage = Outage()
    /// The same for listening to the events channel: without it changes are noticed late.
    var deafness = Outage()

    /// Follows what becomes of runs, while it leads.
    var runKeeper: RunKeeper?
    /// Whether the last runs could not be written for RQ's pages.
    var isRQHistoryFailing = false

    // MARK: The events channel

    /// The channel while it is read.
    var announcements: (any AnnouncementReader)?
    /// When it was last heard of, on the monotonic clock.
    var lastAnnouncement: Duration = .zero
    /// Whether it fell silent, and was subscribed to again for that reason.
    var isChannelMute = false

    // MARK: The server and the definitions

    private var hasExaminedServer = false
    /// What was reported about this machine's time zone data.
    private var toldZoneFaults: Set<String> = []
    /// The zone that was published before ours; `nil` where none was.
    var formerZone: String?
    /// Whether what was planned in that zone has yet to be planned anew in ours.
    var isZoneUnfinished = false
    var lossWatch = LossWatch()
    /// When a scheduler that stands by last looked for a loss, on the monotonic clock.
    var lossSoughtAt: Duration = .zero
    /// Whether it has led or stood by.
    var hasHadPlace = false
    /// Whether the definitions that it was given are to be applied.
    var wantsDefinitions = false
    /// Wakes the task that applies them.
    var definitionsWanted: AsyncStream<Void>.Continuation?

    init(
        store: any CronStore, clock: any SchedulerClock, settings: SchedulerSettings, channel: EventChannel,
        executor: any SerialExecutor & TaskExecutor, listing: RQCronListing? = nil,
        rqHistory: RQHistoryWriter? = nil
    ) {
        self.listing = listing
        self.rqHistory = rqHistory
        self.store = store
        self.clock = clock
        self.settings = settings
        self.channel = channel
        self.executor = executor
        self.machine = SchedulerStateMachine(whenLockHeld: settings.whenLockHeld)
        self.jobStore = JobStoreActor(store: store, limit: settings.cacheLimit, executor: executor)
        self.jitter = SplitMix64(state: settings.seed)
        self.batchSizing = BatchSizing(most: settings.batchSize)
        self.pace = settings.maxRate.map { Pace(rate: Double($0)) }
    }

    /// Tells the readers of the events, and the log.
    func tell(_ event: SchedulerEvent) {
        settings.logger(event)
        channel.send(event)
    }

    // MARK: Running

    /// Leads, or stands by, until the calling task is cancelled, or its group of services shuts down gracefully.
    ///
    /// - Parameters:
    ///   - apply: Makes Redis hold the definitions that the scheduler was given; `nil` where there are none.
    ///   - turn: Its part in the turns of this process' schedulers; `nil` to ask for the lock at any time.
    func run(applying apply: Application? = nil, taking turn: LockTurn? = nil) async throws {
        guard runTask == nil, case .idle = machine.state else {
            throw RedisCronError(.alreadyRunning, "this scheduler is running, or has run; make another one")
        }
        self.turn = turn
        // Not a child task: cancelling the caller asks for a stop, after which the batch in flight is finished and
        // everything is released. A child would be cancelled in the middle of its batch.
        let body = Task(executorPreference: executor) { try await self.runToTheEnd(applying: apply) }
        runTask = body
        // Before it started: send nothing.
        if StopRequest.isMade { machine.stop() }
        defer { shutdownTimer?.cancel() }
        try await StopRequest.handled {
            try await body.value
        } onRequest: {
            // A handler cannot await; the actor takes the request when its thread is free.
            Task(executorPreference: self.executor) { await self.stop() }
        }
    }

    /// Asks for a stop: what is in flight is finished, then lock and registry entry are released.
    ///
    /// What has not ended within the shutdown bound is abandoned.
    private func stop() {
        guard let body = runTask, shutdownTimer == nil, machine.state != .stopped else { return }
        machine.stop()
        wake()
        lockRequest?.cancel()
        lookRequest?.cancel()
        // Neither a child of the caller nor of the loop: it must outlive the one and cut the other short.
        shutdownTimer = Task(executorPreference: executor) { [clock, bound = settings.shutdownBound] in
            try await clock.sleep(for: bound)
            body.cancel()
        }
    }

    /// Leads or stands by until a stop or an error, then releases everything and ends the events.
    private func runToTheEnd(applying apply: Application?) async throws {
        var outcome: Result<Void, any Error> = .success(())
        let reporting = settings.meter.report.map { report in
            Task(executorPreference: executor) { await self.keepReporting(to: report) }
        }
        do {
            try await runLoop(applying: apply)
        } catch {
            if !(error is CancellationError) { outcome = .failure(error) }
        }
        do {
            let isReleased = try await release(mayBeginAgain: false)
            // An end by an error is in the log as that error.
            if isReleased, case .success = outcome { settings.logger(stopped) }
        } catch {
            if case .success = outcome { outcome = .failure(error) }
        }
        if let report = settings.meter.report {
            reporting?.cancel()
            await reporting?.value
            await tell(report)
        }
        channel.finish(with: stopped)
        try outcome.get()
    }

    private var stopped: SchedulerEvent { .stopped(name: settings.name) }

    /// Asks for the lock, leads while it is ours, and begins again, until a stop is asked for.
    func runLoop() async throws {
        var hasLed = false
        // Whether Redis let it lead or stand by: what it refuses from then on, it may accept again.
        var hasBegun = false
        while try machine.acquire() {
            var operation = Outage.Operation.lock
            do {
                switch try await askForLock() {
                case .lead:
                    operation = .registration
                    try await register()
                    (hasLed, hasBegun) = (true, true)
                    try await lead()
                    // The lock is lost, or a stop was asked for. If lost, the registry must stop saying that we lead.
                    if !machine.isStopping { await giveBack() }
                case .wait:
                    hasBegun = true
                    await standBy()
                    await examineServer()
                    try await sleep(for: settings.standbyInterval)
                case .fail:
                    if hasLed { throw RedisCronError.lockLost(settings.name) }
                    throw await lockIsHeld()
                case .stop:
                    return
                }
            } catch let error as RedisCronError where error.code == .lockLost || error.code == .lockHeld {
                throw error
            } catch let error as SchedulerStateMachine.ImpossibleTransition {
                throw error
            } catch {
                try Task.checkCancellation()
                // A failure because of the stop is not reported.
                guard !machine.isStopping else { return }
                let isFatal = settings.whenLockHeld == .fail ? !hasLed : !hasBegun && settings.isHopeless(error)
                if isFatal { throw error }
                try await retryLater(operation, after: error)
            }
        }
    }

    private func standBy() async {
        if !health.isStandingBy {
            health.isStandingBy = true
            tell(.standingBy(name: settings.name))
            hasPlace()
        } else if clock.monotonic() - lossSoughtAt < settings.maxSleepInterval {
            return
        }
        await lookForLoss()
    }

    /// Ticks until the lock is lost or a stop is asked for, with the heartbeat and the events channel beside it.
    private func lead() async throws {
        try await withThrowingTaskGroup(of: LeadingRole.self) { group in
            group.addTask {
                try await self.keepHeartbeat()
                return .heartbeat
            }
            group.addTask {
                try await self.listen()
                return .listener
            }
            group.addTask {
                try await self.keepTicking()
                return .ticker
            }
            group.addTask {
                await self.examineServer()
                return .examiner
            }
            group.addTask {
                await self.followZone()
                return .planner
            }
            group.addTask {
                try await self.keepRuns()
                return .keeper
            }
            if let listing {
                group.addTask {
                    try await self.keepListing(in: listing)
                    return .listing
                }
            }
            // The ticker ends by itself, after its batch, when the lock is lost or a stop is asked for. The others
            // hold nothing that would have to be finished.
            var isPlanned = false
            while let ended = try await group.next(), ended != .ticker { isPlanned = isPlanned || ended == .planner }
            // A stop lets the planner finish: whoever leads next finds our zone published, and so nothing to plan anew.
            while machine.isStopping, isZoneUnfinished, !isPlanned, let ended = try await group.next() {
                isPlanned = ended == .planner
            }
            group.cancelAll()
        }
    }

    private enum LeadingRole {
        case heartbeat, listener, ticker, examiner, planner, keeper, listing
    }

    private func keepTicking() async throws {
        while case .leading = machine.state {
            do {
                await runKeeper?.tick(isBusy: true)
                let result = try await tick()
                await runKeeper?.tick(isBusy: false)
                if outage.isFailing(.tick), result.enqueued == 0 {
                    // Nothing is due any more: that it could be read does not show that it could be queued.
                    try await store.checkQueueing()
                }
                succeeded(.tick)
                try await sleepUntilDue(result.nextScore)
            } catch {
                await runKeeper?.tick(isBusy: false)
                try Task.checkCancellation()
                guard !machine.isStopping else { return }
                try await retryLater(.tick, after: error)
                // What became of the batch is not known here: the index and the hashes say.
                await jobStore.forgetAll()
            }
        }
    }

    /// Redis failed an operation of the loop: says so, and waits a while that grows with each failure.
    ///
    /// - Throws: `CancellationError` when the shutdown bound has passed.
    private func retryLater(_ operation: Outage.Operation, after error: any Error) async throws {
        failed(operation, by: error)
        try await sleep(for: outage.pause(before: operation, using: &jitter))
    }

    /// Warns of what could cost the schedule: once, when the server is first reached, and beside the first tick.
    private func examineServer() async {
        guard !hasExaminedServer else { return }
        hasExaminedServer = true
        for finding in ZoneCheck.findings(ofScheduler: settings.registration) { tellOnce(finding) }
        do {
            for finding in try await store.findings() { tell(.finding(finding)) }
        } catch {
            hasExaminedServer = false
            settings.logger(.debug, "could not look at the server's settings: \(Refusal.text(for: error))")
        }
    }

    /// Reports a fault of this machine's time zone data, unless that was done.
    func tellOnce(_ finding: Finding) {
        if toldZoneFaults.insert(finding.message).inserted { tell(.finding(finding)) }
    }

    // MARK: Driven by hand

    /// Whether the lock is ours, as far as we know.
    var isLeading: Bool {
        if case .leading = machine.state { true } else { false }
    }

    /// Takes the lock and registers, for those who drive the scheduler by hand.
    func beginByHand() async throws {
        guard runTask == nil, case .idle = machine.state, try machine.acquire() else {
            throw RedisCronError(.alreadyRunning, "the scheduler has begun already")
        }
        do {
            guard case .lead = try await askForLock() else { throw await lockIsHeld() }
            try await register()
        } catch {
            try machine.released(mayBeginAgain: true)
            throw error
        }
        guard isLeading else { throw RedisCronError.lockLost(settings.name) }
    }

    /// Releases what ``beginByHand()`` took.
    func endByHand() async throws {
        guard runTask == nil else {
            throw RedisCronError(.alreadyRunning, "run() releases the lock itself when its task is cancelled")
        }
        let hadBegun = claim.token != nil
        if try await release(mayBeginAgain: true), hadBegun { tell(stopped) }
    }

    /// How long until the next entry that may lead to a run is due.
    func sleepInterval() async throws -> Duration {
        var passedOver = 0
        while true {
            let now = clock.now()
            let page = try await store.fetchDue(until: now, offset: passedOver, limit: settings.pageSize)
            if await !jobStore.candidates(page.entries).isEmpty { return .zero }
            passedOver += page.entries.count
            if page.entries.count < settings.pageSize {
                guard let score = page.nextScore else { return settings.maxSleepInterval }
                return min(max(.zero, Timestamp(score: score) - now), settings.maxSleepInterval)
            }
        }
    }

    /// How the scheduler is doing, at this moment.
    func currentHealth() async -> SchedulerHealth {
        let state: SchedulerHealth.State =
            switch machine.state {
            case .idle: .starting
            case .acquiring: health.isStandingBy ? .standingBy : .starting
            case .waiting: .standingBy
            case .leading: .leading
            case .draining: .stopping
            case .stopped: .stopped
            }
        return SchedulerHealth(
            state: state, disconnectedSince: outage.since, disconnectReason: outage.reason, lastTick: health.lastTick,
            lastHeartbeat: health.lastHeartbeat, lag: health.lag,
            heldBack: pace?.heldBack(at: clock.monotonic()) ?? .zero, enqueued: metrics.enqueuedByItself,
            cachedDefinitions: await jobStore.count, isMissingReplicas: store.isMissingReplicas,
            openRuns: await runKeeper?.openCount ?? 0, outcomes: health.outcomes)
    }
}

/// A small seeded generator (SplitMix64), so that jitter can be replayed.
struct SplitMix64: RandomNumberGenerator, Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
