import RQWire
import RedisCronTesting
import TestSupport
import Testing

@testable import RedisBridge
@testable import RedisCron

/// What may say that Redis is back, and what makes a scheduler look whether it is.
@Suite(.timeLimit(.minutes(2))) struct RecoveryTests {
    private static let refused = RedisError.server("OOM command not allowed", endpoint: "here")
    private static let gone = RedisError(.connectionLost, "the server closed the connection")

    private func count(_ recorder: EventRecorder, _ event: SchedulerEvent) -> Int {
        recorder.events.count { $0 == event }
    }

    @Test func `heartbeats that get through do not end the trouble of a batch that is refused`() async throws {
        let harness = try ActorHarness { $0.lockTTL = .seconds(3) }
        harness.memory.put(.example(), at: .newYear)
        harness.store.before(.enqueue) { throw Self.refused }
        try await harness.whileRunning {
            try await harness.passTime(until: "ten heartbeats and five batches") { harness in
                harness.store.calls.count { $0 == .heartbeat } > 10 && harness.store.calls.count { $0 == .enqueue } > 5
            }
            #expect(count(harness.recorder, .reconnected) == 0)
            let health = await harness.actor.currentHealth()
            let since = try #require(health.disconnectedSince)
            #expect(since < .newYear + .seconds(1))
            #expect(health.disconnectReason?.contains("refuses writes (OOM)") == true)
            harness.store.before(.enqueue, nil)
            try await harness.passTime(until: "the job") { $0.queued.count == 1 }
            try await harness.recorder.wait(for: "the end of it") { $0 == .reconnected }
            #expect(await harness.actor.currentHealth().disconnectReason == nil)
        }
        #expect(harness.recorder.events.count { $0.isDisconnected } == 1)
        #expect(count(harness.recorder, .reconnected) == 1)
    }

    @Test func `a lock that is given again and again does not end the trouble of a birth that is refused`() async throws
    {
        let harness = try ActorHarness { $0.whenLockHeld = .standBy }
        harness.store.before(.heartbeat) { throw Self.refused }
        try await harness.whileRunning {
            try await harness.passTime(until: "five registrations") { $0.store.calls.count { $0 == .heartbeat } > 5 }
            #expect(harness.memory.model.lock == nil)
            #expect(count(harness.recorder, .reconnected) == 0)
            harness.store.before(.heartbeat, nil)
            try await harness.passTime(until: "it leads") { $0.recorder.events.contains(.reconnected) }
        }
        #expect(harness.recorder.events.count { $0.isDisconnected } == 1)
    }

    @Test func `when nothing is due any more a write shows whether the trouble is over`() async throws {
        let harness = try ActorHarness()
        harness.memory.put(.example(), at: .newYear)
        harness.store.before(.enqueue) { throw Self.refused }
        let checked = Latch("a look whether the server takes writes")
        harness.store.whenChecked {
            checked.arrive()
            throw Self.refused
        }
        try await harness.whileRunning {
            try await harness.recorder.wait(for: "the trouble") { $0.isDisconnected }
            harness.memory.change { $0.index = [:] }
            try await harness.passTime(until: "it looks") { _ in checked.isOpen }
            #expect(count(harness.recorder, .reconnected) == 0)
            harness.store.whenChecked(nil)
            try await harness.passTime(until: "the end of it") { $0.recorder.events.contains(.reconnected) }
        }
    }

    @Test func `a heartbeat that is back cuts the pause of the loop short, which then shows that it is over`()
        async throws
    {
        let harness = try ActorHarness()
        harness.memory.put(.example(), at: .newYear)
        for call in [InterposedStore.Call.fetchDue, .heartbeat, .announcements] {
            harness.store.before(call) { throw Self.gone }
        }
        // The birth is a heartbeat too.
        harness.store.before(.heartbeat, nil)
        try await harness.whileRunning {
            try await harness.recorder.wait(for: "the trouble") { $0.isDisconnected }
            harness.store.before(.heartbeat) { throw Self.gone }
            // Its next beat would be due after 30 s: that the server is gone makes it look at once, and each second.
            try await harness.passTime(until: "ten failures") { $0.store.calls.count { $0 == .fetchDue } > 8 }
            #expect(await harness.actor.outage.isFailing(.heartbeat))
            harness.store.before(.fetchDue, nil)
            harness.store.before(.announcements, nil)
            let began = harness.clock.monotonic()
            harness.store.before(.heartbeat, nil)
            try await harness.passTime(until: "the end of it") { $0.recorder.events.contains(.reconnected) }
            // The pause of the loop is between 2.5 and 5 s by now.
            #expect(harness.clock.monotonic() - began <= .milliseconds(1300))
        }
    }

    @Test func `what goes on is said again after a minute`() async throws {
        let harness = try ActorHarness()
        harness.store.before(.fetchDue) { throw Self.gone }
        try await harness.whileRunning {
            try await harness.passSeconds(150)
            let told = harness.recorder.events.count { $0.isDisconnected }
            #expect(told == 3)
        }
    }

    @Test func `a listener that cannot listen says so each minute, and that it can again`() async throws {
        let lines = Observed<[String]>([])
        let harness = try ActorHarness {
            $0.logger = SchedulerLogger(minimumLevel: .info) { _, line in lines.update { $0.append(line) } }
        }
        harness.store.before(.announcements) { throw Self.gone }
        try await harness.whileRunning {
            try await harness.passSeconds(90)
            #expect(lines.current.count { $0.hasPrefix("changes are noticed late") } == 2)
            harness.store.before(.announcements, nil)
            try await harness.passTime(until: "it listens") { _ in
                lines.current.contains("the events channel is read again")
            }
        }
        #expect(!harness.recorder.events.contains { $0.isDisconnected })
    }

    @Test func `one that stood by keeps trying when its password is refused, and takes over when it is not`()
        async throws
    {
        let harness = try ActorHarness(asRedis: true) { $0.whenLockHeld = .standBy }
        harness.memory.change { $0.hold("other:1") }
        try await harness.whileRunning {
            try await harness.recorder.wait(for: "standing by") { if case .standingBy = $0 { true } else { false } }
            harness.store.before(.acquireLock) { throw RedisError.server("WRONGPASS invalid", endpoint: "here") }
            try await harness.passTime(until: "the trouble") { $0.recorder.events.contains { $0.isDisconnected } }
            harness.store.before(.acquireLock, nil)
            harness.memory.change { $0.hold(nil) }
            try await harness.passTime(until: "it leads") { !$0.memory.model.schedulers.isEmpty }
        }
    }

    @Test func `a standby that reaches Redis is told to be back, whatever it could not do as a leader`() async throws {
        let harness = try ActorHarness { $0.whenLockHeld = .standBy }
        harness.memory.put(.example(), at: .newYear)
        harness.store.before(.enqueue) { throw Self.refused }
        try await harness.whileRunning {
            try await harness.recorder.wait(for: "the trouble") { $0.isDisconnected }
            harness.memory.change { $0.hold("other:1") }
            try await harness.passTime(until: "it stands by") { harness in
                harness.recorder.events.contains { if case .standingBy = $0 { true } else { false } }
            }
            try await harness.recorder.wait(for: "the end of it") { $0 == .reconnected }
            #expect(await harness.actor.currentHealth().disconnectedSince == nil)
        }
    }

    @Test func `a server out of memory is one trouble until a job is queued again`() async throws {
        try await withRedisHarness(.init(), { $0.lockTTL = .seconds(1) }) { harness async throws in
            try await harness.register(interval: .seconds(1))
            try await harness.whileRunning {
                try await harness.recorder.wait(for: "a run") { !$0.enqueuedIDs.isEmpty }
                try harness.server.command("CONFIG", "SET", "maxmemory", "1")
                let told = try await harness.recorder.wait(for: "the trouble") { $0.isDisconnected }
                #expect(told.line.contains("has reached its maxmemory and refuses writes (OOM)"), "\(told.line)")
                #expect(!told.line.contains("user_script"))
                let beats = harness.store.calls.count { $0 == .heartbeat }
                try await harness.store.called(.heartbeat, beats + 4)
                #expect(count(harness.recorder, .reconnected) == 0)
                let runs = harness.recorder.events.count { !$0.enqueuedIDs.isEmpty }
                try harness.server.command("CONFIG", "SET", "maxmemory", "0")
                try await harness.recorder.wait(for: "the end of it") { $0 == .reconnected }
                #expect(harness.recorder.events.count { !$0.enqueuedIDs.isEmpty } > runs)
            }
            #expect(harness.recorder.events.count { $0.isDisconnected } == 1)
        }
    }
}

extension ActorHarness {
    /// Lets time pass second by second, with a failure of the store in each few of them.
    fileprivate func passSeconds(_ count: Int) async throws {
        var left = count
        try await eventually("\(count) seconds", within: .seconds(90)) {
            clock.advance(by: .seconds(1))
            left -= 1
            return left == 0
        }
    }
}
