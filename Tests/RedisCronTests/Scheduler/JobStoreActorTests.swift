import RQWire
import RedisBridge
import RedisCronTesting
import TestSupport
import Testing

@testable import RedisCron

@Suite(.timeLimit(.minutes(1)))
struct JobStoreActorTests {
    private let entry = DueEntry("metric:pm25", at: .newYear)

    private func makeStore() throws -> (JobStoreActor, InterposedStore, MemoryStore, RedisEventLoop) {
        let memory = MemoryStore()
        memory.put(.example(), at: .newYear)
        let store = InterposedStore(memory)
        let loop = try RedisEventLoop()
        return (JobStoreActor(store: store, limit: 100, executor: loop), store, memory, loop)
    }

    @Test func `a definition is read once, until an event names it`() async throws {
        let (jobs, store, _, _) = try makeStore()
        for _ in 0..<3 { #expect(try await jobs.resolve([entry], now: .newYear).runs.count == 1) }
        #expect(store.calls == [.definitions])
        #expect(await jobs.count == 1)
        await jobs.take(.changed(DefinitionID("other")))
        _ = try await jobs.resolve([entry], now: .newYear)
        #expect(store.calls.count == 1)
        await jobs.take(.changed(entry.id))
        _ = try await jobs.resolve([entry], now: .newYear)
        #expect(store.calls.count == 2)
    }

    @Test func `a definition that is deleted is held no longer`() async throws {
        let (jobs, store, memory, _) = try makeStore()
        _ = try await jobs.resolve([entry], now: .newYear)
        #expect(await jobs.count == 1)
        await jobs.take(RedisAnnouncements.read(Array(#"{"event":"updated","job_id":"metric:pm25"}"#.utf8)))
        #expect(await jobs.count == 1)
        await jobs.take(RedisAnnouncements.read(Array(#"{"event":"deleted","job_id":"metric:pm25"}"#.utf8)))
        #expect(await jobs.count == 0)
        // Another one of that id is a new one.
        memory.put(.example(), at: .newYear)
        #expect(try await jobs.resolve([entry], now: .newYear).runs.count == 1)
        #expect(store.calls.count == 2)
    }

    @Test func `everything is read again when the channel lost something`() async throws {
        let (jobs, store, _, _) = try makeStore()
        _ = try await jobs.resolve([entry], now: .newYear)
        await jobs.take(.anything)
        _ = try await jobs.resolve([entry], now: .newYear)
        #expect(store.calls.count == 2)
    }

    @Test func `the marker is the fallback: moved without an event it forgets everything`() async throws {
        let (jobs, store, _, _) = try makeStore()
        #expect(await jobs.observe(marker: nil) == false)
        _ = try await jobs.resolve([entry], now: .newYear)
        #expect(await jobs.observe(marker: nil) == false)
        _ = try await jobs.resolve([entry], now: .newYear)
        #expect(store.calls.count == 1)
        #expect(await jobs.observe(marker: [0x31]) == true)
        _ = try await jobs.resolve([entry], now: .newYear)
        #expect(store.calls.count == 2)
    }

    @Test func `a marker that moved with an event forgets only what the event names`() async throws {
        let (jobs, store, _, _) = try makeStore()
        _ = await jobs.observe(marker: [0x31])
        _ = try await jobs.resolve([entry], now: .newYear)
        await jobs.take(.changed(DefinitionID("other")))
        #expect(await jobs.observe(marker: [0x32]) == false)
        _ = try await jobs.resolve([entry], now: .newYear)
        #expect(store.calls.count == 1)
        // The event explains one move, not the next.
        #expect(await jobs.observe(marker: [0x33]) == true)
    }

    @Test func `a stale outcome has the definition read again`() async throws {
        let (jobs, store, _, _) = try makeStore()
        let runs = try await jobs.resolve([entry], now: .newYear).runs
        await jobs.record([.stale], of: DueBatch(runs: runs))
        _ = try await jobs.resolve([entry], now: .newYear)
        #expect(store.calls.count == 2)
    }

    @Test func `a queue that cannot be used is passed over until all are looked at again`() async throws {
        let (jobs, _, _, _) = try makeStore()
        let runs = try await jobs.resolve([entry], now: .newYear).runs
        await jobs.record([.unusableQueue], of: DueBatch(runs: runs))
        #expect(await jobs.candidates([entry]).isEmpty)
        await jobs.releaseParked(at: .seconds(60), every: .seconds(60))
        #expect(await jobs.candidates([entry]).count == 1)
    }

    @Test func `what is not there is to be reconciled, and read only once`() async throws {
        let (jobs, _, memory, _) = try makeStore()
        memory.change { $0.definitions = [:] }
        let resolution = try await jobs.resolve([entry], now: .newYear)
        #expect(resolution.runs.isEmpty)
        #expect(resolution.stale.map(\.entry) == [entry])
        await jobs.record([.foreign], of: resolution.stale)
        #expect(await jobs.candidates([entry]).isEmpty)
    }

    @Test func `an error of the store changes nothing`() async throws {
        let (jobs, store, _, _) = try makeStore()
        store.beforeNext(.definitions) { throw MadeUpFailure() }
        await #expect(throws: MadeUpFailure.self) { _ = try await jobs.resolve([entry], now: .newYear) }
        #expect(try await jobs.resolve([entry], now: .newYear).runs.count == 1)
    }
}
