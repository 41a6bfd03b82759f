import RedisCron

/// Finds what a query asks for among the rows of a table, in one pass, and puts only the page that is wanted in order.
struct CatalogueSearch: Sendable {
    let table: CatalogueTable
    let query: CatalogueQuery
    /// The present, in microseconds since 1970.
    let now: Int64

    /// A row that matches, and what it is sorted by.
    private struct Match {
        let key: Int64
        /// Its place in the order of ids.
        let place: Int32
        let chunk: Int32
        let row: Int32
    }

    /// Off the actor that asks, so that a search never holds up another.
    @concurrent
    func run() async -> CataloguePage {
        page()
    }

    func page() -> CataloguePage {
        let filter = RowFilter(query, table.pool)
        var counts = [Int](repeating: 0, count: CatalogueState.allCases.count)
        var matches: [Match] = []
        if query.sort != .id || query.isDescending { matches.reserveCapacity(table.count) }
        var total = 0
        let ranks = needsRanks ? table.pool.ranks : []
        let sortsByID = query.sort == .id
        // By id only the page is kept: what is before it is counted.
        let wanted = wantedRange
        var place: Int32 = 0
        for (chunk, rows) in table.chunks.enumerated() {
            for row in rows.indices {
                place += 1
                // Without the id: to copy a row would count a reference, which took half the time of a search.
                let facts = rows[row].facts
                guard filter.admits(facts, rows[row].id) else { continue }
                let state = facts.state(at: now)
                counts[state.place] += 1
                if let wanted = query.state, wanted != state { continue }
                if let after = query.after, sortsByID, !isBehind(after, rows[row].id) { continue }
                defer { total += 1 }
                if sortsByID, !query.isDescending, !wanted.contains(total) { continue }
                let ascending = sortsByID ? 0 : key(of: facts, state, ranks)
                // The complement has the opposite order, and never overflows.
                let key = query.isDescending ? ~ascending : ascending
                matches.append(Match(key: key, place: place, chunk: Int32(chunk), row: Int32(row)))
            }
        }
        var page = CataloguePage()
        page.total = total
        for state in CatalogueState.allCases { page.counts[state] = counts[state.place] }
        page.entries = ordered(matches).map { table.entry(at: $0.chunk, $0.row, now: now) }
        return page
    }

    private var wantedRange: Range<Int> { query.offset..<query.offset + query.limit }

    private func isBehind(_ cursor: DefinitionID, _ id: DefinitionID) -> Bool {
        query.isDescending
            ? id.bytes.lexicographicallyPrecedes(cursor.bytes) : cursor.bytes.lexicographicallyPrecedes(id.bytes)
    }

    /// The matches of the page, in order.
    private func ordered(_ matches: [Match]) -> [(chunk: Int, row: Int)] {
        var matches = matches
        if query.sort != .id {
            PartialSort(wantedRange).sort(&matches) { left, right in
                left.key != right.key ? left.key < right.key : left.place < right.place
            }
        } else if !query.isDescending {
            return matches.map { (Int($0.chunk), Int($0.row)) }
        } else {
            matches.reverse()
        }
        let range = wantedRange.clamped(to: 0..<matches.count)
        return matches[range].map { (Int($0.chunk), Int($0.row)) }
    }

    private var needsRanks: Bool {
        switch query.sort {
        case .function, .queue, .schedule, .source: true
        default: false
        }
    }

    /// What a row is sorted by.
    ///
    /// What is not known comes last, in the ascending order.
    private func key(of row: CatalogueFacts, _ state: CatalogueState, _ ranks: [Int32]) -> Int64 {
        switch query.sort {
        case .id: 0
        case .state: Int64(state.place)
        case .function: Int64(ranks[Int(row.function)])
        case .queue: Int64(ranks[Int(row.queue)])
        case .schedule: Int64(ranks[Int(row.schedule)])
        case .source: row.source == TextPool.empty ? .max : Int64(ranks[Int(row.source)])
        case .next: row.flags.contains(.enabled) && !row.flags.contains(.finished) ? row.next : CatalogueFacts.never
        case .last: row.last == CatalogueFacts.none ? .max : row.last
        case .outcome: row.outcome == 0 ? .max : Int64(row.outcome)
        case .duration: row.duration < 0 ? .max : Int64(row.duration)
        }
    }
}

