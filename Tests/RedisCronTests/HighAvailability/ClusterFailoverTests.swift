import RQWire
import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

/// Three masters with a replica each, and a scheduler whose keys lie on one of the masters.
@Suite(.timeLimit(.minutes(5)), .serialized) struct ClusterFailoverTests {
    /// How a master goes.
    enum End: CaseIterable {
        case killed
        /// Its port still takes connections.
        case frozen
    }

    private static let definitions = (0..<5).map { "every:\($0)" }

    @Test(arguments: End.allCases)
    func `a scheduler goes on at the replica that a cluster promotes, and repeats nothing`(end: End) async throws {
        try await Self.whileScheduling { owner, replica in
            let before = try Self.jobs(at: replica)
            switch end {
            case .killed: await owner.kill()
            case .frozen: owner.pause()
            }
            try await eventually("the promotion", within: .seconds(60)) { replica.isMaster }
            try await Self.waitForRuns(at: replica)
            #expect(try Self.jobs(at: replica).starts(with: before))
            return replica
        }
    }

    @Test func `a failover that was asked for loses no run, there and back`() async throws {
        let record = try await Self.whileScheduling { owner, replica in
            for (former, next) in [(owner, replica), (replica, owner)] {
                try await eventually("the replica to be ready", within: .seconds(30)) {
                    (try? next.connect().command("CLUSTER", "FAILOVER")) == .status("OK")
                }
                try await eventually("the new roles", within: .seconds(60)) { next.isMaster && !former.isMaster }
                try await Self.waitForRuns(at: next)
            }
            return owner
        }
        #expect(record.told.sorted() == record.queued.sorted())
    }

    /// What a scheduler said that it queued, and what stands in the queue, both in their order.
    private struct Record {
        let told: [String]
        let queued: [String]
    }

    /// Runs a scheduler with definitions that are due every second, and checks afterwards that what stands in the queue
    /// was planned, once each, and came in its order.
    ///
    /// - Parameter body: Gets the node that has the keys and its replica; returns the one that has the keys in the end.
    @discardableResult
    private static func whileScheduling(
        _ body: @escaping @Sendable (_ owner: RedisServer, _ replica: RedisServer) async throws -> RedisServer
    ) async throws -> Record {
        try await withCluster(replicas: 1) { nodes in
            let (owner, _) = try nodes.owner(of: "{rq}:cron_jobs")
            let replica = try nodes.replica(of: owner)
            // The one node that is named is the one that goes.
            let connection = try RedisCronConnection(
                url: RedisURL("redis://127.0.0.1:\(owner.port)"), keyPrefix: "{rq}")
            let options = RedisCronScheduler.Options.forTest { $0.lockTTL = .seconds(5) }
            let scheduler = try RedisCronScheduler(connection: connection, options: options)
            for id in definitions {
                try await scheduler.register(functionName: "app.tick", queueName: "q", id: id, interval: .seconds(1))
            }
            let recorder = EventRecorder(scheduler)
            let last = try await whileRunning(scheduler) {
                try await eventually("jobs at the replica too", within: .seconds(30)) {
                    try jobs(at: replica).count >= 2 * definitions.count
                }
                return try await body(owner, replica)
            }
            try await recorder.wait(for: "the stop") { if case .stopped = $0 { true } else { false } }
            // Other commands find the way too.
            #expect(try await scheduler.connection.allJobs().map(\.id).sorted() == definitions)
            await connection.close()
            let queued = try jobs(at: last)
            let told = recorder.events.flatMap(\.runs)
            try checkOrder(of: queued, told: told)
            return Record(told: told.map(\.jobID), queued: queued)
        }
    }

    /// The ids of the jobs in the queue, also at a replica.
    private static func jobs(at node: RedisServer) throws -> [String] {
        // A change of roles may hang up on connections that were there before.
        let connection = try node.connect()
        try connection.command("READONLY")
        return try connection.command("LRANGE", "{rq}:queue:q", 0, -1).strings
    }

    /// Waits until every definition has run twice more, or so.
    private static func waitForRuns(at node: RedisServer) async throws {
        let before = try jobs(at: node).count
        try await eventually("runs to be queued", within: .seconds(60)) {
            try jobs(at: node).count >= before + 2 * definitions.count
        }
    }

    /// Each job is a run of a definition at one of its times, and later than the one before it.
    private static func checkOrder(of jobs: [String], told: [EnqueuedRun]) throws {
        var planned: [String: (definition: String, second: Int)] = [:]
        for definition in definitions {
            // Not only what was told: the answer to the last batch of a master may be lost with it.
            let first = try #require(told.first { $0.id == definition }).planned
            for second in 0..<600 {
                let id = RQJobID.planned(definition: definition, at: first + .seconds(second))
                planned["\(id)"] = (definition, second)
            }
        }
        var latest: [String: Int] = [:]
        for job in jobs {
            let run = try #require(planned[job], "a job that nobody planned")
            #expect(run.second > latest[run.definition] ?? -1, "\(run) came after a later one, or twice")
            latest[run.definition] = run.second
        }
    }
}

extension SchedulerEvent {
    /// The runs that the event says were queued.
    var runs: [EnqueuedRun] {
        if case .enqueued(let runs) = self { runs } else { [] }
    }
}
