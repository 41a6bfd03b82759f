import RQWire
import RedisCron
import TestSupport
import Testing

/// What is announced when a definition changes, and who hears it.
@Suite(.timeLimit(.minutes(3)))
struct EventInteropTests {
    /// Names that JSON escapes.
    private static let ids = ["metric:pm25", "é", "\u{1F600}", "\"\\\n", "a/b"]

    @Test func `both sides announce the same bytes for the same change`() async throws {
        try await withRedis { server in
            let listener = try server.connect()
            try listener.command("SUBSCRIBE", "rq:cron_jobs:events")
            let peer = try Peer(on: server)
            try await peer.ask(
                Self.ids.flatMap { id -> [JSONObject] in
                    let register: JSONObject = [
                        "do": "register", "id": .string(id), "func": "app.tasks.nap", "queue": "q", "interval": 60,
                    ]
                    let others = ["edit", "disable", "enable", "delete"].map { verb -> JSONObject in
                        ["do": .string(verb), "id": .string(id)]
                    }
                    return [register, register] + others
                })
            let theirs = try (0..<Self.ids.count * 6).map { _ in try listener.readReply() }
            try await withScheduler(on: server) { scheduler in
                for id in Self.ids {
                    func register() async throws -> RedisCronJob {
                        try await scheduler.register(
                            functionName: "app.tasks.nap", queueName: "q", id: id, interval: .seconds(60))
                    }
                    _ = try await register()
                    var job = try await register()
                    try await job.save()
                    try await job.disable()
                    try await job.enable()
                    try await job.delete()
                }
            }
            let ours = try (0..<Self.ids.count * 6).map { _ in try listener.readReply() }
            #expect(ours == theirs)
            #expect(Set(ours).count == Self.ids.count * 5, "all of the five events, one of them twice")
        }
    }

    @Test func `a change of either side wakes the other's scheduler`() async throws {
        try await withRedis { server in
            let peer = try Peer(on: server)
            try await withScheduler(on: server, options: { $0.maxSleepInterval = .seconds(3600) }) { scheduler in
                try await whileRunning(scheduler) {
                    try await Self.waitForListener(on: server)
                    try await peer.ask([
                        "do": "register", "id": "python", "func": "app.tasks.nap", "queue": "ours", "interval": 3600,
                    ])
                    try await Self.waitForRun("ours", on: server)
                }
                let python = try await peer.startLeadingScheduler()
                defer { python.kill() }
                try await Self.waitForListener(on: server)
                try await scheduler.register(
                    functionName: "app.tasks.nap", queueName: "theirs", id: "swift", interval: .seconds(3600))
                // It sleeps for a minute unless it is woken.
                try await Self.waitForRun("theirs", on: server)
                try await peer.stop(python)
            }
        }
    }

    private static func waitForListener(on server: RedisServer) async throws {
        try await eventually("a scheduler listens", within: .seconds(30)) {
            try server.command("PUBSUB", "NUMSUB", "rq:cron_jobs:events").array.last?.integer == 1
        }
    }

    private static func waitForRun(_ queue: String, on server: RedisServer) async throws {
        try await eventually("a run in \(queue)", within: .seconds(40)) {
            try server.command("LLEN", "rq:queue:\(queue)").integer == 1
        }
    }
}
