import RQWire
import RedisCron
import TestSupport
import Testing

/// RQ's own options of a job, sent by us and obeyed by real workers.
@Suite(.timeLimit(.minutes(5)))
struct JobOptionInteropTests {
    // MARK: Field by field

    /// Options as `Queue.enqueue` takes them, and the same of a definition.
    private static func examples(
        _ edition: PythonEnvironment.Edition
    ) -> [(options: JSONObject, change: @Sendable (inout CallSpec) -> Void)] {
        let webhook = JobWebhook(
            url: "https://example.com/a?b=c", event: .failed, method: .post, headers: ["A": "ä", "B": "c"],
            timeout: .seconds(3))
        var examples: [(JSONObject, @Sendable (inout CallSpec) -> Void)] = [
            ([:], { _ in }),
            (["retry": ["max": 2]], { $0.retry = JobRetry(max: 2) }),
            (
                ["retry": ["max": 3, "intervals": [10, 60]]],
                { $0.retry = JobRetry(max: 3, intervals: [.seconds(10), .seconds(60)]) }
            ),
            (["on_success": "app.tasks.succeeded"], { $0.onSuccess = "app.tasks.succeeded" }),
            (
                ["on_failure": "app.tasks.failed", "on_stopped": "app.tasks.stopped"],
                {
                    $0.onFailure = "app.tasks.failed"
                    $0.onStopped = "app.tasks.stopped"
                }
            ),
            (
                ["description": "nightly", "at_front": true],
                {
                    $0.jobDescription = "nightly"
                    $0.atFront = true
                }
            ),
        ]
        // RQ 2.8 has none to compare with.
        if edition != .rq28 {
            examples.append((["webhooks": [webhook.json]], { $0.webhooks = [webhook] }))
            examples.append(
                (
                    ["webhooks": [["url": "http://h", "job_status": "finished"], webhook.json], "retry": ["max": 1]],
                    {
                        $0.webhooks = [JobWebhook(url: "http://h", event: .finished), webhook]
                        $0.retry = JobRetry(max: 1)
                    }
                ))
        }
        return examples
    }

    @Test(arguments: PythonEnvironment.Edition.allCases)
    func `a job has the very fields that RQ gives one with the same options`(
        edition: PythonEnvironment.Edition
    ) async throws {
        try await withRedis(RawHash.keepsOrder) { server in
            let peer = try Peer(edition, on: server)
            let examples = Self.examples(edition)
            try await peer.ask(
                examples.enumerated().map { index, example in
                    var request: JSONObject = [
                        "do": "enqueue", "func": "app.tasks.rebuild", "queue": "q", "args": [1],
                        "job_id": .string("python-\(index)"), "job_timeout": 180, "result_ttl": 500,
                    ]
                    for entry in example.options.entries { request[entry.key] = entry.value }
                    return request
                })
            try await withScheduler(on: server) { scheduler in
                var triggered: [String] = []
                for (index, example) in examples.enumerated() {
                    var call = CallSpec("app.tasks.rebuild", queue: "q", args: [1])
                    example.change(&call)
                    let job = try await scheduler.connection.register(
                        id: "\(index)", call: call, schedule: .every(.seconds(3600)))
                    triggered.append(try await job.enqueue())
                }
                try await whileRunning(scheduler) {
                    try await eventually("all are queued") {
                        try server.command("LLEN", "rq:queue:q").integer == examples.count * 3
                    }
                }
                for (index, example) in examples.enumerated() {
                    let their = RawHash(try server.command("HGETALL", "rq:job:python-\(index)"))
                    let planned = try Self.firstJob(of: "\(index)", on: server)
                    for job in [triggered[index], planned] {
                        let our = RawHash(try server.command("HGETALL", "rq:job:\(job)"))
                        let differences = our.differences(from: their, loosely: ["created_at", "enqueued_at", "data"])
                        #expect(differences == [], "\(example.options)")
                    }
                    let inOrder = RawHash(try server.command("HGETALL", "rq:job:\(triggered[index])"))
                    #expect(inOrder.names == their.names, "\(example.options)")
                }
            }
        }
    }

    /// The id of the job of an interval's first run.
    private static func firstJob(of id: String, on server: RedisServer) throws -> String {
        let created = try server.command("HGET", "rq:cron_job:\(id)", "created_at").string ?? ""
        let time = try Timestamp(parsing: created)
        return Array(id.utf8).withUnsafeBufferPointer { RQJobID.planned(definition: $0, at: time).description }
    }

