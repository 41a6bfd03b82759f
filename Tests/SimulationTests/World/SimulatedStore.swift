import RQWire
import RedisCronTesting

@testable import RedisCron

/// The store of one scheduler in the simulated world: every call is a command on its link, and every command is held
/// against the promises as it is executed.
struct SimulatedStore: CronStore {
    let link: Link
    let node: Node

    func acquireLock(token: String, timeToLive: Duration) async throws -> Bool {
        try await link.call("acquire") { world in
            world.changeRedis { $0.acquireLock(token: token, timeToLive: timeToLive) }
        }
    }

    func heartbeat(
        token: String, timeToLive: Duration, registration: SchedulerRegistration, isFirst: Bool, now: Timestamp
    ) async throws -> Bool {
        try await link.call("heartbeat") { world in
            world.changeRedis {
                $0.heartbeat(
                    token: token, timeToLive: timeToLive, registration: registration, isFirst: isFirst, now: now)
            }
        }
    }

    func publishedZone() async throws -> String? {
        try await link.call("zone") { world in
            world.readRedis { $0.timeZone }
        }
    }

    func release(token: String, registration: SchedulerRegistration) async throws -> Bool {
        try await link.call("release") { world in
            world.changeRedis { $0.release(token: token, registration: registration) }
        }
    }

    func fetchDue(until now: Timestamp, offset: Int, limit: Int, sharing score: [UInt8]?) async throws -> DuePage {
        try await link.call("fetch due") { world in
            world.readRedis { $0.fetchDue(until: now, offset: offset, limit: limit, sharing: score) }
        }
    }

    func deleteFinished(token: String, now: Timestamp) async throws -> [DefinitionID] {
        try await link.call("delete finished") { world in
            world.deleteFinished(token: token, now: now)
        }
    }

    func serverTime() async throws -> Timestamp? {
        try await link.call("TIME") { $0.serverTime }
    }

    func definitions(_ ids: [DefinitionID]) async throws -> [Reading<LoadedDefinition>] {
        try await link.call("definitions") { world in
            world.readRedis { $0.fetch(ids) }
        }
    }

    func enqueue(_ batch: DueBatch, token: String, now: Timestamp) async throws -> BatchOutcome {
        let (outcome, news) = try await link.call("enqueue") { world in
            let outcome = world.enqueue(batch, token: token, now: now)
            return (outcome, world.news(of: batch, outcome, now: now))
        }
        node.mustTell(news)
        return outcome
    }

    func reconcile(_ entries: [StaleEntry], token: String?) async throws -> ReconcileOutcome {
        try await link.call("reconcile") { world in
            world.reconcile(entries, token: token)
        }
    }

    func announcements() async throws -> any AnnouncementReader {
        try await link.call("SUBSCRIBE") { _ in }
        let reader = SimulatedAnnouncements(world: node.world)
        node.subscribe(reader)
        return reader
    }

    // MARK: Runs

    /// A call of who keeps the runs: after one that fails that takes a nap.
    private func keep<Value: Sendable>(
        _ what: StaticString, _ operation: @escaping (World) -> Value
    ) async throws -> Value {
        do {
            let value = try await link.call(what, operation)
            node.keepsRuns(true)
            return value
        } catch {
            node.keepsRuns(false)
            throw error
        }
    }

    func runLog(limit: Int) async throws -> [[UInt8]] {
        try await keep("run log") { world in
            world.readRedis { $0.runLog(limit: limit) }
        }
    }

    func unfold(_ unfolding: Unfolding, token: String, now: Timestamp) async throws -> UnfoldOutcome {
        try await keep("unfold") { world in
            world.unfold(unfolding, token: token, now: now)
        }
    }

    func trackedRuns(
        _ place: RunPlace, after member: [UInt8]?, limit: Int
    ) async throws -> (runs: [TrackedRun], last: [UInt8]?) {
        try await keep("tracked runs") { world in
            world.readRedis { $0.trackedRuns(place, after: member, limit: limit) }
        }
    }

    func look(at runs: [RunToLookAt], now: Timestamp) async throws -> [RunFinding] {
        try await keep("look") { world in
            world.readRedis { $0.look(at: runs, now: now) }
        }
    }

    func recentRuns() async throws -> [RunPortion] {
        try await keep("recent runs") { world in
            world.readRedis { $0.recentRuns }
        }
    }

    func record(
        _ changes: [RunChange], settling settlement: RunSettlement?, token: String, now: Timestamp
    ) async throws -> RecordOutcome {
        let outcome = try await keep(settlement == nil ? "record" : "settle") { world in
            world.record(changes, settling: settlement, token: token, now: now)
        }
        if case .done(let outcomes, _) = outcome {
            for (change, outcome) in zip(changes, outcomes) where outcome == .paused {
                node.mayTell("paused \(change.run.definition.display)")
            }
        }
        return outcome
    }

    func endedRuns(of definition: DefinitionID) async throws -> [EndedRun] {
        try await keep("ended runs") { world in
            world.readRedis { $0.endedRuns[definition] ?? [] }
        }
    }

    func standings(of runs: [TrackedRun]) async throws -> [RunStanding] {
        try await keep("standings") { world in
            world.readRedis { $0.standings(of: runs) }
        }
    }

    func forgetRuns(of definitions: [DefinitionID]) async throws -> [DefinitionID] {
        try await keep("forget runs") { world in
            world.changeRedis { $0.forgetRuns(of: definitions) }
        }
    }

    func sweepRuns(from cursor: Int) async throws -> Int {
        try await keep("sweep runs") { world in
            world.changeRedis { $0.sweepRuns(from: cursor) }
        }
    }

    var reconnects: Int { get async { link.reconnects } }

    func serverLineage() async throws -> ServerLineage? {
        try await keep("lineage") { world in
            ServerLineage(runID: "\(world.restarts)", replicationID: "\(world.restarts)")
        }
    }

    func trimRuns(to total: Int) async throws -> Int {
        try await keep("trim runs") { world in
            world.changeRedis { $0.trimRuns(to: total) }
        }
    }
}
