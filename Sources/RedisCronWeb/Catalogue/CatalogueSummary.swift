import RedisCron

/// How many definitions there are, and how they do.
struct CatalogueSummary: Sendable, Hashable {
    /// How many are in each state.
    var counts: [CatalogueState: Int] = [:]
    /// When the next one is due.
    var nextDue: Timestamp?
    /// When the last run was queued of those whose last run went wrong.
    var lastFailure: Timestamp?

    /// Goes through all rows, off the actor that asks.
    ///
    /// - Parameter now: Microseconds since 1970.
    @concurrent
    static func of(_ table: CatalogueTable, now: Int64) async -> CatalogueSummary {
        var counts = [Int](repeating: 0, count: CatalogueState.allCases.count)
        var (next, last) = (CatalogueFacts.never, CatalogueFacts.none)
        for rows in table.chunks {
            for row in rows.indices {
                // Without the id, as a search does.
                let facts = rows[row].facts
                let state = facts.state(at: now)
                counts[state.place] += 1
                if state.isScheduled { next = min(next, facts.due) }
                if state == .failing { last = max(last, facts.last) }
            }
        }
        var summary = CatalogueSummary()
        for state in CatalogueState.allCases { summary.counts[state] = counts[state.place] }
        if next != CatalogueFacts.never { summary.nextDue = Timestamp(microseconds: next) }
        if last != CatalogueFacts.none { summary.lastFailure = Timestamp(microseconds: last) }
        return summary
    }
}

/// What a catalogue says of itself at a glance.
struct CatalogueGlance: Sendable {
    let summary: CatalogueSummary
    let overview: SchedulerOverview
    let status: CatalogueStatus
    /// How many definitions it holds.
    let count: Int
}

extension CatalogueState {
    /// Whether runs come.
    private static let scheduled: Set<CatalogueState> = [.running, .failing, .overdue, .snoozed]

    /// Whether the index says when it is due.
    var isScheduled: Bool { Self.scheduled.contains(self) }
}
