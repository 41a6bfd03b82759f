import Foundation
import TestSupport
import Testing

/// Edits definitions with `rqrcron`, one process an edit, and remembers what it was told.
///
/// An edit that fails is tried again until it is acknowledged, as a person would; a stop ends that. Where a server may have
/// lost a definition, one that is not there is registered again.
actor SwiftEditor {
    private let binary: String
    private let topology: any Topology
    private var definitions: [ChaosDefinition]
    private var exists: [String: Bool] = [:]
    private var isEnabled: [String: Bool] = [:]
    private var generator: SeededGenerator
    private let isOver: Observed<Bool>
    private(set) var acknowledged: [AcknowledgedEdit] = []
    private(set) var failures = 0
    /// Numbers the triggers.
    private var triggers = 0

    init(
        binary: String, topology: any Topology, definitions: [ChaosDefinition], generator: SeededGenerator,
        isOver: Observed<Bool>
    ) {
        self.binary = binary
        self.topology = topology
        self.definitions = definitions
        self.generator = generator
        self.isOver = isOver
    }

    /// Registers what is not Python's.
    func registerAll() async throws {
        for index in definitions.indices where definitions[index].owner != .python {
            try await write(index)
        }
    }

    /// Edits until the run is over, `pause` between two edits.
    func edit(pausing pause: Duration) async throws {
        let own = definitions.indices.filter { definitions[$0].owner == .swift }
        let shared = definitions.indices.filter { definitions[$0].owner == .both }
        while !isOver.current {
            let isShared = !shared.isEmpty && Int.random(in: 0..<4, using: &generator) == 0
            guard let index = (isShared ? shared : own).randomElement(using: &generator) else { return }
            let choice = Int.random(in: 0..<10, using: &generator)
            if isShared {
                try await switchState(index, to: choice < 7)
            } else if exists[definitions[index].id] == false {
                try await write(index)
            } else {
                try await editOwn(index, choice)
            }
            try await Task.sleep(for: pause)
        }
    }

    private func editOwn(_ index: Int, _ choice: Int) async throws {
        if definitions[index].policy != nil, Bool.random(using: &generator) {
            return try await editPolicy(index)
        }
        switch choice {
        case 0..<4: try await write(index)
        case 4..<6:
            definitions[index].schedule = ChaosDefinition.randomSchedule(
                least: definitions[index].policy?.leastInterval ?? 1, using: &generator)
            try await write(index)
        case 6 where definitions[index].policy?.waitsInQueue != true:
            definitions[index].queue = ChaosDefinition.queues.randomElement(using: &generator) ?? "chaos-0"
            try await write(index)
        case 7: try await delete(index)
        case 8: try await trigger(index)
        default: try await switchState(index, to: isEnabled[definitions[index].id] == false)
        }
    }

    /// Pauses it for some seconds, lets it go on, or lets its runs count anew.
    private func editPolicy(_ index: Int) async throws {
        let definition = definitions[index]
        if definition.policy?.isLimited == true { return try await write(index, resetsCount: true) }
        // One that is switched off would be switched on by it.
        guard isEnabled[definition.id] != false else { return }
        let isPause = Int.random(in: 0..<3, using: &generator) > 0
        let seconds = Int64.random(in: 2...6, using: &generator)
        let answer = try await untilDone {
            isPause
                ? ["pause", definition.id, "--until", WireTime.now.advanced(bySeconds: seconds).description]
                : ["resume", definition.id]
        }
        if answer == .missing { try await write(index) }
    }

    /// Asks for a run outside of the schedule, which an overlap policy may refuse.
    private func trigger(_ index: Int) async throws {
        let answer = try await untilDone {
            // Each try is a run of its own: of an earlier one nobody may know any more.
            triggers += 1
            return ["trigger", definitions[index].id, "--key", "chaos-\(triggers)"]
        }
        if answer == .missing { try await write(index) }
    }

    private func write(_ index: Int, resetsCount: Bool = false) async throws {
        definitions[index].revision += 1
        let definition = definitions[index]
        let words = definition.registration + (resetsCount ? ["--reset-count"] : [])
        guard try await untilDone({ words }) == .done else { return }
        if exists[definition.id] != true { isEnabled[definition.id] = true }
        exists[definition.id] = true
        // Where a server may have lost that it was switched off, registering it again leaves it on.
        acknowledge(definition, isEnabled: topology.losesWrites ? nil : isEnabled[definition.id])
    }

    private func switchState(_ index: Int, to enabled: Bool) async throws {
        let definition = definitions[index]
        switch try await untilDone({ [enabled ? "enable" : "disable", definition.id] }) {
        case .done: break
        case .missing: return try await write(index)
        case .over: return
        }
        isEnabled[definition.id] = enabled
        // A shared one may be switched back by Python, which writes the whole hash.
        if definition.owner == .swift { acknowledge(definition, isEnabled: enabled) }
    }

    private func delete(_ index: Int) async throws {
        let definition = definitions[index]
        // That it is not there may mean that an earlier try has succeeded without our hearing of it.
        guard try await untilDone({ ["delete", definition.id] }) != .over else { return }
        exists[definition.id] = false
        acknowledged.append(
            AcknowledgedEdit(definition: definition.id, revision: definition.revision, exists: false))
    }

    private func acknowledge(_ definition: ChaosDefinition, isEnabled: Bool?) {
        acknowledged.append(
            AcknowledgedEdit(
                definition: definition.id, revision: definition.revision,
                isEnabled: definition.owner == .swift ? isEnabled : nil))
    }

    private enum Answer {
        case done
        /// There is no such definition.
        case missing
        /// The run was over before; whether it was done is unknown then.
        case over
    }

    /// Runs a command until it succeeds, or finds no definition where that is possible.
    ///
    /// - Parameter words: The command, made anew for each try.
    private func untilDone(_ words: () -> [String]) async throws -> Answer {
        var tries = 0
        while true {
            let arguments = words()
            let process = try TestSupport.ChildProcess(
                binary, arguments + ["-u", topology.editorURL],
                environment: ["RQ_REDIS_URL": "", "RQ_KEY_PREFIX": topology.keyPrefix])
            let outcome: TestSupport.ChildProcess.Outcome
            do {
                outcome = try await process.waitUntilExit(within: .seconds(60))
            } catch {
                process.kill()
                throw SupportError("rqrcron \(arguments.joined(separator: " ")) hung: \(error)")
            }
            if outcome == .exited(0) || process.errors.contains("an earlier run is queued or running") { return .done }
            if tries > 0 || topology.losesWrites, process.errors.localizedStandardContains("no such") {
                return .missing
            }
            guard case .exited(1) = outcome else {
                throw SupportError("rqrcron \(arguments.joined(separator: " ")): \(outcome)\n\(process.errors)")
            }
            failures += 1
            tries += 1
            if isOver.current, tries > 40 { return .over }
            try await Task.sleep(for: .milliseconds(150))
        }
    }
}
