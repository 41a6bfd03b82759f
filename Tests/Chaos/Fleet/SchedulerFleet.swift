import Foundation
import TestSupport
import Testing

/// The schedulers of a run, each a process: `rqrcron run --standby`.
package actor SchedulerFleet {
    /// One place in the fleet, whose process may have been started many times.
    struct Slot: Sendable {
        let name: String
        let url: String
        var process: TestSupport.ChildProcess?
        /// Whether a fault has hold of it; nobody else touches it then.
        var isClaimed = false
        /// What it wrote in all its lives.
        var log = ""
    }

    /// How many runs each definition keeps.
    static let history = 20

    private let binary: String
    private let lockTTL: Int
    private let line: RedisLine
    private let lock: String
    private let keyPrefix: String
    private(set) var slots: [Slot]
    private(set) var endings: [String] = []

    init(binary: String, count: Int, lockTTL: Int, topology: any Topology) {
        self.binary = binary
        self.lockTTL = lockTTL
        line = topology.line()
        lock = topology.key(RedisKeys.lock)
        keyPrefix = topology.keyPrefix
        slots = (0..<count).map { Slot(name: Self.name($0), url: topology.url(ofScheduler: $0)) }
    }

    /// What the scheduler of a slot is called, by its options and by its connections.
    static func name(_ index: Int) -> String { "chaos-\(index + 1)" }

    /// Starts all that do not run.
    func startAll() throws {
        for index in slots.indices where slots[index].process == nil { try start(index) }
    }

    /// Starts the process of a slot.
    func start(_ index: Int) throws {
        slots[index].process = try TestSupport.ChildProcess(
            binary,
            [
                "run", "--standby", "--name", slots[index].name, "--lock-ttl", String(lockTTL), "--max-sleep", "5",
                "--timezone", "UTC", "-u", slots[index].url,
            ],
            environment: ["RQ_REDIS_URL": "", "RQ_KEY_PREFIX": keyPrefix])
    }

    /// Gives a slot that nobody has hold of, the leader's more often than not.
    ///
    /// A process that ended by itself is noted and started again.
    func claim(using generator: inout SeededGenerator) async throws -> (index: Int, isLeader: Bool)? {
        noteEndings()
        try startAll()
        let wantsLeader = Int.random(in: 0..<4, using: &generator) > 0
        let choice = Int.random(in: 0..<max(1, slots.count), using: &generator)
        let leader = await leader()
        if wantsLeader, let leader, !slots[leader].isClaimed {
            slots[leader].isClaimed = true
            return (leader, true)
        }
        let free = slots.indices.filter { !slots[$0].isClaimed }
        guard !free.isEmpty else { return nil }
        let index = free[choice % free.count]
        slots[index].isClaimed = true
        return (index, index == leader)
    }

    func release(_ index: Int) {
        slots[index].isClaimed = false
    }

    /// The slot whose name stands in the lock, as far as Redis says so.
    func leader() async -> Int? {
        guard let token = try? await line.command("GET", lock).string else { return nil }
        return slots.firstIndex { token.hasPrefix("\($0.name):") }
    }

    func signal(_ index: Int, _ signal: Int32) {
        slots[index].process?.send(signal: signal)
    }

    /// Kills the process of a slot, and waits for its end.
    func kill(_ index: Int) async throws {
        guard let process = slots[index].process else { return }
        slots[index].process = nil
        process.kill()
        try await process.waitUntilExit()
        keepLog(of: process, index)
    }

    /// Asks the process of a slot to stop in order.
    ///
    /// One that does not end within `bound`, or does not return 0, is noted.
    func stop(_ index: Int, within bound: Duration) async throws {
        guard let process = slots[index].process else { return }
        slots[index].process = nil
        process.send(signal: SIGTERM)
        do {
            let outcome = try await process.waitUntilExit(within: bound)
            // One that has just been started, and has not written anything yet, does not listen to signals yet either.
            let isYoung = outcome == .killed(by: SIGTERM) && process.errors.isEmpty
            if outcome != .exited(0), !isYoung {
                endings.append("\(slots[index].name) answered SIGTERM with \(outcome)")
            }
        } catch {
            endings.append("\(slots[index].name) had not ended \(bound) after SIGTERM")
            process.kill()
            try await process.waitUntilExit()
        }
        keepLog(of: process, index)
    }

    /// Stops all, at the end of a run.
    func stopAll(within bound: Duration) async throws {
        noteEndings()
        for index in slots.indices { slots[index].process?.send(signal: SIGCONT) }
        for index in slots.indices { try await stop(index, within: bound) }
    }

    /// Kills all, when the run failed.
    func killAll() async {
        for index in slots.indices { try? await kill(index) }
    }

    private func noteEndings() {
        for index in slots.indices {
            guard let process = slots[index].process, let outcome = process.outcome else { continue }
            endings.append("\(slots[index].name) ended by itself with \(outcome): \(process.errors.suffix(400))")
            slots[index].process = nil
            keepLog(of: process, index)
        }
    }

    private func keepLog(of process: TestSupport.ChildProcess, _ index: Int) {
        slots[index].log += process.errors + "-- process \(process.pid) ended\n"
    }
}
