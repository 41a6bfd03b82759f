import RQWire
import RedisCron
import TestSupport
import Testing

@testable import RedisCronWeb

@Suite(.timeLimit(.minutes(2)))
struct FileResourceTests {
    @Test func `a file is planned, applied and pruned`() async throws {
        try await withRedis { server async throws in
            let web = try WebHarness.acting(url: server.url)
            let file = """
                {"source": "s", "jobs": [{"id": "a", "func": "app.f", "queue": "q", "interval": 60},
                {"id": "b", "func": "app.f", "queue": "q", "cron": "0 7 * * *"}]}
                """
            let plan = await web.ask("POST", "/api/apply?dry_run=1", .json, body: file)
            #expect(plan.status == 200)
            #expect(plan.json["dry_run"]?.bool == true)
            #expect(plan.json["created"]?.int == 2)
            #expect(try server.command("DBSIZE").integer == 0)
            let done = await web.ask("POST", "/api/apply", .json, body: file)
            #expect(done.json["created"]?.int == 2)
            #expect(done.json["changes"]?.array?.compactMap { $0["action"]?.string } == ["create", "create"])
            let text = "SOURCE = s\na  every 2m  q  app.f()\n"
            let plain = CronWebHeaders.bearer.with("Content-Type", "text/plain; charset=utf-8")
            let changed = await web.ask("POST", "/api/apply?prune=true&dry_run=0", plain, body: text)
            #expect(changed.json["changed"]?.int == 1)
            #expect(changed.json["deleted"]?.int == 1)
            let field = changed.json["changes"]?[0]?["fields"]?[0]
            #expect(field?["field"]?.string == "interval")
            #expect(field?["old"]?.string == "60" && field?["new"]?.string == "120")
            #expect(try server.command("EXISTS", "rq:cron_job:b").integer == 0)
            let same = await web.ask("POST", "/api/apply", plain, body: text)
            #expect(same.json["unchanged"]?.int == 1)
        }
    }

    @Test func `a mistake is named with its line, and nothing is written`() async throws {
        try await withRedis { server async throws in
            let web = try WebHarness.acting(url: server.url)
            let file = "{\"jobs\": [\n{\"id\": \"a\", \"func\": \"app.f\", \"queue\": \"q\",\n\"interval\": 1.5}]}"
            let answer = await web.ask("POST", "/api/apply", .json, body: file)
            #expect(answer.status == 422)
            #expect(answer.json["line"]?.int == 3)
            #expect(answer.json["field"]?.string == "interval")
            #expect(answer.json["id"]?.string == "a")
            let plain = CronWebHeaders.bearer.with("Content-Type", "text/plain")
            #expect(await web.ask("POST", "/api/apply", plain, body: "a every\n").json["line"]?.int == 1)
            #expect(await web.ask("POST", "/api/apply?prune=1", .json, body: #"{"jobs": []}"#).status == 422)
            #expect(
                await web.ask("POST", "/api/apply?dry_run=maybe", .json, body: file).json["field"]?.string == "dry_run")
            #expect(await web.ask("POST", "/api/apply?dry_run=1&dry_run=0", .json, body: file).status == 400)
            #expect(await web.ask("POST", "/api/apply", .bearer, body: file).status == 415)
            for key in ["args", "kwargs", "meta"] {
                let value = key == "args" ? "[[NaN]]" : #"{"a": -Infinity}"#
                let odd =
                    #"{"jobs": [{"id": "a", "func": "app.f", "queue": "q", "interval": 1, "\#(key)": \#(value)}]}"#
                #expect(await web.ask("POST", "/api/apply", .json, body: odd).status == 400)
            }
            #expect(try server.command("DBSIZE").integer == 0)
        }
    }
}
