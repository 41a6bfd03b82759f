import Foundation
import RQWire
import RedisCron
import TestSupport
import Testing

/// The schedule goes from Python's scheduler to ours and back while many definitions run every second.
@Suite(.timeLimit(.minutes(5)))
struct HandoverInteropTests {
    private static let script = "\(PackageRoot.path)/scripts/migrate/end-rediscron.py"

    @Test func `no run is lost or doubled when the schedule is handed to us and back`() async throws {
        try await withRedis(WriteLog.kept) { server in
            let peer = try Peer(on: server)
            let schedules = try await Self.registerLoad(on: server, peer)
            for round in 1...3 {
                let python = try await peer.startLeadingScheduler()
                defer { python.kill() }
                try await Self.waitForRuns(200, on: server)
                let tool = try Rqrcron.start(["run", "--standby"], on: server, environment: ["TZ": "UTC"])
                defer { tool.kill() }
                try await tool.waitForOutput(containing: "stand")
                try await peer.python.run([Self.script, "-u", server.socketURL])
                #expect(try await python.waitUntilExit() == .exited(0), "round \(round)")
                try await Self.waitForRuns(200, on: server)
                #expect(try await tool.terminate(within: .seconds(30)) == .exited(0), "round \(round)")
            }
            let ledgers = try RunLedger.read(WriteLog(of: server))
            #expect(ledgers.count == schedules.count)
            for (id, interval) in schedules {
                let ledger = try #require(ledgers[id])
                #expect(ledger.lost.isEmpty, "\(id)")
                #expect(ledger.doubled.isEmpty, "\(id)")
                Self.checkSpacing(ledger, interval: interval)
            }
            let jobs = ledgers.values.flatMap { $0.runs.flatMap(\.jobs) }
            #expect(Set(jobs).count == jobs.count)
            // Both had their share: Python's jobs have ids of version 4, ours of version 5.
            for version in ["4", "5"] as [Character] {
                #expect(jobs.count { $0.dropFirst(14).first == version } >= 600)
            }
        }
    }

    @Test func `a signal in the middle of Python's work loses no run and doubles at most the one at hand`() async throws
    {
        try await withRedis(WriteLog.kept) { server in
            let peer = try Peer(on: server)
            // All due at once, so that the signal comes while the scheduler is in its first round.
            try await withScheduler(on: server) { scheduler in
                for index in 0..<400 {
                    try await scheduler.register(
                        functionName: "app.tasks.nap", queueName: "d\(index)", id: "d\(index)", interval: .seconds(3600)
                    )
                }
                let python = try peer.startScheduler()
                defer { python.kill() }
                try await Self.waitForRuns(40, on: server)
                try await peer.stop(python)
                try await whileRunning(scheduler) {
                    try await eventually("no definition is due", within: .seconds(60)) {
                        let now = try server.command("TIME").strings.first ?? ""
                        return try server.command("ZCOUNT", "rq:cron_jobs", "-inf", now).integer == 0
                    }
                }
            }
            let ledgers = try RunLedger.read(WriteLog(of: server))
            #expect(ledgers.count == 400)
            #expect(ledgers.values.allSatisfy { $0.runs.count == 1 && $0.lost.isEmpty })
            #expect(ledgers.values.count { !$0.doubled.isEmpty } <= 1)
        }
    }

    @Test func `ending rq-rediscron's scheduler by script leaves what is at work alone when it cannot`() async throws {
        try await withRedis { server in
            let peer = try Peer(on: server)
            func end() throws -> ChildProcess {
                try peer.python.start([Self.script, "-u", server.socketURL, "--timeout", "1"])
            }
            let idle = try end()
            #expect(try await idle.waitUntilExit() == .exited(0))
            #expect(idle.errors.contains("no scheduler leads"))

            let python = try await peer.startLeadingScheduler()
            defer { python.kill() }
            let token = try server.command("GET", "rq:cron_jobs:lock").string
            python.send(signal: SIGSTOP)
            let refused = try end()
            #expect(try await refused.waitUntilExit() == .exited(1))
            #expect(refused.errors.contains("still registered"))
            #expect(try server.command("GET", "rq:cron_jobs:lock").string == token)
            #expect(try server.command("TTL", "rq:cron_jobs:lock").integer ?? 0 > 60)
            python.send(signal: SIGCONT)
            try await peer.python.run([Self.script, "-u", server.socketURL])
            #expect(try await python.waitUntilExit() == .exited(0))
            #expect(try server.command("EXISTS", "rq:cron_jobs:lock").integer == 0)
        }
    }

    /// Registers definitions that keep a scheduler busy, half of them by Python, and returns their intervals.
    private static func registerLoad(on server: RedisServer, _ peer: Peer) async throws -> [(String, Duration)] {
        let intervals = (0..<100).map { ("i\($0)", $0 % 10 == 0 ? 2 : 1) }
        try await peer.ask(
            intervals.prefix(50).map { id, interval -> JSONObject in
                [
                    "do": "register", "id": .string(id), "func": "app.tasks.nap", "queue": .string(id),
                    "interval": .int(interval),
                ]
            })
        let expressions = (0..<20).map { ("c\($0)", $0 % 2 + 1) }
        try await withScheduler(on: server) { scheduler in
            for (id, interval) in intervals.dropFirst(50) {
                try await scheduler.register(
                    functionName: "app.tasks.nap", queueName: id, id: id, interval: .seconds(interval))
            }
            for (id, step) in expressions {
                try await scheduler.register(
                    functionName: "app.tasks.nap", queueName: id, id: id, cron: "* * * * * */\(step)")
            }
        }
        return (intervals + expressions).map { ($0, .seconds($1)) }
    }

    /// Each run was queued when it was due or later, and the next one is planned neither later than the schedule says
    /// (which would leave one out) nor, for an interval, earlier than a whole interval after the planned time (which
    /// would put one in).
    private static func checkSpacing(_ ledger: RunLedger, interval: Duration) {
        for run in ledger.runs {
            guard let next = run.next, let latest = run.latest else { continue }
            #expect(latest >= run.planned, "\(ledger.id)")
            #expect(next > latest, "\(ledger.id)")
            #expect(next <= latest + interval, "\(ledger.id)")
            #expect(next >= run.planned + interval, "\(ledger.id)")
        }
    }

    /// Waits for that many more runs of whoever leads.
    private static func waitForRuns(_ count: Int, on server: RedisServer) async throws {
        let ids = try server.command("ZRANGE", "rq:cron_jobs", 0, -1).strings
        func runs() throws -> Int {
            try server.pipeline(ids.map { ["LLEN", "rq:queue:\($0)"] }).reduce(0) { $0 + ($1.integer ?? 0) }
        }
        let before = try runs()
        try await eventually("\(count) more runs", within: .seconds(60)) { try runs() >= before + count }
    }
}
