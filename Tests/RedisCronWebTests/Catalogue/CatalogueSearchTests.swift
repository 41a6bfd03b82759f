import RQWire
import RedisCron
import TestSupport
import Testing

@testable import RedisCronWeb

/// A search against a naive one, which sorts and filters all.
struct CatalogueSearchTests {
    private static let now: Int64 = 1_780_000_000_000_000

    /// A table of definitions that differ in everything.
    static func table(_ count: Int, seed: UInt64 = 1) -> CatalogueTable {
        var random = SeededGenerator(seed: seed)
        var table = CatalogueTable()
        for number in (0..<count).shuffled(using: &random) {
            let id = DefinitionID("job:\(number % 7):\(number)")
            table.update(id) { row, pool in
                row.function = pool.insert("app.tasks.f\(Int.random(in: 0..<20, using: &random))")
                row.queue = pool.insert(["default", "Mail", "metrics"].randomElement(using: &random) ?? "")
                row.schedule = pool.insert("every \(Int.random(in: 1..<90, using: &random))s")
                if Bool.random(using: &random) {
                    row.source = pool.insert("file\(Int.random(in: 0..<3, using: &random))")
                }
                row.flags = [.enabled]
                if Int.random(in: 0..<9, using: &random) == 0 { row.flags = .paused }
                if Int.random(in: 0..<20, using: &random) == 0 { row.flags = .invalid }
                if Int.random(in: 0..<20, using: &random) == 0 { row.flags = [.enabled, .finished] }
                if Int.random(in: 0..<9, using: &random) == 0 { row.pausedUntil = now + 1_000_000 }
                row.next = now + Int64.random(in: -50_000_000..<50_000_000, using: &random)
                row.due = row.next
                row.checked = UInt32(now / 1_000_000)
                if Bool.random(using: &random) { row.last = now - Int64.random(in: 0..<50_000_000, using: &random) }
                row.outcome = UInt8.random(in: 0...7, using: &random)
                row.duration = row.outcome == 0 ? -1 : Int32.random(in: 0..<90_000, using: &random)
            }
        }
        return table
    }

    private static func entries(_ table: CatalogueTable) -> [CatalogueEntry] {
        table.chunks.joined().map { table.entry(of: $0, now: now) }
            .sorted { $0.id.bytes.lexicographicallyPrecedes($1.id.bytes) }
    }

    private static func precedes(_ sort: CatalogueSort) -> (CatalogueEntry, CatalogueEntry) -> Bool? {
        func compare<Key: Comparable>(_ one: Key?, _ other: Key?) -> Bool? {
            switch (one, other) {
            case (let one?, let other?): one == other ? nil : one < other
            case (nil, nil): nil
            case (nil, _): false
            case (_, nil): true
            }
        }
        return { one, other in
            switch sort {
            case .id: nil
            case .state: compare(one.state.place, other.state.place)
            case .function: compare(one.functionName, other.functionName)
            case .queue: compare(one.queueName, other.queueName)
            case .schedule: compare(one.schedule, other.schedule)
            case .source: compare(one.source, other.source)
            case .next:
                compare(
                    [.paused, .invalid, .finished, .disabled].contains(one.state) ? nil : one.next,
                    [.paused, .invalid, .finished, .disabled].contains(other.state) ? nil : other.next)
            case .last: compare(one.last, other.last)
            case .outcome:
                compare(
                    one.outcome.flatMap { RunOutcome.allCases.firstIndex(of: $0) },
                    other.outcome.flatMap { RunOutcome.allCases.firstIndex(of: $0) })
            case .duration: compare(one.duration, other.duration)
            }
        }
    }

    private static func naive(_ all: [CatalogueEntry], _ query: CatalogueQuery) -> (ids: [String], total: Int) {
        let words = query.text.lowercased().split(separator: " ")
        var found = all.filter { entry in
            (query.queue == nil || entry.queueName == query.queue)
                && (query.source == nil || entry.source == query.source)
                && (query.state == nil || entry.state == query.state)
                && words.allSatisfy { word in
                    [entry.id.display, entry.functionName, entry.queueName].contains { $0.lowercased().contains(word) }
                }
        }
        let precedes = precedes(query.sort)
        if query.sort == .id {
            if query.isDescending { found.reverse() }
        } else {
            // Stable, so that equal ones stay in the order of their ids.
            found = found.enumerated().sorted { one, other in
                let isBefore = precedes(one.element, other.element)
                return (query.isDescending ? isBefore.map { !$0 } : isBefore) ?? (one.offset < other.offset)
            }.map(\.element)
        }
        return (found.dropFirst(query.offset).prefix(query.limit).map(\.id.display), found.count)
    }

