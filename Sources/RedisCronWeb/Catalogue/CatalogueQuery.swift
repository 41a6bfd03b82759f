import RedisCron

/// Which definitions are wanted, and in which order.
struct CatalogueQuery: Sendable, Hashable {
    /// Words that all must occur in id, function or queue, whatever their case.
    var text = ""
    var state: CatalogueState?
    /// The name of a queue; only definitions of this one.
    var queue: String?
    /// The source that they were applied from.
    var source: String?
    var sort = CatalogueSort.id
    var isDescending = false
    /// How many of them are left out at the beginning.
    var offset = 0
    /// The most that are wanted.
    var limit = Self.pageSize
    /// Only what comes behind this id; for `sort` by id.
    ///
    /// A cursor that stays where it is while definitions come and go.
    var after: DefinitionID?

    /// How many definitions a page has.
    static let pageSize = 100

    init() {}

    /// Reads `text`, `state`, `queue`, `source`, `sort` (`-next` for descending) and `page` (from 1).
    ///
    /// What makes no sense is left out: an old bookmark still shows something.
    init(_ items: QueryItems) {
        text = items["text"] ?? ""
        state = items["state"].flatMap(CatalogueState.init)
        queue = items["queue"].flatMap { $0.isEmpty ? nil : $0 }
        source = items["source"].flatMap { $0.isEmpty ? nil : $0 }
        if let name = items["sort"] {
            isDescending = name.hasPrefix("-")
            sort = CatalogueSort(rawValue: isDescending ? String(name.dropFirst()) : name) ?? .id
        }
        if let page = items["page"].flatMap({ Int($0) }), (1...10_000_000).contains(page) {
            offset = (page - 1) * limit
        }
    }

    /// Whether only some definitions are wanted.
    var isFiltered: Bool { !text.isEmpty || state != nil || queue != nil || source != nil }
}

/// By what a listing is sorted; where two are equal, by id.
enum CatalogueSort: String, Sendable, Hashable, CaseIterable {
    case id, state, function, queue, schedule, source, next, last, outcome, duration
}

/// What a query finds.
struct CataloguePage: Sendable {
    /// The definitions of the page, in the order asked for.
    var entries: [CatalogueEntry] = []
    /// How many definitions the query matches.
    var total = 0
    /// How many there are in each state, whatever the query says about states.
    var counts: [CatalogueState: Int] = [:]
    /// All queues that definitions name, by name.
    var queues: [String] = []
    /// All sources that definitions were applied from, by name.
    var sources: [String] = []
    var status = CatalogueStatus()
}

/// One definition of a listing.
struct CatalogueEntry: Sendable, Hashable {
    let id: DefinitionID
    let state: CatalogueState
    /// Empty where it is invalid, as the three below.
    let functionName: String
    let queueName: String
    /// The expression, or `every 300s`.
    let schedule: String
    /// The zone that the definition names.
    let timeZone: String?
    let source: String?
    /// What is wrong with an invalid one.
    let fault: String?
    /// The next planned time.
    let next: Timestamp?
    /// When its last run was queued.
    let last: Timestamp?
    /// Until when it is paused.
    let pausedUntil: Timestamp?
    /// Whether its next run waits for earlier ones.
    let isWaiting: Bool
    /// What became of the run that was over last.
    let outcome: RunOutcome?
    /// How long that took.
    let duration: Duration?
    /// Grows with each change of the definition or its runs that the catalogue saw.
    let version: UInt32
}

/// Whether what the catalogue holds is what Redis holds.
struct CatalogueStatus: Sendable, Hashable {
    enum Progress: Sendable, Hashable {
        /// It has not begun: nobody runs ``CronWeb/run()``.
        case idle
        /// It reads all definitions.
        case loading(read: Int, of: Int?)
        /// It has all of them, and follows their changes.
        case following
        /// Redis cannot be reached: what is shown is what was known.
        case disconnected(since: Timestamp, reason: String)
    }

    var progress = Progress.idle
    /// How many definitions the catalogue holds.
    var count = 0
    /// Grows with each change.
    var version: UInt64 = 0
    /// When Redis was last asked, successfully.
    var asOf: Timestamp?
}
