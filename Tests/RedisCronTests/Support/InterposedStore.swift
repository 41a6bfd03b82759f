import RQWire
import TestSupport
import Testing

@testable import RedisCron

/// A store whose calls a test can watch, hold back and make fail: that is how interleavings are forced.
final class InterposedStore: CronStore {
    /// The calls of a store.
    enum Call: String, Sendable, Hashable, CaseIterable {
        case acquireLock, heartbeat, release, fetchDue, definitions, enqueue, reconcile, announcements, unfold, look,
            record, endedRuns, standings, trackedRuns, recentRuns, serverLineage, forgetRuns, sweepRuns

        /// Those that a scheduler makes as soon as something is due.
        static let soon = allCases.filter {
            ![
                .look, .record, .endedRuns, .standings, .trackedRuns, .recentRuns, .serverLineage, .forgetRuns,
                .sweepRuns,
            ].contains($0)
        }
    }

    /// What a test does before or after a call; what it throws, the call throws.
    typealias Hook = @Sendable () async throws -> Void

    private struct State: Sendable {
        var before: [Call: Hook] = [:]
        var after: [Call: Hook] = [:]
        var calls: [Call] = []
        var lookedAt: [RunPlace: Int] = [:]
        var most = Int.max
        var whenChecked: Hook?
    }

    private let base: any CronStore
    private let state = Observed(State())

    init(_ base: any CronStore) {
        self.base = base
    }

    /// All calls so far, in order.
    var calls: [Call] { state.current.calls }

    /// How many runs that stand there were looked at so far, each as often as it was.
    func looks(at place: RunPlace) -> Int { state.current.lookedAt[place] ?? 0 }

    /// Runs the hook before each such call reaches the store.
    func before(_ call: Call, _ hook: Hook?) {
        state.update { $0.before[call] = hook }
    }

    /// Runs the hook after each such call, before the scheduler sees its result.
    func after(_ call: Call, _ hook: Hook?) {
        state.update { $0.after[call] = hook }
    }

    /// Runs the hook before the next such call only.
    func beforeNext(_ call: Call, _ hook: @escaping Hook) {
        before(call) { [weak self] in
            self?.before(call, nil)
            try await hook()
        }
    }

    /// Runs the hook after the next such call only.
    func afterNext(_ call: Call, _ hook: @escaping Hook) {
        after(call) { [weak self] in
            self?.after(call, nil)
            try await hook()
        }
    }

    /// Runs the hook before each look whether the server takes writes.
    func whenChecked(_ hook: Hook?) {
        state.update { $0.whenChecked = hook }
    }

    /// Makes calls for more than so many definitions fail, as a server does that takes too long for them.
    func failBeyond(_ most: Int) {
        state.update { $0.most = most }
    }

    private func checkSize(_ count: Int) throws {
        guard count <= state.current.most else { throw MadeUpFailure() }
    }

    /// Waits until so many such calls have been made.
    func called(_ call: Call, _ count: Int = 1) async throws {
        try await state.wait(for: "\(count) calls of \(call)", within: .seconds(30)) { state in
            state.calls.count { $0 == call } >= count ? () : nil
        }
    }

    private func passing<Value: Sendable>(_ call: Call, _ body: () async throws -> Value) async throws -> Value {
        let hook = state.update { state in
            state.calls.append(call)
            return state.before[call]
        }
        try await hook?()
        let value = try await body()
        try await state.current.after[call]?()
        return value
    }

    func acquireLock(token: String, timeToLive: Duration) async throws -> Bool {
        try await passing(.acquireLock) { try await base.acquireLock(token: token, timeToLive: timeToLive) }
    }

    func heartbeat(
        token: String, timeToLive: Duration, registration: SchedulerRegistration, isFirst: Bool, now: Timestamp
    ) async throws -> Bool {
        try await passing(.heartbeat) {
            try await base.heartbeat(
                token: token, timeToLive: timeToLive, registration: registration, isFirst: isFirst, now: now)
        }
    }

    func publishedZone() async throws -> String? { try await base.publishedZone() }

    func serverTime() async throws -> Timestamp? { try await base.serverTime() }

    func deleteFinished(token: String, now: Timestamp) async throws -> [DefinitionID] {
        try await base.deleteFinished(token: token, now: now)
    }