    @Test(arguments: CatalogueSort.allCases, [false, true])
    func `each order is that of a naive sort, on each page`(_ sort: CatalogueSort, _ isDescending: Bool) {
        let table = Self.table(3_000)
        let all = Self.entries(table)
        for offset in [0, 100, 1_480, 2_950, 4_000] {
            var query = CatalogueQuery()
            (query.sort, query.isDescending, query.offset) = (sort, isDescending, offset)
            let page = CatalogueSearch(table: table, query: query, now: Self.now).page()
            #expect(page.entries.map(\.id.display) == Self.naive(all, query).ids)
            #expect(page.total == 3_000)
        }
    }

    @Test(arguments: ["", "f1", "JOB:3", "mail f7", "metrics job:1: 9", "nothing of the kind", "É"])
    func `text finds what holds all its words, with each state, queue and source`(_ text: String) {
        let table = Self.table(2_000, seed: 7)
        let all = Self.entries(table)
        for state in [nil] + CatalogueState.allCases {
            for (queue, source) in [(nil, nil), ("Mail", nil), (nil, "file1"), ("metrics", "file2"), ("none", nil)] {
                var query = CatalogueQuery()
                (query.text, query.state, query.queue, query.source, query.sort) = (text, state, queue, source, .next)
                let page = CatalogueSearch(table: table, query: query, now: Self.now).page()
                let expected = Self.naive(all, query)
                #expect(page.entries.map(\.id.display) == expected.ids)
                #expect(page.total == expected.total)
                query.state = nil
                let unfiltered = Self.naive(all, query).total
                #expect(page.counts.values.reduce(0, +) == unfiltered)
            }
        }
    }

    @Test func `a cursor leads through all, however many come and go`() {
        var table = Self.table(1_000)
        var query = CatalogueQuery()
        query.limit = 64
        var seen: [String] = []
        while true {
            let page = CatalogueSearch(table: table, query: query, now: Self.now).page()
            guard let last = page.entries.last else { break }
            seen += page.entries.map(\.id.display)
            query.after = last.id
            table.remove(last.id)
            table.update(DefinitionID("aaa\(seen.count)")) { _, _ in }
        }
        #expect(Set(seen).count == 1_000)
        #expect(seen.count == 1_000)
    }

    @Test func `the table is one of ids, whatever comes and goes`() {
        var random = SeededGenerator(seed: 3)
        var table = CatalogueTable()
        var model: Set<String> = []
        for _ in 0..<20_000 {
            let id = "id\(Int.random(in: 0..<6_000, using: &random))"
            if Int.random(in: 0..<3, using: &random) == 0 {
                #expect(table.remove(DefinitionID(id)) == (model.remove(id) != nil))
            } else {
                table.update(DefinitionID(id)) { row, pool in
                    row.facts.forget(&pool)
                    row.queue = pool.insert(id)
                }
                model.insert(id)
            }
        }
        #expect(table.chunks.joined().map(\.id.display) == model.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        #expect(table.count == model.count)
        #expect(Set(table.pool.texts.filter { !$0.isEmpty }) == model)
        #expect(table.chunks.allSatisfy { !$0.isEmpty && $0.count <= CatalogueTable.mostRows })
        let half = model.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.filter { $0.utf8.count == 6 }
        #expect(Set(table.ids(notIn: half.map { DefinitionID($0) }).map(\.display)) == model.subtracting(half))
    }

    @Test func `a partial sort has in its range what a whole one has`() {
        var random = SeededGenerator(seed: 9)
        for count in [0, 1, 63, 64, 65, 1_000, 10_000] {
            for distinct in [1, 3, 100_000] {
                let elements = (0..<count).map { _ in Int.random(in: 0..<distinct, using: &random) }
                for range in [0..<100, 40..<41, 900..<1_000, count..<count + 5, 0..<count] {
                    var sorted = elements
                    PartialSort(range).sort(&sorted, by: <)
                    let clamped = range.clamped(to: 0..<count)
                    #expect(sorted[clamped] == elements.sorted()[clamped])
                    #expect(sorted.sorted() == elements.sorted())
                }
            }
        }
    }

    /// Only a gross miss of 50 ms shows here, without optimisation and beside other tests.
    @Test func `a page among 100,000 does not take long`() {
        let table = Self.table(100_000)
        for sort in CatalogueSort.allCases {
            var query = CatalogueQuery()
            (query.sort, query.offset, query.text) = (sort, 5_000, "job f")
            let start = ContinuousClock.now
            let page = CatalogueSearch(table: table, query: query, now: Self.now).page()
            let time = ContinuousClock.now - start
            #expect(page.entries.count == 100)
            #expect(time < .seconds(10), "\(sort): \(time)")
        }
    }
}
