import TestSupport
import Testing

@testable import RedisBridge

@Suite(.timeLimit(.minutes(2))) struct RedisSubscriptionTests {
    private static func subscribe(
        _ server: RedisServer, limit: Int = 1024, _ change: (inout RedisConnectionOptions) -> Void = { _ in }
    ) async throws -> RedisSubscription {
        var options = RedisConnectionOptions()
        change(&options)
        return try await RedisSubscription.subscribe(
            to: ["news", "other"], at: .unix(path: server.socketPath), options: options, bufferLimit: limit,
            on: RedisEventLoop())
    }

    @Test func `messages since the subscription are read in order, byte for byte`() async throws {
        try await withRedis { server in
            let subscription = try await Self.subscribe(server)
            try server.command("PUBLISH", "news", [UInt8](0...255))
            try server.command("PUBLISH", "other", "2")
            try server.command("PUBLISH", "elsewhere", "3")
            var iterator = subscription.makeAsyncIterator()
            #expect(try await iterator.next() == .message(.init(channel: "news", payload: [UInt8](0...255))))
            let other = RedisMessage(channel: "other", payload: Array("2".utf8))
            #expect(try await iterator.next() == .message(other))
            await subscription.close()
            #expect(try await iterator.next() == nil)
        }
    }

    @Test func `a slow reader learns how many messages it missed`() async throws {
        try await withRedis { server in
            let subscription = try await Self.subscribe(server, limit: 10)
            for number in 0..<1000 { try server.command("PUBLISH", "news", number) }
            // Publishing is confirmed one by one, so all messages are on their way.
            var told = 0
            var overflows = 0
            var iterator = subscription.makeAsyncIterator()
            while told < 1000, let element = try await iterator.next() {
                switch element {
                case .message: told += 1
                case .overflowed(let dropped):
                    told += dropped
                    overflows += 1
                }
            }
            #expect(told == 1000)
            #expect(overflows > 0)
            await subscription.close()
        }
    }

    @Test func `cancelling a reader loses no message`() async throws {
        try await withRedis { server in
            let subscription = try await Self.subscribe(server)
            for round in 0..<50 {
                let reader = Task {
                    var iterator = subscription.makeAsyncIterator()
                    return try await iterator.next()
                }
                for _ in 0..<(round % 7) { await Task.yield() }
                reader.cancel()
                let error = try await #require(throws: RedisError.self) { try await reader.value }
                #expect(error.code == .cancelled)
            }
            try server.command("PUBLISH", "news", "still here")
            var iterator = subscription.makeAsyncIterator()
            let element = try await iterator.next()
            #expect(element == .message(.init(channel: "news", payload: Array("still here".utf8))))
            await subscription.close()
        }
    }

    @Test func `a subscription ends with an error when its connection does`() async throws {
        try await withRedis { server in
            let subscription = try await Self.subscribe(server)
            try server.command("CLIENT", "KILL", "TYPE", "pubsub")
            var iterator = subscription.makeAsyncIterator()
            let error = try await #require(throws: RedisError.self) { try await iterator.next() }
            #expect(error.code == .connectionLost)
            #expect(try await iterator.next() == nil)
        }
    }

    @Test func `PING detects a silent server, and an idle one is not mistaken for it`() async throws {
        try await withRedis { server in
            let subscription = try await Self.subscribe(server) {
                $0.healthCheckInterval = .milliseconds(20)
                $0.commandTimeout = .milliseconds(500)
            }
            try await eventually("some PINGs") {
                let lines = try server.command("INFO", "commandstats").string ?? ""
                return lines.contains("cmdstat_ping") && !lines.contains("cmdstat_ping:calls=1,")
            }
            server.pause()
            var iterator = subscription.makeAsyncIterator()
            let error = try await #require(throws: RedisError.self) { try await iterator.next() }
            #expect(error.reason.contains("PING"))
            server.resume()
        }
    }

    @Test func `a channel that the user may not read is an error of the server`() async throws {
        try await withRedis { server in
            try server.command("ACL", "SETUSER", "reader", "on", ">pw", "+@all", "~*", "resetchannels", "&allowed")
            let error = try await #require(throws: RedisError.self) {
                try await Self.subscribe(server) {
                    $0.username = "reader"
                    $0.password = "pw"
                }
            }
            #expect(error.prefix == .noPerm)
        }
    }

    @Test func `a subscription closes its connection when its last reference goes`() async throws {
        try await withRedis { server in
            do {
                let subscription = try await Self.subscribe(server)
                _ = subscription.makeAsyncIterator()
                #expect(try server.command("PUBSUB", "NUMSUB", "news").array.last?.integer == 1)
            }
            try await eventually("the server to see it go") {
                try server.command("PUBSUB", "NUMSUB", "news").array.last?.integer == 0
            }
        }
    }
}
