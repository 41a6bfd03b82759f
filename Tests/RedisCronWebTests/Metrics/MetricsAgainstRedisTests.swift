import RQWire
import RedisCron
import TestSupport
import Testing

@testable import RedisCronWeb

/// Metrics against what Redis and RQ's workers say of the same.
@Suite(.timeLimit(.minutes(3)))
struct MetricsAgainstRedisTests {
    private func register(
        _ id: String, _ function: String, on connection: RedisCronConnection, args: [JSONValue] = [],
        policy: RunPolicy = RunPolicy(), isDue: Bool = true
    ) async throws -> RedisCronJob {
        // An interval that never ran is due at once.
        let schedule: ScheduleSpec = isDue ? .every(.seconds(86_400)) : .cron("0 0 1 1 *", timeZone: "UTC")
        return try await connection.register(
            id: id, call: CallSpec(function, queue: "q", args: args), schedule: schedule, policy: policy)
    }

    @Test func `what was queued and what became of it is what Redis has, in both forms`() async throws {
        try await withRedis { server in
            let measured = try MeasuredScheduler(server)
            try await measured.whileRunning {
                let connection = measured.connection
                for number in 0..<3 { _ = try await register("good \(number)", "app.tasks.rebuild", on: connection) }
                _ = try await register("bad", "app.tasks.fail", on: connection)
                _ = try await register("later", "app.tasks.rebuild", on: connection, isDue: false).trigger()
                try await eventually("all are queued") { try server.command("LLEN", "rq:queue:q").integer == 5 }
                try await eventually("all are counted") {
                    await measured.values(of: "rediscron_enqueued_total").values.reduce(0, +) == 5
                }
                try await PythonEnvironment().run(["-m", "rq.cli", "worker", "--url", server.url, "--burst", "q"])
                let finished = try #require(try server.command("ZCARD", "rq:finished:q").integer)
                let failed = try #require(try server.command("ZCARD", "rq:failed:q").integer)
                #expect([finished, failed] == [4, 1])
                try await eventually("all ends are known") {
                    await measured.values(of: "rediscron_outcomes_total").values.reduce(0, +) == 5
                }

                let (status, type, text) = await measured.get("/metrics")
                #expect(status == 200)
                #expect(type == "text/plain; version=0.0.4; charset=utf-8")
                let plain = try await ParsedMetrics(Array(text.utf8), form: "prometheus")
                try check(plain, finished: finished, failed: failed)
                if PrometheusPrograms.found != nil {
                    let checked = try await PrometheusPrograms.check(["check", "metrics"], input: text)
                    #expect(checked.outcome == .exited(0))
                    #expect(checked.text == "")
                }

                let open = await measured.get("/metrics", accept: "application/openmetrics-text; version=1.0.0")
                #expect(open.type == "application/openmetrics-text; version=1.0.0; charset=utf-8")
                #expect(open.text.hasSuffix("\n# EOF\n"))
                let openMetrics = try await ParsedMetrics(Array(open.text.utf8), form: "openmetrics")
                try check(openMetrics, finished: finished, failed: failed)
                // The same series in both, and each family says what it is.
                #expect(Set(plain.samples.map(Series.init)) == Set(openMetrics.samples.map(Series.init)))
                #expect(openMetrics.families.allSatisfy { !$0.help.isEmpty && $0.type != "unknown" })
                let units = openMetrics.families.filter { !$0.unit.isEmpty }
                #expect(units.allSatisfy { $0.name.hasSuffix("_\($0.unit)") })
                #expect(units.count >= 10)
                // Nobody asked for those.
                #expect(!text.contains("rediscron_job_"))
            }
        }
    }

    private struct Series: Hashable {
        let name: String
        let labels: [String: String]

        init(_ sample: ParsedMetrics.Sample) {
            (name, labels) = (sample.name, sample.labels)
        }
    }

