import Cron
import Foundation
import RQWire
import RedisBridge
import RedisCron
import TestSupport
import Testing

/// A running scheduler and a server in trouble.
@Suite(.timeLimit(.minutes(3)))
struct FaultTests {
    /// A running scheduler with a definition that is due every second.
    private func whileRunning(
        _ configuration: RedisServer.Configuration = .init(),
        _ body: @Sendable (RedisServer, EventRecorder) async throws -> Void
    ) async throws {
        try await withRedis(configuration) { server in
            try await withConnection(to: server) { connection in
                let scheduler = try RedisCronScheduler(
                    connection: connection, options: .forTest { $0.maxSleepInterval = .seconds(1) })
                try await scheduler.register(
                    functionName: "app.tasks.rebuild", queueName: "q", id: "a", interval: .seconds(1))
                let recorder = EventRecorder(scheduler)
                try await RedisCronTests.whileRunning(scheduler) {
                    try await recorder.nextRun(of: "a")
                    try await body(server, recorder)
                    try await recorder.nextRun(of: "a")
                }
                try recorder.checkRunsAreUnique(of: "a")
            }
        }
    }

    @Test func `connections that are cut are made again, and no run is queued twice`() async throws {
        try await whileRunning { server, recorder in
            for _ in 0..<5 {
                try server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                try server.command("CLIENT", "KILL", "TYPE", "pubsub")
                try await recorder.nextRun(of: "a")
            }
        }
    }

    @Test func `scripts that the server forgot are loaded again`() async throws {
        try await whileRunning { server, recorder in
            for _ in 0..<3 {
                try server.command("SCRIPT", "FLUSH")
                try await recorder.nextRun(of: "a")
            }
            #expect(!recorder.events.contains { if case .disconnected = $0 { true } else { false } })
        }
    }

    @Test func `a server that was away is found again, and what it lost is taken anew`() async throws {
        try await whileRunning(RedisServer.Configuration(appendOnly: true)) { server, recorder in
            await server.kill()
            try await recorder.wait(for: "the loss") { if case .disconnected = $0 { true } else { false } }
            try await server.restart()
            try await recorder.wait(for: "the return") { $0 == .reconnected }
        }
    }

    @Test func `a server that is still loading is asked again, and says nothing about the definitions`() async throws {
        let slow = ["key-load-delay 20000", "loading-process-events-interval-bytes 1024"]
        try await whileRunning(RedisServer.Configuration(lines: slow)) { server, recorder in
            try server.pipeline((0..<100).map { ["SET", "filler:\($0)", String(repeating: "x", count: 2000)] })
            try server.command("SAVE")
            try await server.restart()
            try await recorder.nextRun(of: "a")
            #expect(try server.command("INFO", "errorstats").string?.contains("LOADING") == true)
            #expect(!recorder.events.contains { if case .badDefinition = $0 { true } else { false } })
        }
    }

    @Test func `a server that lost everything gets the lock again`() async throws {
        try await withRedisHarness(.init(), { $0.whenLockHeld = .standBy }) { harness async throws in
            try await harness.whileRunning {
                try harness.server.command("FLUSHALL")
                try await harness.register()
                try await harness.recorder.wait(for: "a run", within: .seconds(60)) {
                    $0.enqueuedIDs == ["metric:pm25"]
                }
                #expect(try harness.server.command("EXISTS", "rq:cron_jobs:lock").integer == 1)
            }
        }
    }

    @Test(arguments: ["maxmemory", "min-replicas-to-write", "readonly", "misconf"])
    func `a server that refuses writes is asked again until it takes them, and nothing is half written`(
        trouble: String
    ) async throws {
        try await whileRunning { server, recorder in
            let (begin, end): ([any CommandPart], [any CommandPart]) =
                switch trouble {
                case "maxmemory": (["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"])
                case "min-replicas-to-write":
                    (["CONFIG", "SET", "min-replicas-to-write", "1"], ["CONFIG", "SET", "min-replicas-to-write", "0"])
                case "readonly": (["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"])
                default: (["DEBUG", "PING"], ["CONFIG", "SET", "stop-writes-on-bgsave-error", "no"])
                }
            if trouble == "misconf" {
                try await server.failToSave()
            } else {
                try server.command(begin)
            }
            try await recorder.wait(for: "the trouble") { if case .disconnected = $0 { true } else { false } }
            let before = (try server.command("LLEN", "rq:queue:q"), try server.command("KEYS", "rq:job:*").array.count)
            try server.command(end)
            try await recorder.nextRun(of: "a")
            // Each job that stands there is in the queue: no hash was written for a run that was refused.
            #expect(before.0.integer == before.1)
            let ids = try server.command("LRANGE", "rq:queue:q", 0, -1).strings
            let keys = try server.command("KEYS", "rq:job:*").strings
            #expect(Set(keys) == Set(ids.map { "rq:job:\($0)" }))
        }
    }

