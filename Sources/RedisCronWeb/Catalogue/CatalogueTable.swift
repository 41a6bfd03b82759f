import RedisCron

/// The rows of all definitions in the order of their ids, with the texts that they share.
///
/// In chunks, so that a row can be put in between at little cost, and so that a copy, which a search works on while the
/// catalogue goes on, shares all but the chunks that change. A row is found by halving.
struct CatalogueTable: Sendable {
    /// A chunk is cut in two when it has more rows.
    static let mostRows = 1_024

    private(set) var chunks: [[CatalogueRow]] = []
    private(set) var count = 0
    private(set) var pool = TextPool()

    /// The place of a row.
    struct Place: Sendable {
        let chunk: Int
        let row: Int
    }

    /// The row of an id.
    subscript(id: DefinitionID) -> CatalogueRow? {
        guard case (let place, true) = find(id) else { return nil }
        return chunks[place.chunk][place.row]
    }

    /// Changes the row of an id; a new one where there is none.
    mutating func update(_ id: DefinitionID, _ change: (inout CatalogueRow, inout TextPool) -> Void) {
        let (place, isThere) = find(id)
        if isThere { return change(&chunks[place.chunk][place.row], &pool) }
        var row = CatalogueRow(id: id)
        change(&row, &pool)
        insert(row, at: place)
    }

    /// Takes the row of an id out.
    ///
    /// - Returns: Whether there was one.
    @discardableResult
    mutating func remove(_ id: DefinitionID) -> Bool {
        guard case (let place, true) = find(id) else { return false }
        chunks[place.chunk][place.row].facts.forget(&pool)
        chunks[place.chunk].remove(at: place.row)
        if chunks[place.chunk].isEmpty { chunks.remove(at: place.chunk) }
        count -= 1
        return true
    }

    private mutating func insert(_ row: CatalogueRow, at place: Place) {
        count += 1
        guard !chunks.isEmpty else { return chunks = [[row]] }
        chunks[place.chunk].insert(row, at: place.row)
        guard chunks[place.chunk].count > Self.mostRows else { return }
        // Rows that come in order, as at the start, leave full chunks behind.
        let isAtEnd = place.chunk == chunks.count - 1 && place.row == chunks[place.chunk].count - 1
        let middle = isAtEnd ? Self.mostRows : Self.mostRows / 2
        let upper = Array(chunks[place.chunk][middle...])
        chunks[place.chunk].removeSubrange(middle...)
        chunks.insert(upper, at: place.chunk + 1)
    }

    /// Where the row of an id is, or would be.
    private func find(_ id: DefinitionID) -> (Place, isThere: Bool) {
        var (low, high) = (0, chunks.count)
        while low < high {
            let middle = (low + high) / 2
            if id.bytes.lexicographicallyPrecedes(chunks[middle][0].id.bytes) {
                high = middle
            } else {
                low = middle + 1
            }
        }
        let chunk = max(0, low - 1)
        guard chunk < chunks.count else { return (Place(chunk: 0, row: 0), false) }
        (low, high) = (0, chunks[chunk].count)
        while low < high {
            let middle = (low + high) / 2
            if chunks[chunk][middle].id.bytes.lexicographicallyPrecedes(id.bytes) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        let isThere = low < chunks[chunk].count && chunks[chunk][low].id == id
        return (Place(chunk: chunk, row: low), isThere)
    }
}

extension CatalogueFacts {
    /// Gives up its texts.
    mutating func forget(_ pool: inout TextPool) {
        for place in [function, queue, schedule, zone, source, fault] { pool.remove(place) }
        (function, queue, schedule, zone, source, fault) = (0, 0, 0, 0, 0, 0)
    }
}
