import Foundation
import RQWire
import RedisCron
import TestSupport
import Testing

@testable import RedisCronWeb

/// Metrics and health of several key prefixes.
@Suite(.timeLimit(.minutes(2)))
struct SiteHealthTests {
    private static let other = "other:0123456789abcdef0123456789abcdef"

    @Test func `each prefix has its series, under one name each`() async throws {
        try await withRedis { server async throws in
            let site = try SiteHarness(server, ["a", "{b}", "c"]) { $0.hasMetricsPerJob = true }
            try await site.whileRunning { () async throws in
                for mount in site.web.mounts {
                    try await mount.connection.register(
                        functionName: "app.f", queueName: "q", id: "of \(mount.keyPrefix)", interval: .seconds(86_400))
                }
                try await eventually("all is counted") {
                    let text = await site.ask("/metrics").text
                    return ["a", "{b}", "c"].allSatisfy {
                        text.contains("rediscron_enqueued_total{prefix=\"\($0)\",reason=\"schedule\"} 1\n")
                            && text.contains("rediscron_job_running{prefix=\"\($0)\",id=\"of \($0)\"} ")
                    }
                }
                for (form, accept) in [("prometheus", "*/*"), ("openmetrics", "application/openmetrics-text")] {
                    let text = await site.ask("/metrics", "GET", ["Accept": accept]).text
                    let metrics = try await ParsedMetrics(Array(text.utf8), form: form)
                    let names = metrics.families.map(\.name)
                    #expect(Set(names).count == names.count, "\(form)")
                    for sample in metrics.samples where sample.name.hasPrefix("rediscron_") {
                        #expect((sample.labels["prefix"] == nil) == (sample.name == "rediscron_build_info"))
                    }
                    for prefix in ["a", "{b}", "c"] {
                        #expect(metrics.value(of: "rediscron_leader", ["prefix": prefix]) == 1)
                        #expect(
                            metrics.value(of: "rediscron_definitions", ["prefix": prefix, "state": "running"]) == 1)
                        let waits = metrics.samples.filter {
                            $0.name == "rediscron_enqueue_delay_seconds_bucket" && $0.labels["prefix"] == prefix
                        }
                        #expect(waits.last?.value == 1)
                    }
                    // The process is one.
                    #expect(metrics.value(of: "process_open_fds") != nil)
                }
                let own = await site.ask("/prefixes/%7Bb%7D/metrics").text
                #expect(own.contains("rediscron_leader{prefix=\"{b}\"} 1\n"))
                #expect(!own.contains("prefix=\"a\""))
            }
        }
    }

    @Test(.enabled(if: PrometheusPrograms.areExpected, "promtool is missing"))
    func `promtool finds no fault in the metrics of several prefixes`() async throws {
        try await withRedis { server async throws in
            let site = try SiteHarness(server, ["a", "b"]) { $0.hasMetricsPerJob = true }
            try await site.whileRunning { () async throws in
                let text = await site.ask("/metrics").text
                let checked = try await PrometheusPrograms.check(["check", "metrics"], input: text)
                #expect(checked.outcome == .exited(0), "\(checked.text)")
            }
        }
    }

    @Test func `one prefix whose lock is lost stands by, and the others lead on`() async throws {
        try await withRedis { server async throws in
            let site = try SiteHarness(server, ["a", "b", "c"])
            try await site.whileRunning { () async throws in
                #expect(await site.ask("/readyz").text == "leading\n")
                try server.command("SET", "b:cron_jobs:lock", Self.other, "EX", 600)
                // Whoever queues something finds out.
                try await site.web.mounts[1].connection.register(
                    functionName: "app.f", queueName: "q", id: "of", interval: .seconds(86_400))
                try await eventually("b stands by") {
                    await site.ask("/prefixes/b/readyz").text == "standby\n"
                }
                #expect(await site.ask("/prefixes/a/readyz").text == "leading\n")
                #expect(await site.ask("/prefixes/c/readyz").text == "leading\n")
                #expect(await site.ask("/readyz").text == "ready\n")
                let text = await site.ask("/metrics").text
                #expect(text.contains("rediscron_leader{prefix=\"b\"} 0\n"))
                #expect(text.contains("rediscron_lock_losses_total{prefix=\"b\"} 1\n"))
                #expect(text.contains("rediscron_lock_losses_total{prefix=\"a\"} 0\n"))
                let all = await site.ask("/readyz?verbose").text.split(separator: "\n")
                #expect(all.prefix(4) == ["ready", "a: leading", "b: standby", "c: leading"])
            }
            #expect(await site.ask("/readyz").status == 503)
            #expect(await site.ask("/readyz").text == "stopped\n")
        }
    }

    @Test func `all are ready while each is`() async throws {
        try await withRedis { server async throws in
            let here = try RedisCronConnection(url: server.socketURL, keyPrefix: "here")
            let away = try RedisCronConnection(url: "redis://127.0.0.1:1", keyPrefix: "away")
            let web = try CronWeb(schedules: [here, away].map { CronWeb.Schedule(connection: $0) })
            #expect(await web.get("/prefixes/here/readyz").status == 200)
            #expect(await web.get("/prefixes/away/readyz").status == 503)
            let all = await web.get("/readyz?verbose")
            #expect(all.status == 503)
            #expect(all.text == "disconnected\nhere: ready\naway: disconnected\n")
            #expect(await web.get("/livez").status == 200)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try? await web.run() }
                defer { group.cancelAll() }
                try await eventually("the list says so") {
                    let listed = try JSONValue(parsing: await web.get("/api/prefixes").text)["prefixes"]
                    return listed?[0]?["ready"]?.bool == true && listed?[1]?["state"]?.string == "disconnected"
                }
                let page = await web.get("/").text
                #expect(page.contains(#"Not ready: <a href="/prefixes/away/">"#))
            }
            let metrics = await web.get("/metrics").text
            #expect(metrics.contains("rediscron_redis_connected{prefix=\"here\"} 1\n"))
            #expect(metrics.contains("rediscron_redis_connected{prefix=\"away\"} 0\n"))
            await here.close()
            await away.close()
        }
    }

    @Test(arguments: [
        (10, [], []), (10, [3, 2], [3, 2]), (10, [30, 2], [8, 2]), (10, [2, 30], [2, 8]),
        (10, [30, 30, 30], [4, 3, 3]),
        (10, [5, 5, 5], [4, 3, 3]), (3, [1, 1, 1, 1], [1, 1, 1, 0]), (10, [0, 100, 0], [0, 10, 0]),
        (1_000, [1_000_000, 1, 600, 300], [350, 1, 349, 300]),
    ])
    func `series are shared evenly, and what one leaves is for the others`(whole: Int, needs: [Int], shares: [Int]) {
        #expect(FairShare.of(whole, among: needs) == shares)
    }

    @Test func `all prefixes together have at most a thousand definitions with series of their own`() async throws {
        try await withRedis { server async throws in
            for (prefix, count) in [("a", 900), ("b", 900), ("c", 10)] {
                for number in 0..<count {
                    try server.command(
                        "HSET", "\(prefix):cron_job:\(number)", "id", "\(number)", "func_name", "m.f", "queue_name",
                        "q", "interval", "86400", "enabled", "1", "created_at", "2026-01-01T00:00:00.000000Z",
                        "updated_at", "2026-01-01T00:00:00.000000Z")
                }
            }
            let first = try RedisCronConnection(url: server.socketURL, keyPrefix: "a")
            let connections = [
                first, try RedisCronConnection(sharingLinksOf: first, keyPrefix: "b"),
                try RedisCronConnection(sharingLinksOf: first, keyPrefix: "c"),
            ]
            var options = CronWeb.Options()
            options.hasMetricsPerJob = true
            let web = try CronWeb(
                schedules: connections.map { CronWeb.Schedule(connection: $0) }, options: options)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try? await web.run() }
                defer { group.cancelAll() }
                try await eventually("the shares are what is told") {
                    let lines = await web.get("/metrics").text.split(separator: "\n")
                    let counts = ["a", "b", "c"].map { prefix in
                        lines.count { $0.hasPrefix("rediscron_job_info{prefix=\"\(prefix)\"") }
                    }
                    return counts == [495, 495, 10]
                }
            }
            for connection in connections { await connection.close() }
        }
    }
}
