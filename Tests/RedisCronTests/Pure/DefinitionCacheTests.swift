import RQWire
import Testing

@testable import RedisCron

@Suite struct DefinitionCacheTests {
    private func definition(_ number: Int) throws -> PreparedDefinition {
        try .example(.example("job:\(number)"))
    }

    private func id(_ number: Int) -> DefinitionID { DefinitionID("job:\(number)") }

    @Test func `what was stored is current until it changes`() throws {
        let cache = Cell(DefinitionCache(limit: 10))
        #expect(cache.change { $0.current(id(1)) } == nil)
        let one = try definition(1)
        cache.value.store(one)
        #expect(cache.change { $0.current(id(1)) }?.definition === one)
        cache.value.invalidate(id(1))
        #expect(cache.change { $0.current(id(1)) } == nil)
        cache.value.store(one)
        #expect(cache.change { $0.current(id(1)) } != nil)
        cache.value.invalidateAll()
        #expect(cache.change { $0.current(id(1)) } == nil)
        cache.value.remove(id(1))
        #expect(cache.value.count == 0)
    }

    @Test func `it never holds more than its limit`() throws {
        let cache = Cell(DefinitionCache(limit: 10))
        for number in 0..<1000 {
            cache.value.store(try definition(number))
            _ = cache.value.current(id(number / 2))
            #expect(cache.value.count <= 10)
        }
    }

    @Test func `as many as its limit stay for good`() throws {
        let cache = Cell(DefinitionCache(limit: 100))
        for number in 0..<100 { cache.value.store(try definition(number)) }
        for _ in 0..<3 {
            for number in 0..<100 {
                #expect(cache.change { $0.current(id(number)) } != nil)
            }
        }
    }

    @Test func `what is asked for survives, what is not asked for goes`() throws {
        let cache = Cell(DefinitionCache(limit: 10))
        cache.value.store(try definition(0))
        cache.value.store(try definition(1))
        for number in 2..<50 {
            cache.value.store(try definition(number))
            #expect(cache.change { $0.current(id(0)) } != nil)
        }
        #expect(cache.change { $0.current(id(1)) } == nil)
    }

    @Test func `a run of a definition that was replaced meanwhile is not noted on its successor`() throws {
        let cache = Cell(DefinitionCache(limit: 10))
        let old = try definition(1)
        cache.value.store(old)
        let entry = DueEntry("job:1", at: .newYear)
        guard case .run(let run)? = cache.value.current(id(1))?.decide(entry, now: .newYear) else {
            Issue.record("the definition is due")
            return
        }
        cache.value.store(try definition(1))
        cache.value.didQueue(run)
        #expect(cache.change { $0.current(id(1)) }?.movedTo == nil)
    }

    @Test func `a last run is never taken from the cache again`() throws {
        let cache = Cell(DefinitionCache(limit: 10))
        cache.value.store(
            try .example(
                .example("job:1", cron: "0 0 1 1 * 0 2026") { $0.nextEnqueueTime = .newYear }))
        guard case .run(let run)? = cache.value.current(id(1))?.decide(DueEntry("job:1", at: .newYear), now: .newYear)
        else {
            Issue.record("the definition is due")
            return
        }
        #expect(run.next == nil)
        cache.value.didQueue(run)
        #expect(cache.change { $0.current(id(1)) } == nil)
    }
}
