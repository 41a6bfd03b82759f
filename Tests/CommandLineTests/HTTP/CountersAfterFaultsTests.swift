import Foundation
import TestSupport
import Testing

@testable import rqrcron

/// The counters of all schedulers together, held against Redis and RQ after faults.
@Suite(.timeLimit(.minutes(5)), .enabled(if: HTTPListener.isBuilt, "this build has no HTTP"))
struct CountersAfterFaultsTests {
    private static let ids = (0..<8).map { "good-\($0)" } + ["bad-0", "bad-1"]

    /// A scheduler with its metrics, as a monitoring system knows them: what it read last counts, also after a death.
    private final class Instance: Sendable {
        let process: TestSupport.ChildProcess
        private let port: Int
        private let last = Observed<[String: Double]>([:])

        init(_ options: String..., on server: RedisServer) async throws {
            process = try Rqrcron.start(
                ["run", "--http", "127.0.0.1:0", "--lock-ttl", "3"] + options, on: server)
            try await process.waitForOutput(containing: "the page is at http")
            port = try #require(process.errors.firstMatch(of: /127\.0\.0\.1:([0-9]+)/).flatMap { Int($0.1) })
        }

        /// Reads its counters, if it answers.
        func read() async -> [String: Double] {
            guard process.outcome == nil, let client = try? RawHTTPClient(port: port) else { return last.current }
            client.send("GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n")
            guard let text = await client.readToEnd(), RawHTTPClient.status(of: text) == 200 else {
                return last.current
            }
            var values: [String: Double] = [:]
            for line in text.split(separator: "\n") where line.hasPrefix("rediscron_") {
                let parts = line.split(separator: " ")
                if parts.count == 2 { values[String(parts[0])] = Double(parts[1]) }
            }
            last.update { $0 = values }
            return values
        }

        var leads: Bool { get async { await read()["rediscron_leader"] == 1 } }
    }

    /// What the instances have counted together.
    private func counted(_ series: String, by instances: [Instance]) async -> Int {
        var sum = 0.0
        for instance in instances {
            sum += await instance.read().filter { $0.key.hasPrefix(series) }.values.reduce(0, +)
        }
        return Int(sum)
    }

    /// How many jobs there are by what became of them.
    private struct Jobs: Hashable {
        var waiting: Int
        var finished: Int
        var failed: Int
        var made: Int { waiting + finished + failed }

        init(_ server: RedisServer) throws {
            waiting = try server.command("LLEN", "rq:queue:q").integer ?? 0
            finished = try server.command("ZCARD", "rq:finished:q").integer ?? 0
            failed = try server.command("ZCARD", "rq:failed:q").integer ?? 0
        }
    }

    private func apply(to server: RedisServer) async throws {
        let lines = Self.ids.map { id in
            "\(id)  every 1s  q  app.tasks.\(id.hasPrefix("good") ? "rebuild()" : "fail()")"
        }
        try await withTemporaryDirectory { directory in
            let file = "\(directory.path)/jobs.cron"
            try (lines.joined(separator: "\n") + "\n").write(toFile: file, atomically: true, encoding: .utf8)
            #expect(try await Rqrcron.run(["apply", file], on: server).status == 0)
        }
    }

    /// Lets so many jobs be made, and then no more.
    private func make(_ count: Int, on server: RedisServer, meanwhile: () async throws -> Void = {}) async throws {
        let before = try Jobs(server).made
        #expect(try await Rqrcron.run(["resume"] + Self.ids, on: server).status == 0)
        try await eventually("\(count / 2) are queued") { try Jobs(server).made >= before + count / 2 }
        try await meanwhile()
        let middle = try Jobs(server).made
        try await eventually("\(count / 2) more are queued") { try Jobs(server).made >= middle + count / 2 }
        #expect(try await Rqrcron.run(["pause"] + Self.ids, on: server).status == 0)
    }

    private func expectEnqueued(_ instances: [Instance], on server: RedisServer) async throws {
        let made = try Jobs(server).made
        try await eventually("the counters of \(made) queued runs agree") {
            await counted("rediscron_enqueued_total", by: instances) == made
        }
        #expect(try Jobs(server).made == made)
    }

    private func expectOutcomes(_ instances: [Instance], on server: RedisServer) async throws {
        let jobs = try Jobs(server)
        #expect(jobs.waiting == 0)
        try await eventually("the counters of \(jobs) agree") {
            let finished = await counted(#"rediscron_outcomes_total{outcome="finished"}"#, by: instances)
            let failed = await counted(#"rediscron_outcomes_total{outcome="failed"}"#, by: instances)
            return finished == jobs.finished && failed == jobs.failed
        }
        #expect(await counted("rediscron_outcomes_total", by: instances) == jobs.made)
    }

    private func work(on server: RedisServer) async throws {
        try await PythonEnvironment().run(["-m", "rq.cli", "worker", "--url", server.url, "--burst", "--quiet", "q"])
    }

    @Test func `after a killed leader, cut connections and a restarted Redis they are what Redis and RQ have`()
        async throws
    {
        try await withRedis(.init(appendOnly: true)) { server in
            let first = try await Instance(on: server)
            defer { first.process.kill() }
            try await eventually("the first leads") { await first.leads }
            let second = try await Instance("--standby", on: server)
            defer { second.process.kill() }
            var instances = [first, second]
            try await apply(to: server)
            #expect(try await Rqrcron.run(["pause"] + Self.ids, on: server).status == 0)

            try await make(20, on: server)
            try await expectEnqueued(instances, on: server)
            try await work(on: server)
            try await expectOutcomes(instances, on: server)

            // The leader dies with runs open, of which the next one learns what becomes.
            try await make(20, on: server)
            try await expectEnqueued(instances, on: server)
            first.process.kill()
            try await work(on: server)
            try await eventually("the second leads") { await second.leads }
            try await expectOutcomes(instances, on: server)

            // Answers of batches are lost, and Redis with them; a third one waits beside it.
            let third = try await Instance("--standby", on: server)
            defer { third.process.kill() }
            instances.append(third)
            try await make(40, on: server) {
                for cut in 1...10 {
                    try await Task.sleep(for: .milliseconds(cut * 23))
                    try server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                }
                try await server.restart()
            }
            try await expectEnqueued(instances, on: server)
            try await work(on: server)
            try await expectOutcomes(instances, on: server)
            #expect(await counted("rediscron_lock_acquisitions_total", by: instances) >= 2)
            #expect(await counted("rediscron_redis_reconnects_total", by: [second, third]) >= 5)
        }
    }
}
