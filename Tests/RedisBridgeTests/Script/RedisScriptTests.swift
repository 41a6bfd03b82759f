import TestSupport
import Testing

@testable import RedisBridge

@Suite(.timeLimit(.minutes(2))) struct RedisScriptTests {
    @Test func `a script is loaded once and called by its digest`() async throws {
        try await CommandTests.withConnection { server, connection in
            let script = RedisScript("return {KEYS[1], ARGV[1]}")
            for number in 0..<5 {
                let reply = try await script.run(keys: ["k"], arguments: [number], on: connection)
                #expect(reply.array?.map(\.string) == ["k", String(number)])
            }
            let statistics = try server.command("INFO", "commandstats").string ?? ""
            #expect(statistics.contains("cmdstat_script|load:calls=1,"))
            #expect(statistics.contains("cmdstat_evalsha:calls=5,"))
        }
    }

    @Test func `a script that the server forgot is loaded again, and runs once`() async throws {
        try await CommandTests.withConnection { server, connection in
            let script = RedisScript("return redis.call('INCR', KEYS[1])")
            #expect(try await script.run(keys: ["n"], on: connection).integer == 1)
            try server.command("SCRIPT", "FLUSH")
            #expect(try await script.run(keys: ["n"], on: connection).integer == 2)
            #expect(try server.command("GET", "n").integer == 2)
        }
    }

    @Test func `calls continue while the server forgets the script again and again`() async throws {
        try await CommandTests.withConnection { server, connection in
            let script = RedisScript("return redis.call('INCR', KEYS[1])")
            let successes = Observed(0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for _ in 0..<50 {
                        try server.command("SCRIPT", "FLUSH")
                        await Task.yield()
                    }
                }
                for _ in 0..<8 {
                    group.addTask {
                        for _ in 0..<50 {
                            do throws(RedisError) {
                                _ = try await script.run(keys: ["n"], on: connection)
                                successes.update { $0 += 1 }
                            } catch {
                                // Flushed twice within one call: nothing was executed.
                                guard error.prefix == .noScript else { throw error }
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try server.command("GET", "n").integer == successes.current)
        }
    }

    @Test func `a script that does not compile is an error of the server`() async throws {
        try await CommandTests.withConnection { _, connection in
            let script = RedisScript("this is no Lua")
            let error = try await #require(throws: RedisError.self) { try await script.run(keys: [], on: connection) }
            #expect(error.code == .server)
            #expect(error.command == "SCRIPT")
        }
    }

    @Test func `an error inside a script is thrown, and nothing is loaded again`() async throws {
        try await CommandTests.withConnection { server, connection in
            let script = RedisScript("return redis.call('LPUSH', KEYS[1], 'x')")
            try server.command("SET", "text", "x")
            let error = try await #require(throws: RedisError.self) {
                try await script.run(keys: ["text"], on: connection)
            }
            #expect(error.prefix == .wrongType)
        }
    }

    @Test func `a call returns how many replicas have what it wrote`() async throws {
        try await withRedis { master in
            let client = try RedisClient(url: RedisURL(master.socketURL), on: RedisEventLoop())
            let script = RedisScript("return redis.call('INCR', KEYS[1])")
            var call = script.call(keyCount: 1)
            call.append("n")
            let command = call.finish()
            let wait = ReplicaWait(count: 1, timeout: .milliseconds(50))
            let alone = try await script.run(command, on: client, confirmedBy: wait) { $0.integer }
            #expect(alone.value == 1)
            #expect(alone.replicas == 0)
            let lines = ["replicaof 127.0.0.1 \(master.port)", "repl-diskless-sync-delay 0"]
            try await withRedis(.init(lines: lines)) { replica in
                try await eventually("the replica to be in step") {
                    try replica.command("INFO", "replication").string?.contains("master_link_status:up") == true
                }
                let patient = ReplicaWait(count: 1, timeout: .seconds(20))
                let both = try await script.run(command, on: client, confirmedBy: patient) { $0.integer }
                #expect(both.value == 2)
                #expect(both.replicas == 1)
                #expect(try replica.command("GET", "n").integer == 2)
            }
            await client.close()
        }
    }
}

extension RedisScript {
    /// Runs the script with keys and arguments that need no preparation.
    func run(
        keys: [String], arguments: [any RedisArgument] = [], on sender: some RedisCommandSender,
        timeout: Duration? = nil
    ) async throws(RedisError) -> RedisReply {
        var call = call(keyCount: keys.count)
        for key in keys { call.append(key) }
        for argument in arguments { argument.append(to: &call) }
        return try await run(call.finish(), on: sender, timeout: timeout) { reply throws(RedisError) in
            RedisReply(reply)
        }
    }
}