    private func check(_ metrics: ParsedMetrics, finished: Int, failed: Int) throws {
        #expect(metrics.value(of: "rediscron_enqueued_total", ["reason": "schedule"]) == 4)
        #expect(metrics.value(of: "rediscron_enqueued_total", ["reason": "trigger"]) == 1)
        #expect(metrics.sum(of: "rediscron_enqueued_total") == 5)
        #expect(metrics.value(of: "rediscron_outcomes_total", ["outcome": "finished"]) == Double(finished))
        #expect(metrics.value(of: "rediscron_outcomes_total", ["outcome": "failed"]) == Double(failed))
        #expect(metrics.value(of: "rediscron_enqueue_delay_seconds_count") == 4)
        #expect(metrics.value(of: "rediscron_enqueue_delay_seconds_bucket", ["le": "+Inf"]) == 4)
        #expect(metrics.sum(of: "rediscron_skipped_total") == 0)
        #expect(metrics.value(of: "rediscron_leader") == 1)
        #expect(metrics.value(of: "rediscron_redis_connected") == 1)
        #expect(metrics.value(of: "rediscron_lock_acquisitions_total") == 1)
        #expect(metrics.value(of: "rediscron_lock_losses_total") == 0)
        #expect(metrics.value(of: "rediscron_redis_errors_total") == 0)
        #expect(metrics.value(of: "rediscron_waiting") == 0)
        let ticks = try #require(metrics.value(of: "rediscron_ticks_total"))
        #expect(ticks == metrics.value(of: "rediscron_tick_duration_seconds_count"))
        #expect(ticks > 0)
        let roundTrips = try #require(metrics.value(of: "rediscron_redis_roundtrip_seconds_count"))
        #expect(roundTrips > 3)
        let now = Timestamp.now.score
        for name in ["lock_acquired", "heartbeat", "last_tick"] {
            let time = try #require(metrics.value(of: "rediscron_\(name)_timestamp_seconds"))
            #expect(time > now - 180 && time < now + 10, "\(name)")
        }
        let nextDue = try #require(metrics.value(of: "rediscron_next_due_timestamp_seconds"))
        #expect(nextDue > now + 3600)
        let skew = try #require(metrics.value(of: "rediscron_clock_skew_seconds"))
        #expect(abs(skew) < 10)
        #expect(
            metrics.value(of: "rediscron_build_info", ["version": RedisCronConnection.packageVersion]) == 1)
        #expect(metrics.value(of: "process_start_time_seconds") != nil)
    }

    @Test func `planned times that were refused are counted by why`() async throws {
        try await withRedis { server in
            let measured = try MeasuredScheduler(server)
            _ = try await register(
                "busy", "app.tasks.nap", on: measured.connection, policy: RunPolicy(overlap: .skip))
            try await measured.whileRunning {
                try await eventually("it is queued") { try server.command("LLEN", "rq:queue:q").integer == 1 }
                // Nobody works: its next turn finds it open.
                let now = Timestamp.now - .seconds(1)
                try server.command("HSET", "rq:cron_job:busy", "next_enqueue_time", now.description)
                try server.command("ZADD", "rq:cron_jobs", now.score, "busy")
                try server.command("SET", "rq:cron_jobs:last_update", "changed")
                try server.command("PUBLISH", "rq:cron_jobs:events", #"{"event":"updated","id":"busy"}"#)
                try await eventually("it is refused") {
                    await measured.values(of: "rediscron_skipped_total")[#"{reason="overlap"}"#] == 1
                }
                #expect(try server.command("LLEN", "rq:queue:q").integer == 1)
                #expect(await measured.values(of: "rediscron_enqueued_total")[#"{reason="schedule"}"#] == 1)
            }
        }
    }

    @Test func `after cut connections the count is what was queued`() async throws {
        try await withRedis { server in
            let measured = try MeasuredScheduler(server)
            for number in 0..<20 {
                try await measured.connection.register(
                    id: "often \(number)", call: CallSpec("app.tasks.rebuild", queue: "q"),
                    schedule: .every(.seconds(1)))
            }
            try await measured.whileRunning {
                for cut in 1...15 {
                    try await Task.sleep(for: .milliseconds(cut * 23))
                    try server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                }
                try await eventually("it was connected again") {
                    await measured.values(of: "rediscron_redis_reconnects_total").values.allSatisfy { $0 >= 5 }
                }
                for number in 0..<20 { _ = try await measured.connection.deleteJob(id: "often \(number)") }
                try await eventually("the count is that of the queue", within: .seconds(30)) {
                    let counted = await measured.values(of: "rediscron_enqueued_total").values.reduce(0, +)
                    return try server.command("LLEN", "rq:queue:q").integer == Int(counted)
                }
            }
        }
    }

    @Test func `without a scheduler there is what is known, and Redis is not asked`() async throws {
        try await withRedis { server in
            let connection = try RedisCronConnection(url: server.socketURL, defaultTimeZone: "UTC")
            let web = CronWeb(connection: connection)
            #expect(await web.get("/metrics").text.contains("\nrediscron_redis_connected 0\n"))
            for _ in 0..<20 { _ = await web.get("/metrics") }
            #expect(try server.command("CLIENT", "LIST").string?.split(separator: "\n").count == 1)
            #expect(await web.get("/readyz").status == 200)
            #expect(await web.get("/metrics").text.contains("\nrediscron_redis_connected 1\n"))
            #expect(await !web.get("/metrics").text.contains("rediscron_leader"))
            await connection.close()
        }
    }

    @Test func `other methods and longer paths are refused`() async throws {
        let web = CronWeb(connection: try RedisCronConnection(url: "redis://127.0.0.1:1"))
        for target in ["/metrics", "/livez", "/healthz", "/readyz"] {
            #expect(await web.get("\(target)/more").status == 404)
            let request = CronWebRequest(method: "POST", target: target, headers: ["Host": "localhost"])
            #expect([403, 405].contains(await web.respond(to: request).status))
        }
    }
}
