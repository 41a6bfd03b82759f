import TestSupport
import Testing

@testable import RedisCron

/// Jobs of which all that is sent is that they follow one run: what the script makes of them beside what it makes of the same
/// jobs when it is told of their run in full.
@Suite(.timeLimit(.minutes(1)))
struct FollowingBatchScriptTests {
    fileprivate typealias Job = GovernedBatch.Job

    /// What became of the run before.
    enum Before: String, CaseIterable {
        case finished, failed, stopped, canceled, deferred, gone, running, queued, lost, scheduled, deletedAtWork

        func make(on server: RedisServer) throws {
            let run = OpenRun()
            switch self {
            case .finished, .failed, .stopped, .canceled, .deferred: try run.make(rawValue, on: server)
            case .gone: break
            case .running: try run.makeRunning(on: server)
            case .queued: try run.makeQueued(on: server)
            case .lost: try run.makeLost(on: server)
            case .scheduled: try run.makeScheduled(on: server)
            case .deletedAtWork: try run.makeExecution(on: server)
            }
        }
    }

    /// What else is as it is not usually.
    enum Oddity: CaseIterable {
        case none, otherScore, otherVersion, noVersion, noDefinition, otherRuns, noRuns, jobExists, spoiledQueue,
            lastRun, limit, failures, anotherType

        fileprivate func change(_ job: inout Job) {
            switch self {
            case .noVersion: job.version = ""
            case .lastRun: (job.nextScore, job.deletion) = ("", "900")
            case .limit: job.limit = "7"
            case .failures: job.mostFailures = "1"
            default: break
            }
        }

        func change(_ server: RedisServer) throws {
            switch self {
            case .otherScore: try server.command("ZADD", "rq:cron_jobs", 101, "a")
            case .otherVersion: try server.command("HSET", "rq:cron_job:a", "updated_at", "v2")
            case .noVersion: try server.command("HDEL", "rq:cron_job:a", "updated_at")
            case .noDefinition: try server.command("DEL", "rq:cron_job:a")
            case .otherRuns: try server.command("HSET", "rq:cron_job:a", "open_runs", #"[["other","metrics"]]"#)
            case .noRuns: try server.command("HDEL", "rq:cron_job:a", "open_runs")
            case .jobExists: try server.command("HSET", "rq:job:job-1", "status", "finished")
            case .spoiledQueue: try server.command("SET", "rq:queue:metrics", "x")
            case .anotherType:
                try server.command("DEL", "rq:cron_job:a")
                try server.command("SET", "rq:cron_job:a", "x")
            case .none, .lastRun, .limit, .failures: break
            }
        }
    }

    @Test(arguments: Before.allCases, ["skip", "wait", "replace"])
    func `a job that follows one run is treated as if all of it were said`(before: Before, overlap: String)
        async throws
    {
        try await withRedis { server async throws in
            for oddity in Oddity.allCases {
                for isWhole in [false, true] {
                    let (brief, inFull) = (
                        try treat(isBrief: true, before, oddity, overlap, isWhole: isWhole, on: server),
                        try treat(isBrief: false, before, oddity, overlap, isWhole: isWhole, on: server)
                    )
                    #expect(brief.answer == inFull.answer, "\(oddity)")
                    #expect(brief.state == inFull.state, "\(oddity)")
                }
            }
        }
    }

    private func treat(
        isBrief: Bool, _ before: Before, _ oddity: Oddity, _ overlap: String, isWhole: Bool, on server: RedisServer
    ) throws -> (answer: GovernedBatch.Answer, state: [String: ServerReply]) {
        try server.command("FLUSHALL")
        try server.command("HSET", "sample", "status", "queued", "data", "f()")
        let dump = isWhole ? try server.command("DUMP", "sample") : nil
        try before.make(on: server)
        // The one behind it shows that its keys and arguments are found.
        var jobs = [Job(overlap: overlap, isBrief: isBrief), Job(id: "b", job: "job-2", overlap: overlap)]
        jobs[0].runs = [OpenRun()]
        jobs[1].runs = [OpenRun(job: "b-1")]
        oddity.change(&jobs[0])
        try OpenRun(job: "b-1").make("finished", on: server)
        try GovernedBatch.prepare(server, jobs, fields: ["waiting_since", "then"])
        try oddity.change(server)
        let answer = try GovernedBatch(jobs, dump: dump).send(to: server)
        return (answer, try server.dump())
    }

    @Test(arguments: ["finished", "failed", "stopped"])
    func `a run that has ended costs two reads and two writes`(status: String) async throws {
        try await withRedis { server async throws in
            try server.command("HSET", "sample", "status", "queued", "data", "f()")
            let dump = try server.command("DUMP", "sample")
            let run = try OpenRun().make(status, on: server)
            let job = Job(runs: [run])
            try GovernedBatch.prepare(server, [job])
            try server.command("CONFIG", "RESETSTAT")
            #expect(try GovernedBatch([job], dump: dump).send(to: server) == "+")
            for (command, calls) in ["hmget": 1, "hget": 1, "restore": 1, "hset": 1, "exists": 0, "zcount": 0] {
                #expect(try server.calls(command) == calls, "\(command)")
            }
            #expect(try server.field("open_runs") == Job.list([OpenRun(job: "job-1")]))
        }
    }

    @Test(arguments: ["lrem", "del"])
    func `where nothing is replaced nobody needs the rights to take runs out`(command: String) async throws {
        try await withRedis { server async throws in
            let job = Job(runs: [try OpenRun().makeQueued(on: server)])
            try GovernedBatch.prepare(server, [job])
            try server.command("ACL", "SETUSER", "default", "-\(command)")
            #expect(try GovernedBatch([job]).send(to: server) == "o")
        }
    }
}
