import TestSupport
import Testing

@testable import RedisBridge

@Suite(.timeLimit(.minutes(2))) struct TimeoutTests {
    private static func options(_ change: (inout RedisConnectionOptions) -> Void) -> RedisConnectionOptions {
        var options = RedisConnectionOptions()
        change(&options)
        return options
    }

    @Test func `a command to a stalled server times out, and the next one gets its own reply`()
        async throws
    {
        try await CommandTests.withConnection { server, connection in
            server.pause()
            let start = ContinuousClock.now
            let error = try await #require(throws: RedisError.self) {
                try await connection.send(RedisCommand("ECHO", "late"), timeout: .milliseconds(80))
            }
            #expect(ContinuousClock.now - start >= .milliseconds(80))
            #expect(error.code == .timedOut)
            #expect(error.fate == .unknown)
            #expect(error.description.contains("0.08 s"))
            #expect(await connection.commandsInFlight == 1)
            server.resume()
            #expect(try await connection.send(RedisCommand("ECHO", "next")).string == "next")
            #expect(await connection.commandsInFlight == 0)
        }
    }

    @Test func `each command has its own time-out`() async throws {
        let server = try FakeServer { $0.stall() }
        defer { server.stop() }
        let connection = try await RedisConnection.connect(to: .unix(path: server.socketPath), on: RedisEventLoop())
        let order = Observed<[Int]>([])
        await withTaskGroup(of: Void.self) { group in
            for (place, bound) in [300, 100, 200].enumerated() {
                group.addTask {
                    _ = try? await connection.send(RedisCommand("PING"), timeout: .milliseconds(bound))
                    order.update { $0.append(place) }
                }
            }
        }
        #expect(order.current == [1, 2, 0])
        await connection.close()
    }

    @Test func `a log-in that gets no answer ends with the connect time-out`() async throws {
        let server = try FakeServer { $0.stall() }
        defer { server.stop() }
        let options = Self.options {
            $0.password = "secret"
            $0.connectTimeout = .milliseconds(80)
        }
        let error = try await #require(throws: RedisError.self) {
            try await RedisConnection.connect(
                to: .unix(path: server.socketPath), options: options, on: RedisEventLoop())
        }
        #expect(error.code == .unresponsive)
        #expect(error.endpoint == server.socketPath)
        #expect(!error.description.contains("secret"))
    }

    @Test func `connecting to a port where nobody listens fails with the system's reason`() async throws {
        let loop = try RedisEventLoop()
        let nobody = RedisEndpoint.tcp(host: "127.0.0.1", port: UInt16(try RedisServer.freePort()))
        for endpoint in [nobody, .unix(path: "/tmp/rediscron-no-such.sock")] {
            let error = try await #require(throws: RedisError.self) {
                try await RedisConnection.connect(to: endpoint, on: loop)
            }
            #expect(error.code == .connectFailed)
            #expect(error.endpoint == endpoint.description)
            #expect(["Connection refused", "No such file or directory"].contains(error.reason))
        }
    }

    @Test func `a name that does not exist is an error that says so`() async throws {
        let error = try await #require(throws: RedisError.self) {
            try await RedisConnection.connect(to: .tcp(host: "no-such-host.invalid", port: 6379), on: RedisEventLoop())
        }
        #expect(error.code == .connectFailed || error.code == .connectTimedOut)
        #expect(error.reason.contains("looked up"))
    }

    @Test func `a name is looked up, and each of its addresses is tried`() async throws {
        try await withRedis { server in
            // The server listens on 127.0.0.1 only; localhost may be ::1 first.
            let connection = try await RedisConnection.connect(
                to: .tcp(host: "localhost", port: UInt16(server.port)), on: RedisEventLoop())
            #expect(try await connection.send(RedisCommand("PING")) == .status("PONG"))
            await connection.close()
        }
    }

    @Test func `cancellation ends an attempt to connect at once`() async throws {
        let accepted = Latch("the connection")
        let server = try FakeServer { peer in
            accepted.arrive()
            peer.stall()
        }
        defer { server.stop() }
        let options = Self.options {
            $0.password = "secret"
            $0.connectTimeout = .seconds(3600)
        }
        let path = server.socketPath
        let task = Task {
            try await RedisConnection.connect(to: .unix(path: path), options: options, on: RedisEventLoop())
        }
        try await accepted.wait()
        task.cancel()
        let error = try await #require(throws: RedisError.self) { _ = try await task.value }
        #expect(error.code == .cancelled)
    }

    @Test func `PING detects a server that fell silent`() async throws {
        let options = Self.options {
            $0.healthCheckInterval = .milliseconds(50)
            $0.commandTimeout = .milliseconds(100)
        }
        try await CommandTests.withConnection(options: options) { server, connection in
            server.pause()
            let error = try await #require(throws: RedisError.self) {
                try await connection.send(RedisCommand("BLPOP", "nothing", 0), timeout: .seconds(3600))
            }
            #expect(error.code == .connectionLost)
            #expect(error.reason.contains("PING"))
            #expect(await !connection.isOpen)
            server.resume()
        }
    }

    @Test func `a connection whose server answers PING stays open`() async throws {
        let options = Self.options { $0.healthCheckInterval = .milliseconds(5) }
        try await CommandTests.withConnection(options: options) { server, connection in
            try await eventually("some PINGs") {
                let lines = try server.command("INFO", "commandstats").string ?? ""
                // The first one comes from the start of the test's own server.
                return lines.contains("cmdstat_ping") && !lines.contains("cmdstat_ping:calls=1,")
            }
            #expect(await connection.isOpen)
        }
    }
}
