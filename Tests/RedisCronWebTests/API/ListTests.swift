import RQWire
import RedisCron
import TestSupport
import Testing

@testable import RedisCronWeb

@Suite(.timeLimit(.minutes(2)))
struct ListTests {
    private func ids(_ answer: Answer) -> [String] { answer.json["jobs"]?.array?.compactMap { $0["id"]?.string } ?? [] }

    @Test func `the list is filtered, and goes on behind a cursor`() async throws {
        try await withRedis { server async throws in
            let setup = try WebHarness.acting(url: server.url)
            // Longer than a cursor is: two that begin alike.
            let long = String(repeating: "z", count: 3_000)
            for (id, queue) in [("a", "q"), ("b", "r"), ("c", "q"), ("d", "q"), (long + "1", "q"), (long + "2", "q")] {
                // None that is due now: it would be overdue soon.
                let body =
                    #"{"func": "app.f", "queue": "\#(queue)", "interval": 300, "first_run": "2999-01-01T00:00:00Z"}"#
                #expect(await setup.ask("PUT", "/api/jobs/\(id)", .json, body: body).status == 201)
            }
            try await WebHarness.acting(url: server.url).following { web async throws in
                let all = await web.ask("GET", "/api/jobs", .bearer)
                let expected = ["a", "b", "c", "d", long + "1", long + "2"]
                #expect(ids(all) == expected)
                #expect(all.json["counts"]?["running"]?.int == 6)
                #expect(all.json["next"].map { "\($0)" } == "null")
                #expect(ids(await web.ask("GET", "/api/jobs?queue=r", .bearer)) == ["b"])
                #expect(ids(await web.ask("GET", "/api/jobs?text=C", .bearer)) == ["c"])
                #expect(ids(await web.ask("GET", "/api/jobs?state=paused", .bearer)) == [])
                for size in [1, 2, 4, 5] {
                    var (found, cursor, pages): ([String], String?, Int) = ([], nil, 0)
                    repeat {
                        let rest = cursor.map { "&cursor=\($0)" } ?? ""
                        let page = await web.ask("GET", "/api/jobs?limit=\(size)\(rest)", .bearer)
                        #expect(page.status == 200)
                        found += ids(page)
                        cursor = page.json["next"]?.string
                        pages += 1
                    } while cursor != nil && pages < 10
                    #expect(found == expected)
                }
            }
        }
    }

    @Test(arguments: [
        ("limit=0", "limit"), ("limit=1001", "limit"), ("limit=x", "limit"), ("limit=+1", "limit"),
        ("state=x", "state"),
        ("cursor=x", "cursor"), ("cursor=", "cursor"), ("cursor=6A", "cursor"), ("cursor=6", "cursor"),
        ("cursor=61.0", "cursor"), ("cursor=61.1.1", "cursor"),
        ("sort=next", "sort"), ("limit=1&limit=2", "limit"),
    ]) func `a parameter that makes no sense is refused`(query: String, field: String) async throws {
        let answer = await (try WebHarness()).ask("GET", "/api/jobs?\(query)")
        #expect(answer.status == 400)
        #expect(answer.json["field"]?.string == field)
    }

    @Test func `runs are listed, of one definition and of all`() async throws {
        try await withRedis { server async throws in
            let web = try WebHarness.acting(url: server.url)
            for id in ["a", "b"] {
                _ = await web.ask(
                    "PUT", "/api/jobs/\(id)", .json, body: #"{"func": "app.f", "queue": "q", "interval": 300}"#)
                #expect(await web.ask("POST", "/api/jobs/\(id)/trigger", .bearer).status == 202)
            }
            let one = await web.ask("GET", "/api/jobs/a/runs", .bearer)
            #expect(one.json["runs"]?.array?.map { $0["reason"]?.string } == ["trigger"])
            #expect(await web.ask("GET", "/api/runs?limit=1", .bearer).json["runs"]?.array?.count == 1)
            #expect(await web.ask("GET", "/api/runs", .bearer).json["runs"]?.array?.count == 2)
            #expect(await web.ask("GET", "/api/runs?outcome=failed", .bearer).json["runs"]?.array?.isEmpty == true)
            #expect(
                await web.ask("GET", "/api/runs?since=2999-01-01T00:00:00Z", .bearer).json["runs"]?.array?.isEmpty
                    == true)
            #expect(await web.ask("GET", "/api/jobs/c/runs", .bearer).status == 404)
            for (query, field) in [
                ("limit=0", "limit"), ("outcome=x", "outcome"), ("since=x", "since"), ("id=a", "id"),
            ] {
                let answer = await web.ask("GET", "/api/runs?\(query)", .bearer)
                #expect(answer.status == 400)
                #expect(answer.json["field"]?.string == field)
            }
        }
    }

    @Test func `health is told while Redis is away`() async throws {
        let answer = await (try WebHarness()).ask("GET", "/api/health")
        #expect(answer.status == 200)
        #expect(answer.json["redis"]?["connected"]?.bool == false)
        #expect(answer.json["scheduler"].map { "\($0)" } == "null")
    }

    @Test func `health tells of the scheduler of this process, and of who leads`() async throws {
        try await withRedis { server async throws in
            let connection = try RedisCronConnection(url: server.url)
            let scheduler = try RedisCronScheduler(connection: connection)
            let web = CronWeb(connection: connection, scheduler: scheduler)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await scheduler.run() }
                group.addTask { try? await web.run() }
                defer { group.cancelAll() }
                let request = CronWebRequest(method: "GET", target: "/api/health", headers: ["Host": "localhost"])
                try await eventually("it leads, and the page knows") {
                    let answer = Answer(await web.respond(to: request))
                    return answer.json["scheduler"]?["state"]?.string == "leading"
                        && answer.json["leader"]?["name"]?.string == scheduler.name
                        && answer.json["redis"]?["connected"]?.bool == true
                }
            }
        }
    }
}
