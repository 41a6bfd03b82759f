import Foundation
import RedisBridge
import RedisCron
import TestSupport
import Testing

/// The lines of docs/acl.md, as they stand there.
@Suite(.timeLimit(.minutes(3))) struct AccessControlTests {
    /// The words of the line that sets up a user.
    private static func line(for user: String) throws -> [String] {
        let text = try String(contentsOfFile: "\(PackageRoot.path)/docs/acl.md", encoding: .utf8)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("ACL SETUSER \(user) ") })
        return line.split(separator: " ").map(String.init)
    }

    private static func withUser(
        _ user: String, without words: Set<String> = [],
        _ body: (RedisServer, RedisCronConnection) async throws -> Void
    ) async throws {
        try await withRedis { server in
            try server.command(try line(for: user).filter { !words.contains($0) })
            let url = try RedisURL("unix://\(user):PASSWORD@\(server.socketPath)?db=1")
            let connection = try RedisCronConnection(url: url)
            try await body(server, connection)
            await connection.close()
            // Nothing that was tolerated in silence was denied: the log of the server would have it.
            guard words.isEmpty else { return }
            let denied = try server.command("ACL", "LOG").array.map(\.textFields)
            #expect(denied.compactMap { $0["object"] } == [])
        }
    }

    @Test func `a scheduler needs no more than its line`() async throws {
        try await Self.withUser("rqrcron") { server, connection in
            let options = RedisCronScheduler.Options.forTest { $0.waitForReplicas = 1 }
            let scheduler = try RedisCronScheduler(connection: connection, options: options)
            try await scheduler.register(
                functionName: "app.tick", queueName: "q", id: "every", interval: .seconds(1), ttl: .seconds(60))
            let own = try server.connect()
            try own.command("SELECT", 1)
            try await whileRunning(scheduler) {
                try await eventually("jobs", within: .seconds(30)) {
                    let own = try server.connect()
                    try own.command("SELECT", 1)
                    return try (own.command("LLEN", "rq:queue:q").integer ?? 0) >= 2
                }
                var job = try await scheduler.register(
                    functionName: "app.tock", queueName: "q", id: "tock", cron: "0 0 * * *")
                try await job.disable()
                try await job.enable()
                _ = try await job.enqueue()
                try await job.delete()
            }
            #expect(try await scheduler.connection.allJobs().map(\.id) == ["every"])
            #expect(try await scheduler.connection.jobs().map(\.id) == ["every"])
        }
    }

    @Test func `an editor needs no more than its line, and cannot lead`() async throws {
        try await Self.withUser("editor") { _, connection in
            let scheduler = try RedisCronScheduler(connection: connection, options: .forTest())
            var job = try await scheduler.register(
                functionName: "app.tick", queueName: "q", id: "every", interval: .seconds(1))
            try await job.disable()
            try await job.enable()
            _ = try await scheduler.register(
                functionName: "app.tick", queueName: "q", id: "every", interval: .seconds(2))
            #expect(try await scheduler.connection.allJobs().map(\.id) == ["every"])
            #expect(try await scheduler.connection.jobs().map(\.id) == ["every"])
            try await job.delete()
        }
        try await Self.withUser("editor", without: ["nothing"]) { _, connection in
            let scheduler = try RedisCronScheduler(connection: connection, options: .forTest())
            let error = try await #require(throws: RedisCronError.self) { try await scheduler.run() }
            #expect(error.cause?.prefix == .noPerm, "\(error)")
        }
    }

    @Test(arguments: ["rqrcron", "editor"]) func `no line has a right that no source asks for`(user: String) throws {
        var words: Set<String> = []
        let sources = URL(fileURLWithPath: "\(PackageRoot.path)/Sources")
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        for case let file as URL in files where ["swift", "lua"].contains(file.pathExtension) {
            let text = try String(contentsOf: file, encoding: .utf8)
            words.formUnion(text.matches(of: /["']([A-Z]+)["']/).map { String($0.1).lowercased() })
        }
        let rights = try Self.line(for: user).filter { $0.hasPrefix("+") }.map { $0.dropFirst() }
        #expect(rights.count > 10)
        let unused = rights.filter { !words.isSuperset(of: $0.split(separator: "|").map(String.init)) }
        #expect(unused == [])
    }

    @Test func `a user who may not wait for replicas is told before the first job`() async throws {
        try await Self.withUser("rqrcron", without: ["+wait"]) { server, connection in
            let options = RedisCronScheduler.Options.forTest {
                $0.waitForReplicas = 1
                $0.whenLockHeld = .standBy
            }
            let scheduler = try RedisCronScheduler(connection: connection, options: options)
            let error = try await #require(throws: RedisCronError.self) { try await scheduler.run() }
            #expect(error.cause?.prefix == .noPerm)
            #expect(error.cause?.command == "WAIT")
            let own = try server.connect()
            try own.command("SELECT", 1)
            #expect(try own.command("DBSIZE").integer == 0)
        }
    }

    @Test(arguments: ["+evalsha", "+publish", "+script|load", "+zadd", "&rq:cron_jobs:events", "~rq:*", "+exists"])
    func `what is denied is one clear error`(right: String) async throws {
        try await Self.withUser("rqrcron", without: [right]) { _, connection in
            let scheduler = try RedisCronScheduler(connection: connection, options: .forTest())
            let error = try await #require(throws: RedisCronError.self) {
                try await scheduler.register(
                    functionName: "app.tick", queueName: "q", id: "every", interval: .seconds(1))
                _ = try await scheduler.connection.allJobs()
            }
            #expect(error.cause?.prefix == .noPerm, "\(error)")
            #expect(!error.description.contains("user_script"), "\(error)")
            #expect(!error.description.contains("PASSWORD"))
        }
    }
}
