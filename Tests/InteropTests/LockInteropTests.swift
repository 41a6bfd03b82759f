import Foundation
import RQWire
import RedisCron
import TestSupport
import Testing

/// One scheduler leads, whichever side it is of.
@Suite(.timeLimit(.minutes(3)))
struct LockInteropTests {
    @Test func `Python's scheduler refuses to start while ours leads, and starts when it has stopped`() async throws {
        try await withRedis { server in
            let peer = try Peer(on: server)
            try await withScheduler(on: server) { scheduler in
                try await whileRunning(scheduler) {
                    let refused = try peer.startScheduler()
                    defer { refused.kill() }
                    #expect(try await refused.waitUntilExit() == .exited(1))
                    #expect(refused.errors.contains("Another RedisCronScheduler already owns rq:cron_jobs:lock"))
                    #expect(try server.command("ZRANGE", "rq:cron_schedulers", 0, -1).strings == [scheduler.name])
                    #expect(await scheduler.health.state == .leading)
                }
            }
            let birth = try await peer.ask(["do": "birth"])
            #expect(birth == .null)
        }
    }

    @Test func `ours refuses to start while Python's leads, and changes nothing`() async throws {
        try await withRedis { server in
            let peer = try Peer(on: server)
            let python = try await peer.startLeadingScheduler()
            defer { python.kill() }
            let token = try #require(try server.command("GET", "rq:cron_jobs:lock").string)
            try await withScheduler(on: server) { scheduler in
                let refusal = await #expect(throws: RedisCronError.self) { try await scheduler.run() }
                #expect(refusal?.code == .lockHeld)
            }
            try await withScheduler(on: server) { scheduler async throws in
                let refusal = await #expect(throws: RedisCronError.self) { try await scheduler.registerBirth() }
                #expect(refusal?.code == .lockHeld)
                #expect(try await scheduler.enqueueJobs().isEmpty)
            }
            let tool = try await Rqrcron.run(["run"], on: server)
            #expect(tool.status == 1)
            #expect(tool.errors.contains("rq:cron_jobs:lock"))
            #expect(try server.command("GET", "rq:cron_jobs:lock").string == token)
            #expect(try server.command("ZCARD", "rq:cron_schedulers").integer == 1)
            #expect(try await peer.stop(python) == .exited(0))
        }
    }

    @Test func `a standby takes over from Python's scheduler when that stops`() async throws {
        try await withRedis { server in
            let peer = try Peer(on: server)
            try await peer.ask([
                "do": "register", "id": "a", "func": "app.tasks.nap", "queue": "q", "interval": 1,
            ])
            let python = try await peer.startLeadingScheduler()
            defer { python.kill() }
            let tool = try Rqrcron.start(["run", "--standby", "--name", "ours"], on: server)
            defer { tool.kill() }
            try await tool.waitForOutput(containing: "stand")
            #expect(try await peer.stop(python) == .exited(0))
            let runs = try server.command("LLEN", "rq:queue:q").integer ?? 0
            try await eventually("our standby leads and queues", within: .seconds(30)) {
                let hasLock = try server.command("GET", "rq:cron_jobs:lock").string?.hasPrefix("ours:") == true
                return try hasLock && server.command("LLEN", "rq:queue:q").integer ?? 0 > runs
            }
            #expect(try await tool.terminate(within: .seconds(30)) == .exited(0))
            let birth = try await peer.ask(["do": "birth"])
            #expect(birth == .null)
        }
    }

    @Test func `a standby takes over from a Python scheduler that was killed, when its lock has expired`() async throws
    {
        try await withRedis { server in
            let python = try await Peer(on: server).startLeadingScheduler(lockTTLSeconds: 2)
            defer { python.kill() }
            let token = try #require(try server.command("GET", "rq:cron_jobs:lock").string)
            python.kill()
            try await withScheduler(on: server, options: { $0.whenLockHeld = .standBy }) { scheduler in
                try await whileRunning(scheduler) { () async throws in
                    #expect(try server.command("GET", "rq:cron_jobs:lock").string != token)
                }
            }
        }
    }

    @Test func `a Python scheduler that overslept its lease gives way to ours without queueing anything`() async throws
    {
        try await withRedis { server in
            let peer = try Peer(on: server)
            let python = try await peer.startLeadingScheduler(lockTTLSeconds: 2)
            defer { python.kill() }
            // In its sleep, and not between its look at the lock and its look at the index: there it would queue, by a
            // fault of its own. Its first sleep, after the first heartbeat, ends at once, by the answer to its subscription.
            try await eventually("it sleeps in earnest", within: .seconds(30)) {
                (python.output + python.errors).ranges(of: "heartbeat").count > 1
            }
            python.send(signal: SIGSTOP)
            try await withScheduler(on: server, options: { $0.whenLockHeld = .standBy }) { scheduler in
                try await whileRunning(scheduler) {
                    try await scheduler.register(
                        functionName: "app.tasks.nap", queueName: "q", id: "a", interval: .seconds(3600))
                    python.send(signal: SIGCONT)
                    #expect(try await python.waitUntilExit() == .exited(0))
                    #expect(await scheduler.health.state == .leading)
                    try await eventually("the run is queued", within: .seconds(30)) {
                        try server.command("LLEN", "rq:queue:q").integer == 1
                    }
                    #expect(try server.command("ZSCORE", "rq:cron_schedulers", scheduler.name).double != nil)
                }
            }
        }
    }
}
