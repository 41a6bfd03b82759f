import RQWire
import RedisCron

/// What the listing needs of all definitions, in memory: so that no request searches in Redis, and a thousand viewers cost Redis what
/// one does.
///
/// It takes about 200 bytes for each definition: measured with 500,000, whose ids have 29 bytes. What is kept beside the rows (pages,
/// strips of runs, timelines, announcements) has a bound of its own.
///
/// ``follow()`` keeps it in step. Whoever asks gets what it has at that moment, with the word whether that is all.
actor Catalogue {
    nonisolated let connection: RedisCronConnection
    /// The scheduler's connection, where there is one: it hears of changes anyway, so that they need no link of the page's own.
    nonisolated let announcing: RedisCronConnection?
    /// Tells viewers what has changed.
    nonisolated let feed = CatalogueFeed()
    var table = CatalogueTable()
    var status = CatalogueStatus()
    var overview = SchedulerOverview()
    /// The zone of definitions that name none.
    var defaultZone: DefaultTimeZone?
    /// Definitions that were announced and have not been read again.
    var announced: Set<DefinitionID> = []
    /// Whether more was announced than could be kept, so that all are to be read again.
    var hasMissedAnnouncements = false
    /// What changed since viewers were told.
    var changes = CatalogueChanges()
    /// The definitions of which a run was recorded last, and the scores at which they were seen.
    var recorded = RecordedWindow(newest: nil, now: .now)
    /// When somebody asked for definitions last.
    private var lastAsked: ContinuousClock.Instant?
    /// When somebody asked last how many there are, and how they do: metrics, and the list of all prefixes.
    private var lastGlanced: ContinuousClock.Instant?
    /// How often it looks at Redis for those.
    private let glances: Duration
    /// When it looked last.
    var lastPoll: ContinuousClock.Instant?
    var isPolling = false
    /// What its task waits for while there is nothing to do.
    var rest: Task<Void, Never>?
    /// Queues and sources by name, as of a version of the pool.
    private var names: (version: Int, queues: [String], sources: [String])?
    /// Pages that were asked for since the last change.
    private var pages = RecentPages()

    /// How long it goes on looking at Redis when nobody asks.
    private static let patience: Duration = .seconds(60)

    /// How many definitions there are in each state and so on, as of a version and a moment.
    private var summary: (version: UInt64, madeAt: ContinuousClock.Instant, summary: CatalogueSummary)?

    /// - Parameters:
    ///   - announcing: The connection over which changes are heard; `nil` for the same.
    ///   - glances: How often Redis is looked at for those who want to know no more than how many definitions there are, and how they do.
    ///     One of many prefixes looks less often.
    init(
        connection: RedisCronConnection, announcing: RedisCronConnection? = nil, glances: Duration = .seconds(1)
    ) {
        self.connection = connection
        self.announcing = announcing
        self.glances = max(glances, .seconds(1))
    }

    /// Whether somebody looks at the page, or did so within the last minute.
    private var isWatched: Bool { feed.hasReaders || wasAsked(lastAsked) }

    private func wasAsked(_ time: ContinuousClock.Instant?) -> Bool {
        time.map { ContinuousClock.now - $0 < Self.patience } ?? false
    }

    /// How often it looks at Redis; `nil` while nobody wants to know what has moved by itself.
    var pollPeriod: Duration? {
        if isWatched { return .seconds(1) }
        return wasAsked(lastGlanced) ? glances : nil
    }

    /// The definitions that a query asks for.
    ///
    /// - Parameter isGlance: Whether nobody looks at them who wants to see each change within a second.
    func page(_ query: CatalogueQuery, now: Timestamp = .now, isGlance: Bool = false) async -> CataloguePage {
        if isGlance { noteGlance() } else { await attend() }
        let key = RecentPages.Key(query: query, version: status.version, second: now.unixSeconds)
        var page: CataloguePage
        if let recent = pages[key] {
            page = recent
        } else {
            page = await CatalogueSearch(table: table, query: query, now: now.microseconds).run()
            pages[key] = page
        }
        (page.queues, page.sources) = namesOfPlaces()
        page.status = status
        page.status.count = table.count
        return page
    }

    /// One definition; `nil` where the catalogue has none of that id.
    func entry(_ id: DefinitionID, now: Timestamp = .now) -> CatalogueEntry? {
        table[id].map { table.entry(of: $0, now: now.microseconds) }
    }

    /// Whether Redis has no definition of that id, as far as is known; never where not all are known.
    func lacks(_ id: DefinitionID) -> Bool {
        status.progress == .following && table[id] == nil
    }

    /// Who leads, and how Redis is.
    func schedulers() async -> SchedulerOverview {
        await attend()
        return overview
    }

    /// The zone of definitions that name none, as far as it is known.
    func zone() -> DefaultTimeZone {
        defaultZone ?? DefaultTimeZone(rules: connection.defaultZone, isPublished: false)
    }

    /// How many definitions there are, and how they do, from what is held; it reads nothing itself.
    ///
    /// It counts as a glance, so that the catalogue keeps up.
    func glance(now: Timestamp = .now) async -> CatalogueGlance {
        noteGlance()
        let found: CatalogueSummary
        if let summary, summary.version == status.version, ContinuousClock.now - summary.madeAt < .seconds(1) {
            found = summary.summary
        } else {
            let (version, madeAt) = (status.version, ContinuousClock.now)
            found = await CatalogueSummary.of(table, now: now.microseconds)
            summary = (version, madeAt, found)
        }
        return CatalogueGlance(summary: found, overview: overview, status: status, count: table.count)
    }

    private func noteGlance() {
        let wasIdle = pollPeriod == nil
        lastGlanced = .now
        if wasIdle { wake() }
    }

    /// Begins to tell somebody what changes.
    func watch() async -> CronWebStream {
        let stream = CronWebStream(feed.read())
        await attend()
        return stream
    }

    /// Ends the rest of its task.
    func wake() {
        rest?.cancel()
        rest = nil
    }

    /// Notes that somebody asks.
    ///
    /// Where nobody did for long, what has moved meanwhile is read first.
    private func attend() async {
        let wasWatched = wasAsked(lastAsked)
        lastAsked = .now
        guard !wasWatched else { return }
        wake()
        guard status.progress == .following, !isPolling else { return }
        // What fails is for those who follow to find out.
        try? await poll()
    }

    private func namesOfPlaces() -> (queues: [String], sources: [String]) {
        if let names, names.version == table.pool.version { return (names.queues, names.sources) }
        var (queues, sources): (Set<TextPool.Place>, Set<TextPool.Place>) = ([], [])
        for chunk in table.chunks {
            for facts in chunk.lazy.map(\.facts) {
                queues.insert(facts.queue)
                sources.insert(facts.source)
            }
        }
        func texts(_ places: Set<TextPool.Place>) -> [String] {
            places.filter { $0 != TextPool.empty }.map { table.pool[$0] }
                .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
        let found = (version: table.pool.version, queues: texts(queues), sources: texts(sources))
        names = found
        return (found.queues, found.sources)
    }
}

/// The pages that were found last: many viewers look at the same one.
private struct RecentPages {
    struct Key: Hashable {
        let query: CatalogueQuery
        let version: UInt64
        let second: Int64
    }

    private static let most = 32
    private var pages: [Key: CataloguePage] = [:]

    subscript(key: Key) -> CataloguePage? {
        get { pages[key] }
        set {
            if pages.count >= Self.most { pages = [:] }
            pages[key] = newValue
        }
    }
}

/// Who schedules, and how Redis is.
struct SchedulerOverview: Sendable, Hashable {
    /// Who holds the lock.
    var leader: LockHolder?
    /// When the scheduler that leads was made, by RQ's registry.
    var leaderStarted: Timestamp?
    /// Since when it leads, where it was seen to begin.
    var leadsSince: Timestamp?
    /// Other schedulers that RQ's registry names.
    var others: [String] = []
    /// How far the oldest definition that is due is behind its time.
    var lag: Duration = .zero
    /// Where Redis is.
    var endpoint: String?
    /// When this was read.
    var asOf: Timestamp?
}
