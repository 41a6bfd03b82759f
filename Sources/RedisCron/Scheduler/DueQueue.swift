import RQWire

/// A page of the index: due entries, in order.
struct CandidatePage: Sendable {
    /// The entries that may lead to a run.
    var entries: [DueEntry]
    /// The time by which they are due.
    var dueBy: Timestamp
    /// How many were read, those that are passed over included.
    var count: Int
    /// The last one that was read.
    var last: DueEntry?
    /// Whether there may be more behind it.
    var isFull: Bool
    /// The lowest score that lies after that time, if any.
    var nextScore: Double?
}

/// Due entries that wait for their turn, filled page by page.
///
/// Pure. A page that was read ahead may hold entries that are here or on their way already, because Redis had not yet
/// come to them. The index has a total order, score by score and id by id, so only what stands behind the last entry
/// that was read is new.
struct DueQueue: Sendable {
    private var entries: ArraySlice<DueEntry>
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

    /// Takes in what a page that was read ahead has behind the last entry so far.
    ///
    /// When that is nothing, no further page is worth reading ahead.
    mutating func append(_ page: CandidatePage) {
        let new = page.entries.drop { entry in last.map { !entry.sortsAfter($0) } ?? false }
        let isBehind = page.last.map { end in last.map(end.sortsAfter) ?? true } ?? false
        entries = entries.isEmpty ? new : entries + new
        dueBy = max(dueBy, page.dueBy)
        mayHaveMore = page.isFull && isBehind
        if isBehind { last = page.last }
    }
}

extension DueEntry {
    /// Whether it stands behind the other one in the index.
    func stands(behind other: DueEntry) -> Bool {
        score != other.score ? score > other.score : other.id.bytes.lexicographicallyPrecedes(id.bytes)
    }
}
