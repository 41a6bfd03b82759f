import Foundation
import RQWire
import TestSupport
import Testing

@testable import RedisCron
@testable import rqrcron

@Suite(.timeLimit(.minutes(2))) struct SupervisionTests {
    private func withSupervisor(_ body: (Supervisor) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let supervisor = try Supervisor(address: "\(directory.path)/notify")
            defer { supervisor.stop() }
            try await body(supervisor)
        }
    }

    @Test func `a supervisor is told that the scheduler is ready, alive, and stopping`() async throws {
        try await withRedis { server in
            try await withSupervisor { supervisor in
                let process = try Rqrcron.start(
                    ["run"], on: server,
                    environment: ["NOTIFY_SOCKET": supervisor.address, "WATCHDOG_USEC": "400000"])
                try await supervisor.wait(for: "READY=1")
                #expect(try server.command("EXISTS", "rq:cron_jobs:lock").integer == 1)
                try await supervisor.wait(for: "STATUS=leads")
                try await supervisor.wait(for: "WATCHDOG=1", count: 3)
                #expect(!supervisor.heard.contains("STOPPING=1"))
                #expect(try await process.terminate() == .exited(0))
                try await supervisor.wait(for: "STOPPING=1")
                #expect(supervisor.heard.count { $0 == "READY=1" } == 1)
            }
        }
    }

    #if os(Linux)
        @Test func `the supervisor's socket may have an abstract name`() async throws {
            try await withRedis { server in
                let supervisor = try Supervisor(address: "@rqrcron-test-\(UUID().uuidString)")
                defer { supervisor.stop() }
                let process = try Rqrcron.start(
                    ["run"], on: server, environment: ["NOTIFY_SOCKET": supervisor.address])
                try await supervisor.wait(for: "READY=1")
                #expect(try await process.terminate() == .exited(0))
                #expect(!supervisor.heard.contains("WATCHDOG=1"))
            }
        }
    #endif

    @Test func `a standby is ready, and reports when it leads`() async throws {
        try await withRedis { server in
            try await withSupervisor { supervisor in
                let first = try Rqrcron.start(["run"], on: server)
                try await first.waitForOutput(containing: "took the lock")
                let second = try Rqrcron.start(
                    ["run", "--standby"], on: server,
                    environment: ["NOTIFY_SOCKET": supervisor.address, "WATCHDOG_USEC": "400000"])
                try await supervisor.wait(for: "READY=1")
                try await supervisor.wait(for: "STATUS=stands by")
                try await supervisor.wait(for: "WATCHDOG=1", count: 2)
                #expect(try await first.terminate() == .exited(0))
                try await supervisor.wait(for: "STATUS=leads")
                #expect(supervisor.heard.count { $0 == "READY=1" } == 1)
                #expect(try await second.terminate() == .exited(0))
            }
        }
    }

    @Test func `a scheduler that finds the lock held is never ready`() async throws {
        try await withRedis { server in
            try await withSupervisor { supervisor in
                try server.command("SET", "rq:cron_jobs:lock", "another's")
                let refused = try await Rqrcron.run(
                    ["run"], on: server, environment: ["NOTIFY_SOCKET": supervisor.address])
                #expect(refused.status == 1)
                #expect(!supervisor.heard.contains("READY=1"))
            }
        }
    }

    @Test func `waiting for Redis is reported, and the watchdog is still fed`() async throws {
        try await withRedis { server in
            try await withSupervisor { supervisor in
                let process = try Rqrcron.start(
                    ["run", "--max-sleep", "0.1"], on: server,
                    environment: ["NOTIFY_SOCKET": supervisor.address, "WATCHDOG_USEC": "400000"])
                try await supervisor.wait(for: "READY=1")
                server.pause()
                defer { server.resume() }
                try await supervisor.wait(for: "STATUS=waits for Redis: ")
                supervisor.forget()
                try await supervisor.wait(for: "WATCHDOG=1", count: 2)
                server.resume()
                try await supervisor.wait(for: "STATUS=leads")
                #expect(try await process.terminate() == .exited(0))
            }
        }
    }

    @Test func `a server that refuses jobs is reported until a job is queued, whatever else succeeds`() async throws {
        try await withRedis { server in
            try await withSupervisor { supervisor in
                let made = try await Rqrcron.run(
                    ["register", "a", "--func", "m.f", "--queue", "q", "--interval", "1"], on: server)
                #expect(made.status == 0)
                let process = try Rqrcron.start(
                    ["run", "--lock-ttl", "1"], on: server, environment: ["NOTIFY_SOCKET": supervisor.address])
                try await supervisor.wait(for: "READY=1")
                try server.command("CONFIG", "SET", "maxmemory", "1")
                try await supervisor.wait(for: "STATUS=waits for Redis: ")
                supervisor.forget()
                // The lock is extended every third of a second.
                let lock = "rq:cron_jobs:lock"
                for _ in 0..<3 {
                    try server.command("PEXPIRE", lock, 600)
                    try await eventually("a heartbeat") { try server.command("PTTL", lock).integer ?? 0 > 800 }
                }
                #expect(!supervisor.heard.contains("STATUS=leads"))
                try server.command("CONFIG", "SET", "maxmemory", "0")
                try await supervisor.wait(for: "STATUS=leads")
                #expect(try await process.terminate() == .exited(0))
            }
        }
    }

    @Test func `a password that changes while the scheduler runs is reported, and the scheduler waits`() async throws {
        try await withRedis(RedisServer.Configuration(password: "first")) { server in
            try await withSupervisor { supervisor in
                let url = "redis://:first@127.0.0.1:\(server.port)/0"
                let process = try Rqrcron.start(
                    ["run", "-u", url, "--lock-ttl", "1"], environment: ["NOTIFY_SOCKET": supervisor.address])
                try await supervisor.wait(for: "READY=1")
                try server.command("CONFIG", "SET", "requirepass", "second")
                try server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                try await supervisor.wait(
                    for: "STATUS=waits for Redis: 127.0.0.1:\(server.port) does not take this user name and password")
                try server.command("CONFIG", "SET", "requirepass", "first")
                try await supervisor.wait(for: "STATUS=leads", count: 2)
                #expect(try await process.terminate() == .exited(0))
                #expect(!process.errors.contains("first") && !process.errors.contains("second"))
            }
        }
    }

    @Test func `a server that starts to require a password is reported for as long as it does`() async throws {
        try await withRedis { server in
            try await withSupervisor { supervisor in
                let process = try Rqrcron.start(
                    ["run", "-u", server.url, "--lock-ttl", "1"], environment: ["NOTIFY_SOCKET": supervisor.address])
                try await supervisor.wait(for: "READY=1")
                try server.command("CONFIG", "SET", "requirepass", "secret")
                try server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                try await supervisor.wait(for: "STATUS=waits for Redis: 127.0.0.1:\(server.port) wants a password")
                // Redis closes the connection at a heartbeat, which is a long command.
                func connections() throws -> Int {
                    let lines = (try server.command("INFO", "stats").string ?? "").split(separator: "\r\n")
                    let line = lines.first { $0.hasPrefix("total_connections_received:") }
                    return Int(line?.drop { $0 != ":" }.dropFirst() ?? "") ?? 0
                }
                let before = try connections()
                try await eventually("more tries") { try connections() > before + 5 }
                try server.command("CONFIG", "SET", "requirepass", "")
                try await supervisor.wait(for: "STATUS=leads", count: 2)
                #expect(try await process.terminate() == .exited(0))
                #expect(!process.errors.contains("Protocol error"), "\(process.errors)")
            }
        }
    }

    @Test func `a scheduler with definitions to apply is ready when all of them are applied`() async throws {
        try await withSupervisor { supervisor in
            let notifier = try #require(
                try ServiceNotifier(
                    environment: ProcessEnvironment(["NOTIFY_SOCKET": supervisor.address]),
                    soundness: Soundness(maxSleepInterval: .seconds(1), lockTTL: .seconds(1)),
                    log: LogWriter(minimumLevel: .error, isJSON: false), unapplied: 2))
            await notifier.note(.becameLeader(name: "s"))
            await notifier.note(.definitionsApplied(source: "x", created: 1, changed: 0, unchanged: 0))
            try await supervisor.wait(for: "STATUS=leads", count: 2)
            #expect(!supervisor.heard.contains("READY=1"))
            await notifier.note(.definitionsApplied(source: "y", created: 1, changed: 0, unchanged: 0))
            try await supervisor.wait(for: "READY=1")
            await notifier.note(.definitionsApplied(source: "y", created: 1, changed: 0, unchanged: 0))
            await notifier.note(.lockLost(name: "s"))
            try await supervisor.wait(for: "STATUS=lost the lock")
            #expect(supervisor.heard.count { $0 == "READY=1" } == 1)
        }
    }

    @Test func `a scheduler that does not respond sends no sign of life`() async throws {
        try await withSupervisor { supervisor in
            let log = LogWriter(minimumLevel: .error, isJSON: false)
            let environment = ProcessEnvironment(["NOTIFY_SOCKET": supervisor.address, "WATCHDOG_USEC": "4000"])
            let notifier = try #require(
                try ServiceNotifier(
                    environment: environment, soundness: Soundness(maxSleepInterval: .seconds(1), lockTTL: .seconds(1)),
                    log: log))
            let gate = Gate("the scheduler's answer")
            let feeding = Task {
                await notifier.feedWatchdog {
                    try? await gate.pass(within: .seconds(60))
                    return [Self.health(.leading)]
                }
            }
            try await gate.arrival()
            #expect(supervisor.heard.isEmpty)
            gate.open()
            try await supervisor.wait(for: "WATCHDOG=1", count: 2)
            feeding.cancel()
            await feeding.value
        }
    }

    private static let now = Timestamp(unixSeconds: 1_780_000_000)

    private static func health(
        _ state: SchedulerHealth.State, tick: Duration? = nil, heartbeat: Duration? = nil, disconnected: Duration? = nil
    ) -> SchedulerHealth {
        SchedulerHealth(
            state: state, disconnectedSince: disconnected.map { now - $0 },
            disconnectReason: disconnected.map { _ in "gone" }, lastTick: tick.map { now - $0 },
            lastHeartbeat: heartbeat.map { now - $0 }, lag: .zero, enqueued: 0, cachedDefinitions: 0,
            isMissingReplicas: false)
    }

    /// The flaw of a scheduler with a longest sleep of 60 s and a lock TTL of 120 s that has led for this long.
    private func flaw(of health: SchedulerHealth, leading: Duration? = .seconds(1000)) -> String? {
        Soundness(maxSleepInterval: .seconds(60), lockTTL: .seconds(120))
            .flaw(of: health, leadingSince: leading.map { Self.now - $0 }, at: Self.now)
    }

    @Test func `a leader is healthy while it reads the index and extends its lock`() {
        #expect(flaw(of: Self.health(.leading, tick: .seconds(90), heartbeat: .seconds(120))) == nil)
        #expect(
            flaw(of: Self.health(.leading, tick: .seconds(91), heartbeat: .seconds(1)))
                == "the index was last read 91 s ago")
        #expect(
            flaw(of: Self.health(.leading, tick: .seconds(1), heartbeat: .seconds(121)))
                == "the lock was last extended 121 s ago")
        #expect(flaw(of: Self.health(.leading)) == "the index was last read 1000 s ago")
    }

    @Test func `times from before it led do not make a leader unhealthy`() {
        #expect(
            flaw(of: Self.health(.leading, tick: .seconds(900), heartbeat: .seconds(900)), leading: .seconds(2)) == nil)
        #expect(flaw(of: Self.health(.leading), leading: .seconds(2)) == nil)
    }

    @Test(arguments: [SchedulerHealth.State.starting, .standingBy, .stopping, .stopped])
    func `a scheduler that does not lead is healthy if it responds`(state: SchedulerHealth.State) {
        #expect(flaw(of: Self.health(state, tick: .seconds(9000), heartbeat: .seconds(9000)), leading: nil) == nil)
    }

    @Test func `a scheduler that waits for Redis is healthy`() {
        let health = Self.health(
            .leading, tick: .seconds(9000), heartbeat: .seconds(9000), disconnected: .seconds(8000))
        #expect(flaw(of: health) == nil)
    }

    @Test(arguments: [
        (["NOTIFY_SOCKET": "notify"], "NOTIFY_SOCKET must be an absolute path or @ and a name, not 'notify'"),
        (["NOTIFY_SOCKET": "/" + String(repeating: "x", count: 200)], "NOTIFY_SOCKET is too long"),
        (["NOTIFY_SOCKET": "/tmp/x", "WATCHDOG_USEC": "soon"], "WATCHDOG_USEC must be a number of microseconds"),
    ])
    func `malformed variables of the supervisor are refused`(variables: [String: String], complaint: String)
        async throws
    {
        let refused = try await Rqrcron.run(["run", "-u", "redis://127.0.0.1:1"], environment: variables)
        #expect(refused.status == 2)
        #expect(refused.errors.contains(complaint))
    }

    @Test func `a watchdog for another process is ignored`() throws {
        func watchdog(_ pid: String?) throws -> Duration? {
            var variables = ["NOTIFY_SOCKET": "/tmp/x", "WATCHDOG_USEC": "30000000"]
            variables["WATCHDOG_PID"] = pid
            return try ServiceNotifier(
                environment: ProcessEnvironment(variables),
                soundness: Soundness(maxSleepInterval: .seconds(1), lockTTL: .seconds(1)),
                log: LogWriter(minimumLevel: .error, isJSON: false))?.watchdog
        }
        #expect(try watchdog(nil) == .seconds(30))
        #expect(try watchdog("\(getpid())") == .seconds(30))
        #expect(try watchdog("1") == nil)
    }
}
