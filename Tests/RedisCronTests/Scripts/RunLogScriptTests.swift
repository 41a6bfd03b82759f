import RQWire
import TestSupport
import Testing

@testable import RedisCron

/// What batches, triggers and backfills note in the log of runs.
@Suite(.timeLimit(.minutes(1)))
struct RunLogScriptTests {
    private typealias Job = GovernedBatch.Job

    private static let body = #","at":1,"q":[],"r":[]}"#

    /// Sends a batch that is to be noted.
    private func send(_ jobs: [Job], to server: RedisServer) throws -> String? {
        try GovernedBatch.prepare(server, jobs)
        var batch = GovernedBatch(jobs)
        batch.logged = Self.body
        return try batch.send(to: server).codes
    }

    @Test func `a batch makes one entry, with the outcomes in front of what was sent`() async throws {
        try await withRedis { server async throws in
            let jobs = [Job(), Job(id: "b", job: "job-2", mode: "move"), Job(id: "c", job: "job-3", version: "v2")]
            #expect(try send(jobs, to: server) == "+as")
            #expect(try server.runLog() == [#"{"c":"+as""# + Self.body])
            let expected = RunLogEntry.bytes(codes: Array("+as".utf8), body: Array(Self.body.utf8))
            #expect(try server.runLog().map { Array($0.utf8) } == [expected])
        }
    }

    @Test func `each outcome by which something was queued or refused is noted`() async throws {
        try await withRedis { server async throws in
            let running = try OpenRun(job: "running").makeRunning(on: server)
            let gone = OpenRun(job: "gone")
            let jobs: [Job] = [
                Job(), Job(overlap: "allow", mostFailures: "9", runs: [running]), Job(limit: "1"),
                Job(runs: [running]), Job(runs: [gone, running]), Job(mode: "move"),
            ]
            for (number, code) in ["+", "k", "F", "o", "O", "a"].enumerated() {
                var job = jobs[number]
                (job.id, job.job) = ("d\(number)", "job-\(number)")
                #expect(try send([job], to: server) == code)
                #expect(try server.runLog().last == #"{"c":"\#(code)""# + Self.body)
            }
            try server.command("HSET", "rq:cron_job:full", "run_count", "1")
            #expect(try send([Job(id: "full", job: "job-l", limit: "1")], to: server) == "l")
            #expect(try server.runLog().count == 7)
        }
    }

    @Test func `outcomes by which nothing came of a run make no entry`() async throws {
        try await withRedis { server async throws in
            let running = try OpenRun(job: "running").makeRunning(on: server)
            let failed = try OpenRun(job: "failed").make("failed", on: server)
            try OpenRun(job: "job-d").make("queued", on: server)
            let jobs = [
                Job(id: "moved", job: "1", score: "99"), Job(id: "stale", job: "2", version: "v2"),
                Job(id: "known", job: "job-d"), Job(id: "waits", job: "3", overlap: "wait", runs: [running]),
                Job(id: "paused", job: "4", mostFailures: "1", runs: [failed]),
            ]
            #expect(try send(jobs, to: server) == "msdwp")
            #expect(try server.runLog() == [])
        }
    }

    @Test func `nothing is noted of a batch of which nothing is kept`() async throws {
        try await withRedis { server async throws in
            #expect(try GovernedBatch.send(Job(), to: server) == "+")
            #expect(try server.runLog() == [])
        }
    }

    @Test func `runs that were taken out are named, also where the new one still waits`() async throws {
        try await withRedis { server async throws in
            let queued = try OpenRun(job: "a\"b/c").makeQueued(on: server)
            let popped = try OpenRun(job: "popped").makeLost(on: server)
            #expect(try send([Job(overlap: "replace", runs: [queued])], to: server) == "+")
            let second = try OpenRun(job: "second").makeQueued(on: server)
            let waiting = Job(id: "b", job: "job-2", overlap: "replace", runs: [second, popped])
            #expect(try send([waiting], to: server) == "w")
            let entries = try server.runLog().compactMap { RunLogEntry(Array($0.utf8)) }
            #expect(entries.map(\.removed) == [["a\"b/c"], ["second"]])
        }
    }

    @Test(arguments: ["type", "ltrim"])
    func `where nothing can be noted the schedule goes on`(trouble: String) async throws {
        try await withRedis { server async throws in
            let job = Job()
            try GovernedBatch.prepare(server, [job])
            var batch = GovernedBatch([job])
            batch.logged = Self.body
            if trouble == "type" {
                try server.command("SET", RunKeys.log, "x")
                #expect(try batch.send(to: server) == "+")
                #expect(try server.command("GET", RunKeys.log).string == "x")
            } else {
                // An access list of an older version has no such right.
                try server.command("ACL", "SETUSER", "default", "-ltrim")
                #expect(try batch.send(to: server) == "+")
                #expect(try server.runLog() == [])
                #expect(try server.command("ACL", "LOG").array.isEmpty)
            }
            #expect(try server.waiting() == ["job-1"])
        }
    }

