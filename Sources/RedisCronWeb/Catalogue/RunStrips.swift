import RQWire
import RedisBridge
import RedisCron

/// The last runs of the definitions that somebody looks at, shared by all who do.
///
/// A thousand viewers of one page cost Redis what one does: what was read is kept until the catalogue sees a change of the definition,
/// or, while a run of it is open, for a second.
actor RunStrips {
    /// How many runs of each are kept.
    static let length = 20
    /// The most definitions whose runs are kept.
    private static let most = 5_000
    /// How long a run that is open is believed to be.
    private static let openLifetime: Duration = .seconds(1)
    /// How long it is believed that nothing happened which the catalogue does not see, such as a trigger.
    private static let lifetime: Duration = .seconds(5)

    private struct Strip {
        let runs: [RunRecord]
        let version: UInt32
        let readAt: ContinuousClock.Instant
    }

    private let connection: RedisCronConnection
    private var strips: [DefinitionID: Strip] = [:]

    init(connection: RedisCronConnection) {
        self.connection = connection
    }

    /// The last runs of these definitions, the newest first; none of those whose runs cannot be read.
    func runs(of entries: [CatalogueEntry]) async -> [DefinitionID: [RunRecord]] {
        let now = ContinuousClock.now
        let missing = entries.filter { entry in
            guard let strip = strips[entry.id], strip.version == entry.version else { return true }
            let isOpen = strip.runs.contains(where: \.isOpen)
            return now - strip.readAt > (isOpen ? Self.openLifetime : Self.lifetime)
        }
        if !missing.isEmpty {
            // Where Redis is away, or does not let us look, what was read last is shown.
            if let found = try? await read(missing) {
                if strips.count + found.count > Self.most { strips = [:] }
                for (entry, runs) in zip(missing, found) {
                    strips[entry.id] = Strip(runs: runs, version: entry.version, readAt: now)
                }
            }
        }
        return Dictionary(entries.compactMap { entry in strips[entry.id].map { (entry.id, $0.runs) } }) { first, _ in
            first
        }
    }

    private func read(_ entries: [CatalogueEntry]) async throws -> [[RunRecord]] {
        let definitions = connection.definitions
        let log = try await definitions.loggedRuns()
        let known = try await definitions.knownRuns(
            of: entries.map(\.id), log: log, most: Self.length, mostOpen: Self.length)
        var runs = known.map { Array(($0?.records ?? []).prefix(Self.length)) }
        // In one go for all: the starts of those that are open.
        var all = Array(runs.joined())
        try await definitions.addStarts(to: &all)
        var start = 0
        for index in runs.indices {
            runs[index] = Array(all[start..<start + runs[index].count])
            start += runs[index].count
        }
        return runs
    }
}
