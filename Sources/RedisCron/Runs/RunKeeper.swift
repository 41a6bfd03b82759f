import RQWire
import RedisBridge

/// Follows the runs of a leader: takes what scripts wrote off the log, looks what has become of runs, and records it.
///
/// It lives beside the tick and for as long as the leader leads. All that it has to know stands in Redis, so that the next leader
/// goes on where it stopped. Each step is small. While the tick is at work it stands back, and where that lasts there are pauses between
/// the steps: recording never delays what is due.
///
/// ```
///   scripts ──▶ log ──unfold──▶ recent ──look──▶ record ──▶ ended
///                                  │               ▲           │ failed and the like: watched
///                      still open  └──▶ open ─look─┘           │
///                                        ▲                     │
///                                        └──── requeued ◀──────┘
/// ```
actor RunKeeper {
    /// What the scheduler is told.
    enum News: Sendable {
        /// Runs are over, or what was known of them has changed.
        case ended([RunRecord])
        /// Definitions were written, as their open runs or failures changed.
        case written([DefinitionID])
        /// A definition was paused, because as many of its runs failed in a row as it allows.
        case paused(DefinitionID)
        /// The lock is not ours.
        case lockLost
        /// Runs were found in the log, before they are followed; told again if that fails.
        case queued([TrackedRun])
        /// Runs outside of the schedule are off the log; told once.
        case queuedByOthers([TrackedRun])
        /// Definitions are gone, and nothing of their runs is kept any more.
        case forgotten([DefinitionID])
        /// Nothing can be recorded, for this reason.
        case failing(any Error)
        /// Nothing can be recorded before the server lets us.
        case denied(any Error)
    }

    nonisolated let executor: any SerialExecutor & TaskExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    let store: any CronStore
    let clock: any SchedulerClock
    let token: String
    private let history: Int
    let historyTotal: Int
    private let mostHeld: Int
    let tell: @Sendable (News) async -> Void
    let mayBoundFailures: MayBoundFailures

    /// Which of these definitions may bound failures in a row: all of which it is not known that they do not.
    typealias MayBoundFailures = @Sendable ([DefinitionID]) async -> [Bool]

    var watch = RunWatch()
    var unfolder: RunUnfolder
    /// Whether all was read that Redis holds of runs.
    var isLoaded = false
    /// Whether that may be another Redis than the one with which this keeper goes on.
    var lineage = LineageWatch()
    /// Definitions that were deleted, and whose runs have yet to be forgotten.
    var deleted: Set<DefinitionID> = []
    /// When definitions were deleted, of those of which the log may still tell.
    var deletedAt: [DefinitionID: Duration] = [:]
    /// Looks for definitions of whose deletion nobody told.
    var sweep = RunSweep()
    /// When the tick began its work, on the monotonic clock; `nil` between two ticks.
    private var tickBegan: Duration?
    /// Whether the tick has been at work for a while.
    ///
    /// A schedule with something due at each moment has one short tick after the other. If each of them held the keeper up, runs would
    /// pile up.
    var isTickBusy: Bool { tickBegan.map { clock.monotonic() - $0 >= Self.shortTick } ?? false }
    private var sleeping: Task<Void, any Error>?
    private var deference = RunDeference()
    /// Whether there may be something in the log.
    private var hasNews = true
    /// What scripts of this scheduler have written into the log since it was last empty.
    private var logged = (entries: 0, runs: 0)
    private var denials = RunDenials()
    /// Looks that may be made without going over their rate.
    private var allowance = LookAllowance(perSecond: RunWatch.looksPerSecond)
    /// The same for those that are reviews.
    private var reviewAllowance = LookAllowance(perSecond: RunWatch.reviewsPerSecond)
    /// How many runs the next look is at: fewer after one that failed, down to the run at which it fails.
    private var looksAtOnce = runsAtOnce

    /// When something was unfolded the last time.
    private var unfoldedAt: Duration = .zero - gathering
    private var portion = LogPortion()

    /// Runs that are looked at, and recorded, in one step.
    static let runsAtOnce = 250
    /// Fewer runs that may be brought back are not looked at in a step where many wait.
    private static let reviewsAtOnce = 50
    /// Members that are read at once when it begins.
    static let pageSize = 1_000
    /// How often the log is read although nobody says that there is something: triggers come from elsewhere.
    private static let longestSleep: Duration = .seconds(2)
    /// How long looks and entries of the log that come one by one are waited for, so that several are done in one step: a step of
    /// one run costs Redis several times as much as a run among a hundred.
    private static let gathering: Duration = .milliseconds(100)
    /// A tick that has been at work for less holds nothing up.
    private static let shortTick: Duration = .milliseconds(20)
    /// The pause between two steps while the tick is at work.
    static let courtesy: Duration = .milliseconds(50)
    /// An entry that is older is unfolded without such pauses, and so is a look made that is later: else they would pile up.
    private static let patience: Duration = .seconds(5)
    /// How many portions of the log, or pages of looks, are taken in a row: with more work than time, each has its turn.
    private static let mostInARow = 20

    init(
        store: any CronStore, clock: any SchedulerClock, settings: SchedulerSettings, token: String,
        executor: any SerialExecutor & TaskExecutor,
        mayBoundFailures: @escaping MayBoundFailures = { $0.map { _ in true } },
        tell: @escaping @Sendable (News) async -> Void
    ) {
        self.mayBoundFailures = mayBoundFailures
        self.store = store
        self.clock = clock
        self.token = token
        self.executor = executor
        self.tell = tell
        history = settings.history
        historyTotal = settings.historyTotal
        mostHeld = settings.mostHeldRuns
        unfolder = RunUnfolder(history: settings.history)
    }

    /// How many runs are open, as far as is known.
    var openCount: Int { watch.openCount }

    // MARK: What it is told

    /// The tick begins or ends its work.
    func tick(isBusy: Bool) {
        tickBegan = isBusy ? tickBegan ?? clock.monotonic() : nil
        if !isBusy, hasNews, hasGathered { sleeping?.cancel() }
    }

    /// A script wrote into the log: one entry, with so many runs.
    func logGrew(by runs: Int) {
        hasNews = true
        logged.entries += 1
        logged.runs += runs
    }

    /// A definition was deleted.
    func definitionDeleted(_ id: DefinitionID) {
        deleted.insert(id)
        deletedAt[id] = clock.monotonic()
    }

    /// Definitions may have been deleted that nobody told of: all are looked through.
    func deletionsMissed() {
        sweep.want()
    }

    /// Another server may answer from now on, or the same one without what it had accepted last: it is asked who it is.
    func serverMayHaveChanged() {
        lineage.doubt()
    }

    // MARK: The loop

    /// Follows runs until the lock is lost.
    ///
    /// - Throws: `CancellationError` when the task is cancelled; what is under way then is done or not, and the next leader finds out.
    func run() async throws {
        var backoff = Backoff(first: .seconds(1), maximum: .seconds(5))
        var random = SplitMix64(state: UInt64(bitPattern: Int64(clock.now().microseconds)))
        while true {
            do {
                if !standsBack {
                    guard try await step() else { return await tell(.lockLost) }
                    backoff.succeed()
                }
                try await sleep(for: pause)
            } catch {
                try Task.checkCancellation()
                if error.redisError?.isDenial == true {
                    if denials.isNews(error, at: clock.monotonic()) { await tell(.denied(error)) }
                    try await clock.sleep(for: RunDenials.pause)
                } else {
                    if backoff.failures == 1 { await tell(.failing(error)) }
                    try await clock.sleep(for: backoff.delayAfterFailure(using: &random))
                }
            }
        }
    }

    /// Whether what there is to do waits for the end of the tick.
    private var standsBack: Bool {
        deference.standsBack(
            whileBusy: isTickBusy && isLoaded, runs: watch.openCount + logged.runs, logEntries: logged.entries,
            at: clock.monotonic())
    }

    private var pause: Duration {
        if isTickBusy { return Self.courtesy }
        if !deleted.isEmpty || hasNews && hasGathered { return .zero }
        if sweep.isUnderWay { return Self.courtesy }
        let now = clock.monotonic()
        var pause = Self.longestSleep
        for (next, allowance) in [(watch.nextLook, allowance), (watch.nextReview, reviewAllowance)] {
            guard let next else { continue }
            pause = min(pause, max(next - now, allowance.isSpent ? allowance.pause : Self.gathering))
        }
        return min(pause, hasGathered ? Self.longestSleep : unfoldedAt + Self.gathering - now)
    }

    /// Whether what was unfolded last lies so far back that news need not wait for more of it.
    private var hasGathered: Bool { clock.monotonic() - unfoldedAt >= Self.gathering }

    /// Sleeps, until there is something to unfold.
    private func sleep(for duration: Duration) async throws {
        try Task.checkCancellation()
        guard duration > .zero else { return await Task.yield() }
        // A task of its own, because what ends the sleep does not end the sleeper.
        let task = Task(executorPreference: executor) { [clock] in try await clock.sleep(for: duration) }
        sleeping = task
        defer { sleeping = nil }
        try await task.waitOut()
    }

    /// Does a little of all that is to be done.
    ///
    /// - Returns: Whether the lock is ours, as far as is known.
    func step() async throws -> Bool {
        try await noticeOtherServer()
        if !isLoaded { try await load() }
        guard try await unfold() else { return false }
        try await forgetDeleted()
        guard try await look() else { return false }
        try await sweepOn()
        return true
    }

    /// The same, with a look at every run, whenever its turn is: for who drives a scheduler by hand.
    func stepThroughAll() async throws {
        _ = try await step()
        guard try await disperse(Array(watch.portions.keys)) else { return }
        for page in watch.followed.values.sorted(by: { $0.run.at < $1.run.at }).pages(of: Self.runsAtOnce) {
            guard try await look(at: Array(page)) else { return }
        }
    }

    // MARK: The log

    private func unfold() async throws -> Bool {
        for _ in 0..<Self.mostInARow {
            hasNews = false
            let entries = portion.take(from: try await store.runLog(limit: portion.limit))
            if let written = unfolder.writtenUnanswered(logNow: entries) {
                await tellOfOthers(written)
                if !written.unfolding.opened.isEmpty { isLoaded = false }
            }
            if !isLoaded { try await load() }
            guard !entries.isEmpty else {
                logged = (0, 0)
                return true
            }
            hasNews = true
            unfoldedAt = clock.monotonic()
            var result = unfolder.read(entries)
            if watch.heldCount + result.unfolding.opened.count <= mostHeld {
                result.unfolding.portions = RunPortion.portions(of: result.unfolding.opened)
            }
            if !result.unfolding.opened.isEmpty { await tell(.queued(result.unfolding.opened)) }
            // Before they are off the log: a leader that dies in between would leave jobs that are gone, and nothing that says why.
            guard let cancellations = try await cancellations(in: result), try await record(cancellations) else {
                return false
            }
            do {
                switch try await store.unfold(result.unfolding, token: token, now: clock.now()) {
                case .done: break
                case .lockLost: return false
                case .logMoved:
                    // An earlier call was done in this moment, and need not have taken as many entries as this one.
                    isLoaded = false
                    continue
                }
            } catch {
                // Whether it was done is seen by the log.
                unfolder.gotNoAnswer(result)
                throw error
            }
            unfolder.wrote(result)
            await tellOfOthers(result)
            guard try await follow(result) else { return false }
            let isOld = result.unfolding.opened.first.map { clock.now() - $0.at > Self.patience } ?? false
            if isTickBusy, !isOld { return true }
        }
        return true
    }

    private func tellOfOthers(_ result: RunUnfolder.Result) async {
        if !result.byOthers.isEmpty { await tell(.queuedByOthers(result.byOthers)) }
    }

    /// Follows what was unfolded.
    private func follow(_ result: RunUnfolder.Result) async throws -> Bool {
        let (now, monotonic) = (clock.now(), clock.monotonic())
        let unfolding = result.unfolding
        // It was queued before its definition was deleted.
        for run in unfolding.opened where deletedAt[run.definition] != nil { deleted.insert(run.definition) }
        var dropped = unfolding.portions.flatMap { watch.hold($0, now: now, at: monotonic) }
        if unfolding.portions.isEmpty {
            dropped = unfolding.opened.compactMap { watch.follow($0, in: .open, now: now, at: monotonic) }
        }
        return try await drop(dropped)
    }

    /// Takes out runs that are followed no longer.
    func drop(_ runs: [RunWatch.Followed]) async throws -> Bool {
        guard !runs.isEmpty else { return true }
        guard try await disperse(Array(Set(runs.compactMap(\.portion))), with: runs.map(\.run)) else { return false }
        return try await record(
            runs.flatMap { known in
                let places: [RunPlace] = known.isUncertain || known.portion != nil ? [.open, .watched] : [known.place]
                return places.map { RunChange(known.run, from: $0, keep: keep(known.run)) }
            })
    }

    /// What is to be recorded of the runs that were taken out for others; `nil` when the lock is not ours.
    private func cancellations(in result: RunUnfolder.Result) async throws -> [RunChange]? {
        var changes: [RunChange] = []
        let over = result.removed.map(\.job).filter { watch[$0]?.place == .watched }
        if !over.isEmpty {
            // Redis may have lost its last moments, and with them the record: then it stands again where it was.
            guard try await drop(found(store.recentRuns())) else { return nil }
            for job in over where watch[job]?.place == .watched { watch.recordingFailed(of: job, as: nil) }
        }
        guard try await disperse(Array(Set(result.removed.compactMap { watch[$0.job]?.portion }))) else { return nil }
        _ = try await findPlaces(of: result.removed.compactMap { watch[$0.job] })
        for (job, at) in result.removed {
            guard let known = watch[job] else { continue }
            var former: EndedRun?
            if known.place == .watched {
                // A look came before the log and found no job, or it was queued once more after its end.
                former = try await recorded(of: known)
                guard let former, former.ending.outcome != .canceled else { continue }
            }
            var ending = RunEnding(.canceled)
            ending.ended = at
            var change = RunChange(
                known.run, from: known.place, former: former, ending: ending, keep: keep(known.run))
            // The batch that took it out has written what is open, which may be a later run under the same id.
            change.mayCount = false
            changes.append(change)
        }
        return changes
    }

    /// How many runs the definition of that run keeps.
    func keep(_ run: TrackedRun) -> Int { run.history ?? history }

    // MARK: Looks

    private func look() async throws -> Bool {
        for _ in 0..<Self.mostInARow {
            let now = clock.monotonic()
            guard allowance.hasPage(of: looksAtOnce, at: now) else { return true }
            let reviews = reviewAllowance.hasPage(of: Self.reviewsAtOnce, at: now) ? reviewAllowance.count : 0
            let due = watch.due(at: now, limit: looksAtOnce, reviews: reviews)
            allowance.used(due.count)
            reviewAllowance.used(due.reviewCount)
            guard !due.isEmpty else { return true }
            // In this order: what stands in a portion was queued later.
            do {
                guard try await look(at: due.runs) else { return false }
            } catch {
                for (number, _) in due.portions { watch.postponed(number) }
                throw error
            }
            guard try await look(at: due.portions) else { return false }
            if (isTickBusy || hasNews && hasGathered) && !isLate { return true }
        }
        return true
    }

    /// Whether a look should have been made long ago.
    private var isLate: Bool { watch.nextLook.map { clock.monotonic() - $0 > Self.patience } ?? false }

    private func look(at due: [RunWatch.Followed]) async throws -> Bool {
        guard !due.isEmpty else { return true }
        do {
            let due = try await findPlaces(of: due)
            let runs = due.map { RunToLookAt($0.run, memory: $0.memory, place: $0.place) }
            let findings = try await undisturbed(store.look(at: runs, now: clock.now()), due)
            var changes: [RunChange] = []
            for (known, finding) in zip(due, findings) where watch[known.run.jobID]?.run == known.run {
                if let change = try await change(known, finding) { changes.append(change) }
            }
            guard try await record(changes) else { return false }
            looksAtOnce = min(2 * looksAtOnce, Self.runsAtOnce)
            return true
        } catch {
            looksAtOnce = max(1, looksAtOnce / 2)
            watch.looksFailed(at: due.map(\.run.jobID), now: clock.now(), monotonic: clock.monotonic())
            throw error
        }
    }
}
