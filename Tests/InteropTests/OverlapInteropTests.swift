import Foundation
import RQWire
import RedisCron
import TestSupport
import Testing

/// Jobs that take longer than their interval, under each overlap policy, with real workers.
@Suite(.timeLimit(.minutes(5)))
struct OverlapInteropTests {
    /// When one job began and ended, in Unix seconds, as the worker says.
    private struct Spell {
        let job: String
        let begin: Double
        var end: Double?
    }

    /// What `app.tasks.spell` wrote for the jobs of a queue, in the order of their beginnings.
    private static func spells(_ queue: String, on server: RedisServer) throws -> [Spell] {
        var spells: [Spell] = []
        for line in try server.command("LRANGE", "spells:\(queue)", 0, -1).strings {
            let parts = line.split(separator: " ")
            guard parts.count == 3, let time = Double(parts[2]) else { throw SupportError("no spell: \(line)") }
            if parts[0] == "begin" {
                spells.append(Spell(job: String(parts[1]), begin: time))
            } else if let index = spells.lastIndex(where: { $0.job == parts[1] }) {
                spells[index].end = time
            }
        }
        return spells
    }

    /// Workers of one Python process each, with RQ's scheduler in none of them.
    private static func withWorkers<Result>(
        _ count: Int, of queues: [String], _ peer: Peer, _ body: () async throws -> Result
    ) async throws -> Result {
        var workers: [ChildProcess] = []
        defer { for worker in workers { worker.kill() } }
        for number in 0..<count {
            workers.append(
                try peer.python.start(
                    ["-m", "rq.cli", "worker", "--url", peer.server.socketURL, "--name", "worker-\(number)"] + queues,
                    environment: peer.environment))
        }
        try await eventually("\(count) workers", within: .seconds(60)) {
            try peer.server.command("SCARD", "rq:workers").integer == count
        }
        do {
            return try await body()
        } catch {
            throw SupportError("\(error); the workers wrote:\n\(workers.map(\.errors).joined(separator: "\n"))")
        }
    }

    @Test(arguments: PythonEnvironment.Edition.allCases)
    func `a job that takes longer than its interval runs as its policy says`(
        edition: PythonEnvironment.Edition
    ) async throws {
        try await withRedis { server in
            let peer = try Peer(edition, on: server)
            let policies = RunPolicy.Overlap.allCases
            // Twice as many workers as one run at a time needs.
            try await Self.withWorkers(5, of: ["skip", "wait", "replace"], peer) {
                try await withScheduler(on: server) { scheduler in
                    for overlap in policies {
                        try await scheduler.connection.register(
                            id: overlap.rawValue,
                            call: CallSpec(
                                "app.tasks.spell", queue: overlap.rawValue, args: [overlap == .replace ? 60 : 1.4]),
                            schedule: .every(.seconds(1)), policy: RunPolicy(overlap: overlap))
                    }
                    try await whileRunning(scheduler) {
                        try await eventually("three runs each", within: .seconds(60)) {
                            let counts = try ["skip", "wait"].map { queue in
                                try Self.spells(queue, on: server).count { $0.end != nil }
                            }
                            let begun = try Set(Self.spells("replace", on: server).map(\.job))
                            let stopped = try Self.jobs("stopped", on: server)
                            return counts.allSatisfy { $0 >= 3 } && stopped.count >= 2
                                && !stopped.isDisjoint(with: begun)
                        }
                    }
                }
            }
            // Nobody works on it: it piles up.
            #expect(try server.command("LLEN", "rq:queue:allow").integer ?? 0 >= 3)
            #expect(try server.command("HGET", "rq:cron_job:allow", "open_runs").string ?? "" == "")
            for queue in ["skip", "wait"] {
                let spells = try Self.spells(queue, on: server)
                for (one, next) in zip(spells, spells.dropFirst()) {
                    #expect(try #require(one.end) <= next.begin, "\(queue)")
                }
                #expect(Set(spells.map(\.job)).count == spells.count, "\(queue)")
            }
            // The next waits for the end of the one before it, not for a time of the schedule.
            let skipped = try Self.plannedTimes(of: "skip", on: server)
            let waited = try Self.plannedTimes(of: "wait", on: server)
            for times in [skipped, waited] {
                for (one, next) in zip(times, times.dropFirst()) { #expect(next - one >= .seconds(1)) }
            }
            let replaced = try Self.spells("replace", on: server)
            // A horse that is stopped does not come to its end.
            #expect(replaced.allSatisfy { $0.end == nil })
            // On a busy machine a horse may be stopped before its function begins.
            for job in try Self.jobs("stopped", on: server) {
                #expect(try server.command("HGET", "rq:job:\(job)", "origin").string == "replace")
            }
        }
    }

    /// The jobs of a status.
    private static func jobs(_ status: String, on server: RedisServer) throws -> Set<String> {
        Set(
            try server.command("KEYS", "rq:job:*").strings.filter {
                try server.command("HGET", $0, "status").string == status
            }.map { String($0.dropFirst("rq:job:".count)) })
    }

    /// The times for which the jobs that ran were planned, by their ids.
    private static func plannedTimes(of id: String, on server: RedisServer) throws -> [Timestamp] {
        let created = try Timestamp(parsing: try server.command("HGET", "rq:cron_job:\(id)", "created_at").string ?? "")
        let jobs = try Set(spells(id, on: server).map(\.job))
        let times = (0..<300).map { created + .seconds($0) }.filter { time in
            jobs.contains(
                Array(id.utf8).withUnsafeBufferPointer { RQJobID.planned(definition: $0, at: time).description })
        }
        #expect(times.count == jobs.count)
        return times
    }

    @Test(arguments: PythonEnvironment.Edition.allCases)
    func `a limit of failures and a limit of runs hold with real workers`(
        edition: PythonEnvironment.Edition
    ) async throws {
        try await withRedis { server in
            let peer = try Peer(edition, on: server)
            try await Self.withWorkers(1, of: ["q"], peer) {
                try await withScheduler(on: server) { scheduler in
                    let once = JobRetry(max: 1)
                    try await scheduler.connection.register(
                        id: "failing", call: CallSpec("app.tasks.fail", queue: "q", retry: once),
                        schedule: .every(.seconds(1)), policy: RunPolicy(overlap: .wait, pauseAfterFailures: 2))
                    try await scheduler.connection.register(
                        id: "limited", call: CallSpec("app.tasks.rebuild", queue: "q", plannedTimeArgument: "planned"),
                        schedule: .every(.seconds(1)), policy: RunPolicy(maxRuns: 3, deleteAfter: .seconds(1)))
                    try await whileRunning(scheduler) {
                        try await eventually("the pause and the end", within: .seconds(60)) {
                            try server.command("HGET", "rq:cron_job:failing", "enabled").string == "0"
                                && server.command("EXISTS", "rq:cron_job:limited").integer == 0
                        }
                    }
                    let failing = try await scheduler.connection.job(id: "failing")
                    #expect(failing.pauseNote == "2 runs in a row failed")
                    #expect(try Self.jobs("failed", on: server).count == 2)
                    try await eventually("the last run") { try peer.calls().count == 3 }
                }
            }
        }
    }
}
