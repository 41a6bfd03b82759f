/// Due index entries that lead to no run and stay where they are: RQ's own names, and definitions that nobody can use.
///
/// They are passed over until they change, so that they cost neither a read nor a report at each tick.
struct ParkedEntries {
    /// How many reports are remembered before all of them are forgotten.
    private static let remembered = 100_000

    private var scores: [DefinitionID: [UInt8]] = [:]
    /// What was last said about an unusable definition, so that it is said once.
    private var reported: [DefinitionID: String] = [:]

    /// Whether any entry is parked.
    var isEmpty: Bool { scores.isEmpty }

    /// Whether this very entry is parked; one whose score has changed is not.
    func contains(_ entry: DueEntry) -> Bool {
        !scores.isEmpty && scores[entry.id] == entry.rawScore
    }

    /// Passes over the entry from now on.
    mutating func park(_ entry: DueEntry) {
        scores[entry.id] = entry.rawScore
    }

    /// Looks at the definition again at the next tick.
    mutating func release(_ id: DefinitionID) {
        scores[id] = nil
    }

    /// Looks at all of them again at the next tick.
    ///
    /// What has been reported stays reported.
    mutating func releaseAll() {
        scores.removeAll(keepingCapacity: true)
    }

    /// Whether the reason is new; remembers it.
    mutating func isNews(_ id: DefinitionID, reason: String) -> Bool {
        // Deleted ids stay here, so the number is bounded. That costs a second report now and then.
        if reported.count >= Self.remembered { reported.removeAll() }
        return reported.updateValue(reason, forKey: id) != reason
    }

    /// Forgets what was said about a definition that can be used again or is gone.
    mutating func forgetReport(of id: DefinitionID) {
        if !reported.isEmpty { reported[id] = nil }
    }
}
