import Foundation
import TestSupport
import Testing

/// The examples that are packages of their own, because they bring what this package does without.
@Suite(.timeLimit(.minutes(5)))
struct ExamplePackageTests {
    private static let examples = "\(PackageRoot.path)/docs/examples"

    /// The Swift files below a folder of an example.
    private static func sources(of package: String) throws -> [String] {
        let folder = "\(examples)/\(package)/Sources"
        return try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.hasSuffix(".swift") }
            .map { "\(folder)/\($0)" }
    }

    /// Whether `make examples` has built it, and may start it.
    private static func isBuilt(_ package: String) -> Bool {
        FileManager.default.isExecutableFile(atPath: program(of: package))
    }

    private static func program(of package: String) -> String {
        "\(PackageRoot.path)/.build/examples/\(package)/debug/App"
    }

    @Test(arguments: ["HummingbirdApp", "LifecycleService"])
    func `the sources of an example are Swift`(package: String) async throws {
        let sources = try Self.sources(of: package)
        #expect(sources.count >= 2)
        let compiler = try ChildProcess("swiftc", ["-parse", "-swift-version", "6"] + sources)
        defer { compiler.kill() }
        let outcome = try await compiler.waitUntilExit(within: .seconds(120))
        #expect(outcome == .exited(0), "\(compiler.errors)")
        #expect(compiler.errors == "")
    }

    @Test func `the page in the Hummingbird app is that of the document`() throws {
        let file = "\(Self.examples)/HummingbirdApp/Sources/App/CronPage.swift"
        let document = "\(PackageRoot.path)/docs/server-app.md"
        let code = try String(contentsOfFile: file, encoding: .utf8)
        #expect(code.contains("struct CronPage"))
        #expect(try String(contentsOfFile: document, encoding: .utf8).contains("```swift\n\(code)```\n"))
    }

    @Test(.enabled(if: isBuilt("HummingbirdApp"), "make examples builds it, with the packages that it needs"))
    func `the Hummingbird app shows the page, and ends on SIGTERM with a stream open and batches in flight`()
        async throws
    {
        try await withRedis { server in
            let app = try ChildProcess(
                Self.program(of: "HummingbirdApp"), [], environment: ["REDIS_URL": server.url, "HTTP_PORT": "0"])
            defer { app.kill() }
            try await app.waitForOutput(containing: "listening on", within: .seconds(30))
            let port = try #require(app.errors.firstMatch(of: /listening on 127\.0\.0\.1:(\d+)/)?.1)
            try await eventually("it is well") { try await status("/health", port) == 200 }
            try await eventually("the listing") {
                try await get("/cron/", port).contains("href=\"/cron/jobs/metric%3Apm25\"")
            }
            #expect(try await get("/", port).contains("What it schedules: /cron/"))
            #expect(try await get("/cron/metrics", port).contains("rediscron_leader 1"))
            #expect(try await status("/cronic", port) == 404)
            #expect(try await status("/cron/", port, host: "evil.example") == 421)

            let client = try RawHTTPClient(port: try #require(Int(port)))
            client.send("GET /cron/api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            try await schedule(on: server)
            _ = try #require(await client.read(until: "event: change"))
            try await end(app)
            #expect(await client.readToEnd() != nil)
            try expectNothingIsLeft(on: server)
            let enqueued = try #require(app.errors.firstMatch(of: /enqueued=(\d+)/)?.1)
            #expect(Int(enqueued) == (try queued(on: server)))
        }
    }

    @Test(.enabled(if: isBuilt("LifecycleService"), "make examples builds it, with the packages that it needs"))
    func `the service without a server ends on SIGTERM, and its last counts are those of Redis`() async throws {
        try await withTemporaryDirectory { directory in
            try await withRedis { server in
                let file = "\(directory.path)/rediscron.prom"
                let app = try ChildProcess(
                    Self.program(of: "LifecycleService"), [],
                    environment: ["REDIS_URL": server.url, "METRICS_FILE": file])
                defer { app.kill() }
                try await schedule(on: server)
                try await end(app)
                try expectNothingIsLeft(on: server)
                #expect(app.errors.contains("[RedisCron]"))

                let metrics = try String(contentsOfFile: file, encoding: .utf8)
                let counts = metrics.matches(of: /rediscron_enqueued_total\{reason="\w+"\} (\d+)/).compactMap {
                    Int($0.1)
                }
                #expect(counts.reduce(0, +) == (try queued(on: server)))
                #expect(metrics.contains("rediscron_leader 0"))
            }
        }
    }

    /// Lets 2,000 jobs a second be due, until some seconds of them are queued.
    private func schedule(on server: RedisServer) async throws {
        let lines = (1...2_000).map { "job-\($0)  every 1s  q  app.tasks.rebuild()" }
        let ending = try await Rqrcron.run(["apply", "-"], on: server, input: lines.joined(separator: "\n") + "\n")
        try #require(ending.status == 0, "\(ending.errors)")
        try await eventually("8,500 are queued") { try server.command("LLEN", "rq:queue:q").integer ?? 0 > 8_500 }
    }

    private func end(_ app: ChildProcess) async throws {
        let askedAt = ContinuousClock.now
        #expect(try await app.terminate(within: .seconds(30)) == .exited(0), "\(app.errors)")
        print("\(app.name): from the signal to the end \(ContinuousClock.now - askedAt)")
    }

    private func expectNothingIsLeft(on server: RedisServer) throws {
        #expect(try server.command("EXISTS", "rq:cron_jobs:lock").integer == 0)
        #expect(try server.command("ZCARD", "rq:cron_schedulers").integer == 0)
    }

    /// How many jobs wait in the queues of the apps.
    private func queued(on server: RedisServer) throws -> Int {
        try ["q", "metrics", "mail"].map { try server.command("LLEN", "rq:queue:\($0)").integer ?? 0 }.reduce(0, +)
    }

    private func status(_ target: String, _ port: Substring, host: String = "localhost") async throws -> Int? {
        RawHTTPClient.status(of: try await get(target, port, host: host))
    }

    private func get(_ target: String, _ port: Substring, host: String = "localhost") async throws -> String {
        let client = try RawHTTPClient(port: try #require(Int(port)))
        client.send("GET \(target) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n")
        return try #require(await client.readToEnd())
    }
}
