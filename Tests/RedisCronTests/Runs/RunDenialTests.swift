import RQWire
import RedisCronTesting
import TestSupport
import Testing

@testable import RedisBridge
@testable import RedisCron

/// A user without rights for the keys of runs, and a writer of RQ's history that fails.
@Suite(.timeLimit(.minutes(2))) struct RunDenialTests {
    private static let denial = RedisError.server(
        "NOPERM this user may not run LPUSH on rq:cron_runs:a", endpoint: "here")

    @Test func `a denial is news once, and again when it had ended`() {
        var denials = RunDenials()
        let other = RedisError.server("NOPERM this user may not run ZADD on rq:cron_runs_open", endpoint: "here")
        var news = [denials.isNews(Self.denial, at: .seconds(1))]
        for minute in 1...600 { news.append(denials.isNews(Self.denial, at: .seconds(60 * minute))) }
        #expect(news == [true] + Array(repeating: false, count: 600))
        news = [
            denials.isNews(other, at: .seconds(36_000)), denials.isNews(other, at: .seconds(36_060)),
            denials.isNews(Self.denial, at: .seconds(36_600)),
        ]
        #expect(news == [true, false, true])
    }

    @Test(arguments: [InterposedStore.Call.unfold, .record])
    func `who may not record is told once, goes on, and records when the right is granted`(
        call: InterposedStore.Call
    ) async throws {
        let lines = Observed<[String]>([])
        let harness = try ActorHarness {
            $0.logger = SchedulerLogger(minimumLevel: .info) { _, line in lines.update { $0.append(line) } }
        }
        harness.memory.put(.example(interval: .seconds(10)), at: .newYear)
        harness.store.before(call) { throw Self.denial }
        let told = { @Sendable in lines.current.filter { $0.hasPrefix("what becomes of runs") } }
        try await harness.whileRunning {
            try await harness.waitForQueued(1)
            let job = harness.queued[0]
            harness.memory.change { model in
                _ = model.startJob(job)
                _ = model.endJob(job, as: .finished)
            }
            try await harness.passTime(until: "150 seconds") { $0.queued.count >= 15 }
            let calls = harness.store.calls.count { $0 == call }
            #expect((2...4).contains(calls))
            #expect(told().count == 1)
            #expect(told().first?.contains("ACL SETUSER NAME +lpush, or its key: rq:cron_runs:a") == true)
            #expect(told().first?.contains("docs/acl.md") == true)
            #expect(harness.memory.model.endedRuns.isEmpty)
            harness.store.before(call, nil)
            let began = harness.clock.monotonic()
            try await harness.passTime(until: "the record") { !$0.memory.model.endedRuns.isEmpty }
            #expect(harness.clock.monotonic() - began <= .seconds(70))
        }
        #expect(told().count == 1)
        #expect(!harness.recorder.events.contains { if case .disconnected = $0 { true } else { false } })
    }

    @Test func `runs that cannot be written for RQ's pages are a warning once, until it works again`() async throws {
        try await withRedis { server async throws in
            try await withConnection(to: server) { connection in
                let warnings = Observed<[String]>([])
                let clock = ManualClock()
                let settings = try SchedulerSettings(
                    options: .forTest {
                        $0.logger = SchedulerLogger(minimumLevel: .warning) { _, line in
                            warnings.update { $0.append(line) }
                        }
                    }, keys: RQKeys(), createdAt: clock.now(), seed: 1, makeToken: { "t" })
                let actor = SchedulerActor(
                    store: MemoryStore { clock.now() }, clock: clock, settings: settings, channel: EventChannel(),
                    executor: connection.eventLoop, rqHistory: RQHistoryWriter(connection))
                let runs = [TrackedRun.recorded(at: 1)]
                let write = { (isAllowed: Bool) in
                    try server.command("ACL", "SETUSER", "default", (isAllowed ? "+" : "-") + "zremrangebyrank")
                    await actor.take(.queued(runs), token: "t")
                }
                for _ in 0..<3 { try await write(false) }
                #expect(warnings.current.count == 1)
                #expect(warnings.current.first?.contains("ZREMRANGEBYRANK") == true)
                try await write(true)
                #expect(warnings.current.count == 1)
                for _ in 0..<2 { try await write(false) }
                #expect(warnings.current.count == 2)
            }
        }
    }
}