    @Test func `a queue whose key holds something else is passed over, and the others run`() async throws {
        try await whileRunning { server, recorder in
            try server.command("SET", "rq:queue:broken", "no list")
            let connection = try RedisCronConnection(url: RedisURL(server.socketURL), defaultZone: .utc)
            let scheduler = try RedisCronScheduler(connection: connection, options: .forTest())
            try await scheduler.register(functionName: "m.f", queueName: "broken", id: "b", interval: .seconds(60))
            try await recorder.wait(for: "the report") { $0 == .skipped(id: "b", .unusableQueue("broken")) }
            try await recorder.nextRun(of: "a")
            try await recorder.nextRun(of: "a")
            try server.command("DEL", "rq:queue:broken")
            try await recorder.wait(for: "its run") { $0.enqueuedIDs.contains("b") }
            await connection.close()
        }
    }

    @Test func `a paused server costs no run and no second scheduler`() async throws {
        try await whileRunning { server, recorder in
            server.pause()
            try await recorder.wait(for: "the silence", within: .seconds(30)) {
                if case .disconnected = $0 { true } else { false }
            }
            server.resume()
            try await recorder.wait(for: "the return") { $0 == .reconnected }
        }
    }

    @Test func `the update marker is enough where no event comes`() async throws {
        // A user who may not use channels.
        let configuration = RedisServer.Configuration(lines: ["user deaf on nopass ~* +@all resetchannels"])
        try await withRedis(configuration) { server in
            try await withConnection(to: server, user: "deaf") { connection in
                let scheduler = try RedisCronScheduler(
                    connection: connection, options: .forTest { $0.maxSleepInterval = .milliseconds(200) })
                let recorder = EventRecorder(scheduler)
                try await RedisCronTests.whileRunning(scheduler) {
                    let editor = try RedisCronConnection(url: RedisURL(server.socketURL), defaultZone: .utc)
                    let other = try RedisCronScheduler(connection: editor, options: .forTest())
                    try await other.register(functionName: "m.f", queueName: "q", id: "a", interval: .seconds(1))
                    try await recorder.nextRun(of: "a")
                    try await other.register(functionName: "m.f", queueName: "edited", id: "a", interval: .seconds(1))
                    try await recorder.wait(for: "a run of the edit") { event in
                        if case .enqueued(let runs) = event { runs.first?.queueName == "edited" } else { false }
                    }
                    await editor.close()
                }
            }
        }
    }
}

extension EventRecorder {
    /// Waits until one more run of the definition has been queued.
    func nextRun(of id: String) async throws {
        let count = events.count { $0.enqueuedIDs.contains(id) }
        try await wait(for: "a run of \(id)", count: count + 1, within: .seconds(30)) { $0.enqueuedIDs.contains(id) }
    }

    /// That no planned time was queued twice.
    func checkRunsAreUnique(of id: String) throws {
        let planned = events.flatMap { event -> [Timestamp] in
            if case .enqueued(let runs) = event { runs.filter { $0.id == id }.map(\.planned) } else { [] }
        }
        #expect(Set(planned).count == planned.count)
    }
}

extension RedisServer {
    /// Makes a snapshot fail, after which the server refuses writes (MISCONF).
    fileprivate func failToSave() async throws {
        try command("CONFIG", "SET", "save", "3600 1")
        // The finished file cannot take the place of a directory.
        try FileManager.default.createDirectory(
            atPath: "\(directory.path)/dump.rdb/x", withIntermediateDirectories: true)
        try command("BGSAVE")
        try await eventually("the snapshot to fail") {
            try command("INFO", "persistence").string?.contains("rdb_last_bgsave_status:err") == true
        }
    }
}
