import Foundation
import RQWire
import TestSupport
import Testing

@testable import rqrcron

/// `rqrcron run` with several key prefixes.
@Suite(.timeLimit(.minutes(5))) struct SeveralPrefixesTests {
    private func register(_ id: String, under prefix: String, on server: RedisServer) async throws {
        let made = try await Rqrcron.run(
            [
                "register", id, "--func", "app.tasks.rebuild", "--queue", "q", "--interval", "100", "--key-prefix",
                prefix,
            ], on: server)
        try #require(made.status == 0, "\(made.errors)")
    }

    /// How many locks each process holds, by the names of its schedulers.
    private static func shares(of prefixes: [String], on server: RedisServer) throws -> [String: Int] {
        let tokens = try server.command(["MGET"] + prefixes.map { "\($0):cron_jobs:lock" }).array
        return tokens.compactMap(\.string).reduce(into: [:]) { counts, token in
            counts[String(token.prefix { $0 != ":" }), default: 0] += 1
        }
    }

    @Test func `each prefix has a scheduler, and one signal stops all of them`() async throws {
        try await withRedis { server in
            for prefix in ["a", "b"] { try await register("job", under: prefix, on: server) }
            let process = try Rqrcron.start(
                ["run", "--name", "me", "--key-prefix", "a", "--key-prefix", "b"], on: server)
            for prefix in ["a", "b"] {
                try await process.waitForOutput(containing: "[\(prefix)] me took the lock")
                try await process.waitForOutput(containing: "[\(prefix)] enqueued 'job' to 'q'")
                #expect(try server.command("LLEN", "\(prefix):queue:q").integer == 1)
                #expect(try server.command("ZCARD", "\(prefix):cron_schedulers").integer == 1)
            }
            #expect(try await process.terminate() == .exited(0))
            #expect(
                try server.command(
                    "EXISTS", "a:cron_jobs:lock", "b:cron_jobs:lock", "a:cron_schedulers", "b:cron_schedulers"
                ).integer == 0)
        }
    }

    @Test func `all of them have two connections to Redis`() async throws {
        try await withRedis { server in
            let prefixes = (0..<40).map { "p\($0)" }
            let process = try Rqrcron.start(
                ["run", "--log-format", "json"] + prefixes.flatMap { ["--key-prefix", $0] }, on: server)
            for prefix in prefixes {
                try await eventually("\(prefix) to be led and listened to") {
                    try server.command("EXISTS", "\(prefix):cron_jobs:lock").integer == 1
                        && server.command("PUBSUB", "NUMSUB", "\(prefix):cron_jobs:events").array.last?.integer == 1
                }
            }
            let list = try server.command("CLIENT", "LIST").string ?? ""
            // The third is the test's own.
            #expect(list.split(separator: "\n").count == 3, "\(list)")
            let line = try #require(process.errors.split(separator: "\n").first { $0.contains("took the lock") })
            guard case .object(let object) = try JSONValue(parsing: Array(line.utf8)) else {
                Issue.record("no object: \(line)")
                return
            }
            #expect(object["prefix"].map { prefix in prefixes.contains { prefix == .string($0) } } == true)
            #expect(try await process.terminate() == .exited(0))
        }
    }

    @Test func `prefixes may be in a file`() async throws {
        try await withRedis { server in
            try await withTemporaryDirectory { directory in
                let path = "\(directory.path)/prefixes"
                try "# tenants\n\n  b  \nc\r\n".write(toFile: path, atomically: true, encoding: .utf8)
                let process = try Rqrcron.start(
                    ["run", "--key-prefix", "a", "--key-prefix-file", path], on: server)
                for prefix in ["a", "b", "c"] {
                    try await eventually("the lock of \(prefix)") {
                        try server.command("EXISTS", "\(prefix):cron_jobs:lock").integer == 1
                    }
                }
                #expect(try await process.terminate() == .exited(0))
            }
        }
    }

    @Test(arguments: [
        ("a\nb\na\n", "FILE, line 3: the prefix 'a' was named before (FILE, line 1)"),
        ("a\nx y\n", "FILE, line 2: got 'x y', expected a key prefix of ASCII letters"),
        ("# nobody\n\n", "--key-prefix-file FILE: it names no prefix"),
        ("first\n", "FILE, line 1: the prefix 'first' was named before (--key-prefix first)"),
    ])
    func `a file with a mistake is refused by line`(content: String, complaint: String) async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory.path)/prefixes"
            try content.write(toFile: path, atomically: true, encoding: .utf8)
            let refused = try await Rqrcron.run(["run", "--key-prefix", "first", "--key-prefix-file", path])
            #expect(refused.status == 2)
            #expect(refused.errors.contains(complaint.replacing("FILE", with: path)), "\(refused.errors)")
        }
    }

    @Test(arguments: [
        (["run", "--key-prefix", "a", "--key-prefix", "a"], "the prefix 'a' was named before (--key-prefix a)"),
        (["run", "--key-prefix", "a", "--key-prefix-file", "/nowhere"], "--key-prefix-file: cannot read /nowhere"),
        (
            ["info", "--key-prefix", "a", "--key-prefix", "b"],
            "give only one --key-prefix: rqrcron run and rqrcron serve"
        ),
        (
            ["--key-prefix", "a", "info", "--key-prefix", "b"],
            "give only one --key-prefix: rqrcron run and rqrcron serve"
        ),
        (
            ["run", "--key-prefix", "a", "--key-prefix", "b", "--apply", "x"],
            "--apply does not say to which of several"
        ),
    ])
    func `what makes no sense is refused`(words: [String], complaint: String) async throws {
        let refused = try await Rqrcron.run(words)
        #expect(refused.status == 2)
        #expect(refused.errors.contains(complaint), "\(refused.errors)")
    }

    @Test func `the failure of one prefix names it, and ends all`() async throws {
        try await withRedis { server in
            try server.command("SET", "b:cron_jobs:lock", "other:0123456789abcdef0123456789abcdef", "EX", 60)
            let refused = try await Rqrcron.run(["run", "--key-prefix", "a", "--key-prefix", "b"], on: server)
            #expect(refused.status == 1)
            #expect(refused.errors.contains("rqrcron: prefix b: scheduler 'other'"), "\(refused.errors)")
            #expect(try server.command("EXISTS", "a:cron_jobs:lock").integer == 0)
        }
    }

    @Test func `the service is ready when every prefix is led or stood by for`() async throws {
        try await withRedis { server in
            try await withTemporaryDirectory { directory in
                let supervisor = try Supervisor(address: "\(directory.path)/notify")
                defer { supervisor.stop() }
                try server.command("SET", "b:cron_jobs:lock", "other:0123456789abcdef0123456789abcdef", "EX", 60)
                let process = try Rqrcron.start(
                    ["run", "--standby", "--key-prefix", "a", "--key-prefix", "b"], on: server,
                    environment: ["NOTIFY_SOCKET": supervisor.address])
                try await supervisor.wait(for: "READY=1")
                try await supervisor.wait(for: "STATUS=2 prefixes: leads 1, stands by for 1")
                try server.command("DEL", "b:cron_jobs:lock")
                try await supervisor.wait(for: "STATUS=2 prefixes: leads 2, stands by for 0")
                #expect(try await process.terminate() == .exited(0))
            }
        }
    }

    @Test func `three processes share ninety prefixes, at the start and when one of them dies`() async throws {
        try await withRedis { server in
            let prefixes = (0..<90).map { "p\($0)" }
            var processes: [(name: String, process: TestSupport.ChildProcess)] = []
            for number in 0..<3 {
                processes.append(
                    (
                        "s\(number)",
                        try Rqrcron.start(
                            ["run", "--standby", "--lock-ttl", "5", "--name", "s\(number)"]
                                + prefixes.flatMap { ["--key-prefix", $0] }, on: server)
                    ))
            }
            try await eventually("all prefixes to be led") {
                try Self.shares(of: prefixes, on: server).values.reduce(0, +) == 90
            }
            let thirds = try Self.shares(of: prefixes, on: server)
            #expect(thirds.count == 3 && thirds.values.allSatisfy { (27...33).contains($0) }, "\(thirds)")
            let dead = processes.removeLast()
            dead.process.kill()
            try await eventually("the dead one's locks to be taken") {
                let shares = try Self.shares(of: prefixes, on: server)
                return shares[dead.name] == nil && shares.values.reduce(0, +) == 90
            }
            let halves = try Self.shares(of: prefixes, on: server)
            #expect(halves.count == 2 && halves.values.allSatisfy { (42...48).contains($0) }, "\(halves)")
            for (_, process) in processes { #expect(try await process.terminate() == .exited(0)) }
        }
    }
}
