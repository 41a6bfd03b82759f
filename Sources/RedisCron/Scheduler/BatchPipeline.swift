import RQWire

/// Decides what one tick does next: read a page, look up what its entries lead to, or send a batch.
///
/// Pure. It is told what happened and asked what to do, and it is the whole state of the work on one stretch of the index,
/// so that two ticks at the same time share none of it.
///
/// Several batches are in flight, so that encoding overlaps with Redis' work, and as many more are looked up ahead. If
/// definitions were read only when a batch has finished, that read would queue behind the scripts of the others and all of
/// them would move in lockstep: Redis idle while definitions are prepared, this side idle while scripts run. The next page
/// is read while the last batches of this one are under way, so that Redis has no pause between two pages.
///
/// ```
///   page ──▶ queue ──resolve──▶ ready ──send──▶ in flight ──▶ finished
///     ▲        │                (first resolved, first sent)
///     └────────┘ next page, when few entries wait
/// ```
struct BatchPipeline: Sendable {
    /// What happened.
    enum Event: Sendable {
        /// The next page was read.
        case pageArrived(CandidatePage)
        /// It is known what the entries of a batch lead to.
        case resolved(ResolvedBatch)
        /// A batch got its answer.
        case finished
        /// One of the things under way failed: the others are waited for, and nothing more is started.
        case failed(Stage)
        /// No batch may be sent any more, because the lease is not to be trusted or a stop was asked for.
        case mayNotEnqueue
    }

    /// What can be under way.
    enum Stage: Sendable, Hashable, CaseIterable {
        case resolving, sending, reading
    }

    /// What to do next.
    enum Action: Sendable {
        /// Look up what these entries lead to. They were due by the time given.
        case resolve(ArraySlice<DueEntry>, dueBy: Timestamp)
        /// Send this batch.
        case send(ResolvedBatch)
        /// Read the next page, behind this many entries of the index. All of these have the score, if there is one.
        case readPage(offset: Int, sharing: [UInt8]?)
        /// Wait for an event.
        case wait
        /// Everything that was started is over, and nothing is left to start.
        case done
    }

    /// Entries in front of the index that are passed over.
    private let passedOver: Int
    private var window: BatchWindow
    /// With this many entries waiting or fewer, the next page is read.
    private let readAheadBelow: Int

    private var queue: DueQueue
    private var ready: [ResolvedBatch] = []
    private var resolving = 0
    private var inFlight = 0
    private var hasSent = false
    private var isReading = false
    private var mayStart = true
    /// Entries that were read and not sent yet.
    ///
    /// What was sent is out of the index when Redis comes to the next read, and what was not would be read again.
    private var unsent: Int
    /// The one score of all that was read, if it has only one: then the next page is expected to have it too.
    private var sharedScore: [UInt8]?

    /// Begins with a page.
    ///
    /// - Parameters:
    ///   - passedOver: How many entries in front of it are passed over.
    ///   - window: How many batches may be under way.
    ///   - readAheadBelow: With so many entries waiting or fewer, the next page is read.
    init(_ page: CandidatePage, passedOver: Int, window: BatchWindow, readAheadBelow: Int) {
        self.passedOver = passedOver
        self.window = window
        self.readAheadBelow = readAheadBelow
        queue = DueQueue(page)
        unsent = page.entries.count
        // Of what is passed over nothing is known.
        sharedScore = passedOver == 0 ? page.sharedScore : nil
    }

    /// The entries, if they are all that is due and fit into one batch: then nothing is worth overlapping.
    func onlyBatch(ofAtMost batchSize: Int) -> (entries: ArraySlice<DueEntry>, dueBy: Timestamp)? {
        guard !queue.mayHaveMore, queue.count <= batchSize else { return nil }
        return (queue.entries, queue.dueBy)
    }

    /// Takes note of what happened.
    mutating func handle(_ event: Event) {
        switch event {
        case .pageArrived(let page):
            isReading = false
            if page.sharedScore != sharedScore { sharedScore = nil }
            let former = queue.count
            queue.append(page)
            unsent += queue.count - former
        case .resolved(let batch):
            resolving -= 1
            ready.append(batch)
        case .finished:
            inFlight -= 1
        case .failed(let stage):
            mayStart = false
            switch stage {
            case .resolving: resolving -= 1
            case .sending: inFlight -= 1
            case .reading: isReading = false
            }
        case .mayNotEnqueue:
            mayStart = false
        }
    }

