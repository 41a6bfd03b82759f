import RQWire
import RedisBridge
import RedisCronTesting
import TestSupport
import Testing

@testable import RedisCron

/// What ``CronStore`` promises, asked of Redis and of the store in memory alike: what is tested with the one holds for
/// the other.
@Suite(.timeLimit(.minutes(2)))
struct StoreContractTests {
    enum Kind: CaseIterable {
        case redis, memory
    }

    /// A store, and a way to put definitions into it behind its back.
    struct Fixture {
        let store: any CronStore
        let put: (CronJobHash, Timestamp?) throws -> Void
        let queued: () throws -> [String]
        let due: (String) throws -> Timestamp?
        let addForeign: (String, Timestamp) throws -> Void
    }

    private static let registration = SchedulerRegistration(
        name: "s", hostname: "h", pid: 1, createdAt: .newYear, timeZone: "UTC")

    func with(_ kind: Kind, _ body: (Fixture) async throws -> Void) async throws {
        switch kind {
        case .memory:
            let memory = MemoryStore()
            try await body(
                Fixture(
                    store: memory, put: { memory.put($0, at: $1) },
                    queued: { memory.model.queued.map(\.description) },
                    due: { memory.model.due($0) },
                    addForeign: { id, time in
                        memory.change { $0.addForeign(DefinitionID(id), at: time) }
                    }))
        case .redis:
            try await withRedisHarness { harness async throws in
                let server = harness.server
                try await body(
                    Fixture(
                        store: harness.store,
                        put: { hash, time in
                            let fields = hash.encode().flatMap { field, value -> [any CommandPart] in
                                [field.name, value]
                            }
                            try server.command(["HSET", "rq:cron_job:\(hash.id)"] + fields)
                            if let time {
                                try server.command("ZADD", "rq:cron_jobs", time.score, hash.id)
                            } else {
                                try server.command("ZREM", "rq:cron_jobs", hash.id)
                            }
                        },
                        queued: { try harness.queued() },
                        due: { try harness.score($0).map(Timestamp.init(score:)) },
                        addForeign: { id, time in
                            try server.command("ZADD", "rq:cron_jobs", time.score, id)
                            try server.command("ZADD", "rq:cron_job:\(id):jobs", 1, "x")
                        }))
            }
        }
    }

    func run(
        _ store: any CronStore, _ id: String, step: PlannedRun.Step = .queue,
        next: Timestamp? = .newYear + .seconds(300)
    ) async throws -> PlannedRun {
        let page = try await store.fetchDue(until: .newYear, offset: 0, limit: 10)
        let entry = try #require(page.entries.first { $0.id.text == id })
        guard case .found(.prepared(let definition))? = try await store.definitions([entry.id]).first else {
            throw UnusableExample(id: id)
        }
        return PlannedRun(
            definition: definition, entry: entry, planned: .newYear, next: next, step: step)
    }

    func outcomes(_ outcome: BatchOutcome) -> [JobOutcome]? {
        if case .done(let outcomes, _) = outcome { outcomes } else { nil }
    }

    private func outcomes(_ outcome: ReconcileOutcome) -> [EntryOutcome]? {
        if case .done(let outcomes) = outcome { outcomes } else { nil }
    }

    @Test(arguments: Kind.allCases)
    func `the lock is taken once, extended by its token, and released by it alone`(kind: Kind) async throws {
        try await with(kind) { fixture async throws in
            let store = fixture.store
            let life = Duration.seconds(60)
            #expect(try await store.acquireLock(token: "a", timeToLive: life))
            #expect(try await !store.acquireLock(token: "b", timeToLive: life))
            #expect(try await store.acquireLock(token: "a", timeToLive: life))
            func beat(_ token: String) async throws -> Bool {
                try await store.heartbeat(
                    token: token, timeToLive: life, registration: Self.registration, isFirst: false, now: .newYear)
            }
            #expect(try await beat("a"))
            #expect(try await !beat("b"))
            #expect(try await !store.release(token: "b", registration: Self.registration))
            #expect(try await beat("a"))
            #expect(try await store.release(token: "a", registration: Self.registration))
            #expect(try await !beat("a"))
            #expect(try await store.acquireLock(token: "b", timeToLive: life))
        }
    }

