import TestSupport
import Testing

@testable import RedisCron

/// What a batch does with jobs whose definitions have an overlap policy, a limit or a bound of failures; `replace` has
/// tests of its own.
@Suite(.timeLimit(.minutes(1)))
struct GovernedBatchScriptTests {
    private typealias Job = GovernedBatch.Job
    private static let planned = ["next_enqueue_time", "2026-01-01T00:00:00.000000Z"]

    // MARK: Queueing

    @Test(arguments: ["skip", "wait", "replace"])
    func `without an open run a job is queued and recorded`(overlap: String) async throws {
        try await withRedis { server async throws in
            #expect(try GovernedBatch.send(Job(overlap: overlap), to: server) == "+")
            #expect(try server.command("HGETALL", "rq:job:job-1").textFields["status"] == "queued")
            #expect(try server.waiting() == ["job-1"])
            #expect(try server.command("SMEMBERS", "rq:queues").strings == ["rq:queue:metrics"])
            #expect(try server.indexScore() == "400")
            #expect(
                try server.command("HGETALL", "rq:cron_job:a").textFields == [
                    "updated_at": "v1", "latest_enqueue_time": OpenRun.nowText,
                    "next_enqueue_time": "2026-01-01T00:05:00.000000Z", "open_runs": #"[["job-1","metrics"]]"#,
                ])
        }
    }

    @Test(arguments: ["skip", "wait", "replace"])
    func `runs that are over make room, and the bytes of the record are those of the caller`(overlap: String)
        async throws
    {
        try await withRedis { server async throws in
            let runs = [OpenRun(), OpenRun(job: "gone")]
            try runs[0].make("finished", on: server)
            let job = Job(overlap: overlap, runs: runs)
            #expect(try GovernedBatch.send(job, to: server) == "+")
            #expect(try server.field("open_runs") == "[\(OpenRun(job: job.job).entry)]")
        }
    }

    @Test func `what is not recorded leaves the field as it is`() async throws {
        try await withRedis { server async throws in
            let job = Job(read: "[]", overlap: "allow", limit: "5", isRecorded: false)
            #expect(try GovernedBatch.send(job, to: server) == "+")
            #expect(try server.field("open_runs") == "[]")
            #expect(try server.field("run_count") == "1")
        }
    }

    @Test func `with overlap allow all that are not over are kept, and no list is searched`() async throws {
        try await withRedis { server async throws in
            let runs = ["1", "2", "3", "4"].map { OpenRun(job: $0) }
            try runs[0].makeRunning(on: server)
            try runs[1].makeLost(on: server)
            try runs[2].make("finished", on: server)
            try runs[3].makeExecution(on: server)
            let job = Job(overlap: "allow", mostFailures: "3", runs: runs)
            try server.command("CONFIG", "RESETSTAT")
            #expect(try GovernedBatch.send(job, to: server) == "k")
            let kept = GovernedBatch.Job.list([runs[0], runs[1], runs[3]]).dropLast()
            #expect(try server.field("open_runs") == "\(kept),\(OpenRun(job: job.job).entry)]")
            #expect(try server.calls("lpos") == 0)
        }
    }

    @Test func `the field holds eight runs, the oldest are dropped`() async throws {
        try await withRedis { server async throws in
            let runs = (1...8).map { OpenRun(job: "run-\($0)") }
            for run in runs { try run.makeRunning(on: server) }
            let job = Job(overlap: "allow", mostFailures: "3", runs: runs)
            #expect(try GovernedBatch.send(job, to: server) == "k")
            let field = try #require(try server.field("open_runs"))
            #expect(!field.contains("run-1"))
            #expect(field.hasPrefix(#"[["run-2","#) && field.hasSuffix(",\(OpenRun(job: job.job).entry)]"))
            #expect(field.matches(of: /run-/).count == 7)
        }
    }

    @Test(arguments: ["junk", "{}", "[]", "[[1,2]]", #"[["prev"]]"#])
    func `a field that nobody can read is written anew`(junk: String) async throws {
        try await withRedis { server async throws in
            let job = Job(read: junk)
            #expect(try GovernedBatch.send(job, to: server) == "+")
            #expect(try server.field("open_runs") == "[\(OpenRun(job: job.job).entry)]")
        }
    }

    @Test func `a hash that comes whole is queued as one that comes in fields`() async throws {
        try await withRedis { server async throws in
            try server.command("HSET", "sample", "status", "queued", "data", "whole")
            let dump = try server.command("DUMP", "sample")
            let jobs = [Job(), Job(id: "b", job: "job-2", mode: "move"), Job(id: "c", job: "job-3")]
            try GovernedBatch.prepare(server, jobs)
            #expect(try GovernedBatch(jobs, dump: dump).send(to: server) == "+a+")
            #expect(try server.command("HGET", "rq:job:job-3", "data").string == "whole")
            #expect(try server.waiting() == ["job-1", "job-3"])
        }
    }

    @Test func `a dump that the server does not take changes nothing, and takes nothing out`() async throws {
        try await withRedis { server async throws in
            let run = try OpenRun().makeQueued(on: server)
            let job = Job(overlap: "replace", runs: [run])
            try GovernedBatch.prepare(server, [job])
            let before = try server.dump()
            #expect(try GovernedBatch([job], dump: .bulk([1, 2, 3])).send(to: server) == "r")
            #expect(try server.dump() == before)
        }
    }

    @Test(arguments: ["f", "fg"])
    func `at the front the first of a batch is the first that a worker pops`(flags: String) async throws {
        try await withRedis { server async throws in
            try server.command("RPUSH", "rq:queue:metrics", "old")
            let jobs = (1...3).map { Job(id: "d\($0)", job: "job-\($0)") }
            try GovernedBatch.prepare(server, jobs)
            if flags == "fg" {
                #expect(try GovernedBatch(jobs, flags: flags).send(to: server) == "+++")
            } else {
                let keys: [any CommandPart] =
                    ["rq:cron_jobs:lock", "rq:cron_jobs", "rq:queues", "rq:cron_jobs:deletions"]
                    + ["rq:cron_runs_log", "rq:queue:metrics"]
                    + jobs.map { "rq:cron_job:\($0.id)" } + jobs.map { "rq:job:\($0.job)" }
                let header: [any CommandPart] = [
                    "t", OpenRun.nowText, "rq:cron_job:", "rq:job:", 1, 1, 3, OpenRun.now, "", "", "", "", "",
                    [UInt8](repeating: 0, count: 6), 1, "1", "100", "then", "400", 0,
                ]
                let template: [any CommandPart] = ["1", "", flags, 2, "status", "queued"]
                let rest = jobs.flatMap { _ in ["v1", "data", "f()"] as [any CommandPart] }
                #expect(try server.run(CronScript.enqueueBatch, keys: keys, header + template + rest).string == "+++")
            }
            #expect(try server.waiting() == ["job-1", "job-2", "job-3", "old"])
        }
    }

    // MARK: Fences

    @Test func `a job that is governed has all fences of one that is not`() async throws {
        try await withRedis { server async throws in
            let jobs = ["moved", "edited", "deleted", "string", "noted", "good"].map { Job(id: $0, job: "job-\($0)") }
            try GovernedBatch.prepare(server, jobs)
            try server.command("ZADD", "rq:cron_jobs", 101, "moved")
            try server.command("HSET", "rq:cron_job:edited", "updated_at", "v2")
            try server.command("DEL", "rq:cron_job:deleted")
            try server.command("SET", "rq:cron_job:string", "x")
            try server.command("HSET", "rq:cron_job:noted", "open_runs", #"[["new","metrics"]]"#)
            #expect(try GovernedBatch(jobs).send(to: server) == "mssss+")
            #expect(try server.waiting() == ["job-good"])
            var foreign = GovernedBatch(jobs)
            foreign.token = "other"
            #expect(try foreign.send(to: server) == "L")
        }
    }

    @Test func `old data without updated_at is fresh while it stays so`() async throws {
        try await withRedis { server async throws in
            let jobs = [Job(version: ""), Job(id: "b", job: "2", version: "")]
            try GovernedBatch.prepare(server, jobs)
            try server.command("HDEL", "rq:cron_job:a", "updated_at")
            #expect(try GovernedBatch(jobs).send(to: server) == "+s")
        }
    }

    @Test func `a planned time whose job exists is named, and nothing is done`() async throws {
        try await withRedis { server async throws in
            let run = try OpenRun(job: "job-1").makeQueued(on: server)
            let job = Job(runs: [run])
            try GovernedBatch.prepare(server, [job])
            let before = try server.dump()
            #expect(try GovernedBatch([job]).send(to: server) == "d")
            #expect(try server.dump() == before)
        }
    }

    @Test func `the job itself is no run that it waits for`() async throws {
        try await withRedis { server async throws in
            let own = OpenRun(job: "job-1")
            try own.makeExecution(on: server)
            let job = Job(runs: [own])
            #expect(try GovernedBatch.send(job, to: server) == "+")
            #expect(try server.field("open_runs") == "[\(OpenRun(job: job.job).entry)]")
        }
    }

    @Test func `a queue whose key holds no list stops its jobs before their runs are looked at`() async throws {
        try await withRedis { server async throws in
            let job = Job(limit: "9")
            try GovernedBatch.prepare(server, [job])
            try server.command("SET", "rq:queue:metrics", "x")
            let before = try server.dump()
            #expect(try GovernedBatch([job]).send(to: server) == "q")
            #expect(try server.dump() == before)
        }
    }

    // MARK: Skip and wait

    @Test func `skip refuses while a run is open, and moves the schedule`() async throws {
        try await withRedis { server async throws in
            let run = try OpenRun().makeRunning(on: server)
            let job = Job(runs: [run])
            #expect(try GovernedBatch.send(job, to: server, fields: ["waiting_since", "then"]) == "o")
            #expect(try !server.command("EXISTS", "rq:job:job-1").isTrue)
            #expect(try server.indexScore() == "400")
            #expect(
                try server.command("HGETALL", "rq:cron_job:a").textFields == [
                    "updated_at": "v1", "next_enqueue_time": job.next, "open_runs": job.openRuns,
                ])
        }
    }

    @Test func `skip says so when it dropped a run that is over`() async throws {
        try await withRedis { server async throws in
            let runs = [OpenRun(job: "over"), OpenRun()]
            try runs[1].makeRunning(on: server)
            #expect(try GovernedBatch.send(Job(runs: runs), to: server) == "O")
            #expect(try server.field("open_runs") == Job.list([runs[1]]))
        }
    }

    @Test func `a suspect refuses at the first look, is kept as it is at the next, and is over after 15 s`()
        async throws
    {
        try await withRedis { server async throws in
            var run = try OpenRun().makeLost(on: server)
            #expect(try GovernedBatch.send(Job(runs: [run]), to: server) == "O")
            run.mark = "suspect:\(OpenRun.now)"
            #expect(try server.field("open_runs") == Job.list([run]))
            #expect(try GovernedBatch.send(Job(runs: [run]), to: server) == "o")
            run.mark = "suspect:\(OpenRun.now - 15)"
            #expect(try GovernedBatch.send(Job(runs: [run]), to: server) == "+")
        }
    }

    @Test func `a suspect that is found again loses its mark`() async throws {
        try await withRedis { server async throws in
            let run = try OpenRun(mark: "suspect:\(OpenRun.now - 60)").makeRunning(on: server)
            #expect(try GovernedBatch.send(Job(runs: [run]), to: server) == "O")
            #expect(try server.field("open_runs") == Job.list([OpenRun()]))
        }
    }

    @Test func `wait keeps the planned time, notes since when, and looks again at the given score`() async throws {
        try await withRedis { server async throws in
            let run = try OpenRun().makeRunning(on: server)
            let job = Job(overlap: "wait", runs: [run])
            #expect(try GovernedBatch.send(job, to: server) == "w")
            #expect(try server.indexScore() == "105")
            #expect(try server.field("next_enqueue_time") == "this")
            #expect(try server.field("waiting_since") == OpenRun.nowText)
            try server.command("HSET", "rq:cron_job:a", "waiting_since", "earlier")
            #expect(try GovernedBatch.send(job, to: server) == "w")
            #expect(try server.field("waiting_since") == "earlier")
            try run.make("finished", on: server)
            #expect(try GovernedBatch.send(job, to: server) == "+")
            #expect(try server.field("waiting_since") == nil)
            #expect(try server.field("next_enqueue_time") == job.next)
        }
    }

    @Test(arguments: ["skip", "wait", "replace"])
    func `a run in another queue is noted there, and read again`(overlap: String) async throws {
        try await withRedis { server async throws in
            let runs = [OpenRun(job: "other", mark: "stop:5"), OpenRun()]
            try runs[0].makeRunning(on: server)
            try runs[1].make("queued", ["origin": "b/c", "enqueued_at": OpenRun.whileAgo], on: server)
            #expect(try GovernedBatch.send(Job(overlap: overlap, runs: runs), to: server) == "s")
            #expect(
                try server.field("open_runs") == #"[["other","metrics","stop:5"],["prev","b\/c"]]"#)
            #expect(try server.indexScore() == "100")
            #expect(try server.waiting() == [])
        }
    }

    @Test(arguments: ["skip", "wait", "replace"])
    func `jobs that need more than twenty searches are handed back untouched`(overlap: String) async throws {
        try await withRedis { server async throws in
            try server.command("RPUSH", OpenRun().intermediate, "x")
            try server.command("RPUSH", OpenRun().list, "x")
            let jobs = (0..<12).map { number in
                Job(id: "d\(number)", job: "job-\(number)", overlap: overlap, runs: [OpenRun(job: "prev-\(number)")])
            }
            for job in jobs { try job.runs[0].makeLost(on: server) }
            try GovernedBatch.prepare(server, jobs)
            let before = try server.command("DUMP", "rq:cron_job:d11")
            try server.command("CONFIG", "RESETSTAT")
            let code = overlap == "skip" ? "O" : "w"
            #expect(try GovernedBatch(jobs).send(to: server).codes == String(repeating: code, count: 10) + "hh")
            #expect(try server.calls("lpos") == 20)
            #expect(try server.command("DUMP", "rq:cron_job:d11") == before)
            #expect(try server.indexScore(of: "d11") == "100")
        }
    }

    // MARK: Moving, limits and the end

    @Test func `a schedule can be moved without a job`() async throws {
        try await withRedis { server async throws in
            let job = Job(mode: "move", deletion: "900")
            #expect(try GovernedBatch.send(job, to: server, fields: ["waiting_since", "x"]) == "a")
            #expect(try server.indexScore() == "400")
            #expect(try server.field("next_enqueue_time") == job.next)
            #expect(try server.field("waiting_since") == nil)
            #expect(try server.deletionScore() == nil)
        }
    }

    @Test(arguments: ["move", "run"], ["900", ""])
    func `without a further time a definition is finished, and may be deleted later`(mode: String, deletion: String)
        async throws
    {
        try await withRedis { server async throws in
            let job = Job(next: GovernedBatch.never, nextScore: "", mode: mode, deletion: deletion)
            #expect(try GovernedBatch.send(job, to: server, fields: Self.planned).codes == (mode == "move" ? "a" : "+"))
            #expect(try server.indexScore() == nil && server.field("next_enqueue_time") == GovernedBatch.never)
            #expect(try server.field("last_planned_time") == Self.planned[1])
            #expect(try server.deletionScore() == (deletion.isEmpty ? nil : deletion))
        }
    }

    @Test func `a refusal of the last time finishes as well`() async throws {
        try await withRedis { server async throws in
            let job = Job(
                next: GovernedBatch.never, nextScore: "", deletion: "900", runs: [try OpenRun().makeRunning(on: server)]
            )
            #expect(try GovernedBatch.send(job, to: server, fields: Self.planned) == "o")
            #expect(try server.indexScore() == nil && server.deletionScore() == "900")
            #expect(try server.field("last_planned_time") == Self.planned[1])
        }
    }

    @Test func `exactly as many runs are queued as the limit says`() async throws {
        try await withRedis { server async throws in
            for (number, code) in ["+", "+", "F", "l"].enumerated() {
                let read = try server.field("open_runs") ?? ""
                let job = Job(job: "job-\(number)", read: read, limit: "3", deletion: "900")
                #expect(try GovernedBatch.send(job, to: server).codes == code)
                #expect(try server.field("run_count") == String(min(number + 1, 3)))
                #expect(try server.indexScore() == (number < 2 ? "400" : nil))
                #expect(try server.deletionScore() == (number < 2 ? nil : "900"))
                #expect(try (server.field("next_enqueue_time") == GovernedBatch.never) == (number >= 2))
            }
            #expect(try server.command("LLEN", "rq:queue:metrics").integer == 3)
        }
    }

    @Test func `what was found queued before counts not`() async throws {
        try await withRedis { server async throws in
            try OpenRun(job: "job-1").make("finished", on: server)
            #expect(try GovernedBatch.send(Job(limit: "1"), to: server) == "d")
            #expect(try server.field("run_count") == nil)
        }
    }

    // MARK: Failures

    @Test func `failures in a row are counted as runs are dropped, a success begins anew, others leave the count`()
        async throws
    {
        try await withRedis { server async throws in
            let ends = ["failed", "finished", "failed", "stopped", "failed"]
            let runs = ends.indices.map { OpenRun(job: "run-\($0)") }
            for (run, end) in zip(runs, ends) { try run.make(end, on: server) }
            let job = Job(overlap: "allow", mostFailures: "3", runs: runs + [OpenRun(job: "gone")])
            #expect(try GovernedBatch.send(job, to: server, fields: ["failure_count", "1"]) == "+")
            #expect(try server.field("failure_count") == "2")
            let next = Job(
                job: "job-2", read: try server.field("open_runs"), overlap: "allow", mostFailures: "3",
                runs: [OpenRun(job: "job-1")])
            try server.command("HSET", "rq:job:job-1", "status", "finished")
            #expect(try GovernedBatch.send(next, to: server) == "+")
            #expect(try server.field("failure_count") == "0")
        }
    }

    @Test(arguments: ["allow", "skip", "replace"])
    func `too many failures in a row pause a definition and announce it`(overlap: String) async throws {
        try await withRedis { server async throws in
            let runs = [OpenRun(job: "failed"), OpenRun()]
            try runs[0].make("failed", on: server)
            try runs[1].makeQueued(on: server)
            let job = Job(overlap: overlap, mostFailures: "2", runs: runs)
            let listener = try server.connect()
            try listener.command("SUBSCRIBE", "rq:cron_jobs:events")
            let fields = ["failure_count", "1", "enabled", "1", "waiting_since", "x", "paused_until", "y"]
            #expect(try GovernedBatch.send(job, to: server, fields: fields) == "p")
            #expect(
                try server.command("HGETALL", "rq:cron_job:a").textFields == [
                    "updated_at": OpenRun.nowText, "next_enqueue_time": "this", "open_runs": Job.list([runs[1]]),
                    "enabled": "0", "paused_at": OpenRun.nowText, "pause_note": "note of a",
                ])
            #expect(try server.indexScore() == nil)
            #expect(try server.waiting() == ["prev"])
            #expect(try listener.readReply().strings == ["message", "rq:cron_jobs:events", "event of a"])
        }
    }

    @Test func `without a bound nobody counts`() async throws {
        try await withRedis { server async throws in
            let run = try OpenRun().make("failed", on: server)
            #expect(try GovernedBatch.send(Job(runs: [run]), to: server) == "+")
            #expect(try server.field("failure_count") == nil)
        }
    }

    // MARK: Refusals of Redis

    @Test func `finished definitions under a key of another type are an error, and nothing is written`() async throws {
        try await withRedis { server async throws in
            try GovernedBatch.prepare(server, [Job()])
            try server.command("SET", "rq:cron_jobs:deletions", "x")
            let before = try server.dump()
            let error = #expect(throws: SupportError.self) { try GovernedBatch([Job()]).send(to: server) }
            #expect(error?.description.contains("rq:cron_jobs:deletions holds a string, not a zset") == true)
            #expect(try server.dump() == before)
        }
    }

    @Test(arguments: ["hmget", "hdel", "zcount", "llen", "lpos", "zscore", "lrem", "del", "publish", "lpush"])
    func `a right that is missing stops a batch before it writes anything`(command: String) async throws {
        try await withRedis { server async throws in
            let job = Job(overlap: "replace", runs: [try OpenRun().makeQueued(on: server)])
            try GovernedBatch.prepare(server, [job])
            try server.command("ACL", "SETUSER", "default", "-\(command)")
            let before = try server.dump()
            let error = #expect(throws: SupportError.self) { try GovernedBatch([job], flags: "fg").send(to: server) }
            #expect(error?.description.contains(command.uppercased()) == true)
            #expect(try server.dump() == before)
        }
    }

    @Test(
        arguments: [
            OpenRun().key, OpenRun().executions, OpenRun().intermediate, OpenRun().scheduled, OpenRun().results,
        ], ["skip", "wait", "replace"])
    func `a key of another type counts as an empty one and breaks nothing`(key: String, overlap: String) async throws {
        try await withRedis { server async throws in
            let run = try OpenRun(mark: "suspect:\(OpenRun.now - 20)").makeLost(on: server)
            try server.command("SET", key, "x")
            #expect(try GovernedBatch.send(Job(overlap: overlap, runs: [run]), to: server) == "+")
        }
    }
}

extension ServerReply {
    fileprivate var isTrue: Bool { integer == 1 }
}
