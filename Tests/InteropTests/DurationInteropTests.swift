import RQWire
import RedisCron
import TestSupport
import Testing

/// The bounds of durations, held against real workers of RQ and against Redis.
@Suite(.timeLimit(.minutes(5)))
struct DurationInteropTests {
    private static let longestKept = 250_000_000_000

    /// What a worker makes of a job whose hash has another value of one field.
    private func status(
        of function: String, with field: String, _ value: Int, _ peer: Peer
    ) async throws -> (status: String?, server: RedisServer, job: String) {
        let job = try await withScheduler(on: peer.server) { scheduler in
            try await scheduler.register(functionName: function, queueName: "q", id: "a", interval: .seconds(1000))
                .enqueue()
        }
        try peer.server.command("HSET", "rq:job:\(job)", field, value)
        try await peer.work("q")
        return (try peer.server.command("HGET", "rq:job:\(job)", "status").string, peer.server, job)
    }

    @Test(arguments: PythonEnvironment.Edition.allCases)
    func `a worker runs a job with the longest durations that are taken`(
        edition: PythonEnvironment.Edition
    ) async throws {
        try await withRedis { server in
            let peer = try Peer(edition, on: server)
            try await withScheduler(on: server) { scheduler in
                for (id, function) in [("good", "app.tasks.rebuild"), ("bad", "app.tasks.fail")] {
                    try await scheduler.register(
                        functionName: function, queueName: "q", id: id, interval: .seconds(1000),
                        jobTimeout: .seconds(Int32.max),
                        resultTTL: .seconds(Self.longestKept), ttl: .seconds(Self.longestKept),
                        failureTTL: .seconds(Self.longestKept))
                }
                try await whileRunning(scheduler) {
                    try await eventually("both are queued") { try server.command("LLEN", "rq:queue:q").integer == 2 }
                }
            }
            let jobs = try server.command("LRANGE", "rq:queue:q", 0, -1).strings
            try await peer.work("q")
            for job in jobs {
                let hash = try server.command("HGETALL", "rq:job:\(job)").textFields
                #expect(hash["status"] == (hash["description"]?.contains("fail") == true ? "failed" : "finished"))
                for key in ["rq:job:\(job)", "rq:results:\(job)"] {
                    let left = try server.command("TTL", key).integer ?? 0
                    #expect(left > Self.longestKept - 3600, "\(key) \(left)")
                }
            }
            // And the time of their end is one that Python can tell.
            let last = try server.command("ZRANGE", "rq:finished:q", 0, -1, "WITHSCORES").strings.last
            let program = "import datetime as d, sys; d.datetime.fromtimestamp(float(sys.argv[1]), d.timezone.utc)"
            try await peer.python.run(["-c", program, try #require(last)])
        }
    }

    @Test(arguments: PythonEnvironment.Edition.allCases)
    func `a worker fails at what is refused`(edition: PythonEnvironment.Edition) async throws {
        for (function, field, value) in [
            ("app.tasks.rebuild", "timeout", 2_147_483_648), ("app.tasks.rebuild", "result_ttl", Int.max),
        ] {
            try await withRedis { server in
                let seen = try await status(of: function, with: field, value, try Peer(edition, on: server))
                #expect(seen.status == "failed", "\(field)")
            }
        }
        // Neither loses its job, but both what became of it.
        for (function, field) in [("app.tasks.rebuild", "result_ttl"), ("app.tasks.fail", "failure_ttl")] {
            try await withRedis { server in
                let seen = try await status(of: function, with: field, -2, try Peer(edition, on: server))
                #expect(seen.status != nil)
                #expect(try server.command("EXISTS", "rq:results:\(seen.job)").integer == 0, "\(field)")
            }
        }
    }

    @Test func `a duration in a hash that no worker can take makes a bad definition`() async throws {
        try await withRedis { server in
            for (field, value) in [
                ("job_timeout", "3000000000"), ("job_timeout", "-2"), ("result_ttl", "9223372036854775807"),
                ("failure_ttl", "9223372036854775807"), ("failure_ttl", "-2"), ("ttl", "9223372036854775807"),
                ("result_ttl", "9223372036854775808"), ("interval", "9223372036854775807"),
            ] {
                try await withScheduler(on: server) { scheduler in
                    try await scheduler.register(
                        functionName: "app.tasks.rebuild", queueName: "q", id: "a", interval: .seconds(1000))
                    try server.command("HSET", "rq:cron_job:a", field, value)
                    let unreadable = try await scheduler.connection.inventory().unreadable
                    #expect(unreadable.map(\.field) == [field], "\(field) \(value)")
                    #expect(unreadable.first?.reason.isEmpty == false)
                    #expect(try await scheduler.enqueueJobs().isEmpty)
                    #expect(try server.command("EXISTS", "rq:queue:q").integer == 0)
                }
            }
        }
    }
}