    @Test(arguments: Kind.allCases)
    func `what is due is fetched in order, in pages, with what comes next`(kind: Kind) async throws {
        try await with(kind) { fixture async throws in
            for number in 0..<5 { try fixture.put(.example("job:\(number)"), .newYear - .seconds(10 - number)) }
            try fixture.put(.example("later"), .newYear + .microseconds(1))
            let all = try await fixture.store.fetchDue(until: .newYear, offset: 0, limit: 10)
            #expect(all.entries.map(\.id.display) == (0..<5).map { "job:\($0)" })
            #expect(all.entries.first?.score == (Timestamp.newYear - .seconds(10)).score)
            #expect(all.nextScore == (Timestamp.newYear + .microseconds(1)).score)
            #expect(all.marker == nil)
            let page = try await fixture.store.fetchDue(until: .newYear, offset: 3, limit: 1)
            #expect(page.entries.map(\.id.display) == ["job:3"])
        }
    }

    @Test(arguments: Kind.allCases)
    func `a page of entries that share a score is as any other, but for those in front of them`(
        kind: Kind
    ) async throws {
        try await with(kind) { fixture async throws in
            for number in 0..<4 { try fixture.put(.example("job:\(number)"), .newYear) }
            func page(at time: Timestamp = .newYear, offset: Int, limit: Int, sharing score: [UInt8]) async throws
                -> DuePage
            {
                try await fixture.store.fetchDue(until: time, offset: offset, limit: limit, sharing: score)
            }
            let all = try await fixture.store.fetchDue(until: .newYear, offset: 0, limit: 10)
            let score = try #require(all.sharedScore)
            #expect(try await page(offset: 1, limit: 2, sharing: score).entries == Array(all.entries[1...2]))
            try fixture.put(.example("before"), .newYear - .seconds(1))
            try fixture.put(.example("next"), .newYear + .seconds(1))
            let full = try await page(offset: 0, limit: 4, sharing: score)
            #expect(full.entries == all.entries)
            #expect(full.nextScore == (Timestamp.newYear + .seconds(1)).score)
            // They do not fill a page, so all that is due is in it.
            let rest = try await page(offset: 0, limit: 5, sharing: score)
            #expect(rest.entries.map(\.id.display) == ["before"] + (0..<4).map { "job:\($0)" })
            #expect(rest.sharedScore == nil)
            // The clock was stepped back: nothing that has the score is due.
            let early = try await page(at: .newYear - .seconds(1), offset: 0, limit: 1, sharing: score)
            #expect(early.entries.map(\.id.display) == ["before"])
        }
    }

    @Test(arguments: Kind.allCases)
    func `definitions come in the order asked for, with those that are missing`(kind: Kind) async throws {
        try await with(kind) { fixture async throws in
            try fixture.put(.example("a"), nil)
            let found = try await fixture.store.definitions([DefinitionID("b"), DefinitionID("a")])
            guard case .missing = found[0], case .found(.prepared(let definition)) = found[1] else {
                Issue.record("unexpected \(found)")
                return
            }
            #expect(definition.id.text == "a")
            #expect(definition.updatedAtBytes == CronJobHash.example("a").updatedAtBytes)
        }
    }

    @Test(arguments: Kind.allCases)
    func `a batch queues under the planned time, once, and moves the schedule`(kind: Kind) async throws {
        try await with(kind) { fixture async throws in
            let store = fixture.store
            try fixture.put(.example("a"), .newYear)
            _ = try await store.acquireLock(token: "t", timeToLive: .seconds(60))
            let batch = DueBatch(runs: [try await run(store, "a")])
            #expect(outcomes(try await store.enqueue(batch, token: "t", now: .newYear)) == [.queued])
            #expect(try fixture.queued() == [RQJobID.planned(definition: "a", at: .newYear).description])
            #expect(try fixture.due("a") == .newYear + .seconds(300))
            #expect(outcomes(try await store.enqueue(batch, token: "t", now: .newYear)) == [.movedByOther])
            // Put back by an editor who rewrites everything: the planned time was queued.
            try fixture.put(.example("a"), .newYear)
            #expect(outcomes(try await store.enqueue(batch, token: "t", now: .newYear)) == [.duplicate])
            #expect(try fixture.queued().count == 1)
        }
    }

