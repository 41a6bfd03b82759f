package import RQWire

/// An entry of the index as it was read: an id and its score.
package struct DueEntry: Sendable, Hashable {
    /// The definition's id.
    package let id: DefinitionID
    /// The score in the very bytes in which Redis wrote it: the compare and set compares these.
    package let rawScore: [UInt8]
    /// The score as a number of Unix seconds.
    package let score: Double

    package init(id: DefinitionID, rawScore: [UInt8], score: Double) {
        self.id = id
        self.rawScore = rawScore
        self.score = score
    }
}

extension [DueEntry] {
    /// Those that lead to other definitions.
    func without(_ ids: Set<DefinitionID>) -> [DueEntry] {
        ids.isEmpty ? self : filter { !ids.contains($0.id) }
    }
}

/// A page of what is due.
package struct DuePage: Sendable {
    /// Entries due by the instant asked for, in order of their scores, at most as many as asked for.
    package var entries: [DueEntry]
    /// The lowest score later than that instant, if any.
    package var nextScore: Double?
    /// The update marker as it is now.
    package var marker: [UInt8]?
    /// When the next finished definition is to be deleted, as a score.
    package var nextDeletion: Double?

    /// The score of all entries, in Redis' bytes; `nil` where they differ, and for an empty page.
    var sharedScore: [UInt8]? {
        // They are in order, so what the first and the last one have the others have too.
        guard let score = entries.first?.rawScore, entries.last?.rawScore == score else { return nil }
        return score
    }

    package init(entries: [DueEntry], nextScore: Double?, marker: [UInt8]?, nextDeletion: Double? = nil) {
        self.entries = entries
        self.nextScore = nextScore
        self.marker = marker
        self.nextDeletion = nextDeletion
    }
}

/// A due entry that leads to no run, because the index does not agree with the definition.
package struct StaleEntry: Sendable {
    package var entry: DueEntry
    /// When the run is due to which the entry belongs by its definition, or `nil` to only prune it or take it out.
    package var nextScore: Timestamp?
    /// The time for which that run is planned, where its jitter sets it apart from the due time.
    package var planned: Timestamp?
    /// Whether the schedule has no further run, so that the entry is taken out.
    package var isOver: Bool
    /// The `updated_at` of the definition that says so: nothing is done if it has changed.
    ///
    /// `nil` means any.
    package var updatedAtBytes: [UInt8]?

    package init(
        entry: DueEntry, nextScore: Timestamp?, planned: Timestamp? = nil, isOver: Bool = false,
        updatedAtBytes: [UInt8]? = nil
    ) {
        self.entry = entry
        self.nextScore = nextScore
        self.planned = planned ?? nextScore
        self.isOver = isOver
        self.updatedAtBytes = updatedAtBytes
    }
}
