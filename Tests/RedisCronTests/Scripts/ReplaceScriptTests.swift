import TestSupport
import Testing

@testable import RedisCron

/// What overlap `replace` does with the runs that are open; see "Stopping and taking out a job" of docs/rq-jobs.md.
@Suite(.timeLimit(.minutes(1)))
struct ReplaceScriptTests {
    private typealias Job = GovernedBatch.Job
    private typealias Answer = GovernedBatch.Answer

    private func replace(_ runs: [OpenRun], on server: RedisServer) throws -> Answer {
        try GovernedBatch.send(Job(overlap: "replace", runs: runs), to: server)
    }

    private func replace(_ run: OpenRun, on server: RedisServer) throws -> Answer {
        try replace([run], on: server)
    }

    // MARK: Waiting runs

    @Test(arguments: [0, 999, 1_000, 2_500])
    func `a queued run is taken out of its list and deleted`(position: Int) async throws {
        try await withRedis { server async throws in
            let run = OpenRun()
            try run.make("queued", ["enqueued_at": OpenRun.halfAMinuteAgo], on: server)
            if position > 0 { try server.command(["RPUSH", run.list] + (0..<position).map { "x\($0)" }) }
            try server.command(["RPUSH", run.list, run.job] + (0..<500).map { "y\($0)" })
            try server.command("XADD", run.results, "*", "type", "4")
            #expect(try replace(run, on: server) == Answer(codes: "+", told: ["1", "removed", "prev"]))
            #expect(try server.command("EXISTS", run.key, run.results).integer == 0)
            #expect(try server.command("LPOS", run.list, "prev") == .null)
            #expect(try server.command("LLEN", run.list).integer == position + 501)
            #expect(try server.waiting().last == "job-1")
            #expect(try server.field("open_runs") == #"[["job-1","metrics"]]"#)
        }
    }

    @Test func `in a list too long to be searched the job is deleted and its id left`() async throws {
        try await withRedis { server async throws in
            let run = try OpenRun().make("queued", on: server)
            let others = (0..<1_500).map { "x\($0)" }
            try server.command(["RPUSH", run.list] + others + [run.job] + others)
            #expect(try replace(run, on: server) == Answer(codes: "+", told: ["1", "removed", "prev"]))
            #expect(try !run.exists(on: server))
            #expect(try server.command("LLEN", run.list).integer == 3_002)
        }
    }

    @Test func `a run that a worker has just popped from a long list is looked at again`() async throws {
        try await withRedis { server async throws in
            let run = try OpenRun().make("queued", on: server)
            try server.command(["RPUSH", run.list] + (0..<3_000).map { "x\($0)" })
            try server.command("RPUSH", run.intermediate, run.job)
            #expect(try replace(run, on: server) == "w")
            try server.command("DEL", run.intermediate)
            try run.makeExecution(on: server)
            #expect(try replace(run, on: server) == "w")
            #expect(try run.exists(on: server))
        }
    }

    @Test func `a scheduled run is deleted, and looked at once more since RQ may bring it back`() async throws {
        try await withRedis { server async throws in
            let run = try OpenRun().makeScheduled(on: server)
            #expect(try replace(run, on: server) == Answer(codes: "k", told: ["1", "removed", "prev"]))
            #expect(try !run.exists(on: server))
            #expect(try server.command("ZCARD", run.scheduled).integer == 0)
            #expect(try server.field("open_runs") == #"[["prev","metrics"],["job-1","metrics"]]"#)
            try run.makeQueued(on: server)
            let again = Job(job: "job-2", overlap: "replace", runs: [run, OpenRun(job: "job-1")])
            let told = ["1", "removed", "prev", "1", "removed", "job-1"]
            #expect(try GovernedBatch.send(again, to: server) == Answer(codes: "+", told: told))
            #expect(try server.waiting() == ["job-2"])
        }
    }

