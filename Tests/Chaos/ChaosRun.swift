import Foundation
package import TestSupport
import Testing

/// Runs schedulers, editors and a consumer on servers of its own, deals faults, and holds what came of it against the
/// promises.
package struct ChaosRun: Sendable {
    let plan: ChaosPlan
    let topology: any Topology
    let fleet: SchedulerFleet
    let dealer: FaultDealer
    let consumer: Consumer
    let swiftEditor: SwiftEditor
    let definitions: [ChaosDefinition]
    /// Set when no more faults are to be dealt: when the time is over, or by who does not want to wait for that.
    package let isOver: Observed<Bool>
    let tell: @Sendable (String) -> Void
    private let editorsAreOver = Observed(false)
    private let consumerIsOver = Observed(false)
    private let watchIsOver = Observed(false)

    /// Does a whole run, with servers of its own.
    ///
    /// - Parameters:
    ///   - isOver: Set it to end the dealing early; what was dealt is checked then.
    ///   - tell: Gets a line now and then about how it goes.
    /// - Throws: ``SupportError`` when the run itself fails. A promise that was not kept is no error; it stands in the
    ///   outcome.
    package static func perform(
        _ plan: ChaosPlan, isOver: Observed<Bool> = Observed(false),
        tell: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> ChaosOutcome {
        try await plan.topology.withServers(for: plan) { topology in
            let run = ChaosRun(plan, on: topology, isOver: isOver, tell: tell)
            do {
                let outcome = try await run.perform()
                await run.end()
                return outcome
            } catch {
                try? await run.leaveEvidence()
                await run.end()
                throw error
            }
        }
    }

    private init(
        _ plan: ChaosPlan, on topology: any Topology, isOver: Observed<Bool>, tell: @escaping @Sendable (String) -> Void
    ) {
        self.plan = plan
        self.topology = topology
        self.isOver = isOver
        self.tell = tell
        fleet = SchedulerFleet(
            binary: plan.binary, count: plan.schedulers, lockTTL: plan.lockTTL, topology: topology)
        dealer = FaultDealer(topology: topology, fleet: fleet, lockTTL: plan.lockTTL)
        var generator = SeededGenerator(seed: plan.seed)
        definitions = ChaosDefinition.all(
            plan.definitions, began: .now, seconds: plan.seconds, using: &generator)
        let python = definitions.filter { $0.owner == .python || $0.owner == .both }.map { "'\($0.id)'" }
        let working = definitions.filter { $0.policy?.hasWork == true }.map { "'\($0.id)'" }
        consumer = Consumer(topology, seed: plan.seed &+ 4) { description in
            if working.contains(where: description.contains) { return .worked }
            return python.contains(where: description.contains) ? .kept : .deleted
        }
        swiftEditor = SwiftEditor(
            binary: plan.binary, topology: topology, definitions: definitions,
            generator: SeededGenerator(seed: plan.seed &+ 1), isOver: editorsAreOver)
    }

    private func perform() async throws -> ChaosOutcome {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await topology.watch(until: watchIsOver) }
            tell("registering \(definitions.count) definitions")
            try await swiftEditor.registerAll()
            let pythonEditor = try await PythonEditor(
                topology: topology, seed: plan.seed, pause: .milliseconds(100), definitions: definitions)
            defer { pythonEditor.kill() }
            try await fleet.startAll()
            group.addTask { try await consumer.consume(until: consumerIsOver) }
            group.addTask { try await swiftEditor.edit(pausing: .milliseconds(200)) }
            let began = ContinuousClock.now
            var outcome = ChaosOutcome(plan: plan)
            (outcome.faults, outcome.violations) = try await dealFaults()
            tell("\(outcome.faults.count) faults dealt; waiting for the editors, and for all that is due to be queued")
            editorsAreOver.update { $0 = true }
            let pythonEdits = try await pythonEditor.finish()
            let settled = try await settle()
            let recorded = try await settleRecords()
            try await fleet.stopAll(within: .seconds(30))
            consumerIsOver.update { $0 = true }
            try await consumer.drain()
            watchIsOver.update { $0 = true }
            try await group.waitForAll()
            outcome.seconds = Double((ContinuousClock.now - began) / .milliseconds(1)) / 1_000
            try await judge(
                &outcome, edits: pythonEdits + swiftEditor.acknowledged, settled: settled, recorded: recorded)
            return outcome
        }
    }

    /// Stops whatever may still run.
    private func end() async {
        for flag in [isOver, editorsAreOver, consumerIsOver, watchIsOver] { flag.update { $0 = true } }
        await fleet.killAll()
        topology.close()
    }

    /// Waits until nothing has been due for 2 s.
    ///
    /// - Returns: The time by which everything had been queued, or had its chance to be.
    private func settle() async throws -> WireTime {
        let line = topology.line()
        var checked = WireTime.now
        do {
            try await eventually("all that is due to be queued", within: plan.recoveryBound) {
                checked = WireTime.now.advanced(bySeconds: -2)
                let due = try? await line.command(
                    "ZRANGEBYSCORE", topology.key(RedisKeys.index), "-inf", Double(checked.microseconds) / 1_000_000)
                return due?.array.isEmpty == true
            }
        } catch is TimedOut {
            // The check names what is stuck.
        }
        return checked
    }

    /// Lets new schedulers find out what has become of runs: no job takes longer than four seconds.
    ///
    /// - Returns: A time; what was queued before is over, and is known to be. `nil` where a server may lose records.
    private func settleRecords() async throws -> WireTime? {
        guard !topology.losesWrites else { return nil }
        try await fleet.stopAll(within: .seconds(30))
        try await fleet.startAll()
        let line = topology.line()
        var settled = WireTime.now
        do {
            try await eventually("the ends of all runs to be known", within: .seconds(90)) {
                let present = WireTime.now.advanced(bySeconds: -12)
                guard let kept = try? await KeptRuns(from: line, topology), await fleet.leader() != nil else {
                    return false
                }
                settled = present
                return kept.open.values.joined().allSatisfy { $0.at > present }
            }
        } catch is TimedOut {
            // The check names them.
        }
        return settled
    }

    private func judge(
        _ outcome: inout ChaosOutcome, edits: [AcknowledgedEdit], settled: WireTime, recorded: WireTime?
    ) async throws {
        tell("reading what Redis did")
        try await leaveEvidence()
        let history = try topology.history()
        let lost = LostWrites(history.lost)
        var check = HistoryCheck(lost: lost)
        for step in history.official { check.take(step) }
        check.conclude(edits)
        check.conclude(settledAt: settled)
        let taken = await consumer.taken
        check.conclude(taken)
        if let recorded {
            let kept = try await KeptRuns(from: topology.line(), topology)
            check.conclude(kept, taken: taken, settledAt: recorded, keep: SchedulerFleet.history)
        }
        outcome.violations += check.violations
        outcome.violations += await fleet.endings.map { Violation(.ended, $0) }
        outcome.runs = check.runs
        outcome.policies = check.policies
        outcome.stepsWithoutJob = check.stepsWithoutJob
        outcome.edits = check.edits
        outcome.acknowledgedEdits = edits.count
        outcome.jobsTaken = await consumer.taken.count
        outcome.definitionsAtEnd = check.definitions.values.filter(\.exists).count
        outcome.lostRuns = lost.runs.values.sorted()
        outcome.lostRunsQueuedAgain = check.queuedJobs.intersection(lost.runs.keys).count
        outcome.losses = check.losses
        outcome.notDealt = topology.notDealt
    }

    private func leaveEvidence() async throws {
        guard let folder = plan.evidence else { return }
        let files = FileManager.default
        try? files.removeItem(atPath: folder)
        try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try topology.leaveEvidence(in: folder)
        for slot in await fleet.slots {
            try slot.log.write(toFile: "\(folder)/\(slot.name).log", atomically: true, encoding: .utf8)
        }
        tell("what Redis did and what the schedulers said is in \(folder)")
    }
}
