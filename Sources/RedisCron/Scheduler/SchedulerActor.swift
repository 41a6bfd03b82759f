import RQWire
import RedisBridge

/// Owns the lock and the loop: decides by ``SchedulerStateMachine``, acts through ``CronStore``.
///
/// Its parts stand in files of their own: the loop (`+run`), the lock (`+lock`), the tick (`+tick`), the sleep and what
/// ends it (`+sleep`), the definitions that it is given (`+definitions`).
actor SchedulerActor {
    /// Where everything of a scheduler runs: its actors, and the tasks that they start, so that none of it hops between
    /// threads and a simulation decides about each step.
    nonisolated let executor: any SerialExecutor & TaskExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    let store: any CronStore
    let clock: any SchedulerClock
    let jobStore: JobStoreActor
    let channel: EventChannel
    let settings: SchedulerSettings

    var machine: SchedulerStateMachine
    var alarm = WakeTimer()
    var sleepTask: Task<Void, any Error>?
    var runTask: Task<Void, any Error>?
    /// The request for the lock that is under way: a stop ends it.
    var acquisition: Task<Bool, any Error>?
    /// Cuts a stop short that takes too long.
    var shutdownTimer: Task<Void, any Error>?
    /// The token under which the lock is ours, or may be: kept until Redis has said that it is not, or has released it.
    var token: String?
    /// Whether a request for the lock under that token got no answer.
    var mayBeGivenLate = false
    /// When entries that lead to no run were last looked at again, on the monotonic clock.
    var parkedSince: Duration = .zero
    /// Due entries of the present tick that were read and not sent yet.
    var unsentEntries = 0
    /// What Redis fails of that which a scheduler cannot do without.
    var outage = Outage()
    /// As ``outage``, of listening to the events channel: without it changes are noticed late.
    var deafness = Outage()
    /// The pauses of those that run beside the loop, which has ``sleepTask``: a success of another operation ends them.
    var pauses: [Outage.Operation: Task<Void, any Error>] = [:]
    /// The events channel, while it is read, when it was last heard of, on the monotonic clock, and whether it was made anew
    /// because it had fallen silent.
    var announcements: (any AnnouncementReader)?
    var lastAnnouncement: Duration = .zero
    var isChannelMute = false
    var jitter: SplitMix64
    var batchSizing: BatchSizing
    var health: SchedulerHealthRecord
    var hasExaminedServer = false
    /// The zone that was published before ours; `nil` where none was.
    var formerZone: String?
    /// Whether what was planned in that zone has yet to be planned anew in ours.
    var isZoneUnfinished = false
    /// What was said about this machine's time zone data.
    var toldZoneFaults: Set<String> = []
    var lossWatch = LossWatch()
    /// When a scheduler that stands by last looked for a loss, on the monotonic clock.
    var lossSoughtAt: Duration = .zero
    /// Whether it has led or stood by.
    var hasHadPlace = false
    /// Whether the definitions that it was given are to be applied.
    var wantsDefinitions = false
    /// Tells the task that applies them.
    var definitionsWanted: AsyncStream<Void>.Continuation?

    init(
        store: any CronStore, clock: any SchedulerClock, settings: SchedulerSettings, channel: EventChannel,
        executor: any SerialExecutor & TaskExecutor
    ) {
        self.store = store
        self.clock = clock
        self.settings = settings
        self.channel = channel
        self.executor = executor
        self.machine = SchedulerStateMachine(whenLockHeld: settings.whenLockHeld)
        self.jobStore = JobStoreActor(store: store, limit: settings.cacheLimit, executor: executor)
        self.jitter = SplitMix64(state: settings.seed)
        self.batchSizing = BatchSizing(most: settings.batchSize)
        self.health = SchedulerHealthRecord()
    }

    /// Tells the readers of the events, and the log.
    func tell(_ event: SchedulerEvent) {
        settings.logger(event.level, event.line)
        channel.send(event)
    }
}
