import Chaos
import Foundation
import TestSupport
import Testing

/// A redis-server behind a proxy, asked with redis-cli.
@Suite(.timeLimit(.minutes(2)))
struct LinkProxyTests {
    private func ask(_ proxy: LinkProxy, _ words: String...) throws -> TestSupport.ChildProcess {
        try TestSupport.ChildProcess("redis-cli", ["-p", String(proxy.port)] + words)
    }

    private func withProxy(_ body: (RedisServer, LinkProxy) async throws -> Void) async throws {
        try await withRedis { server in
            let proxy = try LinkProxy(to: server.port)
            defer { proxy.close() }
            try await body(server, proxy)
        }
    }

    @Test(arguments: [LinkCondition.good, .crumbled(portion: 3), .slow(.milliseconds(20))])
    func `what passes is what was sent, whole or in portions, at once or late`(condition: LinkCondition) async throws {
        try await withProxy { server, proxy async throws in
            proxy.become(condition)
            let value = String(repeating: "0123456789", count: 50)
            #expect(try await ask(proxy, "SET", "key", value).waitUntilExit() == .exited(0))
            #expect(try server.command("GET", "key").string == value)
        }
    }

    @Test func `a link that holds answers back lets the command be executed`() async throws {
        try await withProxy { server, proxy async throws in
            proxy.become(.answersHeld)
            let client = try ask(proxy, "SET", "key", "1")
            try await eventually("the command to be executed") { try server.command("EXISTS", "key") == .integer(1) }
            #expect(client.outcome == nil)
            proxy.become(.good)
            #expect(try await client.waitUntilExit() == .exited(0))
            #expect(client.output == "OK\n")
        }
    }

    @Test func `what was sent over a partitioned link arrives late`() async throws {
        try await withProxy { server, proxy async throws in
            proxy.become(.partitioned)
            let client = try ask(proxy, "SET", "key", "1")
            // Another client, directly, shows that Redis has gone on meanwhile.
            try await eventually("the proxy to be connected") {
                try server.command("CLIENT", "LIST").string?.contains("laddr=127") == true
            }
            #expect(try server.command("EXISTS", "key") == .integer(0))
            proxy.become(.good)
            #expect(try await client.waitUntilExit() == .exited(0))
            #expect(try server.command("GET", "key").string == "1")
        }
    }

    @Test func `a cut link ends connections and refuses new ones until it is good again`() async throws {
        try await withProxy { server, proxy async throws in
            let subscriber = try ask(proxy, "SUBSCRIBE", "channel")
            try await subscriber.waitForOutput(containing: "subscribe")
            proxy.become(.cut)
            try await eventually("the subscriber to be cut off") {
                try server.command("PUBSUB", "NUMSUB", "channel").array.last == .integer(0)
            }
            subscriber.kill()
            let refused = try ask(proxy, "PING")
            try await refused.waitUntilExit()
            #expect(!refused.output.contains("PONG"))
            proxy.become(.good)
            let welcome = try ask(proxy, "PING")
            try await welcome.waitUntilExit()
            #expect(welcome.output == "PONG\n")
        }
    }

    @Test func `a condition strikes those who name themselves so, or all but them`() async throws {
        try await withProxy { server, proxy async throws in
            func named(_ name: String) throws -> TestSupport.ChildProcess {
                try TestSupport.ChildProcess(
                    "redis-cli", ["-p", String(proxy.port)], input: "CLIENT SETNAME \(name)\nINCR \(name)\n")
            }
            proxy.become(.cut, for: "one")
            try await named("one").waitUntilExit()
            try await named("two").waitUntilExit()
            #expect(try server.command("MGET", "one", "two").array == [.null, .bulk(Array("1".utf8))])
            proxy.become(.good, for: "one")
            proxy.become(.cut, sparing: ["one"])
            try await named("one").waitUntilExit()
            try await named("two").waitUntilExit()
            #expect(try server.command("MGET", "one", "two").strings == ["1", "1"])
        }
    }
}