    func release(token: String, registration: SchedulerRegistration) async throws -> Bool {
        try await passing(.release) { try await base.release(token: token, registration: registration) }
    }

    func fetchDue(until now: Timestamp, offset: Int, limit: Int, sharing score: [UInt8]?) async throws -> DuePage {
        try await passing(.fetchDue) {
            try await base.fetchDue(until: now, offset: offset, limit: limit, sharing: score)
        }
    }

    func definitions(_ ids: [DefinitionID]) async throws -> [Reading<LoadedDefinition>] {
        try await passing(.definitions) {
            try checkSize(ids.count)
            return try await base.definitions(ids)
        }
    }

    func enqueue(_ batch: DueBatch, token: String, now: Timestamp) async throws -> BatchOutcome {
        try await passing(.enqueue) { try await base.enqueue(batch, token: token, now: now) }
    }

    func reconcile(_ entries: [StaleEntry], token: String?) async throws -> ReconcileOutcome {
        try await passing(.reconcile) { try await base.reconcile(entries, token: token) }
    }

    func runLog(limit: Int) async throws -> [[UInt8]] { try await base.runLog(limit: limit) }

    func unfold(_ unfolding: Unfolding, token: String, now: Timestamp) async throws -> UnfoldOutcome {
        try await passing(.unfold) { try await base.unfold(unfolding, token: token, now: now) }
    }

    func trackedRuns(
        _ place: RunPlace, after member: [UInt8]?, limit: Int
    ) async throws -> (runs: [TrackedRun], last: [UInt8]?) {
        try await passing(.trackedRuns) { try await base.trackedRuns(place, after: member, limit: limit) }
    }

    func look(at runs: [RunToLookAt], now: Timestamp) async throws -> [RunFinding] {
        state.update { state in for run in runs { state.lookedAt[run.place, default: 0] += 1 } }
        return try await passing(.look) { try await base.look(at: runs, now: now) }
    }

    func recentRuns() async throws -> [RunPortion] { try await passing(.recentRuns) { try await base.recentRuns() } }

    func record(
        _ changes: [RunChange], settling settlement: RunSettlement?, token: String, now: Timestamp
    ) async throws -> RecordOutcome {
        try await passing(.record) {
            try await base.record(changes, settling: settlement, token: token, now: now)
        }
    }

    func endedRuns(of definition: DefinitionID) async throws -> [EndedRun] {
        try await passing(.endedRuns) { try await base.endedRuns(of: definition) }
    }

    func standings(of runs: [TrackedRun]) async throws -> [RunStanding] {
        try await passing(.standings) { try await base.standings(of: runs) }
    }

    @discardableResult
    func forgetRuns(of definitions: [DefinitionID]) async throws -> [DefinitionID] {
        try await passing(.forgetRuns) { try await base.forgetRuns(of: definitions) }
    }

    func sweepRuns(from cursor: Int) async throws -> Int {
        try await passing(.sweepRuns) { try await base.sweepRuns(from: cursor) }
    }

    func trimRuns(to total: Int) async throws -> Int { try await base.trimRuns(to: total) }

    var reconnects: Int { get async { await base.reconnects } }

    func serverLineage() async throws -> ServerLineage? {
        try await passing(.serverLineage) { try await base.serverLineage() }
    }

    func checkQueueing() async throws {
        try await state.current.whenChecked?()
        try await base.checkQueueing()
    }

    func announcements() async throws -> any AnnouncementReader {
        try await passing(.announcements) { try await base.announcements() }
    }
}

extension InterposedStore {
    /// Runs a scheduler on this store, cancels it while a call is under way, and waits for its end.
    func cancelRun(of scheduler: SchedulerActor, during call: Call) async throws {
        let gate = Gate("\(call)")
        beforeNext(call) { try await gate.pass(within: .seconds(60)) }
        let running = Task { try await scheduler.run() }
        // It releases only when it stops.
        if call == .release {
            try await called(.fetchDue)
            running.cancel()
            try await gate.arrival()
        } else {
            try await gate.arrival()
            running.cancel()
        }
        try await eventually("the stop is known") { await scheduler.machine.isStopping }
        gate.open()
        try await running.value
    }
}
