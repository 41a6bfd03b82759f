import Dispatch
import RQWire
import RedisCron
import TestSupport
import Testing

@testable import RedisCronWeb

@Suite(.timeLimit(.minutes(2)))
struct HealthRoutesTests {
    private func words(_ measured: MeasuredScheduler) async -> [String] {
        var words: [String] = []
        for target in ["/livez", "/healthz", "/readyz"] {
            let answer = await measured.get(target)
            words.append("\(answer.status) \(answer.text)")
        }
        return words
    }

    @Test func `a scheduler that leads is alive and ready, one that stopped is not ready`() async throws {
        try await withRedis { server in
            let measured = try MeasuredScheduler(server)
            #expect(await words(measured) == ["200 ok\n", "200 ok\n", "503 starting\n"])
            try await measured.whileRunning {
                #expect(await words(measured) == ["200 ok\n", "200 ok\n", "200 leading\n"])
                let standby = try MeasuredScheduler(server) { $0.whenLockHeld = .standBy }
                try await standby.whileRunning {
                    #expect(await words(standby) == ["200 ok\n", "200 ok\n", "200 standby\n"])
                    #expect(await standby.values(of: "rediscron_leader") == ["": 0])
                    #expect(await standby.values(of: "rediscron_redis_connected") == ["": 1])
                }
            }
            #expect(await words(measured) == ["200 ok\n", "200 ok\n", "503 stopped\n"])
        }
    }

    @Test func `Redis away is no reason to restart; health and metrics answer and say so`() async throws {
        try await withRedis { server in
            let measured = try MeasuredScheduler(server) { $0.lockTTL = .seconds(2) }
            try await measured.whileRunning {
                await server.kill()
                try await eventually("the loss is noticed") { await words(measured).last == "503 disconnected\n" }
                #expect(await words(measured).first == "200 ok\n")
                #expect(await measured.values(of: "rediscron_redis_connected") == ["": 0])
                #expect(await measured.values(of: "rediscron_redis_errors_total").values.allSatisfy { $0 > 0 })
                let details = await measured.get("/readyz?verbose").text
                #expect(details.contains("\nRedis: away since "), "\(details)")
                try await server.restart()
                try await eventually("it is back") { await words(measured).last == "200 leading\n" }
                #expect(await measured.values(of: "rediscron_redis_connected") == ["": 1])
            }
        }
    }

    @Test(arguments: [
        (SchedulerHealth.State.starting, false, "starting", false), (.standingBy, false, "standby", true),
        (.leading, false, "leading", true), (.stopping, false, "stopping", false), (.stopped, false, "stopped", false),
        (.starting, true, "disconnected", false), (.standingBy, true, "disconnected", false),
        (.leading, true, "disconnected", false), (.stopping, true, "stopping", false),
        (.stopped, true, "stopped", false),
    ])
    func `it is ready while it leads or stands by and Redis works`(
        state: SchedulerHealth.State, isAway: Bool, word: String, isReady: Bool
    ) {
        let health = SchedulerHealth(state: state, disconnectedSince: isAway ? .now : nil)
        let verdict = HealthVerdict.readiness(of: health)
        #expect(verdict.word == word)
        #expect(verdict.isReady == isReady)
    }

    @Test func `a scheduler whose thread is stuck is not alive, and metrics have what it said last`() async throws {
        try await withRedis { server in
            let measured = try MeasuredScheduler(server)
            try await measured.whileRunning {
                #expect(await measured.values(of: "rediscron_leader") == ["": 1])
                let block = DispatchSemaphore(value: 0)
                let isBlocked = Latch("the thread is blocked")
                let blocking = Task(executorPreference: measured.connection.eventLoop) {
                    isBlocked.arrive()
                    wait(for: block)
                }
                try await isBlocked.wait()
                async let alive = measured.get("/livez")
                async let ready = measured.get("/readyz?verbose")
                async let leader = measured.values(of: "rediscron_leader")
                #expect(await leader == ["": 1])
                #expect(await alive.status == 503)
                #expect(await alive.text == "stuck\n")
                #expect(await ready.status == 503)
                #expect(await ready.text == "stuck\nflaw: the scheduler's thread does not answer\n")
                block.signal()
                await blocking.value
                try await eventually("it answers again") { await measured.get("/livez").status == 200 }
            }
        }
    }

    @Test func `without a scheduler it lives, and is ready while Redis answers`() async throws {
        try await withRedis { server in
            let connection = try RedisCronConnection(url: server.socketURL, defaultTimeZone: "UTC")
            let web = CronWeb(connection: connection)
            #expect(await web.get("/livez").text == "ok\n")
            #expect(await web.get("/readyz").text == "ready\n")
            await server.kill()
            try await eventually("the loss is noticed") { await web.get("/readyz").status == 503 }
            #expect(await web.get("/readyz").text == "disconnected\n")
            #expect(await web.get("/livez").status == 200)
            try await server.restart()
            try await eventually("it is back") { await web.get("/readyz").status == 200 }
            await connection.close()
        }
    }

    @Test func `the details say what is known`() async throws {
        try await withRedis { server in
            let measured = try MeasuredScheduler(server) { $0.name = "sched-1" }
            try await measured.whileRunning {
                let lines = await measured.get("/livez?verbose").text.split(separator: "\n").map(String.init)
                #expect(lines.first == "ok")
                #expect(lines.contains("state: leading"))
                #expect(lines.contains("name: sched-1"))
                #expect(lines.contains("Redis: answers"))
                #expect(lines.contains("lag: 0.0 s"))
            }
        }
    }
}

/// Blocks the thread on which it is called.
private func wait(for semaphore: DispatchSemaphore) {
    semaphore.wait()
}
