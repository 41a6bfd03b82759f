import RQWire
import RedisCron
import TestSupport
import Testing

@testable import RedisCronWeb

@Suite(.timeLimit(.minutes(2)))
struct JobResourceTests {
    private static let job = #"{"func": "app.f", "queue": "q", "interval": 300}"#

    @Test func `a definition is created, read, replaced and deleted`() async throws {
        try await withRedis { server async throws in
            let web = try WebHarness.acting(url: server.url) { $0.showsArguments = true }
            let created = await web.ask("PUT", "/api/jobs/a", .json, body: Self.job)
            #expect(created.status == 201)
            #expect(created["Location"] == "/api/jobs/a")
            #expect(created.json["id"]?.string == "a")
            #expect(created.json["interval"]?.int == 300)
            #expect(try server.command("HGET", "rq:cron_job:a", "func_name").string == "app.f")
            let read = await web.ask("GET", "/api/jobs/a", .bearer)
            #expect(read.status == 200)
            #expect(read.text == created.text)
            #expect(read["ETag"] == created["ETag"])
            // What was read can be put, and changes nothing.
            let same = await web.ask("PUT", "/api/jobs/a", .json, body: read.text)
            #expect(same.status == 200)
            #expect(same["ETag"] == read["ETag"])
            let replaced = await web.ask(
                "PUT", "/api/jobs/a", .json,
                body: #"{"id": "a", "func": "app.g", "queue": "q", "cron": "0 7 * * *", "args": [1]}"#)
            #expect(replaced.status == 200)
            #expect(replaced.json["args"]?.array?.first?.int == 1)
            #expect(replaced.json["interval"] == nil)
            #expect(replaced["ETag"] != read["ETag"])
            #expect(await web.ask("DELETE", "/api/jobs/a", .bearer).status == 204)
            #expect(try server.command("EXISTS", "rq:cron_job:a", "rq:cron_jobs").integer == 0)
            #expect(await web.ask("DELETE", "/api/jobs/a", .bearer).status == 404)
            #expect(await web.ask("GET", "/api/jobs/a", .bearer).status == 404)
        }
    }

    @Test(arguments: [
        "a/b c", "daily report", "<script>alert(1)</script>", "a%2Fb", "ä\u{301}✓", "a\nb\0c", "\"'\\", "{id}", "..a",
        "?x=1#y",
        String(repeating: "x", count: 2_000),
    ]) func `an id may be any text`(id: String) async throws {
        try await withRedis { server async throws in
            let web = try WebHarness.acting(url: server.url)
            let target = "/api/jobs/\(PercentEncoding.encoded(id))"
            let created = await web.ask("PUT", target, .json, body: Self.job)
            #expect(created.status == 201)
            #expect(created["Location"] == target)
            let read = await web.ask("GET", target, .bearer)
            #expect(read.json["id"]?.string.map { $0.utf8.elementsEqual(id.utf8) } == true)
            #expect(!read.text.contains("<script>") || read["Content-Type"] == "application/json")
            #expect(await web.ask("POST", target + "/trigger", .bearer).status == 202)
            #expect(await web.ask("DELETE", target, .bearer).status == 204)
        }
    }

    @Test func `two editors do not overwrite each other`() async throws {
        try await withRedis { server async throws in
            let web = try WebHarness.acting(url: server.url)
            let target = "/api/jobs/a"
            #expect(await web.ask("PUT", target, .json.with("If-Match", "*"), body: Self.job).status == 412)
            let new = CronWebHeaders.json.with("If-None-Match", "*")
            let first = await web.ask("PUT", target, new, body: Self.job)
            #expect(first.status == 201)
            #expect(await web.ask("PUT", target, new, body: Self.job).status == 412)
            let tag = try #require(first["ETag"])
            let mine = #"{"func": "app.mine", "queue": "q", "interval": 60}"#
            let second = await web.ask("PUT", target, .json.with("If-Match", tag), body: mine)
            #expect(second.status == 200)
            let before = try server.command("HGETALL", "rq:cron_job:a").strings
            let late = await web.ask("PUT", target, .json.with("If-Match", tag), body: Self.job)
            #expect(late.status == 412)
            #expect(late["Content-Type"] == "application/problem+json")
            #expect(await web.ask("DELETE", target, .bearer.with("If-Match", tag)).status == 412)
            #expect(await web.ask("DELETE", target, .bearer.with("If-Match", "W/\(tag)")).status == 412)
            #expect(try server.command("HGETALL", "rq:cron_job:a").strings == before)
            let newer = try #require(second["ETag"])
            #expect(await web.ask("GET", target, .bearer.with("If-None-Match", "\"x\", \(newer)")).status == 304)
            #expect(await web.ask("GET", target, .bearer.with("If-None-Match", tag)).status == 200)
            #expect(await web.ask("DELETE", target, .bearer.with("If-Match", "\"x\" , \(newer)")).status == 204)
        }
    }

    @Test func `of many who write the same version at once, one succeeds`() async throws {
        try await withRedis { server async throws in
            let web = try WebHarness.acting(url: server.url)
            let first = await web.ask("PUT", "/api/jobs/a", .json, body: Self.job)
            let tag = try #require(first["ETag"])
            let statuses = await withTaskGroup(of: Int.self, returning: [Int].self) { group in
                for number in 0..<20 {
                    group.addTask {
                        let body = #"{"func": "app.f\#(number)", "queue": "q", "interval": 300}"#
                        return await web.ask("PUT", "/api/jobs/a", .json.with("If-Match", tag), body: body).status
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.count { $0 == 200 } == 1)
            #expect(statuses.count { $0 == 412 } == 19)
        }
    }

    @Test(arguments: [
        (#"{"func": "app.f", "queue": "q", "interval": 0}"#, 422, "interval"),
        (#"{"func": "app.f", "queue": "q", "cron": "99 * * * *"}"#, 422, "cron"),
        (#"{"func": "app.f", "queue": "q", "cron": "* * * * *", "timezone": "No/Where"}"#, 422, "timezone"),
        (#"{"func": "f", "queue": "q", "interval": 1}"#, 422, "func_name"),
        (#"{"queue": "q", "interval": 1}"#, 422, "func"),
        (#"{"func": "app.f", "queue": "q", "intervall": 1}"#, 422, "intervall"),
        (#"{"id": "b", "func": "app.f", "queue": "q", "interval": 1}"#, 422, "id"),
        (#"{"id": 1, "func": "app.f", "queue": "q", "interval": 1}"#, 422, "id"),
        (#"{"func": "app.f", "queue": "q", "interval": 1, "args": {}}"#, 422, "args"),
        (#"{"func": "app.f", "queue": "q", "interval": 1, "hidden": ["args"]}"#, 422, "hidden"),
        ("[]", 422, nil), ("1", 422, nil), ("", 400, nil), ("{", 400, nil), ("{} x", 400, nil),
        (#"{"func": "app.f", "queue": "q", "interval": 1, "args": [[NaN]]}"#, 400, nil),
        (#"{"func": "app.f", "queue": "q", "interval": 1, "meta": {"a": 1e999}}"#, 400, nil),
        (#"{"func": "app.f", "func": "app.g"}"#, 400, nil), ("\u{FEFF}{}", 400, nil),
    ]) func `a body that makes no sense is refused, and nothing is written`(body: String, status: Int, field: String?)
        async throws
    {
        try await withRedis { server async throws in
            let web = try WebHarness.acting(url: server.url)
            let answer = await web.ask("PUT", "/api/jobs/a", .json, body: body)
            #expect(answer.status == status)
            #expect(answer["Content-Type"] == "application/problem+json")
            #expect(answer.json["field"]?.string == field)
            #expect(answer.json["detail"]?.string?.isEmpty == false)
            #expect(try server.command("DBSIZE").integer == 0)
        }
    }

    @Test func `a body of another type is refused, and so are parameters that there are not`() async throws {
        let web = try WebHarness.acting()
        for type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "", "multipart/form-data"]
        {
            let headers = CronWebHeaders.bearer.with("Content-Type", type)
            #expect(await web.ask("PUT", "/api/jobs/a", headers, body: Self.job).status == 415)
        }
        #expect(await web.ask("PUT", "/api/jobs/a", .bearer, body: Self.job).status == 415)
        let answer = await web.ask("PUT", "/api/jobs/a?force=1", .json, body: Self.job)
        #expect(answer.status == 400)
        #expect(answer.json["field"]?.string == "force")
    }

    @Test func `arguments are hidden unless the options show them, and cannot be lost by putting what was read`()
        async throws
    {
        try await withRedis { server async throws in
            let web = try WebHarness.acting(url: server.url)
            let body = #"{"func": "app.f", "queue": "q", "interval": 300, "args": ["s3cret"], "meta": {"k": "s3cret"}}"#
            let created = await web.ask("PUT", "/api/jobs/a", .json, body: body)
            #expect(created.status == 201)
            let read = await web.ask("GET", "/api/jobs/a", .bearer)
            for answer in [created, read] {
                #expect(!answer.text.contains("s3cret"))
                #expect(answer.json["hidden"]?.array?.compactMap(\.string) == ["args", "meta"])
            }
            #expect(await web.ask("PUT", "/api/jobs/a", .json, body: read.text).status == 422)
            let plan = await web.ask(
                "POST", "/api/apply?dry_run=1", .json,
                body: #"{"jobs": [{"id": "a", "func": "app.f", "queue": "q", "interval": 300, "args": ["0ther"]}]}"#)
            #expect(plan.json["changed"]?.int == 1)
            #expect(!plan.text.contains("s3cret") && !plan.text.contains("0ther"))
        }
    }

    @Test func `arguments that are no JSON are hidden, also where the options show them`() async throws {
        try await withRedis { server async throws in
            let web = try WebHarness.acting(url: server.url) { $0.showsArguments = true }
            let body = #"{"func": "app.f", "queue": "q", "interval": 300, "args": [1], "kwargs": {"k": 2}}"#
            #expect(await web.ask("PUT", "/api/jobs/a", .json, body: body).status == 201)
            // As Python writes them.
            try server.command("HSET", "rq:cron_job:a", "args", "[NaN]")
            let read = await web.ask("GET", "/api/jobs/a", .bearer)
            #expect(read.json["hidden"] == ["args"])
            #expect(read.json["args"] == nil && read.json["kwargs"] == ["k": 2])
            #expect(await web.ask("PUT", "/api/jobs/a", .json, body: read.text).status == 422)
        }
    }

    @Test func `an address with an empty id is none`() async throws {
        try await withRedis { server async throws in
            let web = try WebHarness.acting(url: server.url)
            #expect(await web.ask("PUT", "/api/jobs/status", .json, body: Self.job).status == 201)
            // Not the definition of that name.
            #expect(await web.ask("GET", "/api/jobs//status", .bearer).status == 404)
            #expect(await web.ask("PUT", "/api//jobs/status", .json, body: Self.job).status == 404)
            #expect(await web.ask("PUT", "/api/jobs/", .json, body: Self.job).status == 405)
            #expect(await web.ask("GET", "/api/jobs/status/", .bearer).status == 200)
        }
    }

    @Test func `what cannot be read is told, replaced and deleted`() async throws {
        try await withRedis { server async throws in
            let web = try WebHarness.acting(url: server.url)
            try server.command("HSET", "rq:cron_job:a", "id", "a", "func_name", "nodot")
            let read = await web.ask("GET", "/api/jobs/a", .bearer)
            #expect(read.status == 409)
            #expect(read.json["id"]?.string == "a")
            #expect(await web.ask("PUT", "/api/jobs/a", .json.with("If-Match", "\"1\""), body: Self.job).status == 412)
            #expect(await web.ask("PUT", "/api/jobs/a", .json.with("If-None-Match", "*"), body: Self.job).status == 412)
            #expect(await web.ask("PUT", "/api/jobs/a", .json, body: Self.job).status == 200)
            #expect(await web.ask("GET", "/api/jobs/a", .bearer).status == 200)
            try server.command("HSET", "rq:cron_job:a", "interval", "soon")
            #expect(await web.ask("DELETE", "/api/jobs/a", .bearer).status == 204)
            // A key that holds something else stays.
            try server.command("SET", "rq:cron_job:b", "x")
            for (method, body) in [("GET", ""), ("PUT", Self.job)] {
                #expect(await web.ask(method, "/api/jobs/b", .json, body: body).status == 409)
            }
            #expect(await web.ask("DELETE", "/api/jobs/b", .bearer).status == 404)
            #expect(try server.command("GET", "rq:cron_job:b").string == "x")
        }
    }

    @Test func `a pause stays while a definition is put`() async throws {
        try await withRedis { server async throws in
            let web = try WebHarness.acting(url: server.url)
            _ = await web.ask("PUT", "/api/jobs/a", .json, body: Self.job)
            #expect(await web.ask("POST", "/api/jobs/a/pause", .bearer).status == 200)
            let body = #"{"func": "app.f", "queue": "q", "interval": 60, "enabled": true}"#
            #expect(await web.ask("PUT", "/api/jobs/a", .json, body: body).status == 200)
            #expect(await web.ask("GET", "/api/jobs/a/status", .bearer).json["paused"]?.bool == true)
        }
    }

    @Test func `while Redis is away, every request is told so at once`() async throws {
        let web = try WebHarness.acting()
        for (method, target, body) in [
            ("GET", "/api/jobs/a", ""), ("PUT", "/api/jobs/a", Self.job), ("DELETE", "/api/jobs/a", ""),
            ("POST", "/api/jobs/a/trigger", ""), ("GET", "/api/runs", ""), ("GET", "/api/jobs", ""),
        ] {
            let answer = await web.ask(method, target, .json, body: body)
            #expect(answer.status == 503)
            #expect(answer.json["status"]?.int == 503)
        }
    }
}