    @Test(arguments: Kind.allCases)
    func `a batch without the lock does nothing`(kind: Kind) async throws {
        try await with(kind) { fixture async throws in
            try fixture.put(.example("a"), .newYear)
            _ = try await fixture.store.acquireLock(token: "t", timeToLive: .seconds(60))
            let batch = DueBatch(runs: [try await run(fixture.store, "a")])
            guard case .lockLost = try await fixture.store.enqueue(batch, token: "other", now: .newYear) else {
                Issue.record("queued without the lock")
                return
            }
            #expect(try fixture.queued().isEmpty)
            #expect(try fixture.due("a") == .newYear)
        }
    }

    @Test(arguments: Kind.allCases)
    func `an edited definition is handed back, a replay moves the schedule only, a last run leaves the index`(
        kind: Kind
    ) async throws {
        try await with(kind) { fixture async throws in
            let store = fixture.store
            _ = try await store.acquireLock(token: "t", timeToLive: .seconds(60))
            for id in ["edited", "replay", "last"] { try fixture.put(.example(id), .newYear) }
            let runs = [
                try await run(store, "edited"), try await run(store, "replay", step: .skipQueued),
                try await run(store, "last", next: nil),
            ]
            try fixture.put(.example("edited") { $0.updatedAt = .newYear + .seconds(1) }, .newYear)
            let outcome = try await store.enqueue(DueBatch(runs: runs), token: "t", now: .newYear)
            #expect(outcomes(outcome) == [.stale, .advanced, .queued])
            #expect(try fixture.queued() == [RQJobID.planned(definition: "last", at: .newYear).description])
            #expect(try fixture.due("edited") == .newYear)
            #expect(try fixture.due("replay") == .newYear + .seconds(300))
            #expect(try fixture.due("last") == nil)
        }
    }

    @Test(arguments: Kind.allCases)
    func `stale entries are reconciled, each with its definition`(kind: Kind) async throws {
        try await with(kind) { fixture async throws in
            let updatedAtBytes = CronJobHash.example().updatedAtBytes
            try fixture.put(.example("disabled") { $0.enabled = false }, .newYear)
            try fixture.put(.example("early"), .newYear)
            try fixture.put(.example("over"), .newYear)
            try fixture.put(.example("edited"), .newYear)
            try fixture.put(.example("fine"), .newYear)
            try fixture.addForeign("foreign", .newYear)
            let due = try await fixture.store.fetchDue(until: .newYear, offset: 0, limit: 10).entries
            let entries = Dictionary(uniqueKeysWithValues: due.map { ($0.id.display, $0) })
            func stale(
                _ id: String, next: Timestamp? = nil, isOver: Bool = false, updatedAtBytes: [UInt8]? = nil
            ) throws -> StaleEntry {
                StaleEntry(
                    entry: try #require(entries[id]), nextScore: next, isOver: isOver, updatedAtBytes: updatedAtBytes)
            }
            let moved = DueEntry("absent", at: .newYear)
            let later = Timestamp.newYear + .seconds(300)
            let reconciled = try await fixture.store.reconcile(
                [
                    stale("disabled"), stale("early", next: later, updatedAtBytes: updatedAtBytes),
                    stale("over", isOver: true, updatedAtBytes: updatedAtBytes),
                    stale("edited", next: later, updatedAtBytes: [0x31]), stale("fine"), stale("foreign"),
                    StaleEntry(entry: moved, nextScore: nil),
                ], token: nil)
            #expect(
                outcomes(reconciled) == [.disabled, .moved, .over, .leftAlone, .leftAlone, .foreign, .leftAlone])
            #expect(try fixture.due("disabled") == nil)
            #expect(try fixture.due("early") == later)
            #expect(try fixture.due("over") == nil)
            #expect(try fixture.due("foreign") == .newYear)
        }
    }
}