    /// The next thing to do; asked again after each until it is ``Action/wait`` or ``Action/done``.
    ///
    /// - Parameter batchSize: How many entries the next batch takes.
    mutating func nextAction(batchSize: Int) -> Action {
        guard mayStart else { return isIdle ? .done : .wait }
        // Batches that can be sent at once do not count as looked up ahead.
        let ahead = max(0, ready.count - (window.size - inFlight))
        if queue.count > 0, resolving + ahead < window.most {
            resolving += 1
            return .resolve(queue.takeBatch(batchSize), dueBy: queue.dueBy)
        }
        if inFlight < window.size, !ready.isEmpty {
            window.sends(afterRunningDry: hasSent && inFlight == 0)
            hasSent = true
            inFlight += 1
            let batch = ready.removeFirst()
            unsent -= batch.entryCount
            return .send(batch)
        }
        if queue.mayHaveMore, !isReading, queue.count <= readAheadBelow {
            isReading = true
            return .readPage(offset: passedOver + unsent, sharing: sharedScore)
        }
        return isIdle ? .done : .wait
    }

    private var isIdle: Bool { resolving == 0 && inFlight == 0 && !isReading }
}

/// A batch of which it is known what each entry leads to.
struct ResolvedBatch: Sendable {
    let resolution: JobStoreActor.Resolution
    let entryCount: Int
    /// The time for which that was decided.
    let resolvedAt: Timestamp
}

/// A page of the index without the entries that are passed over.
struct CandidatePage: Sendable {
    /// The entries that may lead to a run, in order.
    var entries: [DueEntry]
    /// The time by which they are due.
    var dueBy: Timestamp
    /// How many entries were read, including those that are passed over.
    var count: Int
    /// The last entry that was read.
    var last: DueEntry?
    /// The score of all entries that were read, if they have only one.
    var sharedScore: [UInt8]?
    /// Whether there may be more behind it.
    var isFull: Bool
    /// The lowest score later than that time, if any.
    var nextScore: Double?
}

/// Due entries that wait for their turn, filled page by page.
///
/// Pure. A page that was read ahead may repeat entries that are here or in flight, because Redis had not come to them yet.
/// The index has a total order, by score and then by id, so only what sorts after the last entry read is new.
struct DueQueue: Sendable {
    private(set) var entries: ArraySlice<DueEntry>
    private var last: DueEntry?
    /// The time by which all of them are due.
    private(set) var dueBy: Timestamp
    /// Whether another page may bring more.
    private(set) var mayHaveMore: Bool

    init(_ page: CandidatePage) {
        entries = page.entries[...]
        last = page.last
        dueBy = page.dueBy
        mayHaveMore = page.isFull
    }

    /// How many wait.
    var count: Int { entries.count }

    /// Takes the first `size` of them, or as many as there are.
    mutating func takeBatch(_ size: Int) -> ArraySlice<DueEntry> {
        let batch = entries.prefix(size)
        entries = entries.dropFirst(size)
        return batch
    }

    /// Adds those entries of a page that sort after the last one read so far.
    ///
    /// If there are none, no further page is worth reading ahead. What became due in front of them is left to the next read
    /// from the beginning.
    mutating func append(_ page: CandidatePage) {
        let new = page.entries.drop { entry in last.map { !entry.sortsAfter($0) } ?? false }
        let goesOn = page.last.map { end in last.map(end.sortsAfter) ?? true } ?? false
        entries = entries.isEmpty ? new : entries + new
        dueBy = max(dueBy, page.dueBy)
        mayHaveMore = page.isFull && goesOn
        if goesOn { last = page.last }
    }
}

extension DueEntry {
    /// Whether it comes later in the index than the other one.
    func sortsAfter(_ other: DueEntry) -> Bool {
        score != other.score ? score > other.score : other.id.bytes.lexicographicallyPrecedes(id.bytes)
    }
}

/// How many due entries go into the next batch: all that are allowed, and fewer after a failure.
///
/// Pure. Definitions that are too large to be read or queued together within a command's time-out would fail again and
/// again. Fewer at a time get through, as long as each alone does. If something else had failed, the size is back after a
/// few batches.
struct BatchSizing: Sendable {
    /// The most that is allowed.
    let most: Int
    /// The size of the next batch, at least 1.
    private(set) var size: Int

    init(most: Int) {
        self.most = most
        size = most
    }

    /// A batch got no answer, or an error.
    mutating func batchFailed() {
        size = max(1, size / 16)
    }

    /// A batch got its answer.
    mutating func batchSucceeded() {
        size = min(most, size * 2)
    }
}