    @Test func `a log that nobody reads keeps its newest entries`() async throws {
        try await withRedis { server async throws in
            let entries = (0..<10_000).map { String($0) }
            try server.command(["RPUSH", RunKeys.log] + entries)
            #expect(try send([Job()], to: server) == "+")
            #expect(try server.command("LLEN", RunKeys.log).integer == 10_000)
            #expect(try server.command("LINDEX", RunKeys.log, 0).string == "1")
            #expect(try server.command("LINDEX", RunKeys.log, -1).string == #"{"c":"+""# + Self.body)
        }
    }

    // MARK: The store

    @Test func `a user who has no right to the log queues, triggers and deletes as before`() async throws {
        try await withRedis { server async throws in
            let keys = ["~rq:cron_job*", "~rq:queue*", "~rq:job:*", "~rq:cron_scheduler*", "&*", "+@all"]
            try server.command(["ACL", "SETUSER", "old", "on", "nopass"] + keys)
            let connection = try RedisCronConnection(url: "redis://old:any@127.0.0.1:\(server.port)/0")
            let options = RedisCronScheduler.Options.forTest()
            let scheduler = try RedisCronScheduler(connection: connection, options: options)
            let job = try await scheduler.register(
                functionName: "m.f", queueName: "q", id: "a", interval: .seconds(3600))
            try await scheduler.registerBirth()
            #expect(try await scheduler.enqueueJobs().map(\.id) == ["a"])
            guard case .queued = try await job.trigger() else {
                Issue.record("not queued")
                return
            }
            try await job.delete()
            try await scheduler.registerDeath()
            #expect(try server.waiting(in: "q").count == 2)
            #expect(try server.command("KEYS", "rq:cron_runs*").strings == [])
            // It is told what is missing.
            let findings = try await scheduler.store.findings()
            #expect(findings.contains { $0.check == .access && $0.message.contains("is not recorded") }, "\(findings)")
            let found = try await connection.diagnose()
            #expect(found.contains { $0.check == .access && $0.message.contains("RPUSH") }, "\(found)")
            await connection.close()
        }
    }

    @Test func `a dump that is refused and sent again makes an entry of its own`() async throws {
        try await withRedisHarness { harness async throws in
            let server = harness.server
            for id in ["a", "b"] { try await harness.register(id) }
            let entries = try await harness.store.fetchDue(until: .latest, offset: 0, limit: 10).entries
            let found = try await harness.store.definitions(entries.map(\.id))
            let runs: [PlannedRun] = try zip(entries, found).map { entry, reading in
                guard case .found(.prepared(let definition)) = reading else { throw UnusableExample(id: "a") }
                return PlannedRun(
                    definition: definition, entry: entry, planned: .newYear, next: .newYear + .seconds(300))
            }
            _ = try await harness.store.acquireLock(token: "t", timeToLive: .seconds(60))
            try server.command("ACL", "SETUSER", "default", "-restore")
            _ = try await harness.store.enqueue(DueBatch(runs: runs), token: "t", now: .newYear)
            let log = try server.runLog()
            #expect(log.count == 1)
            let lines = RunLogEntry(Array(try #require(log.first).utf8))?.lines ?? []
            let queued = lines.compactMap { if case .queued(let run) = $0 { run } else { nil } }
            #expect(queued.map(\.definition.display) == ["a", "b"])
            #expect(queued.map(\.jobID) == ["a", "b"].map { RQJobID.planned(definition: $0, at: .newYear) })
            #expect(queued.map(\.at) == [.newYear, .newYear])
            #expect(queued.map(\.reason) == [.schedule, .schedule])
            #expect(
                queued.first?.terms == RunTerms(queue: "metrics", resultTTL: 500, failureTTL: nil, ttl: nil, retries: 0)
            )
        }
    }

    @Test func `a trigger and a backfill are noted, and neither what was refused nor what is not kept`() async throws {
        try await withRedisHarness { harness async throws in
            let server = harness.server
            let job = try await harness.connection.register(
                id: "a", call: CallSpec("m.f", queue: "q", retry: JobRetry(max: 2)), schedule: .every(.seconds(1)),
                policy: RunPolicy(overlap: .skip, history: 7))
            let end = Timestamp(unixSeconds: Timestamp.now.unixSeconds)
            let report = try await harness.connection.backfill(id: "a", from: end - .milliseconds(999), through: end)
            #expect(report.queued == 1)
            #expect(try await job.trigger() == .refused)
            let second = try await job.trigger(overlap: .allow)
            let runs = try server.runLog().flatMap { entry -> [TrackedRun] in
                let lines = RunLogEntry(Array(entry.utf8))?.lines ?? []
                return lines.compactMap { if case .queued(let run) = $0 { run } else { nil } }
            }
            #expect(runs.map(\.reason) == [.backfill, .trigger])
            let planned = try #require(runs.first?.planned)
            #expect((end - .seconds(1)...end).contains(planned))
            #expect(runs.first?.jobID == .planned(definition: "a", at: planned))
            #expect(runs.last?.planned == nil)
            #expect(runs.map(\.history) == [7, 7])
            #expect(runs.map(\.terms.retries) == [2, 2])
            #expect(runs.last.map { TriggeredRun.queued(jobID: $0.jobID.description) } == second)
            var silent = job
            silent.policy.history = 0
            try await silent.save()
            _ = try await silent.trigger(overlap: .allow)
            #expect(try server.runLog().count == 2)
        }
    }
}
