import RQWire
import RedisCronTesting
import TestSupport

@testable import RedisCron

/// One simulated schedule: Redis, schedulers, editors and the time between them.
///
/// Everything happens on the calling thread, one thing at a time, in an order that follows from the seed alone.
///
/// `@unchecked Sendable`: it never leaves that thread; see ``SimulatedExecutor``.
final class World: @unchecked Sendable {
    /// 2026-11-01T00:00:00Z.
    static let epoch: Int64 = 1_793_491_200_000_000

    /// What a restart may go back to.
    struct Snapshot {
        let time: Int64
        let redis: RedisModel
        let ledger: Oracle.Ledger
        /// Definitions that Python was writing at that time.
        let torn: Set<DefinitionID>
    }

    let scenario: Scenario
    var random: SeededGenerator
    /// True time in microseconds since the world began.
    private(set) var time: Int64 = 0
    var events = EventQueue()
    var redis: RedisModel
    var oracle = Oracle()
    var nodes: [Node] = []
    /// Jobs of all schedulers that wait to be run.
    var waitingJobs = 0
    /// Those of them that have not ended.
    var running: [Node] = []
    /// How far Redis' clock is off.
    var serverOffset: Int64 = 0
    /// How much longer than its TTL a lock can stand, since keys expire by Redis' own clock.
    var serverSteps: Int64 = 0
    /// How often Redis was restarted.
    var restarts = 0
    /// Until when Redis is down.
    var redisIsDown = false
    /// Whether anything goes wrong at all.
    var isTroubled = true
    /// Whether everybody has been asked to stop.
    var isEnding = false
    /// Commands of cut connections that are still to arrive.
    var lateCalls = 0
    /// When the trouble ended.
    var calmSince: Int64 = 0
    /// Since when the last leader leads, if it began in the quiet.
    var leadsSince: Int64 = -1
    /// Since when nothing has kept who leads from looking at runs.
    var keepsRunsSince: Int64 = 0
    /// Snapshots of Redis and of what it promised, for a restart that loses the last second.
    var history: [Snapshot] = []
    /// Definitions that Python is about to write or has left half written.
    var tornWrites: [DefinitionID: Int] = [:]
    /// Definitions whose half-done write by Python was crossed by another edit.
    var crossedWrites: Set<DefinitionID> = []
    /// What happened, if it is to be told.
    var trace: [String]?
    /// Calls of Redis.
    var calls = 0

    /// - Parameter fence: A guard that is taken out of Redis' scripts.
    init(seed: UInt64, book: ContentBook, without fence: RedisModel.Fence? = nil, isTraced: Bool = false) {
        random = SeededGenerator(seed: seed)
        scenario = Scenario(drawnFrom: &random)
        redis = RedisModel(time: Timestamp(microseconds: Self.epoch), book: book)
        trace = isTraced ? [] : nil
        if let fence { redis.fences.remove(fence) }
    }

    // MARK: Chance

    // Written without the standard library's own, which is slow in a debug build and is asked at every step.

    func draw(_ range: ClosedRange<Int64>) -> Int64 {
        range.lowerBound + Int64(random.next() % UInt64(range.upperBound - range.lowerBound + 1))
    }

    /// Whether something happens that does so once in that many times.
    func oneIn(_ count: UInt64) -> Bool {
        random.next() % count == 0
    }

    /// Whether such a fault happens now, once in that many times.
    func fails(_ fault: Scenario.Fault, oneIn count: UInt64) -> Bool {
        isTroubled && scenario.faults.contains(fault) && oneIn(count)
    }

    // MARK: Time

    func after(_ delay: Int64, _ action: @escaping EventQueue.Action) {
        events.add(at: time + delay, salt: random.next(), action)
    }

    func note(_ line: @autoclosure () -> String) {
        if trace != nil { trace?.append("\(Double(time) / 1_000_000) \(line())") }
    }

    /// Runs what can be run and lets happen what is due, until that time.
    func run(until end: Int64) {
        while oracle.violation == nil {
            let ready = drawReadyNode()
            if let ready, !(isTroubled && oneIn(8)) {
                runJob(of: ready)
                continue
            }
            guard step(until: end) || ready != nil else { return }
        }
    }

    /// Lets the next thing happen, unless that is after `end`.
    private func step(until end: Int64) -> Bool {
        var wakeTime = Int64.max
        var sleeper: Node?
        var position = running.count - 1
        while position >= 0 {
            let node = running[position]
            if !node.isPaused, node.clock.nextWake < wakeTime {
                wakeTime = node.clock.nextWake
                sleeper = node
            }
            position -= 1
        }
        let eventTime = events.nextTime
        if let sleeper, wakeTime < eventTime {
            guard wakeTime <= end else {
                time = max(time, end)
                return false
            }
            time = max(time, wakeTime)
            sleeper.clock.wakeDue()
            return true
        }
        guard eventTime <= end, let action = events.pop() else {
            time = max(time, end)
            return false
        }
        time = max(time, eventTime)
        action(self)
        return true
    }

    /// One of the schedulers that have something to run.
    private func drawReadyNode() -> Node? {
        guard waitingJobs > 0 else { return nil }
        var count: UInt64 = 0
        var drawn: Node?
        var position = running.count - 1
        while position >= 0 {
            let node = running[position]
            if node.executor.count > 0, !node.isPaused {
                count += 1
                if count == 1 || oneIn(count) { drawn = node }
            }
            position -= 1
        }
        return drawn
    }

    private func runJob(of node: Node) {
        if fails(.pause, oneIn: 400) {
            node.pause()
            return
        }
        node.executor.run(node.executor.count == 1 ? 0 : Int(draw(0...Int64(node.executor.count - 1))))
        if scenario.policies { node.hear() }
        if node.executor.wasLeft { oracle.violate("a job was enqueued from another thread") }
    }
}