    // MARK: With real workers

    /// Registers calls, lets our scheduler queue each once, and has a worker with RQ's scheduler at work meanwhile.
    private func atWork<Result: Sendable>(
        _ calls: [String: CallSpec], _ peer: Peer,
        _ body: (_ jobs: [String: String], _ worker: ChildProcess) async throws -> Result
    ) async throws -> Result {
        let server = peer.server
        let worker = try peer.python.start(
            ["-m", "rq.cli", "worker", "--with-scheduler", "--url", server.socketURL, "q"],
            environment: peer.environment)
        defer { worker.kill() }
        do {
            return try await withScheduler(on: server) { scheduler in
                var jobs: [String: String] = [:]
                for (id, call) in calls.sorted(by: { $0.key < $1.key }) {
                    try await scheduler.connection.register(id: id, call: call, schedule: .every(.seconds(3600)))
                    jobs[id] = try Self.firstJob(of: id, on: server)
                }
                return try await whileRunning(scheduler) { [jobs] in try await body(jobs, worker) }
            }
        } catch {
            throw SupportError("\(error); the worker wrote:\n\(worker.errors)\(worker.output)")
        }
    }

    private func wait(_ job: String?, for status: String, on server: RedisServer) async throws {
        let key = "rq:job:\(try #require(job))"
        try await eventually("\(key) is \(status)", within: .seconds(60)) {
            try server.command("HGET", key, "status").string == status
        }
    }

    @Test(arguments: PythonEnvironment.Edition.allCases)
    func `a worker tries again, at once and after a pause, and calls back at each try`(
        edition: PythonEnvironment.Edition
    ) async throws {
        try await withRedis { server in
            let peer = try Peer(edition, on: server)
            func failing(_ times: Int, _ retry: JobRetry) -> CallSpec {
                CallSpec(
                    "app.tasks.fail_times", queue: "q", args: [.int(times)], retry: retry,
                    onSuccess: "app.tasks.succeeded", onFailure: "app.tasks.failed")
            }
            let calls = [
                "at once": failing(2, JobRetry(max: 2)),
                "pause": failing(1, JobRetry(max: 1, intervals: [.seconds(1)])),
                "in vain": failing(9, JobRetry(max: 1)),
            ]
            try await atWork(calls, peer) { jobs, _ in
                try await wait(jobs["at once"], for: "finished", on: server)
                try await wait(jobs["pause"], for: "finished", on: server)
                try await wait(jobs["in vain"], for: "failed", on: server)
                let callbacks = try server.command("LRANGE", "callbacks", 0, -1).strings
                for (id, tries, failures, ends) in [("at once", 3, 2, 1), ("pause", 2, 1, 1), ("in vain", 2, 2, 0)] {
                    let job = try #require(jobs[id])
                    #expect(try server.command("GET", "tries:\(job)").string == "\(tries)", "\(id)")
                    #expect(callbacks.count { $0 == "failure \(job) RuntimeError" } == failures, "\(id)")
                    #expect(callbacks.count { $0 == "success \(job)" } == ends, "\(id)")
                }
            }
        }
    }

    @Test(arguments: PythonEnvironment.Edition.allCases)
    func `a worker calls back when a job is stopped`(edition: PythonEnvironment.Edition) async throws {
        try await withRedis { server in
            let peer = try Peer(edition, on: server)
            let call = CallSpec("app.tasks.nap", queue: "q", args: [60], onStopped: "app.tasks.stopped")
            try await atWork(["nap": call], peer) { jobs, _ in
                try await wait(jobs["nap"], for: "started", on: server)
                // A horse that was not forked yet cannot be stopped.
                try await eventually("the horse is at work") {
                    try server.command("EXISTS", "napping").integer == 1
                }
                try await peer.ask(["do": "stop", "id": .string(jobs["nap"] ?? "")])
                try await wait(jobs["nap"], for: "stopped", on: server)
                #expect(try server.command("LRANGE", "callbacks", 0, -1).strings == ["stopped \(jobs["nap"] ?? "")"])
            }
        }
    }

