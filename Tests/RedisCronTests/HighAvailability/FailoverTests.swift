import Foundation
import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

@Suite(.timeLimit(.minutes(5))) struct FailoverTests {
    /// The ids of all jobs in a queue.
    private static func jobs(in queue: String, at server: RedisServer) throws -> [String] {
        // A promotion hangs up on all connections that were there before.
        try server.connect().command("LRANGE", "rq:queue:\(queue)", 0, -1).strings
    }

    /// How many jobs a node of a cluster has; none while a busy machine makes the nodes miss each other (CLUSTERDOWN).
    private static func jobs(in key: String, of node: RedisServer) -> Int {
        (try? node.command("LLEN", key).integer) ?? 0
    }

    @Test func `a scheduler goes on at the replica that sentinels promote`() async throws {
        try await withSentinels { system in
            let connection = try RedisCronConnection(url: RedisURL(system.url))
            let options = RedisCronScheduler.Options.forTest { $0.lockTTL = .seconds(5) }
            let scheduler = try RedisCronScheduler(connection: connection, options: options)
            try await scheduler.register(functionName: "app.tick", queueName: "q", id: "every", interval: .seconds(1))
            let replica = system.replicas[0]
            try await whileRunning(scheduler) {
                try await eventually("a job at the replica too", within: .seconds(30)) {
                    try !Self.jobs(in: "q", at: replica).isEmpty
                }
                await system.master.kill()
                try await eventually("the promotion", within: .seconds(60)) {
                    (try? replica.connect().command("ROLE").array.first?.string) == "master"
                }
                let before = try Self.jobs(in: "q", at: replica).count
                try await eventually("jobs at the new master", within: .seconds(60)) {
                    try Self.jobs(in: "q", at: replica).count >= before + 2
                }
            }
            // Registering and listing go there too, over the same connection.
            try await scheduler.register(
                functionName: "app.other", queueName: "q", id: "other", interval: .seconds(3600))
            #expect(try await scheduler.connection.allJobs().map(\.id).sorted() == ["every", "other"])
            let ids = try Self.jobs(in: "q", at: replica)
            #expect(Set(ids).count == ids.count)
            await connection.close()
        }
    }

    /// How a master is relieved.
    enum Failover: CaseIterable {
        case planned
        /// Its port still takes connections.
        case frozen
    }

    @Test(arguments: Failover.allCases)
    func `a failover costs less than a second of jobs, and a silence of two beyond what the sentinels take to notice`(
        failover: Failover
    ) async throws {
        try await withSentinels { system in
            let connection = try RedisCronConnection(url: RedisURL(system.url))
            let scheduler = try RedisCronScheduler(
                connection: connection, options: .forTest { $0.lockTTL = .seconds(10) })
            let definitions = (0..<10).map { "every:\($0)" }
            for id in definitions {
                try await scheduler.register(functionName: "app.tick", queueName: "q", id: id, interval: .seconds(1))
            }
            let recorder = EventRecorder(scheduler)
            let replica = system.replicas[0]
            try await whileRunning(scheduler) {
                try await eventually("jobs at the replica too", within: .seconds(30)) {
                    try Self.jobs(in: "q", at: replica).count >= 2 * definitions.count
                }
                let before = try Self.jobs(in: "q", at: replica).count
                let start = ContinuousClock.now
                switch failover {
                case .planned:
                    try await eventually("the failover to be accepted", within: .seconds(30)) {
                        (try? system.sentinels[0].command("SENTINEL", "FAILOVER", "mymaster")) != nil
                    }
                case .frozen: system.master.pause()
                }
                try await eventually("jobs at the new master", within: .seconds(60)) {
                    guard (try? replica.connect().command("ROLE").array.first?.string) == "master" else { return false }
                    return try Self.jobs(in: "q", at: replica).count >= before + definitions.count
                }
                // down-after-milliseconds is 1500; the rest of the bound is for a machine that does other things too.
                #expect(ContinuousClock.now - start < .milliseconds(failover == .planned ? 4000 : 6500))
                try await eventually("more of them", within: .seconds(60)) {
                    try Self.jobs(in: "q", at: replica).count >= before + 4 * definitions.count
                }
            }
            let told = Set(recorder.events.flatMap(\.runs).map(\.jobID))
            let queued = try Self.jobs(in: "q", at: replica)
            #expect(Set(queued).count == queued.count)
            // What the old master took and its replica never got.
            #expect(told.subtracting(queued).count <= definitions.count)
            await connection.close()
            system.master.resume()
        }
    }

    @Test
    func `a scheduler hears of edits after its slot has moved and the node that had it is no part of the cluster`()
        async throws
    {
        try await withCluster { nodes in
            let (owner, heir) = try nodes.owner(of: "{rq}:cron_jobs")
            let url = try RedisURL("redis+cluster://127.0.0.1:\(owner.port),127.0.0.1:\(heir.port)")
            let connection = try RedisCronConnection(url: url, keyPrefix: "{rq}")
            let scheduler = try RedisCronScheduler(connection: connection, options: .forTest())
            try await scheduler.register(functionName: "app.tick", queueName: "q", id: "every", interval: .seconds(1))
            try await whileRunning(scheduler) {
                try await eventually("jobs", within: .seconds(30)) {
                    Self.jobs(in: "{rq}:queue:q", of: owner) >= 2
                }
                let slot = try owner.command("CLUSTER", "KEYSLOT", "{rq}").integer ?? 0
                let (ownerID, heirID) = (try owner.clusterID(), try heir.clusterID())
                try heir.command("CLUSTER", "SETSLOT", slot, "IMPORTING", ownerID)
                try owner.command("CLUSTER", "SETSLOT", slot, "MIGRATING", heirID)
                while true {
                    let keys = try owner.command("CLUSTER", "GETKEYSINSLOT", slot, 100).strings
                    if keys.isEmpty { break }
                    let move: [any CommandPart] = ["MIGRATE", "127.0.0.1", heir.port, "", 0, 5000, "KEYS"]
                    try owner.command(move + keys)
                }
                for node in [heir, owner] + nodes.filter({ $0.port != heir.port && $0.port != owner.port }) {
                    try node.command("CLUSTER", "SETSLOT", slot, "NODE", heirID)
                }
                // The other slots of the one that goes are not what this is about.
                for node in nodes { try node.command("CONFIG", "SET", "cluster-require-full-coverage", "no") }
                for node in nodes where node.port != owner.port { try node.command("CLUSTER", "FORGET", ownerID) }
                let before = Self.jobs(in: "{rq}:queue:q", of: heir)
                try await eventually("jobs at the heir", within: .seconds(30)) {
                    Self.jobs(in: "{rq}:queue:q", of: heir) >= before + 2
                }
                try await eventually("somebody to listen there") {
                    try heir.command("PUBSUB", "NUMSUB", "{rq}:cron_jobs:events").array.last?.integer == 1
                }
                #expect(
                    try owner.connect().command("PUBSUB", "NUMSUB", "{rq}:cron_jobs:events").array.last?.integer == 0)
            }
            await connection.close()
        }
    }

    @Test func `a scheduler runs on a cluster, from any of its nodes, while its slot moves`() async throws {
        try await withCluster { nodes in
            let (owner, other) = try nodes.owner(of: "{rq}:cron_jobs")
            let connection = try RedisCronConnection(
                url: RedisURL("redis://127.0.0.1:\(other.port)"), keyPrefix: "{rq}")
            let scheduler = try RedisCronScheduler(connection: connection, options: .forTest())
            for number in 0..<20 {
                try await scheduler.register(
                    functionName: "app.tick", queueName: "q", id: "every:\(number)", interval: .seconds(1))
            }
            #expect(try await scheduler.connection.allJobs().count == 20)
            try await whileRunning(scheduler) {
                try await eventually("jobs at the owner", within: .seconds(30)) {
                    Self.jobs(in: "{rq}:queue:q", of: owner) >= 20
                }
                let slot = try owner.command("CLUSTER", "KEYSLOT", "{rq}").integer ?? 0
                let move = try ChildProcess(
                    "redis-cli",
                    ["--cluster", "reshard", "127.0.0.1:\(owner.port)", "--cluster-from", try owner.clusterID()]
                        + ["--cluster-to", try other.clusterID(), "--cluster-slots", "\(slot % 5461 + 1)"]
                        + ["--cluster-yes", "--cluster-timeout", "20000"])
                // It moves the lowest slots of the owner first.
                try await eventually("the slot to have moved", within: .seconds(120)) {
                    (try? other.command("EXISTS", "{rq}:cron_jobs").integer) == 1
                }
                _ = try await move.waitUntilExit(within: .seconds(120))
                let before = Self.jobs(in: "{rq}:queue:q", of: other)
                try await eventually("jobs at the new owner", within: .seconds(30)) {
                    Self.jobs(in: "{rq}:queue:q", of: other) >= before + 20
                }
            }
            let ids = try other.command("LRANGE", "{rq}:queue:q", 0, -1).strings
            #expect(Set(ids).count == ids.count)
            #expect(try await scheduler.connection.allJobs().count == 20)
            try await scheduler.register(functionName: "app.tick", queueName: "q", id: "new", interval: .seconds(1))
            #expect(try await scheduler.connection.allJobs().count == 21)
            await connection.close()
        }
    }

    @Test func `a scheduler on a cluster without a hash tag ends with one error, which says what to do`() async throws {
        try await withCluster { nodes in
            for node in nodes {
                let connection = try RedisCronConnection(url: RedisURL("redis://127.0.0.1:\(node.port)"))
                let lines = Observed<[String]>([])
                let scheduler = try RedisCronScheduler(
                    connection: connection,
                    options: .forTest { $0.logger = SchedulerLogger { _, line in lines.update { $0.append(line) } } })
                let error = try await #require(throws: RedisCronError.self) { try await scheduler.run() }
                #expect(error.cause?.reason.contains("{rq} instead of rq") == true)
                // There was nothing to release yet.
                #expect(lines.current == [])
                await connection.close()
            }
        }
    }

    @Test func `while replicas are missing, most batches are not waited for`() throws {
        var options = RedisCronScheduler.Options.forTest()
        options.waitForReplicas = 2
        options.replicaTimeout = .seconds(3600)
        let told = Observed<[SchedulerEvent]>([])
        let watch = try #require(
            try ReplicaWatch(options, commandTimeout: .seconds(36_000)) { event in told.update { $0.append(event) } })
        let wait = ReplicaWait(count: 2, timeout: .seconds(3600))
        #expect(watch.waitForNextBatch() == wait)
        watch.acknowledged(by: 2)
        #expect(watch.waitForNextBatch() == wait)
        #expect(!watch.isBehind)
        watch.acknowledged(by: 1)
        watch.acknowledged(by: 0)
        // The next one after ten time-outs.
        #expect(watch.waitForNextBatch() == nil)
        #expect(watch.isBehind)
        watch.acknowledged(by: 3)
        #expect(watch.waitForNextBatch() == wait)
        #expect(told.current == [.replicasMissing(acknowledged: 1, wanted: 2), .replicasCaughtUp])
    }

    @Test func `a wait for replicas that would let other commands time out is refused`() throws {
        let url = try RedisURL("redis://localhost?socket_timeout=2")
        let connection = try RedisCronConnection(url: url)
        var options = RedisCronScheduler.Options.forTest()
        options.waitForReplicas = 1
        options.batchesInFlight = 4
        options.replicaTimeout = .milliseconds(500)
        _ = try RedisCronScheduler(connection: connection, options: options)
        options.replicaTimeout = .milliseconds(501)
        let error = #expect(throws: RedisCronError.self) {
            try RedisCronScheduler(connection: connection, options: options)
        }
        #expect(error?.code == .invalidOption)
        #expect(error?.field == "replicaTimeout")
    }

    @Test func `replicas are waited for, and missed, and welcomed back`() async throws {
        try await withRedis { master in
            let lines = ["replicaof 127.0.0.1 \(master.port)", "repl-diskless-sync-delay 0"]
            try await withRedis(.init(lines: lines)) { replica in
                let connection = try RedisCronConnection(url: RedisURL(master.socketURL))
                let options = RedisCronScheduler.Options.forTest {
                    $0.waitForReplicas = 1
                    $0.replicaTimeout = .milliseconds(300)
                }
                let scheduler = try RedisCronScheduler(connection: connection, options: options)
                let told = Observed<[SchedulerEvent]>([])
                let events = scheduler.events
                let reader = Task {
                    for await event in events { told.update { $0.append(event) } }
                }
                func isInStep() throws -> Bool {
                    try replica.command("INFO", "replication").string?.contains("master_link_status:up") == true
                }
                try await eventually("the replica to be in step", within: .seconds(30)) { try isInStep() }
                try await scheduler.register(
                    functionName: "app.tick", queueName: "q", id: "every", interval: .seconds(1))
                try await whileRunning(scheduler) {
                    _ = try await told.wait(for: "a first job", within: .seconds(30)) { events in
                        events.contains { if case .enqueued = $0 { true } else { false } } ? true : nil
                    }
                    replica.pause()
                    let missing = SchedulerEvent.replicasMissing(acknowledged: 0, wanted: 1)
                    _ = try await told.wait(for: "a replica that is missed", within: .seconds(30)) {
                        $0.contains(missing) ? true : nil
                    }
                    #expect(await scheduler.health.isMissingReplicas)
                    replica.resume()
                    _ = try await told.wait(for: "a replica that is back", within: .seconds(30)) {
                        $0.last { $0 == .replicasCaughtUp || $0 == missing } == .replicasCaughtUp ? true : nil
                    }
                    try await eventually("the health to say so") { await !scheduler.health.isMissingReplicas }
                }
                reader.cancel()
                await connection.close()
            }
        }
    }
}
