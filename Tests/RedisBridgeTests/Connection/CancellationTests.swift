import TestSupport
import Testing

@testable import RedisBridge

@Suite(.timeLimit(.minutes(2))) struct CancellationTests {
    /// A server that answers `+{n}` to the n-th PING, each only when it has passed `gate`.
    static func withHeldServer(
        _ body: (RedisConnection, _ received: Observed<Int>, _ release: Latch) async throws -> Void
    ) async throws {
        let received = Observed(0)
        let release = Latch("the release")
        let server = try FakeServer { peer in
            var number = 0
            while peer.read(until: "PING\r\n") {
                number += 1
                received.update { $0 = number }
                peer.hold(until: release)
                peer.write("+\(number)\r\n")
            }
        }
        defer { server.stop() }
        let connection = try await RedisConnection.connect(
            to: .unix(path: server.socketPath), on: RedisEventLoop())
        try await body(connection, received, release)
        release.arrive()
        await connection.close()
    }

    @Test func `a cancelled command ends at once, and its late reply is dropped`() async throws {
        try await Self.withHeldServer { connection, received, release in
            let first = Task { try await connection.send(RedisCommand("PING")) }
            _ = try await received.wait(for: "the first command") { $0 == 1 ? true : nil }
            first.cancel()
            let error = try await #require(throws: RedisError.self) { try await first.value }
            #expect(error.code == .cancelled)
            #expect(error.fate == .unknown)
            #expect(await connection.commandsInFlight == 1)
            let second = Task { try await connection.send(RedisCommand("PING")) }
            release.arrive()
            #expect(try await second.value == .status("2"))
            #expect(await connection.isOpen)
        }
    }

    @Test func `the late replies of a cancelled pipeline are dropped, and later ones arrive`() async throws {
        try await Self.withHeldServer { connection, received, release in
            let pipeline = Task {
                try await connection.pipeline(Array(repeating: RedisCommand("PING"), count: 1))
            }
            _ = try await received.wait(for: "the pipeline") { $0 == 1 ? true : nil }
            pipeline.cancel()
            let error = try await #require(throws: RedisError.self) { try await pipeline.value }
            #expect(error.code == .cancelled)
            release.arrive()
            #expect(try await connection.send(RedisCommand("PING")) == .status("2"))
            #expect(await connection.commandsInFlight == 0)
        }
    }

    @Test func `a command of a task that was cancelled before is not sent`() async throws {
        try await CommandTests.withConnection { server, connection in
            let entered = Gate("the cancellation")
            let task = Task {
                try? await entered.pass()
                return try await connection.send(RedisCommand("SET", "key", "value"))
            }
            try await entered.arrival()
            task.cancel()
            let error = try await #require(throws: RedisError.self) { try await task.value }
            #expect(error.code == .cancelled)
            #expect(error.fate == .notSent)
            #expect(try server.command("EXISTS", "key").integer == 0)
        }
    }

    @Test func `a cancellation ends the command, whenever it comes`() async throws {
        // Its handler may run before, while or after the command takes its slot, on the loop's thread or on another
        // one. Nothing but the cancellation ends these commands.
        let server = try FakeServer { $0.stall() }
        defer { server.stop() }
        var options = RedisConnectionOptions()
        options.commandTimeout = .seconds(3600)
        let loop = try RedisEventLoop()
        let connection = try await RedisConnection.connect(
            to: .unix(path: server.socketPath), options: options, on: loop)
        for round in 0..<400 {
            let task = Task(executorPreference: round.isMultiple(of: 2) ? loop : nil) {
                if round.isMultiple(of: 3) {
                    return try await connection.pipeline([RedisCommand("PING"), RedisCommand("PING")]).count
                }
                _ = try await connection.send(RedisCommand("PING"))
                return 1
            }
            for _ in 0..<(round % 40) { await Task.yield() }
            task.cancel()
            let error = try await #require(throws: RedisError.self) { try await task.value }
            #expect(error.code == .cancelled)
        }
        await connection.close()
    }

    @Test func `a task that cancels itself on the loop's thread is cancelled`() async throws {
        let server = try FakeServer { $0.stall() }
        defer { server.stop() }
        let loop = try RedisEventLoop()
        let connection = try await RedisConnection.connect(to: .unix(path: server.socketPath), on: loop)
        // Like a handler that is installed on a task that was cancelled a moment before: it runs on the loop's thread,
        // before the command has a slot.
        let task = Task {
            try await connection.waitForReplyAsCancelled()
        }
        let error = try await #require(throws: RedisError.self) { try await task.value }
        #expect(error.code == .cancelled)
        await connection.close()
    }

    @Test(.seeded) func `a storm of cancellations mixes up no replies`() async throws {
        try await CommandTests.withConnection { _, connection in
            let generator = Observed(SeededGenerator.ofTest())
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<3000 {
                    let yields = generator.update { Int.random(in: 0..<30, using: &$0) }
                    let isToBeCancelled = generator.update { Bool.random(using: &$0) }
                    group.addTask {
                        let task = Task { try await connection.send(RedisCommand("ECHO", number)) }
                        if isToBeCancelled {
                            for _ in 0..<yields { await Task.yield() }
                            task.cancel()
                        }
                        do {
                            let reply = try await task.value
                            #expect(reply.string == String(number))
                        } catch let error as RedisError {
                            #expect(error.code == .cancelled && isToBeCancelled)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await connection.send(RedisCommand("ECHO", "end")).string == "end")
        }
    }
}

extension RedisConnection {
    fileprivate func waitForReplyAsCancelled() async throws(RedisError) -> RedisReply {
        withUnsafeCurrentTask { $0?.cancel() }
        return try await transmit(RedisCommand("PING"), timeout: .seconds(3600)) { reply throws(RedisError) in
            RedisReply(reply)
        }
    }
}
