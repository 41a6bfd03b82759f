import RQWire
import RedisBridge
import RedisCron

/// What metrics tell of definitions: who scrapes gets what is in memory, and waits for nobody.
///
/// How many there are in each state the catalogue knows. What became of the runs of each is read beside it, for the first ones by id: where
/// the catalogue has seen a change, while a run is open, and of all now and then.
actor DefinitionMeasures {
    private let catalogue: Catalogue
    /// Whether the catalogue has ever held all definitions.
    private var hasSeenAll = false
    private var known: [DefinitionID: Known] = [:]
    /// The first definitions by id, as they were when they were read last.
    private(set) var jobs: [MeasuredJob] = []

    /// What was read of a definition's runs.
    fileprivate struct Known {
        var version: UInt32
        var readAt: ContinuousClock.Instant
        var hasOpenRuns = false
        var isRunning = false
        var lastSuccess: Timestamp?
        var lastFailure: Timestamp?
        var lastDuration: Duration?
    }

    /// How often it is looked what has changed.
    private static let pause: Duration = .seconds(5)
    /// How long it is believed that nothing happened which the catalogue does not see, such as a trigger.
    private static let lifetime: Duration = .seconds(30)
    /// How many definitions are read at once, and how many of the last runs of each.
    private static let pageSize = 100
    private static let runs = 20

    init(catalogue: Catalogue) {
        self.catalogue = catalogue
    }

    /// How many definitions are in each state; `nil` before all of them are known.
    func counts() async -> [CatalogueState: Int]? {
        let glance = await catalogue.glance()
        hasSeenAll = hasSeenAll || glance.status.progress == .following
        return hasSeenAll ? glance.summary.counts : nil
    }

    /// Reads what becomes of runs under all key prefixes, until the task is cancelled.
    ///
    /// Together they have as many series as one may have: each prefix gets its share.
    static func follow(_ all: [DefinitionMeasures]) async {
        while !Task.isCancelled {
            var counts: [Int] = []
            for measures in all { counts.append(await measures.catalogue.glance().count) }
            for (measures, share) in zip(all, FairShare.of(DefinitionFamilies.mostJobs, among: counts)) {
                // While Redis is away, what was known stays.
                try? await measures.refresh(most: share)
            }
            // Cancelled, the loop ends.
            try? await Task.sleep(for: pause)
        }
    }

    /// Looks what has changed.
    ///
    /// - Parameter most: Of how many definitions.
    func refresh(most: Int = DefinitionFamilies.mostJobs) async throws {
        var query = CatalogueQuery()
        query.limit = most
        let entries = await catalogue.page(query, isGlance: true).entries
        let now = ContinuousClock.now
        let changed = entries.filter { entry in
            guard let known = known[entry.id], known.version == entry.version, !known.hasOpenRuns else { return true }
            return now - known.readAt > Self.lifetime
        }
        for start in stride(from: 0, to: changed.count, by: Self.pageSize) {
            try await read(Array(changed[start..<min(start + Self.pageSize, changed.count)]), at: now)
        }
        let ids = Set(entries.map(\.id))
        known = known.filter { ids.contains($0.key) }
        jobs = entries.map { MeasuredJob($0, known[$0.id]) }
    }

    private func read(_ entries: [CatalogueEntry], at now: ContinuousClock.Instant) async throws {
        let definitions = catalogue.connection.definitions
        let log = try await definitions.loggedRuns()
        let found = try await definitions.knownRuns(
            of: entries.map(\.id), log: log, most: Self.runs, mostOpen: Self.runs)
        var open = found.flatMap { $0?.records.filter(\.isOpen) ?? [] }
        // In one go for all: which of those that are open run.
        try await definitions.addStarts(to: &open)
        let running = Set(open.filter { $0.started != nil }.map(\.id))
        for (entry, found) in zip(entries, found) {
            let runs = found?.records ?? []
            // What is older than the last runs stays known.
            var known = known[entry.id] ?? Known(version: entry.version, readAt: now)
            (known.version, known.readAt) = (entry.version, now)
            known.hasOpenRuns = runs.contains(where: \.isOpen)
            known.isRunning = running.contains(entry.id.display)
            let ended = runs.filter { $0.outcome != nil }
            known.lastSuccess = ended.filter { $0.outcome == .finished }.compactMap(\.ended).max() ?? known.lastSuccess
            known.lastFailure =
                ended.filter { $0.outcome?.isFailure == true }.compactMap(\.ended).max() ?? known.lastFailure
            known.lastDuration =
                ended.max { $0.ended ?? .earliest < $1.ended ?? .earliest }?.duration ?? known.lastDuration
            self.known[entry.id] = known
        }
    }
}

extension MeasuredJob {
    fileprivate init(_ entry: CatalogueEntry, _ known: DefinitionMeasures.Known?) {
        self.init(id: entry.id.display, queue: entry.queueName, function: entry.functionName)
        switch entry.state {
        case .running, .failing, .overdue, .snoozed: next = entry.next
        case .invalid, .finished, .paused, .disabled: break
        }
        lastEnqueue = entry.last
        lastSuccess = known?.lastSuccess
        lastFailure = known?.lastFailure
        lastDuration = known?.lastDuration
        isRunning = known?.isRunning
    }
}

/// How something that is not enough for all is shared.
enum FairShare {
    /// As much for each as it needs, or else the same for all who need more.
    ///
    /// What cannot be shared evenly goes to the first ones.
    static func of(_ whole: Int, among needs: [Int]) -> [Int] {
        var shares = [Int](repeating: 0, count: needs.count)
        var rest = whole
        // The modest first: what they leave is for the others.
        let order = needs.indices.sorted { needs[$0] != needs[$1] ? needs[$0] < needs[$1] : $0 > $1 }
        for (place, index) in order.enumerated() {
            shares[index] = min(needs[index], rest / (order.count - place))
            rest -= shares[index]
        }
        return shares
    }
}