extension CatalogueState {
    /// Its place among all states.
    var place: Int {
        switch self {
        case .invalid: 0
        case .finished: 1
        case .paused: 2
        case .snoozed: 3
        case .disabled: 4
        case .overdue: 5
        case .failing: 6
        case .running: 7
        }
    }
}

/// Whether a row is what text, queue and source of a query ask for.
struct RowFilter {
    /// The words, in lower case.
    private let words: [[UInt8]]
    /// For each word and each text of the pool whether the text contains the word.
    private let containing: [[Bool]]
    /// The place of the queue; -1 where no definition has it, `nil` where any will do.
    private let queue: TextPool.Place?
    private let source: TextPool.Place?

    init(_ query: CatalogueQuery, _ pool: TextPool) {
        words = query.text.utf8.split(separator: UInt8(ascii: " ")).map { $0.map(Self.lowercased) }
        containing = words.map { word in pool.texts.map { Self.contains(Array($0.utf8), word) } }
        func place(of name: String?) -> TextPool.Place? {
            name.map { name in
                pool.texts.firstIndex { $0.utf8.elementsEqual(name.utf8) }.map { TextPool.Place($0) } ?? -1
            }
        }
        queue = place(of: query.queue)
        source = place(of: query.source)
    }

    func admits(_ row: CatalogueFacts, _ id: @autoclosure () -> DefinitionID) -> Bool {
        if let queue, row.queue != queue { return false }
        if let source, row.source != source { return false }
        for index in words.indices
        where !containing[index][Int(row.function)] && !containing[index][Int(row.queue)]
            && !Self.contains(id().bytes, words[index])
        {
            return false
        }
        return true
    }

    /// Whether a word in lower case occurs, whatever the case of ASCII letters.
    static func contains(_ text: [UInt8], _ word: [UInt8]) -> Bool {
        text.withUnsafeBufferPointer { text in
            word.withUnsafeBufferPointer { word in
                guard let first = word.first else { return true }
                guard text.count >= word.count else { return false }
                var start = 0
                while start <= text.count - word.count {
                    if lowercased(text[start]) == first {
                        var length = 1
                        while length < word.count, lowercased(text[start + length]) == word[length] { length += 1 }
                        if length == word.count { return true }
                    }
                    start += 1
                }
                return false
            }
        }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }
}

extension CatalogueTable {
    /// A row with its texts.
    func entry(at chunk: Int, _ row: Int, now: Int64) -> CatalogueEntry {
        entry(of: chunks[chunk][row], now: now)
    }

    func entry(of row: CatalogueRow, now: Int64) -> CatalogueEntry {
        func text(_ place: TextPool.Place) -> String? { place == TextPool.empty ? nil : pool[place] }
        func time(_ microseconds: Int64) -> Timestamp? {
            microseconds == CatalogueFacts.never || microseconds == CatalogueFacts.none
                ? nil : Timestamp(microseconds: microseconds)
        }
        let state = row.facts.state(at: now)
        return CatalogueEntry(
            id: row.id, state: state, functionName: pool[row.function], queueName: pool[row.queue],
            schedule: pool[row.schedule], timeZone: text(row.zone), source: text(row.source), fault: text(row.fault),
            next: state == .finished ? nil : time(row.next), last: time(row.last), pausedUntil: time(row.pausedUntil),
            isWaiting: row.flags.contains(.waiting),
            outcome: row.outcome == 0 ? nil : CatalogueFacts.outcomes[Int(row.outcome) - 1],
            duration: row.duration < 0 ? nil : .milliseconds(row.duration), version: row.version)
    }
}
