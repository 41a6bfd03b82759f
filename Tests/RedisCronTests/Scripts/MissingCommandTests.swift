import RQWire
import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

/// Servers on which an administrator has renamed commands away.
@Suite(.timeLimit(.minutes(3))) struct MissingCommandTests {
    private static func without(_ commands: String...) -> RedisServer.Configuration {
        RedisServer.Configuration(lines: commands.map { "rename-command \($0) \"\"" })
    }

    @Test func `a server without RESTORE still gets its jobs`() async throws {
        try await withRedisHarness(Self.without("RESTORE")) { harness async throws in
            try await harness.register()
            try await harness.whileRunning {
                try await harness.recorder.wait(for: "the run") { $0.enqueuedIDs == ["metric:pm25"] }
            }
            let job = try #require(try harness.queued().first)
            #expect(try harness.server.command("HGET", "rq:job:\(job)", "status").string == "queued")
            #expect(!harness.recorder.events.contains { if case .disconnected = $0 { true } else { false } })
        }
    }

    @Test(arguments: ["HSET", "EXPIRE", "ZADD", "ZREM", "SADD", "RPUSH", "ZMSCORE", "EXISTS", "HGET"])
    func `a command that queueing needs is named, and nothing is written`(command: String) async throws {
        try await withRedis(Self.without(command)) { server in
            try await withConnection(to: server) { connection in
                let scheduler = try RedisCronScheduler(
                    connection: connection, options: .forTest { $0.whenLockHeld = .standBy })
                let recorder = EventRecorder(scheduler)
                if !["HSET", "ZADD"].contains(command) {
                    let hash = CronJobHash.example("a")
                    let fields = hash.encode().flatMap { field, value -> [any CommandPart] in [field.name, value] }
                    try server.command(["HSET", "rq:cron_job:a"] + fields)
                    try server.command("ZADD", "rq:cron_jobs", "0", "a")
                }
                let running = Task { try await scheduler.run() }
                let told: String
                if ["HSET", "EXPIRE", "ZADD"].contains(command) {
                    // Registering needs them: that is the first contact, and waiting does not help.
                    told = "\(try await #require(throws: RedisCronError.self) { try await running.value })"
                } else {
                    told = try await recorder.wait(for: "the trouble") { $0.isDisconnected }.line
                }
                #expect(told.contains(command), "\(told)")
                #expect(!told.contains("user_script"), "\(told)")
                running.cancel()
                _ = await running.result
                #expect(try server.command("KEYS", "rq:job:*").strings == [])
                #expect(try server.command("KEYS", "rq:queue*").strings == [])
            }
        }
    }

    @Test(arguments: ["EVALSHA", "SCRIPT", "HSET", "PUBLISH", "SET", "TYPE", "HDEL"])
    func `a command that an edit needs is named with what needs it, and nothing is written`(command: String)
        async throws
    {
        try await withRedis(Self.without(command)) { server in
            try await withConnection(to: server) { connection in
                let scheduler = try RedisCronScheduler(connection: connection, options: .forTest())
                let refused = try await #require(throws: RedisCronError.self) {
                    try await scheduler.register(functionName: "m.f", queueName: "q", id: "a", interval: .seconds(5))
                }
                let error = try #require(refused.cause)
                #expect(error.unknownCommand == command)
                let sentence = try #require(Refusal(error)).predicate
                #expect(sentence.hasPrefix("does not know the command \(command), which is needed for "), "\(sentence)")
                #expect(try server.command("DBSIZE").integer == 0)
            }
        }
    }

    @Test func `a leader whose registry may not be written any more keeps its lock`() async throws {
        try await withRedis { server in
            try server.command("ACL", "SETUSER", "default", "-zadd")
            try server.command("SET", "rq:cron_jobs:lock", "s:1", "PX", 1000)
            let keys = [
                "rq:cron_jobs:lock", "rq:cron_schedulers", "rq:cron_scheduler:s", "rq:cron_jobs:timezone",
            ]
            let answer = try server.run(
                CronScript.heartbeat, keys: keys, ["s:1", 90_000, "s", "1", 120, "0", "UTC", "name", "s"])
            #expect(answer.integer == 1)
            #expect(try server.command("PTTL", "rq:cron_jobs:lock").integer ?? 0 > 80_000)
            let birth = #expect(throws: SupportError.self) {
                try server.run(
                    CronScript.heartbeat, keys: keys, ["s:1", 90_000, "s", "1", 120, "1", "UTC", "name", "s"])
            }
            #expect(birth?.description.contains("NOPERM this user may not run ZADD on rq:cron_schedulers") == true)
        }
    }

    @Test func `a lock is released even where the registry cannot be left`() async throws {
        try await withRedis(Self.without("ZREM")) { server in
            try server.command("SET", "rq:cron_jobs:lock", "s:1")
            try server.command("ZADD", "rq:cron_schedulers", "1", "s")
            let keys = ["rq:cron_jobs:lock", "rq:cron_schedulers", "rq:cron_scheduler:s"]
            #expect(try server.run(CronScript.release, keys: keys, ["s:1", "s", "then"]).integer == 1)
            #expect(try server.command("EXISTS", "rq:cron_jobs:lock").integer == 0)
        }
    }

    @Test func `before Redis 7, which cannot be asked for rights, an unknown command is found all the same`()
        async throws
    {
        // The table of such a server: what it lacks is what Redis 7 brought.
        let old = """
            local redis = {
              call = redis.call, pcall = redis.pcall, error_reply = redis.error_reply, sha1hex = redis.sha1hex
            }

            """
        try await withRedis(Self.without("PUBLISH", "RESTORE")) { server in
            let before = try server.dump()
            let save = RedisScript(old + CronScript.saveDefinition.source)
            let error = #expect(throws: SupportError.self) {
                try server.run(
                    save,
                    keys: ["rq:cron_job:a", "rq:cron_jobs", "rq:cron_jobs:last_update", "rq:cron_jobs:deletions"],
                    ["a", "create", "*", "5", "", "rq:cron_jobs:events", "{}", "1", "", "*", "0", "0", "id", "a"])
            }
            #expect(error?.description.contains("unknown command 'PUBLISH'") == true)
            #expect(try server.dump() == before)
            let push = RedisScript(old + CronScript.pushJob.source)
            let pushed = try server.run(
                push, keys: ["rq:queues", "rq:queue:q", "rq:job:1", "rq:cron_job:a", "rq:cron_runs_log"],
                ["1", "", "", "", "", "", "", "0", "", "", "rq:pubsub:", "}", "0", "0", "status", "queued"])
            #expect(pushed.string == "+")
            #expect(try server.command("LRANGE", "rq:cron_runs_log", 0, -1).strings == [#"{"c":"+"}"#])
        }
    }
}

extension SchedulerEvent {
    /// Whether it says that Redis is out of reach or refuses.
    var isDisconnected: Bool {
        if case .disconnected = self { true } else { false }
    }
}