    @Test(arguments: PythonEnvironment.Edition.allCases)
    func `a function gets the time for which its run was planned`(edition: PythonEnvironment.Edition) async throws {
        try await withRedis { server in
            let peer = try Peer(edition, on: server)
            let call = CallSpec(
                "app.tasks.rebuild", queue: "q", args: [1], kwargs: ["deep": true], jobDescription: "nightly",
                plannedTimeArgument: "planned_at")
            try await atWork(["a": call], peer) { jobs, _ in
                let job = try #require(jobs["a"])
                try await wait(job, for: "finished", on: server)
                let planned = try server.command("HGET", "rq:cron_job:a", "created_at").string ?? ""
                #expect(try peer.calls()[job]?.kwargs == "{'deep': True, 'planned_at': '\(planned)'}")
                #expect(try server.command("HGET", "rq:job:\(job)", "description").string == "nightly")
            }
        }
    }

    @Test(arguments: PythonEnvironment.Edition.allCases)
    func `a worker sends the webhooks of its jobs, one of RQ 2.8 keeps them`(
        edition: PythonEnvironment.Edition
    ) async throws {
        try await withRedis { server in
            let peer = try Peer(edition, on: server)
            let sink = try peer.python.start(["\(PythonEnvironment.scripts)/webhook_sink.py"])
            defer { sink.kill() }
            try await sink.waitForOutput(containing: "\n", within: .seconds(60))
            let port = try #require(sink.output.split(separator: "\n").first)
            let url = "http://127.0.0.1:\(port)"
            let webhooks = [
                JobWebhook(url: "\(url)/good?a=b", event: .finished),
                JobWebhook(url: "\(url)/bad", event: .failed, method: .post, headers: ["X-Token": "t"]),
            ]
            let calls = [
                "good": CallSpec("app.tasks.rebuild", queue: "q", webhooks: webhooks),
                "bad": CallSpec("app.tasks.fail", queue: "q", retry: JobRetry(max: 1), webhooks: webhooks),
            ]
            try await atWork(calls, peer) { jobs, _ in
                try await wait(jobs["good"], for: "finished", on: server)
                try await wait(jobs["bad"], for: "failed", on: server)
                guard edition != .rq28 else {
                    for job in jobs.values {
                        let kept = try server.command("HGET", "rq:job:\(job)", "webhooks").string ?? ""
                        #expect(kept.contains("\(url)/good"))
                    }
                    return
                }
                // Jobs are done in any order, and each webhook is sent once, after the last retry.
                try await eventually("both are sent", within: .seconds(30)) {
                    sink.output.split(separator: "\n").count == 3
                }
                let requests = try sink.output.split(separator: "\n").dropFirst().map { line in
                    try JSONValue(parsing: String(line))
                }
                let good = try #require(requests.first { $0["path"]?.string == "/good?a=b" })
                #expect(good["method"]?.string == "GET" && good["body"] == .null && good["token"] == .null)
                let bad = try #require(requests.first { $0["path"]?.string == "/bad" })
                #expect(bad["method"]?.string == "POST" && bad["token"]?.string == "t")
                #expect(bad["body"]?["job_id"]?.string == jobs["bad"] && bad["body"]?["status"]?.string == "failed")
            }
        }
    }

    @Test(arguments: [
        ("http://user:secret@127.0.0.1:1/", false), ("http://127.0.0.1:1/ä", false), ("http://127.0.0.1:x/", false),
        ("http://:1/", false), ("HTTP://127.0.0.1:1/", true), ("http://[::1]:1?a=b", true),
    ])
    func `urlopen cannot send what is refused`(url: String, canBeSent: Bool) async throws {
        let code = """
            import sys, urllib.request
            try:
                urllib.request.urlopen(urllib.request.Request(sys.argv[1]), timeout=5)
            except Exception as error:
                print(repr(error))
            """
        let complaint = try await PythonEnvironment().run(["-c", code, url])
        // Nobody listens, so what reaches the network is refused there.
        let isSent = complaint.contains("refused") || complaint.contains("Errno 99") || complaint.contains("Errno 97")
        #expect(isSent == canBeSent, "\(complaint)")
        let call = CallSpec("m.f", queue: "q", webhooks: [JobWebhook(url: url, event: .failed)])
        let isTaken = (try? RedisCronJob(id: "a", call: call, schedule: .every(.seconds(1)))) != nil
        #expect(isTaken == canBeSent)
    }
}
