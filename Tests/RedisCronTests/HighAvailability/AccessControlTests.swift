import Foundation
import RQWire
import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

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

    @Test func `a scheduler that looks at open runs and replaces them needs no more than its line`() async throws {
        try await withRedis { server in
            // Tests send scripts with EVAL.
            try server.command(try Self.line(for: "rqrcron") + ["+eval"])
            let runs = [
                try OpenRun(job: "1").makeQueued(on: server), try OpenRun(job: "2").makeScheduled(on: server),
                try OpenRun(job: "3").makeRunning(on: server),
            ]
            let job = GovernedBatch.Job(overlap: "replace", limit: "1", deletion: "9", mostFailures: "5", runs: runs)
            try GovernedBatch.prepare(server, [job], fields: ["failure_count", "1"])
            let user = try server.connect()
            try user.command("AUTH", "rqrcron", "PASSWORD")
            let told = ["1", "removed", "1", "1", "removed", "2", "1", "unheard", "3"]
            #expect(try GovernedBatch([job], flags: "fg").send(to: user) == .init(codes: "F", told: told))
            #expect(try server.command("ACL", "LOG").array.isEmpty)
        }
    }

    @Test func `a scheduler that writes RQ's history needs no more than the lines say`() async throws {
        try await Self.withUser("rqrcron") { server, connection in
            let text = try String(contentsOfFile: "\(PackageRoot.path)/docs/acl.md", encoding: .utf8)
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("- With `--rq-history`") })
            let rights = line.matches(of: #/\+[a-z]+/#).map { String($0.0) }
            #expect(rights.count == 2)
            try server.command(["ACL", "SETUSER", "rqrcron"] + rights)
            let scheduler = try RedisCronScheduler(
                connection: connection, options: .forTest { $0.writesRQHistory = true })
            try await scheduler.register(functionName: "app.tick", queueName: "q", id: "a", interval: .seconds(60))
            let own = try server.connect()
            try own.command("SELECT", 1)
            try await whileRunning(scheduler) {
                try await eventually("the definition is listed", within: .seconds(30)) {
                    let own = try server.connect()
                    try own.command("SELECT", 1)
                    let entry = "rq:cron_scheduler:\(scheduler.name)"
                    return try own.command("HGET", entry, "cron_jobs").string?.contains("app.tick") == true
                }
                try await eventually("its run is in RQ's history", within: .seconds(30)) {
                    let own = try server.connect()
                    try own.command("SELECT", 1)
                    return try own.command("ZCARD", "rq:cron_job:a:jobs").integer == 1
                }
            }
            let job = RQJobID.planned(definition: "a", at: .newYear).description
            let writer = RQHistoryWriter(connection)
            try await writer.append([(definition: DefinitionID("a"), jobID: job, enqueuedAt: .newYear)])
            #expect(try own.command("ZCARD", "rq:cron_job:a:jobs").integer == 2)
            try await writer.forget([DefinitionID("b")])
            #expect(try await connection.deleteJob(id: "a"))
            #expect(try own.command("EXISTS", "rq:cron_job:a:jobs").integer == 0)
        }
    }

    /// What an editor needs to queue jobs.
    private static func rightsToTrigger() throws -> [String] {
        let text = try String(contentsOfFile: "\(PackageRoot.path)/docs/acl.md", encoding: .utf8)
        let parts = text.components(separatedBy: "- `trigger` and `enqueue()` queue")
        let lines = try #require(parts.last?.components(separatedBy: "\n- ").first)
        let words = lines.matches(of: #/`([%&+~][^`]*)`/#).flatMap { $0.1.split(whereSeparator: \.isWhitespace) }
        #expect(words.count > 10)
        return words.map(String.init)
    }

    @Test func `an editor who backfills needs no more than the lines say`() async throws {
        try await withRedis { server in
            try server.command(try Self.line(for: "editor") + Self.rightsToTrigger())
            let url = "redis://editor:PASSWORD@127.0.0.1:\(server.port)/0"
            let connection = try RedisCronConnection(url: url, defaultTimeZone: "UTC")
            let retry = JobRetry(max: 1, intervals: [.seconds(1)])
            let job = try await connection.register(
                id: "a", call: CallSpec("m.f", queue: "q", retry: retry), schedule: .every(.seconds(1)),
                policy: RunPolicy(overlap: .skip))
            let end = Timestamp(unixSeconds: Timestamp.now.unixSeconds)
            let report = try await connection.backfill(id: "a", from: end - .milliseconds(999), through: end)
            #expect(report.queued == 1)
            #expect(try server.command("ACL", "LOG").array.isEmpty)
            // It may not see who brings retries back, and is told nothing.
            #expect(try await connection.cautions(about: [job].compactMap { RetriedDefinition($0) }).isEmpty)
            await connection.close()
        }
    }

    @Test func `an editor who triggers needs no more than the lines say`() async throws {
        try await withRedis { server in
            try server.command(try Self.line(for: "editor") + Self.rightsToTrigger() + ["+eval"])
            let run = try OpenRun().makeRunning(on: server)
            try server.command("HSET", "rq:cron_job:a", "open_runs", GovernedBatch.Job.list([run]))
            let user = try server.connect()
            try user.command("AUTH", "editor", "PASSWORD")
            let keys: [any CommandPart] = [
                "rq:queues", "rq:queue:q", "rq:job:new", "rq:cron_job:a", "rq:cron_runs_log",
            ]
            let arguments: [any CommandPart] = [
                "new", "60", "f", "replace", GovernedBatch.Job.list([run]), OpenRun(job: "new").entry, "1", OpenRun.now,
                OpenRun.minuteAgo, OpenRun.limitAgo, "rq:pubsub:", "}", 1, 1,
            ]
            let answer = try user.run(
                CronScript.pushJob, keys: keys + run.keys + OpenRun.keys(ofQueue: run.queue),
                arguments + run.arguments(among: [run.queue]) + [run.queue, "status", "queued"])
            #expect(answer.array.compactMap(\.string) == ["+", "unheard", "prev"])
            #expect(try server.command("ACL", "LOG").array.isEmpty)
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

    /// What a user lacks who was set up before runs were recorded.
    enum MissingRights: String, CaseIterable {
        case commands, keys

        /// The rights of a user, without these.
        func words(_ line: [String]) -> [String] {
            switch self {
            case .commands:
                let names = [
                    "ltrim", "lrange", "lindex", "lset", "incrby", "zrangebylex", "zlexcount", "zremrangebylex",
                ]
                return line.filter { !names.contains(String($0.dropFirst())) }
            case .keys:
                let keys = ["cron_job*", "cron_scheduler*", "queue*", "job:*", "executions:*", "scheduled:*"]
                return line.filter { $0 != "~rq:*" } + keys.map { "~rq:" + $0 }
            }
        }
    }

    @Test(arguments: MissingRights.allCases)
    func `who has no rights for runs queues and deletes as ever, and is told once what to grant`(
        missing: MissingRights
    ) async throws {
        try await withRedis { server in
            try server.command(missing.words(try Self.line(for: "rqrcron")))
            let lines = Observed<[String]>([])
            let connection = try RedisCronConnection(url: "redis://rqrcron:PASSWORD@127.0.0.1:\(server.port)/0")
            let options = RedisCronScheduler.Options.forTest {
                $0.logger = SchedulerLogger(minimumLevel: .warning) { _, line in lines.update { $0.append(line) } }
            }
            let scheduler = try RedisCronScheduler(connection: connection, options: options)
            for overlap in [RunPolicy.Overlap.allow, .wait] {
                _ = try await connection.register(
                    id: overlap.rawValue, call: CallSpec("m.f", queue: overlap.rawValue), schedule: .every(.seconds(1)),
                    policy: RunPolicy(overlap: overlap))
            }
            try await whileRunning(scheduler) {
                try await eventually("jobs", within: .seconds(30)) {
                    try (server.command("LLEN", "rq:queue:allow").integer ?? 0) >= 4
                        && server.command("LLEN", "rq:queue:wait").integer == 1
                }
                try await eventually("the warning", within: .seconds(30)) {
                    lines.current.contains { $0.hasPrefix("what becomes of runs is not recorded; jobs are queued") }
                }
                #expect(try await connection.deleteJob(id: "allow"))
            }
            let told = lines.current.filter { $0.hasPrefix("what becomes of runs is not recorded; jobs are queued") }
            #expect(told.count == 1)
            #expect(told.first?.contains("rq:cron_runs* is tried again each minute") == true, "\(told)")
            #expect(told.first?.contains(missing == .keys ? "access one of the keys" : "+lrange") == true, "\(told)")
            #expect(told.first?.contains("docs/acl.md") == true)
            #expect(try server.command("EXISTS", "rq:cron_runs_log", "rq:cron_runs_open").integer == 0)
            #expect(try await connection.allJobs().map(\.id) == ["wait"])
            await connection.close()
        }
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