    @Test func `a retry of an abandoned run is taken out although the old execution seems to live`() async throws {
        try await withRedis { server async throws in
            let run = try OpenRun().makeQueued(on: server)
            try run.makeExecution(on: server)
            #expect(try replace(run, on: server).told == ["1", "removed", "prev"])
            let other = try OpenRun(job: "other").makeScheduled(on: server)
            try other.makeExecution(on: server)
            #expect(
                try GovernedBatch.send(Job(job: "job-2", overlap: "replace", runs: [other]), to: server).told
                    == ["1", "removed", "other"])
        }
    }

    // MARK: Runs on their way

    @Test func `a run on its way to a worker is looked at again at the given score`() async throws {
        try await withRedis { server async throws in
            let run = OpenRun()
            try run.make("queued", ["enqueued_at": OpenRun.halfAMinuteAgo], on: server)
            #expect(try replace(run, on: server) == "w")
            #expect(try server.indexScore() == "105")
            #expect(try server.field("next_enqueue_time") == "this")
            #expect(try server.field("waiting_since") == nil)
            #expect(try server.waiting() == [])
            try run.makeExecution(on: server)
            #expect(try replace(run, on: server) == "w")
            #expect(try run.exists(on: server))
        }
    }

    @Test(arguments: ["queued", "scheduled"])
    func `a suspect is looked at again, and is over 15 s later`(status: String) async throws {
        try await withRedis { server async throws in
            var run = try OpenRun().make(status, ["enqueued_at": OpenRun.whileAgo], on: server)
            #expect(try replace(run, on: server) == "w")
            run.mark = "suspect:\(OpenRun.now)"
            #expect(try server.field("open_runs") == Job.list([run]))
            run.mark = "suspect:\(OpenRun.now - 15)"
            #expect(try replace(run, on: server) == "+")
        }
    }

    @Test func `what can be taken out meanwhile is, and is not taken out twice`() async throws {
        try await withRedis { server async throws in
            let runs = [OpenRun(job: "on its way"), OpenRun()]
            try runs[0].make("queued", ["enqueued_at": OpenRun.halfAMinuteAgo], on: server)
            try runs[1].makeQueued(on: server)
            #expect(try replace(runs, on: server) == Answer(codes: "w", told: ["1", "removed", "prev"]))
            #expect(try server.field("open_runs") == Job.list([runs[0]]))
        }
    }

    // MARK: Running ones

    @Test func `the worker of a running one is told once, and the new run is queued at once`() async throws {
        try await withRedis { server async throws in
            var run = try OpenRun().makeRunning(on: server)
            let worker = try server.connect()
            try worker.command("SUBSCRIBE", "rq:pubsub:w1")
            #expect(try replace(run, on: server) == Answer(codes: "k", told: ["1", "stopped", "prev"]))
            #expect(
                try worker.readReply().strings == [
                    "message", "rq:pubsub:w1", #"{"command": "stop-job", "job_id": "prev"}"#,
                ])
            run.mark = "stop:\(OpenRun.now)"
            #expect(try server.field("open_runs") == Job.list([run, OpenRun(job: "job-1")]))
            #expect(try server.waiting() == ["job-1"])
            let again = Job(job: "job-2", overlap: "replace", runs: [run])
            #expect(try GovernedBatch.send(again, to: server) == "k")
            try worker.command("UNSUBSCRIBE", "rq:pubsub:w1")
        }
    }

    @Test func `nobody listens, and it still runs 30 s later: both are told`() async throws {
        try await withRedis { server async throws in
            var run = try OpenRun().makeRunning(on: server)
            #expect(try replace(run, on: server) == Answer(codes: "k", told: ["1", "unheard", "prev"]))
            for (age, told) in [(29, []), (30, ["1", "still", "prev"])] {
                try server.command("DEL", "rq:job:job-1")
                run.mark = "stop:\(OpenRun.now - age)"
                #expect(try replace(run, on: server) == Answer(codes: "k", told: told))
                #expect(try server.field("open_runs") == Job.list([run, OpenRun(job: "job-1")]))
            }
        }
    }

    @Test func `a canceled run that runs is stopped, one that has not begun is looked at again`() async throws {
        try await withRedis { server async throws in
            let run = try OpenRun().makeRunning(on: server, "canceled")
            try server.command("HSET", run.key, "started_at", OpenRun.longAgo, "enqueued_at", OpenRun.whileAgo)
            #expect(try replace(run, on: server) == "w")
            try server.command("HSET", run.key, "started_at", OpenRun.halfAMinuteAgo)
            #expect(try replace(run, on: server) == Answer(codes: "k", told: ["1", "unheard", "prev"]))
        }
    }

    @Test(arguments: ["deferred", "rate_limited", "started", nil])
    func `what nobody can end is left alone and not waited for`(status: String?) async throws {
        try await withRedis { server async throws in
            let run = OpenRun()
            if let status {
                try run.make(status, ["last_heartbeat": OpenRun.whileAgo], on: server)
            } else {
                try run.makeExecution(on: server)
            }
            #expect(try replace(run, on: server) == "k")
            #expect(try run.exists(on: server) == (status != nil))
        }
    }

    // MARK: Several

    @Test func `each job of a batch tells what it did under its number`() async throws {
        try await withRedis { server async throws in
            let runs = [OpenRun(job: "p1"), OpenRun(job: "p2"), OpenRun(job: "p3")]
            try runs[0].makeQueued(on: server)
            try runs[1].make("finished", on: server)
            try runs[2].makeRunning(on: server)
            let jobs = runs.enumerated().map { number, run in
                Job(id: "d\(number)", job: "job-\(number)", overlap: "replace", runs: [run])
            }
            try GovernedBatch.prepare(server, jobs)
            let answer = try GovernedBatch(jobs).send(to: server)
            #expect(answer == Answer(codes: "++k", told: ["1", "removed", "p1", "3", "unheard", "p3"]))
        }
    }

    @Test func `a run that sits in another queue with an execution left behind is looked up there`() async throws {
        try await withRedis { server async throws in
            let run = try OpenRun().make("queued", ["origin": "b"], on: server)
            try run.makeExecution(on: server)
            #expect(try replace(run, on: server) == "s")
            #expect(try server.field("open_runs") == #"[["prev","b"]]"#)
        }
    }

    @Test func `a server that is out of memory refuses before a run is stopped or taken out`() async throws {
        try await withRedis { server async throws in
            let runs = [OpenRun(job: "queued"), OpenRun()]
            try runs[0].makeQueued(on: server)
            try runs[1].makeRunning(on: server)
            let job = Job(overlap: "replace", runs: runs)
            try GovernedBatch.prepare(server, [job])
            let worker = try server.connect()
            try worker.command("SUBSCRIBE", "rq:pubsub:w1")
            try server.command("CONFIG", "SET", "maxmemory", "1")
            let before = try server.dump()
            #expect(throws: SupportError.self) { try GovernedBatch([job]).send(to: server) }
            #expect(try server.dump() == before)
            try server.command("CONFIG", "SET", "maxmemory", "0")
            #expect(
                try GovernedBatch([job]).send(to: server)
                    == Answer(codes: "k", told: ["1", "removed", "queued", "1", "stopped", "prev"]))
        }
    }

    @Test func `beside a queue of a million jobs a batch takes less than 2 ms`() async throws {
        try await withRedis { server async throws in
            let run = OpenRun()
            try server.command(
                "EVAL",
                """
                local page = {}
                for i = 1, 5000 do page[i] = '0b8f0a3c-5c4e-4f57-9a51-4d8b7a1' .. string.format('%05d', i) end
                for _ = 1, 200 do redis.call('RPUSH', KEYS[1], unpack(page)) end
                """, 1, run.list)
            let jobs = (0..<20).map { number in
                Job(id: "d\(number)", job: "job-\(number)", overlap: "replace", runs: [OpenRun(job: "prev-\(number)")])
            }
            // Others may have the processor meanwhile: the least of some batches tells.
            var searching: [Int] = []
            for _ in 0..<10 {
                for job in jobs {
                    try job.runs[0].make("queued", on: server)
                    try server.command("DEL", "rq:job:\(job.job)", "rq:cron_job:\(job.id)")
                }
                try GovernedBatch.prepare(server, jobs)
                try server.command("CONFIG", "RESETSTAT")
                let codes = try GovernedBatch(jobs).send(to: server).codes
                #expect(codes == String(repeating: "+", count: 10) + String(repeating: "h", count: 10))
                #expect(try server.calls("lpos") == 20)
                searching.append(try server.microseconds("lpos"))
            }
            #expect(searching.min() ?? .max < 2_000, "\(searching) µs")
        }
    }
}

extension RedisServer {
    /// How long Redis was busy with a command since the statistics were last reset.
    fileprivate func microseconds(_ command: String) throws -> Int {
        let statistics = try self.command("INFO", "commandstats").string ?? ""
        let line = statistics.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_\(command):") }
        return try #require(Int(line?.firstMatch(of: /usec=(\d+)/)?.1 ?? ""))
    }
}
