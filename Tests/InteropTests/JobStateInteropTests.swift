import Foundation
import RQWire
import TestSupport
import Testing

@testable import RedisCron

/// What docs/rq-jobs.md says of the runs of jobs, held against real workers.
@Suite(.timeLimit(.minutes(5)))
struct JobStateInteropTests {
    /// What `open_runs.lua` says at each of `ages`.
    private typealias Verdicts = [String]

    /// How many seconds later than the present the script believes to be asked, as in the columns of the table.
    private static let ages = [0, 70, 200, 1_100]

    @Test(arguments: PythonEnvironment.Edition.allCases)
    func `a run is open or over as the documentation says`(_ edition: PythonEnvironment.Edition) async throws {
        let python = try PythonEnvironment(edition)
        let documented = try Self.documentedVerdicts()
        #expect(documented.count > 25)
        for (situation, verdicts) in documented.sorted(by: { $0.key < $1.key }) {
            #expect(try await Self.verdicts(in: situation, python) == verdicts, "\(situation)")
        }
    }

    /// Whether a scheduler refuses the next run of a definition with overlap `skip` whose run is that job.
    private static func isRefused(beside job: String, _ server: RedisServer) async throws -> Bool {
        try await withScheduler(on: server) { scheduler in
            try await scheduler.connection.register(
                id: "a", call: CallSpec("rq_states.succeed", queue: "q"), schedule: .every(.seconds(3600)),
                policy: RunPolicy(overlap: .skip))
            try server.command("HSET", "rq:cron_job:a", "open_runs", #"[["\#(job)","q"]]"#)
            try await scheduler.registerBirth()
            let queued = try await scheduler.enqueueJobs()
            try await scheduler.registerDeath()
            #expect(try server.command("HGET", "rq:cron_job:a", "next_enqueue_time").string != "")
            return queued.isEmpty
        }
    }

    @Test func `the documentation has the situations that can be made, and no others`() async throws {
        let list = try await PythonEnvironment().run([Self.script, "--list"])
        let situations = list.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
        #expect(try Set(situations) == Set(Self.documentedVerdicts().keys))
    }

    private static let script = "\(PythonEnvironment.scripts)/rq_states.py"

    /// The rows of the table of situations.
    private static func documentedVerdicts() throws -> [String: Verdicts] {
        let page = try String(contentsOfFile: "\(PackageRoot.path)/docs/rq-jobs.md", encoding: .utf8)
        var verdicts: [String: Verdicts] = [:]
        for row in page.matches(of: /(?m)^\| `(\w+)` \|[^|]+\| (\w+) \| (\w+) \| (\w+) \| (\w+) \|[^|]+\|$/) {
            verdicts[String(row.1)] = [row.2, row.3, row.4, row.5].map(String.init)
        }
        return verdicts
    }

    @Test(arguments: PythonEnvironment.Edition.allCases)
    func `the script that queues the next run stops a horse that runs`(_ edition: PythonEnvironment.Edition)
        async throws
    {
        try await Self.withJob(in: "running", try PythonEnvironment(edition)) { server, job in
            let now = try #require(try server.command("TIME").array.first?.integer)
            let openRuns = #"[["\#(job)","q"]]"#
            try server.command("HSET", "rq:cron_job:a", "open_runs", openRuns)
            let keys: [any CommandPart] = [
                "rq:queues", "rq:queue:q", "rq:job:next", "rq:cron_job:a", "rq:cron_runs_log",
            ]
            let words: [any CommandPart] = ["next", "", "", "replace", openRuns, #"["next","q"]"#, "", now]
            let run: [any CommandPart] = Self.times(at: now) + ["rq:pubsub:", "", 1, 1, 1, "", "q"]
            let answer = try server.command(
                ["EVAL", CronScript.pushJob.source, 11] + keys + Self.keys(of: job) + words + run + ["origin", "q"])
            #expect(answer.array.compactMap(\.string) == ["+", "stopped", job])
            try await eventually("the end of the horse", within: .seconds(30)) {
                try server.command("HGET", "rq:job:\(job)", "status").string == "stopped"
            }
            #expect(try Self.verdict(on: job, at: now, server) == "over")
        }
    }

    /// Brings a job into a situation, and asks whether its run is still open.
    private static func verdicts(in situation: String, _ python: PythonEnvironment) async throws -> Verdicts {
        try await withJob(in: situation, python) { server, job in
            let verdicts = try ages.map { age in
                let now = try #require(try server.command("TIME").array.first?.integer)
                return try verdict(on: job, at: now + age, server)
            }
            try await checkOutcomes(in: situation, of: job, verdicts: verdicts, server)
            // A scheduler that comes to the next run now decides by the first of them.
            #expect(try await isRefused(beside: job, server) == (verdicts[0] != "over"), "\(situation)")
            return verdicts
        }
    }

    // MARK: Outcomes

    /// What becomes of the runs that are over at some time.
    private static let outcomes = [
        "expired": "expired", "list_deleted": "lost", "canceled": "canceled", "deleted": "deleted",
        "scheduled_late": "lost", "scheduled_missing": "lost", "popped_several": "lost", "popped_canceled": "canceled",
        "running": "lost", "running_simple_endless": "lost", "running_canceled": "canceled",
        "running_deleted": "deleted", "running_evicted": "deleted", "worker_killed": "lost",
        "worker_killed_alone": "lost", "worker_killed_alone_cleaned": "failed", "two_executions": "lost",
        "stopped": "stopped", "finished": "finished", "finished_late_heartbeat": "finished", "failed": "failed",
        "retry_scheduled": "lost", "abandoned_failed": "failed", "abandoned_late_retry_scheduled": "lost",
    ]

    /// Looks at the run as the leader does that keeps records of runs, at the same ages, and 16 s after a suspicion.
    private static func checkOutcomes(
        in situation: String, of job: String, verdicts: Verdicts, _ server: RedisServer
    ) async throws {
        let id = try #require(RQJobID(job))
        let start = Timestamp.now
        let run = TrackedRun(
            definition: DefinitionID("a"), jobID: id, planned: nil, at: start - .seconds(20), reason: .trigger,
            terms: RunTerms(
                queue: "q", resultTTL: 500, failureTTL: nil, ttl: situation == "expired" ? 1 : nil, retries: 1),
            history: nil)
        try await withStore(on: server) { store in
            for (age, verdict) in zip(ages, verdicts) {
                let now = start + .seconds(age)
                var look = RunToLookAt(run, memory: RunMemory(lastOpen: now - .seconds(3)), place: .open)
                let finding = try await store.look(at: [look], now: now)[0]
                switch verdict {
                case "over": #expect(finding.word == outcomes[situation], "\(situation) after \(age) s")
                case "suspect":
                    #expect(finding.word == "suspect", "\(situation) after \(age) s")
                    guard case .unclear(let memory) = finding else { continue }
                    look.memory = memory
                    let later = try await store.look(at: [look], now: now + .seconds(16))[0]
                    #expect(later.word == outcomes[situation], "\(situation) after \(age) s and 16 s")
                default: #expect(finding.word == "open", "\(situation) after \(age) s")
                }
            }
        }
    }

    private static func verdict(on job: String, at now: Int, _ server: RedisServer) throws -> String {
        let words: [any CommandPart] = [now] + times(at: now) + ["rq:job:", 1, 1, "", "q"]
        let reply = try server.command(["EVAL", CronScript.lookAtRuns.source, 6] + keys(of: job) + words)
        return try #require(reply.strings.first)
    }

    /// The keys of one run in queue `q`, as scripts take them.
    private static func keys(of job: String) -> [any CommandPart] {
        [
            "rq:job:\(job)", "rq:executions:\(job)", "rq:results:\(job)", "rq:queue:q", "rq:queue:q:intermediate",
            "rq:scheduled:q",
        ]
    }

    /// 60 s and 1,000 s before an instant.
    private static func times(at now: Int) -> [any CommandPart] {
        [60, 1_000].map { Timestamp(unixSeconds: Int64(now - $0)).wireFormat }
    }

    /// Keeps a job in a situation.
    private static func withJob<Result>(
        in situation: String, _ python: PythonEnvironment, _ body: (RedisServer, String) async throws -> Result
    ) async throws -> Result {
        try await withRedis { server in
            let stage = try python.start([script, server.socketURL, situation])
            defer { stage.kill() }
            try await stage.waitForOutput(containing: " ready", within: .seconds(60))
            let job = try #require(stage.output.split(separator: " ").first.map(String.init))
            let result = try await body(server, job)
            #expect(try await stage.terminate(within: .seconds(30)) == .exited(0), "\(stage.errors)")
            return result
        }
    }
}
