import TestSupport
import Testing

@testable import RedisBridge

@Suite(.timeLimit(.minutes(2))) struct EndingTests {
    @Test func `closing ends every command in flight, once`() async throws {
        let server = try FakeServer { $0.stall() }
        defer { server.stop() }
        let connection = try await RedisConnection.connect(to: .unix(path: server.socketPath), on: RedisEventLoop())
        let errors = Observed<[RedisError]>([])
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    do throws(RedisError) {
                        _ = try await connection.send(RedisCommand("PING"))
                    } catch {
                        errors.update { $0.append(error) }
                    }
                }
            }
            group.addTask {
                _ = try? await eventually("all commands") { await connection.commandsInFlight == 100 }
                await connection.close()
                await connection.close()
            }
        }
        #expect(errors.current.count == 100)
        #expect(errors.current.allSatisfy { $0.code == .closed && $0.fate == .unknown })
        let late = try await #require(throws: RedisError.self) { try await connection.send(RedisCommand("PING")) }
        #expect(late.code == .closed)
        #expect(late.fate == .notSent)
    }

    @Test func `a server that dies ends every command in flight`() async throws {
        try await CommandTests.withConnection { server, connection in
            let blocked = Task { try await connection.send(RedisCommand("BLPOP", "nothing", 0)) }
            try await eventually("the command to wait") {
                try server.command("INFO", "clients").string?.contains("blocked_clients:1") == true
            }
            await server.kill()
            let error = try await #require(throws: RedisError.self) { try await blocked.value }
            #expect(error.code == .connectionLost)
            #expect(error.fate == .unknown)
            #expect(error.command == "BLPOP")
        }
    }

    @Test func `a connection closes its socket when its last reference goes`() async throws {
        let over = Latch("the hang-up")
        let server = try FakeServer { peer in
            peer.stall()
            over.arrive()
        }
        defer { server.stop() }
        do {
            let connection = try await RedisConnection.connect(to: .unix(path: server.socketPath), on: RedisEventLoop())
            #expect(await connection.isOpen)
        }
        try await over.wait()
    }

    @Test(arguments: [true, false])
    func `a connection that has ended is freed, whichever side ended it`(isClosed: Bool) async throws {
        let hangUp = Latch("the time to hang up")
        let server = try FakeServer { isClosed ? $0.stall() : $0.hold(until: hangUp) }
        defer { server.stop() }
        let core: WeakCore
        do {
            var options = RedisConnectionOptions()
            // So that a timer and a slot hold the core.
            options.healthCheckInterval = .milliseconds(1)
            let connection = try await RedisConnection.connect(
                to: .unix(path: server.socketPath), options: options, on: RedisEventLoop())
            core = await connection.weakCore
            try await eventually("a PING") { await connection.commandsInFlight > 0 }
            if isClosed {
                await connection.close()
            } else {
                hangUp.arrive()
                try await eventually("the end") { await !connection.isOpen }
            }
        }
        try await eventually("the core to be gone") { core.isGone }
    }

    @Test func `output beyond the limit is refused and not sent`() async throws {
        let refused = Latch("a refusal")
        // Reads nothing, so that all output waits here.
        let server = try FakeServer { $0.hold(until: refused) }
        defer { server.stop() }
        var options = RedisConnectionOptions()
        options.maximumUnwrittenBytes = 1 << 20
        let connection = try await RedisConnection.connect(
            to: .unix(path: server.socketPath), options: options, on: RedisEventLoop())
        let big = [UInt8](repeating: 0x78, count: 512 * 1024)
        let refusal = Observed<RedisError?>(nil)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<64 {
                group.addTask {
                    do throws(RedisError) {
                        _ = try await connection.send(RedisCommand("SET", "key", big))
                    } catch {
                        guard error.code == .outputFull else { return }
                        refusal.update { $0 = error }
                    }
                }
            }
            _ = try? await refusal.wait(for: "a refusal") { $0 }
            refused.arrive()
            await connection.close()
        }
        #expect(refusal.current?.fate == .notSent)
        #expect(refusal.current?.command == "SET")
    }

    @Test func `an event loop that ran a full batch of jobs still ends with its last reference`() async throws {
        for count in [EventLoopCore.batchSize, 2 * EventLoopCore.batchSize, EventLoopCore.batchSize - 1] {
            weak var core: EventLoopCore?
            let ran = Latch("the queued work", count: count)
            do {
                let loop = try RedisEventLoop()
                core = loop.core
                let started = Latch("the first work")
                let go = Observed(false)
                loop.execute {
                    started.arrive()
                    while !go.current {}
                    ran.arrive()
                }
                try await started.wait()
                for _ in 1..<count { loop.execute { ran.arrive() } }
                go.update { $0 = true }
            }
            try await ran.wait()
            try await eventually("the loop's thread to give up its core") { core == nil }
        }
    }
}

/// A weak reference to a core, of which the test only asks whether it is gone: hence `@unchecked`.
private struct WeakCore: @unchecked Sendable {
    private weak var core: ConnectionCore?
    var isGone: Bool { core == nil }

    init(_ core: ConnectionCore) {
        self.core = core
    }
}

extension RedisConnection {
    fileprivate var weakCore: WeakCore { WeakCore(core) }
}
