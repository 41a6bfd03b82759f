import RQWire
import RedisCron
import TestSupport
import Testing

@testable import RedisCronWeb

@Suite(.timeLimit(.minutes(2)))
struct ActionTests {
    private func withJob(
        _ body: String = #"{"func": "app.f", "queue": "q", "interval": 300}"#,
        _ test: (WebHarness, RedisServer) async throws -> Void
    ) async throws {
        try await withRedis { server async throws in
            let web = try WebHarness.acting(url: server.url)
            #expect(await web.ask("PUT", "/api/jobs/a", .json, body: body).status == 201)
            try await test(web, server)
        }
    }

    @Test func `a trigger queues a run, and with a key only once`() async throws {
        try await withJob { web, server async throws in
            let first = await web.ask("POST", "/api/jobs/a/trigger", .bearer.with("Idempotency-Key", "\"k\""))
            #expect(first.status == 202)
            #expect(first.json["queued"]?.bool == true)
            let again = await web.ask("POST", "/api/jobs/a/trigger", .bearer.with("Idempotency-Key", "k"))
            #expect(again.status == 200)
            #expect(again.json["queued"]?.bool == false)
            #expect(again.json["job_id"] == first.json["job_id"])
            #expect(try server.command("LLEN", "rq:queue:q").integer == 1)
            #expect(await web.ask("POST", "/api/jobs/a/trigger", .bearer).status == 202)
            #expect(try server.command("LLEN", "rq:queue:q").integer == 2)
        }
    }

    @Test func `a trigger obeys the policy, and the body's before it`() async throws {
        try await withJob(#"{"func": "app.f", "queue": "q", "interval": 300, "overlap": "skip"}"#) {
            web, server async throws in
            let target = "/api/jobs/a/trigger"
            #expect(await web.ask("POST", target, .json, body: "{}").status == 202)
            let refused = await web.ask("POST", target, .json, body: "{}")
            #expect(refused.status == 409)
            #expect(refused["Content-Type"] == "application/problem+json")
            #expect(
                await web.ask("POST", target, .json, body: #"{"overlap": "allow", "serializer": "json"}"#).status == 202
            )
            #expect(try server.command("LLEN", "rq:queue:q").integer == 2)
        }
    }

    @Test(arguments: [
        ("trigger", #"{"overlap": "never"}"#, "overlap"), ("trigger", #"{"overlap": 1}"#, "overlap"),
        ("trigger", #"{"serializer": "yaml"}"#, "serializer"), ("trigger", #"{"key": "k"}"#, "key"),
        ("pause", #"{"until": "tomorrow"}"#, "until"), ("pause", #"{"until": "2020-01-01T00:00:00Z"}"#, "until"),
        ("pause", #"{"note": 1}"#, "note"), ("pause", #"{"notes": ""}"#, "notes"),
        ("resume", #"{"until": null}"#, "until"),
    ]) func `a body that makes no sense is refused`(action: String, body: String, field: String) async throws {
        try await withJob { web, server async throws in
            let before = try server.command("HGETALL", "rq:cron_job:a").strings
            let answer = await web.ask("POST", "/api/jobs/a/\(action)", .json, body: body)
            #expect(answer.status == 422)
            #expect(answer.json["field"]?.string == field)
            #expect(try server.command("HGETALL", "rq:cron_job:a").strings == before)
        }
    }

    @Test func `a key that is empty, too long or given twice is refused`() async throws {
        try await withJob { web, server async throws in
            let twice = CronWebHeaders.bearer.with("Idempotency-Key", "a").with("idempotency-key", "a")
            let wrong = ["", "\"\"", String(repeating: "k", count: 256)].map {
                CronWebHeaders.bearer.with("Idempotency-Key", $0)
            }
            for headers in wrong + [twice] {
                let answer = await web.ask("POST", "/api/jobs/a/trigger", headers)
                #expect(answer.status == 400)
                #expect(answer.json["field"]?.string == "Idempotency-Key")
            }
            #expect(try server.command("EXISTS", "rq:queue:q").integer == 0)
        }
    }

    @Test func `a pause has a note and an end, and ends`() async throws {
        try await withJob { web, _ async throws in
            let body = #"{"note": "database <move>", "until": "2999-06-03T07:40:00+02:00"}"#
            let paused = await web.ask("POST", "/api/jobs/a/pause", .json, body: body)
            #expect(paused.status == 200)
            #expect(paused.json["paused"]?.bool == true)
            #expect(paused.json["pause_note"]?.string == "database <move>")
            #expect(paused.json["paused_until"]?.string == "2999-06-03T05:40:00.000000Z")
            let status = await web.ask("GET", "/api/jobs/a/status", .bearer)
            #expect(status.text == paused.text)
            let resumed = await web.ask("POST", "/api/jobs/a/resume", .bearer)
            #expect(resumed.status == 200)
            #expect(resumed.json["paused"]?.bool == false)
            #expect(resumed.json["pause_note"].map { "\($0)" } == "null")
        }
    }

    @Test func `an action on what is not there is 404`() async throws {
        try await withJob { web, _ async throws in
            for action in ["trigger", "pause", "resume"] {
                #expect(await web.ask("POST", "/api/jobs/b/\(action)", .bearer).status == 404)
                #expect(await web.ask("GET", "/api/jobs/b/\(action)", .bearer)["Allow"] == "POST")
            }
            #expect(await web.ask("POST", "/api/jobs/a/explode", .bearer).status == 404)
        }
    }

    @Test func `who did what is logged, without what would break the line and without the token`() async throws {
        try await withRedis { server async throws in
            let lines = Observed<[String]>([])
            let web = try WebHarness.acting(url: server.url) { options in
                options.logger = SchedulerLogger { _, line in lines.update { $0.append(line) } }
            }
            let job = #"{"func": "app.f", "queue": "q", "interval": 300}"#
            _ = await web.ask("PUT", "/api/jobs/a%0Ab", .json, body: job)
            _ = await web.ask("POST", "/api/jobs/a%0Ab/pause", .json, body: #"{"note": "x\ny"}"#)
            _ = await web.ask("DELETE", "/api/jobs/a%0Ab", .bearer)
            _ = await web.ask("DELETE", "/api/jobs/a%0Ab", ["Authorization": "Bearer \(WebHarness.secret.reversed())"])
            let seen = try await lines.wait(for: "three lines") { $0.count >= 3 ? $0 : nil }
            #expect(seen.count == 3)
            #expect(seen.allSatisfy { !$0.contains("\n") && !$0.contains(WebHarness.secret) })
            #expect(seen.last?.contains("deleted 'a\\nb'") == true)
        }
    }
}
