import TestSupport
import Testing

@testable import RedisBridge

/// Clients of several key prefixes that share their links.
@Suite(.timeLimit(.minutes(5))) struct SharedLinksTests {
    private static let backoff = Backoff(first: .milliseconds(20), maximum: .milliseconds(200))

    private static func clients(_ url: String, _ prefixes: [String]) throws -> [RedisClient] {
        let links = RedisLinks(try RedisURL(url), backoff: backoff, on: try RedisEventLoop())
        return prefixes.map { RedisClient(sharing: links, keyPrefix: $0) }
    }

    /// The connections of a server, but for those of the test itself.
    private static func connections(_ server: RedisServer) throws -> [String] {
        let list = try server.command("CLIENT", "LIST").string ?? ""
        return list.split(separator: "\n").map(String.init).filter {
            !$0.contains("cmd=client") && !$0.contains("flags=S") && !$0.contains("flags=M")
        }
    }

    private static func message(_ channel: String, _ text: String) -> RedisSubscription.Element {
        .message(RedisMessage(channel: channel, payload: Array(text.utf8)))
    }

    @Test(arguments: [false, true])
    func `one connection takes all commands, and one has all channels`(hasTags: Bool) async throws {
        try await withRedis { server in
            let prefixes = (0..<30).map { hasTags ? "{p\($0)}" : "p\($0)" }
            let clients = try Self.clients(server.url, prefixes)
            let subscriptions = try await withThrowingTaskGroup(of: RedisSubscription.self) { group in
                for (prefix, client) in zip(prefixes, clients) {
                    group.addTask {
                        _ = try await client.send(RedisCommand("INCR", "\(prefix):n"))
                        return try await client.subscribe(to: ["\(prefix):news"])
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(try Self.connections(server).count == 2)
            #expect(try Self.connections(server).contains { $0.contains(" sub=30 ") })
            for prefix in prefixes { #expect(try server.command("GET", "\(prefix):n").integer == 1) }
            for subscription in subscriptions { await subscription.close() }
            for client in clients { await client.close() }
            try await eventually("the connections to end") { try Self.connections(server).isEmpty }
        }
    }

    @Test func `each reader gets the messages of its own channels, and waits for no other`() async throws {
        try await withRedis { server in
            let clients = try Self.clients(server.url, ["a", "b"])
            let slow = try await clients[0].subscribe(to: ["a", "both"], bufferLimit: 3)
            let quick = try await clients[1].subscribe(to: ["b", "both"])
            for number in 0..<10 { try server.command("PUBLISH", "a", "\(number)") }
            try server.command("PUBLISH", "both", "x")
            try server.command("PUBLISH", "b", "y")
            var iterator = quick.makeAsyncIterator()
            #expect(try await iterator.next() == Self.message("both", "x"))
            #expect(try await iterator.next() == Self.message("b", "y"))
            // All messages have come: they came in this order over one connection.
            var told = 0
            var reader = slow.makeAsyncIterator()
            while told < 11, let element = try await reader.next() {
                if case .overflowed(let dropped) = element { told += dropped } else { told += 1 }
            }
            #expect(told == 11)
            await slow.close()
            #expect(try server.command("PUBLISH", "a", "nobody").integer == 0)
            try server.command("PUBLISH", "both", "still")
            #expect(try await iterator.next() == Self.message("both", "still"))
            await quick.close()
            for client in clients { await client.close() }
        }
    }

    @Test func `a refused channel is told to whoever asked for it, and to nobody else`() async throws {
        try await withRedis { server in
            try server.command("ACL", "SETUSER", "reader", "on", ">pw", "~*", "+@all", "resetchannels", "&open")
            let clients = try Self.clients("redis://reader:pw@127.0.0.1:\(server.port)", ["a", "b"])
            let open = try await clients[0].subscribe(to: ["open"])
            let error = try await #require(throws: RedisError.self) {
                try await clients[1].subscribe(to: ["open", "shut"])
            }
            #expect(error.prefix == .noPerm)
            try server.command("PUBLISH", "open", "1")
            var iterator = open.makeAsyncIterator()
            #expect(try await iterator.next() == Self.message("open", "1"))
            await open.close()
            for client in clients { await client.close() }
        }
    }

    @Test func `all readers are told when their connection is lost, and can subscribe again`() async throws {
        try await withRedis { server in
            let prefixes = (0..<5).map { "p\($0)" }
            let clients = try Self.clients(server.url, prefixes)
            var subscriptions: [RedisSubscription] = []
            for (prefix, client) in zip(prefixes, clients) {
                subscriptions.append(try await client.subscribe(to: [prefix]))
            }
            try server.command("CLIENT", "KILL", "TYPE", "pubsub")
            for (index, subscription) in subscriptions.enumerated() {
                var iterator = subscription.makeAsyncIterator()
                let error = try await #require(throws: RedisError.self) { try await iterator.next() }
                #expect(error.code == .connectionLost)
                subscriptions[index] = try await clients[index].subscribe(to: [prefixes[index]])
            }
            for (prefix, subscription) in zip(prefixes, subscriptions) {
                try server.command("PUBLISH", prefix, "again")
                var iterator = subscription.makeAsyncIterator()
                #expect(try await iterator.next() == Self.message(prefix, "again"))
                await subscription.close()
            }
            #expect(try Self.connections(server).count == 1)
            for client in clients { await client.close() }
        }
    }

    @Test func `a client is closed by itself, and the links with the last one`() async throws {
        try await withRedis { server in
            let clients = try Self.clients(server.url, ["a", "b"])
            let blocked = Task {
                try await clients[0].send(RedisCommand("BLPOP", "list", 0), timeout: .seconds(60))
            }
            try await eventually("the command to wait") {
                try server.command("INFO", "clients").string?.contains("blocked_clients:1") == true
            }
            await clients[0].close()
            let closed = try await #require(throws: RedisError.self) {
                try await clients[0].send(RedisCommand("PING"))
            }
            #expect(closed.code == .closed)
            // What was on its way is still answered, and so are the others.
            let other = Task { try await clients[1].send(RedisCommand("PING"), timeout: .seconds(60)) }
            try server.command("RPUSH", "list", "x")
            #expect(try await blocked.value.array?.count == 2)
            #expect(try await other.value == .status("PONG"))
            await clients[1].close()
            try await eventually("the connection to end") { try Self.connections(server).isEmpty }
        }
    }

    @Test func `a server that left its role is left by all`() async throws {
        try await withRedis { first in
            try await withRedis { second in
                let clients = try Self.clients(first.url, ["a", "b"])
                for client in clients { _ = try await client.send(RedisCommand("PING")) }
                try first.command("REPLICAOF", "127.0.0.1", second.port)
                let before = try Self.connections(first).count
                let refused = try await #require(throws: RedisError.self) {
                    try await clients[0].send(RedisCommand("SET", "a", "1"))
                }
                #expect(refused.prefix == .readOnly)
                // Both go on over one new connection, whoever asks first.
                #expect(try await clients[1].send(RedisCommand("PING")) == .status("PONG"))
                #expect(try await clients[0].send(RedisCommand("PING")) == .status("PONG"))
                try await eventually("the former connection to end") { try Self.connections(first).count == before }
                for client in clients { await client.close() }
            }
        }
    }

    @Test func `sentinels are asked and listened to once, and all move together`() async throws {
        try await withSentinels { system in
            let prefixes = (0..<20).map { "p\($0)" }
            let clients = try Self.clients(system.url, prefixes)
            try await Self.sendAll(clients, RedisCommand("INCR", "n"))
            #expect(try Self.connections(system.master).filter { $0.contains("cmd=incr") }.count == 1)
            for sentinel in system.sentinels {
                try await eventually("the clients to listen to each sentinel") {
                    try sentinel.command("CLIENT", "LIST").string?.contains(" sub=3 ") == true
                }
                let list = try sentinel.command("CLIENT", "LIST").string ?? ""
                #expect(list.split(separator: "\n").count { $0.contains(" sub=3 ") } == 1)
            }
            try await eventually("the failover to be accepted", within: .seconds(30)) {
                (try? system.sentinels[0].command("SENTINEL", "FAILOVER", "mymaster")) != nil
            }
            try await eventually("the promotion", within: .seconds(30)) { system.replicas[0].isMaster }
            try await Self.sendAll(clients, RedisCommand("INCR", "m"))
            #expect(try system.replicas[0].connect().command("GET", "m").integer == 20)
            let list = try system.replicas[0].connect().command("CLIENT", "LIST").string ?? ""
            #expect(list.split(separator: "\n").count { $0.contains("cmd=incr") } == 1)
            for client in clients { await client.close() }
        }
    }

    private static func sendAll(_ clients: [RedisClient], _ command: RedisCommand) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in clients { group.addTask { _ = try await client.send(command) } }
            try await group.waitForAll()
        }
    }

    @Test func `prefixes on the same master of a cluster share its links, and lose it alone`() async throws {
        try await withCluster { nodes in
            let prefixes = (0..<30).map { "{p\($0)}" }
            let clients = try Self.clients("redis://127.0.0.1:\(nodes[0].port)", prefixes)
            let subscriptions = try await withThrowingTaskGroup(of: (Int, RedisSubscription).self) { group in
                for (index, client) in clients.enumerated() {
                    group.addTask {
                        _ = try await client.send(RedisCommand("INCR", "\(prefixes[index]):n"))
                        return (index, try await client.subscribe(to: [prefixes[index]]))
                    }
                }
                return try await group.reduce(into: [Int: RedisSubscription]()) { $0[$1.0] = $1.1 }
            }
            for node in nodes {
                #expect(try Self.connections(node).count == 2)
                // One to find the slots of all, beside the links.
                let info = try node.command("INFO", "commandstats").string ?? ""
                let asked = info.split(separator: "\r\n").first { $0.hasPrefix("cmdstat_cluster|slots:calls=") }
                    .flatMap { Int($0.dropFirst("cmdstat_cluster|slots:calls=".count).prefix { $0 != "," }) }
                #expect((asked ?? 0) <= 3, "\(asked ?? -1) questions for \(prefixes.count) prefixes")
            }
            var owners: [Int: RedisServer] = [:]
            for index in prefixes.indices { owners[index] = try nodes.owner(of: "\(prefixes[index]):n").owner }
            let lost = try #require(owners[0])
            await lost.kill()
            for (index, client) in clients.enumerated() where owners[index]?.port == lost.port {
                await #expect(throws: RedisError.self) {
                    try await client.send(RedisCommand("INCR", "\(prefixes[index]):n"), timeout: .seconds(1))
                }
            }
            for (index, client) in clients.enumerated() where owners[index]?.port != lost.port {
                // Until the others notice that the cluster lacks a master.
                #expect(await client.isConnected)
                #expect(await client.reconnects == 0)
            }
            for subscription in subscriptions.values { await subscription.close() }
            for client in clients { await client.close() }
        }
    }
}
