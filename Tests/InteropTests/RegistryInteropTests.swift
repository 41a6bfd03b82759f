import Foundation
import RQWire
import RedisCron
import TestSupport
import Testing

/// RQ's registry of schedulers, as RQ reads it.
@Suite(.timeLimit(.minutes(3)))
struct RegistryInteropTests {
    @Test func `RQ sees our scheduler as one of its own while it leads`() async throws {
        try await withRedis { server in
            let peer = try Peer(on: server)
            try await withScheduler(on: server) { scheduler in
                try await whileRunning(scheduler) {
                    let answers = try await peer.ask([
                        ["do": "schedulers"], ["do": "scheduler", "name": .string(scheduler.name)],
                    ])
                    let listed = try #require(answers[0].elements?.first)
                    #expect(answers[0].elements?.count == 1)
                    for view in [listed, answers[1]] {
                        #expect(view["name"]?.text == scheduler.name)
                        #expect(view["hostname"]?.text == ProcessInfo.processInfo.hostName)
                        #expect(view["pid"]?.integer == Int(ProcessInfo.processInfo.processIdentifier))
                        #expect(view["config_file"]?.text == "")
                        #expect(view["jobs"]?.elements?.isEmpty == true)
                        #expect(view["age"]?.number.map { $0 >= 0 && $0 < 120 } == true)
                        #expect(view["since_heartbeat"]?.number.map { $0 >= 0 && $0 < 120 } == true)
                    }
                    let host = NSRegularExpression.escapedPattern(for: ProcessInfo.processInfo.hostName)
                    #expect(scheduler.name.wholeMatch(of: try Regex("\(host):\\d+:[0-9a-f]{6}")) != nil)
                }
                let views = try await peer.ask(["do": "schedulers"])
                #expect(views.elements?.count == 0)
            }
        }
    }

    @Test func `the entries, the lock and the hash have Python's form`() async throws {
        try await withRedis(RawHash.keepsOrder) { server in
            let peer = try Peer(on: server)
            let python = try await peer.startLeadingScheduler()
            defer { python.kill() }
            let theirs = try await Entry.read(from: server)
            let outcome = try await peer.stop(python)
            #expect(outcome == .exited(0), "\(python.output)\(python.errors)")
            try await Entry.expectNone(on: server)
            try await withScheduler(on: server) { scheduler in
                try await whileRunning(scheduler) {
                    let ours = try await Entry.read(from: server)
                    #expect(ours.name == scheduler.name)
                    #expect(ours.hash.names == theirs.hash.names)
                    let own: Set = ["name", "pid", "created_at"]
                    #expect(ours.hash.differences(from: theirs.hash, loosely: own) == [])
                    #expect(abs(ours.hashTTL - theirs.hashTTL) <= 60)
                    #expect(abs(ours.lockTTL - theirs.lockTTL) <= 60)
                    #expect(abs(ours.heartbeat - theirs.heartbeat) < 120)
                    for entry in [ours, theirs] {
                        let name = NSRegularExpression.escapedPattern(for: entry.name)
                        #expect(entry.token.wholeMatch(of: try Regex("\(name):[0-9a-f]{32}")) != nil)
                    }
                }
            }
            try await Entry.expectNone(on: server)
        }
    }

    /// What a scheduler that leads keeps in Redis.
    private struct Entry {
        let name: String
        let heartbeat: Double
        let token: String
        let lockTTL: Int
        let hash: RawHash
        let hashTTL: Int

        static func read(from server: RedisServer) async throws -> Entry {
            try await eventually("a scheduler is registered", within: .seconds(30)) {
                try server.command("ZCARD", "rq:cron_schedulers").integer == 1
            }
            let listed = try server.command("ZRANGE", "rq:cron_schedulers", 0, 0, "WITHSCORES").strings
            let key = "rq:cron_scheduler:\(listed[0])"
            return Entry(
                name: listed[0], heartbeat: Double(listed[1]) ?? 0,
                token: try server.command("GET", "rq:cron_jobs:lock").string ?? "",
                lockTTL: try server.command("TTL", "rq:cron_jobs:lock").integer ?? 0,
                hash: RawHash(try server.command("HGETALL", key)),
                hashTTL: try server.command("TTL", key).integer ?? 0)
        }

        static func expectNone(on server: RedisServer) async throws {
            #expect(try server.command("EXISTS", "rq:cron_schedulers", "rq:cron_jobs:lock").integer == 0)
        }
    }
}
