import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

/// Several schedulers in one process, each for a key prefix, on links that they share.
@Suite(.timeLimit(.minutes(5)), .serialized) struct SharedLinksTests {
    private static func schedulers(
        _ url: String, _ prefixes: [String], _ change: (inout RedisCronScheduler.Options) -> Void = { _ in }
    ) throws -> [RedisCronScheduler] {
        let first = try RedisCronConnection(url: url, keyPrefix: prefixes[0])
        let connections =
            try [first] + prefixes.dropFirst().map { try RedisCronConnection(sharingLinksOf: first, keyPrefix: $0) }
        return try connections.map { try RedisCronScheduler(connection: $0, options: .forTest(change)) }
    }

    private static func whileRunning(
        _ schedulers: [RedisCronScheduler], _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await RedisCronTests.whileRunning(schedulers.map { scheduler in { try await scheduler.run() } }, body)
        for scheduler in schedulers { await scheduler.connection.close() }
    }

    @Test func `each leads or stands by for itself, with its own health`() async throws {
        try await withRedis { server in
            let schedulers = try Self.schedulers(server.url, ["a", "b"]) { $0.whenLockHeld = .standBy }
            try server.command("SET", "b:cron_jobs:lock", "other:0123456789abcdef0123456789abcdef", "EX", 60)
            try await schedulers[0].register(
                functionName: "app.tick", queueName: "q", id: "job", interval: .seconds(100))
            let recorders = schedulers.map { EventRecorder($0) }
            try await Self.whileRunning(schedulers) {
                try await recorders[1].wait(for: "standing by") { if case .standingBy = $0 { true } else { false } }
                try await recorders[0].wait(for: "a job") { $0.enqueuedIDs == ["job"] }
                #expect(await schedulers[0].health.state == .leading)
                #expect(await schedulers[1].health.state == .standingBy)
                #expect(await schedulers[0].health.enqueued == 1)
                #expect(await schedulers[1].health.enqueued == 0)
                // An edit reaches the one whose prefix it is under.
                try server.command("DEL", "b:cron_jobs:lock")
                try await recorders[1].wait(for: "the lock") { if case .becameLeader = $0 { true } else { false } }
                try await schedulers[1].register(
                    functionName: "app.tick", queueName: "q", id: "later", interval: .seconds(100))
                try await recorders[1].wait(for: "a job") { $0.enqueuedIDs == ["later"] }
                #expect(try server.command("LLEN", "a:queue:q").integer == 1)
                #expect(try server.command("LLEN", "b:queue:q").integer == 1)
                #expect(schedulers[0].name == schedulers[1].name)
            }
        }
    }

    @Test func `closing one connection leaves the others their links`() async throws {
        try await withRedis { server in
            let first = try RedisCronConnection(url: server.url, keyPrefix: "a")
            let second = try RedisCronConnection(sharingLinksOf: first, keyPrefix: "b")
            try await first.register(functionName: "app.tick", queueName: "q", id: "x", interval: .seconds(9))
            await first.close()
            await #expect(throws: RedisCronError.self) { try await first.jobs() }
            try await second.register(functionName: "app.tick", queueName: "q", id: "y", interval: .seconds(9))
            #expect(try await second.jobs().map(\.id) == ["y"])
            await second.close()
            await #expect(throws: RedisCronError.self) { try await second.jobs() }
            #expect(throws: RedisCronError.self) { try RedisCronConnection(sharingLinksOf: second, keyPrefix: "a b") }
        }
    }

    @Test func `the doctor says where the loss of one master would stop the prefixes on all`() async throws {
        try await withCluster { nodes in
            let connection = try RedisCronConnection(url: "redis://127.0.0.1:\(nodes[0].port)", keyPrefix: "{doctor}")
            func notices() async throws -> [Finding] {
                try await connection.diagnose().filter { $0.check == .cluster && $0.severity == .notice }
            }
            for node in nodes { try node.command("CONFIG", "SET", "cluster-require-full-coverage", "yes") }
            let found = try await notices()
            #expect(found.count == 1)
            #expect(found.first?.message.contains("the loss of one of the 3 masters stops the prefixes on all") == true)
            for node in nodes { try node.command("CONFIG", "SET", "cluster-require-full-coverage", "no") }
            #expect(try await notices().isEmpty)
            await connection.close()
        }
    }

    @Test func `the loss of one master of a cluster stops its prefixes alone`() async throws {
        try await withCluster { nodes in
            // Otherwise a cluster without one of its masters serves nobody.
            for node in nodes { try node.command("CONFIG", "SET", "cluster-require-full-coverage", "no") }
            var owners: [String: RedisServer] = [:]
            for number in 0..<12 {
                let prefix = "{p\(number)}"
                owners[prefix] = try nodes.owner(of: "\(prefix):cron_jobs").owner
            }
            let prefixes = owners.keys.sorted()
            let ports = owners.mapValues(\.port)
            #expect(Set(ports.values).count == 3)
            let schedulers = try Self.schedulers("redis://127.0.0.1:\(nodes[0].port)", prefixes) {
                $0.lockTTL = .seconds(60)
            }
            for scheduler in schedulers {
                try await scheduler.register(functionName: "app.tick", queueName: "q", id: "t", interval: .seconds(1))
            }
            let recorders = Dictionary(uniqueKeysWithValues: zip(prefixes, schedulers.map { EventRecorder($0) }))
            // Not the one that the URL names: that is another test's.
            let lost = try #require(owners.values.first { $0.port != nodes[0].port })
            try await Self.whileRunning(schedulers) {
                for recorder in recorders.values {
                    try await recorder.wait(for: "two runs", count: 2) { $0.enqueuedIDs == ["t"] }
                }
                for node in nodes {
                    let list = try node.command("CLIENT", "LIST", "TYPE", "normal").string ?? ""
                    #expect(list.split(separator: "\n").count { $0.contains("cmd=evalsha") } <= 1, "\(list)")
                }
                await lost.kill()
                let runs = recorders.mapValues { $0.events.count { $0.enqueuedIDs == ["t"] } }
                for (prefix, recorder) in recorders {
                    if ports[prefix] == lost.port {
                        try await recorder.wait(for: "the loss", within: .seconds(60)) {
                            if case .disconnected = $0 { true } else { false }
                        }
                    } else {
                        // Longer than the nodes take to notice that one is gone.
                        try await recorder.wait(
                            for: "six more runs", count: (runs[prefix] ?? 0) + 6, within: .seconds(60)
                        ) { $0.enqueuedIDs == ["t"] }
                        #expect(
                            !recorder.events.contains { if case .disconnected = $0 { true } else { false } })
                    }
                }
                try await lost.restart()
                for (prefix, recorder) in recorders where ports[prefix] == lost.port {
                    try await recorder.wait(for: "the master again", within: .seconds(60)) { $0 == .reconnected }
                }
            }
        }
    }
}
