import Foundation
import TestSupport
import Testing

/// Stands for the workers: takes jobs out of the queues as they do, and remembers each one.
///
/// It takes in three moves that can each be repeated, so that no fault makes it forget a job or count one twice: jobs
/// go from their queue to a list of its own, are read there with their hashes, and leave the list once it has them. It
/// writes down which jobs it read, so that the history names them where a server loses that they were taken, and numbers
/// what it does, so that no step is like another.
///
/// The hashes of jobs whose definition Python does not edit are deleted then, as with a `result_ttl` of 0, so that they are
/// not what keeps a run from being queued again. The others are finished at once, and stay a while, as with RQ's default: when Python writes back a
/// schedule that it had read before a run, only the job's hash tells a scheduler that has just taken over that the run was
/// queued.
///
/// Those whose definition has an overlap policy are worked at, as RQ's workers do: started with an execution, renewed by
/// heartbeats, and finished or failed after a while. Some workers die: those jobs look as they would when the worker has not
/// been heard of for longer than RQ takes to give a job up. Who is told to stop a job stops it, three workers of four: the others
/// take no commands, as RQ's `SimpleWorker`. What is at work stands in Redis, so that a server that loses a start loses that
/// somebody works as well.
actor Consumer {
    /// What becomes of a job that was taken.
    enum Fate: Sendable {
        case deleted
        case kept
        case worked
    }

    private let line: RedisLine
    private let stops: StopLine
    private let list: String
    private let keys: [String]
    private let slowKey: String
    /// When jobs were taken out of the slow queue.
    private var slowTime = ContinuousClock.now
    private let jobPrefix: String
    private let working: String
    private let executionsPrefix: String
    private let fate: @Sendable (_ description: String) -> Fate
    private var generator: SeededGenerator
    /// How long jobs may wait in the slow queue: for several runs of their definition.
    private static let slowness: Duration = .seconds(4)
    /// Read and remembered, and perhaps still on the list; with what becomes of them.
    private var unfinished: [(id: String, fate: String)] = []
    private(set) var taken: [TakenJob] = []
    private var steps = 0
    /// Whether ``consume(until:)`` runs: what it and ``drain()`` do must not alternate, or both read the same jobs.
    private var isConsuming = false
    /// When the newest job taken so far was queued.
    nonisolated let newest = Observed(WireTime(microseconds: 0))

    /// - Parameter fate: What becomes of the job with that description once it is taken.
    init(_ topology: any Topology, seed: UInt64, fate: @escaping @Sendable (_ description: String) -> Fate) {
        self.fate = fate
        generator = SeededGenerator(seed: seed)
        line = topology.line()
        stops = StopLine(topology)
        list = topology.key(RedisKeys.taken)
        working = topology.key(RedisKeys.working)
        executionsPrefix = topology.key(RedisKeys.executionsPrefix)
        keys = ChaosDefinition.queues.map { topology.key(RedisKeys.queuePrefix + $0) }
        slowKey = topology.key(RedisKeys.queuePrefix + ChaosDefinition.slowQueue)
        jobPrefix = topology.key(RedisKeys.jobPrefix)
    }

    /// Takes what there is, again and again, until the run is over.
    func consume(until isOver: Observed<Bool>) async throws {
        isConsuming = true
        defer { isConsuming = false }
        async let listening: Void = stops.listen(until: isOver)
        while !isOver.current {
            // Redis is away now and then; what was not finished is finished the next time.
            let count = (try? await takeSome()) ?? 0
            if count < 100 { try await Task.sleep(for: .milliseconds(20)) }
        }
        await listening
    }

    /// Takes all that is left, once ``consume(until:)`` has ended.
    func drain() async throws {
        try await eventually("the queues to be empty", within: .seconds(60)) {
            isConsuming ? false : (try? await takeSome(isLast: true)) == 0
        }
    }

    /// - Parameter isLast: Whether nothing may be left waiting.
    private func takeSome(isLast: Bool = false) async throws -> Int {
        steps += 1
        let isSlowToo = isLast || ContinuousClock.now - slowTime > Self.slowness
        if isSlowToo { slowTime = .now }
        let keys = isSlowToo ? keys + [slowKey] : keys
        if !unfinished.isEmpty {
            let arguments = unfinished.flatMap { [$0.id, $0.fate] }
            try await line.command(
                ["EVAL", Self.finish, "2", list, working, jobPrefix, String(steps)] + worker() + arguments)
            unfinished = []
        }
        let told = stops.jobs
        let stopped = told.filter(Self.isStoppable).sorted()
        try await line.command(["EVAL", Self.work, "1", working, jobPrefix] + worker() + stopped)
        stops.forget(told)
        let reply = try await line.command(
            ["EVAL", Self.take, String(keys.count + 1), list] + keys + [jobPrefix, String(steps)])
        let jobs = reply.array.map(\.strings)
        for job in jobs where job.count == 4 {
            let fate = word(for: fate(job[3]))
            taken.append(TakenJob(id: job[0], isWhole: job[2] == "1", outcome: Self.outcome(of: job[0], fate)))
            unfinished.append((job[0], fate))
            if let queued = WireTime(job[1]) { newest.update { $0 = max($0, queued) } }
        }
        return jobs.count
    }

    /// What a worker says of itself: where executions are, the present and instants before it, and when an execution ends
    /// that is not renewed.
    private func worker() -> [String] {
        let now = WireTime.now
        let second = now.microseconds / 1_000_000
        return [
            executionsPrefix, now.description, String(Double(now.microseconds) / 1_000_000),
            now.advanced(bySeconds: -1).description, now.advanced(bySeconds: -1_001).description,
            String(second + 150), String(second - 851),
        ]
    }

    /// Whether the worker of a job takes commands.
    private static func isStoppable(_ job: String) -> Bool { job.last.map { "0123".contains($0) } != true }

    /// What becomes of a job that nobody stops, as it is to be recorded.
    private static func outcome(of job: String, _ fate: String) -> String {
        switch fate {
        case "delete": "deleted"
        case "keep": "finished"
        case "die": "lost"
        default: job.first.map { "0123".contains($0) } == true ? "failed" : "finished"
        }
    }

    /// A fate as the script reads it; work as the seconds that it takes, or as a death.
    private func word(for fate: Fate) -> String {
        switch fate {
        case .deleted: "delete"
        case .kept: "keep"
        case .worked:
            Int.random(in: 0..<8, using: &generator) == 0
                ? "die" : String(Double.random(in: 0.1...4, using: &generator))
        }
    }
}
