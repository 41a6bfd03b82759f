import RQWire
import RedisCron
import TestSupport
import Testing

@testable import RedisCronWeb

/// `/api/openapi.json` against what the API does.
@Suite(.timeLimit(.minutes(2)))
struct DescriptionTests {
    private let document: JSONValue
    private let schema: DescribedSchema
    private static let methods = ["get", "put", "post", "delete", "head", "options", "patch", "trace"]

    init() throws {
        document = .object(try APIDescription.document(mountPath: "", needsToken: false))
        schema = DescribedSchema(document: document)
    }

    private func object(_ value: JSONValue?) -> JSONObject { value?.object ?? [:] }

    @Test func `it is answered, for the path at which the API is mounted`() async throws {
        let web = try WebHarness { $0.mountPath = "/cron" }
        let answer = await web.ask("GET", "/cron/api/openapi.json")
        #expect(answer.status == 200)
        #expect(answer.json["openapi"]?.string?.hasPrefix("3.1.") == true)
        #expect(answer.json["servers"]?[0]?["url"]?.string == "/cron")
        #expect(document["servers"]?[0]?["url"]?.string == "/")
    }

    @Test func `it asks for the token where there is one`() async throws {
        let open = try await WebHarness().ask("GET", "/api/openapi.json")
        #expect(open.json["security"]?.array?.last == [:])
        let closed = try await WebHarness.acting().ask("GET", "/api/openapi.json", .bearer)
        #expect(closed.json["security"] == [["bearer": []], ["basic": []]])
    }

    @Test func `it has every address with every method, and no other`() {
        var described: Set<String> = []
        for path in object(document["paths"]).entries {
            for method in object(path.value).keys where Self.methods.contains(method.description) {
                described.insert("\(method.description.uppercased()) \(path.key)")
            }
        }
        #expect(described == Set(Endpoint.all.map { "\($0.method) /api\($0.path)" }))
    }

    @Test func `every reference leads somewhere, and everything is referred to`() {
        var seen: Set<String> = []
        func visit(_ value: JSONValue) {
            switch value {
            case .array(let values): values.forEach(visit)
            case .object(let object):
                if let reference = object["$ref"]?.string { seen.insert(reference) }
                object.entries.forEach { visit($0.value) }
            default: break
            }
        }
        visit(document)
        var defined: Set<String> = []
        for kind in object(document["components"]).entries where kind.key != "securitySchemes" {
            for name in object(kind.value).keys { defined.insert("#/components/\(kind.key)/\(name)") }
        }
        #expect(seen == defined)
    }

    @Test func `the keys of a definition are those that files have`() throws {
        let known = Set(CronJobHash.Field.all.compactMap(\.keys.first) + ["first_run"])
        let read = Set(CronJobHash.Field.all.flatMap(\.keys) + ["first_run"])
        for schema in ["JobToPut", "Declaration"] {
            let keys = object(document["components"]?["schemas"]?[schema]?["properties"]).keys.map(\.description)
            #expect(Set(keys) == read)
        }
        let shown = object(document["components"]?["schemas"]?["Job"]?["properties"]).keys.map(\.description)
        #expect(Set(shown) == known.union(["hidden"]))
    }

    /// An answer of the API, held against what is written of it.
    private func check(_ answer: Answer, _ method: String, _ path: String) {
        let operation = document["paths"]?[path]?[method.lowercased()]
        var response = operation?["responses"]?["\(answer.status)"]
        #expect(response != nil, "\(method) \(path) answers \(answer.status), which is not described")
        if let reference = response?["$ref"]?.string?.split(separator: "/").last {
            response = document["components"]?["responses"]?[String(reference)]
        }
        let types = object(response?["content"]).keys.map(\.description)
        let given = answer["Content-Type"].map { String($0.prefix { $0 != ";" }) }
        #expect(types == (given.map { [$0] } ?? []), "\(method) \(path) \(answer.status)")
        for header in object(response?["headers"]).keys { #expect(answer[header.description] != nil, "\(header)") }
        guard let type = types.first, let schema = response?["content"]?[type]?["schema"], type.hasSuffix("json") else {
            return
        }
        #expect(self.schema.complaints(of: answer.json, schema, "\(method) \(path) \(answer.status)") == [])
    }

    @Test func `answers are as described`() async throws {
        try await withRedis { server async throws in
            let web = try WebHarness.acting(url: server.url)
            let scheduling = try RedisCronConnection(url: server.url)
            let full = """
                {"func": "app.f", "queue": "q", "cron": "0 7 * * *", "timezone": "Europe/Berlin", "args": [1], "overlap": "skip",
                "retry": {"max": 3, "intervals": [1]}, "exclude": ["2026-12-25"], "max_runs": 5, "history": 3, "jitter": 3,
                "webhooks": [{"url": "https://example.com/h", "job_status": "failed"}], "end_time": "2999-01-01T00:00:00Z"}
                """
            func ask(
                _ method: String, _ path: String, _ headers: CronWebHeaders = .json, body: String = "",
                query: String = "",
                id: String = "a"
            ) async {
                let target = path.replacing("{id}", with: id)
                check(
                    await web.ask(method, query.isEmpty ? target : "\(target)?\(query)", headers, body: body), method,
                    path)
            }
            let job = "/api/jobs/{id}"
            await ask("GET", "/api/jobs")
            try await withThrowingTaskGroup(of: Void.self) { group in
                let scheduler = try RedisCronScheduler(connection: scheduling)
                group.addTask { try await scheduler.run() }
                group.addTask { try? await web.web.run() }
                defer { group.cancelAll() }
                await ask("PUT", job, body: full)
                await ask("PUT", job, body: #"{"func": "app.f", "queue": "q", "interval": 300}"#, id: "b")
                await ask("PUT", job, body: full)
                await ask("PUT", job, .json.with("If-Match", "\"x\""), body: full)
                await ask("PUT", job, body: "{}")
                await ask("PUT", job, body: "{")
                await ask("PUT", job, .bearer, body: full)
                await ask("PUT", job, [:], body: full)
                await ask("PUT", job, .json.with("Origin", "http://evil.example"), body: full)
                await ask("PUT", job, .json.with("Host", "evil.example"), body: full)
                await ask("PUT", job, body: String(repeating: " ", count: CronWeb.mostBodyBytes + 1))
                await ask("PUT", job, .json.with("X", String(repeating: "x", count: 9_000)), body: full)
                await ask("GET", job)
                await ask("GET", job, .bearer.with("If-None-Match", "*"))
                await ask("GET", job, id: "none")
                await ask("GET", job, query: "x=1")
                await ask("GET", "\(job)/status")
                await ask("GET", "\(job)/status", id: "none")
                await ask("POST", "\(job)/trigger", .bearer.with("Idempotency-Key", "k"))
                await ask("POST", "\(job)/trigger", .bearer.with("Idempotency-Key", "k"))
                await ask("POST", "\(job)/trigger", .bearer.with("Idempotency-Key", "l"))
                await ask("POST", "\(job)/trigger", id: "none")
                await ask("POST", "\(job)/trigger", body: "[]")
                await ask("POST", "\(job)/pause", body: #"{"note": "x"}"#)
                await ask("POST", "\(job)/pause", body: "x")
                await ask("POST", "\(job)/resume")
                await ask("GET", "\(job)/runs")
                await ask("GET", "/api/runs")
                await ask("GET", "/api/runs", query: "limit=x")
                await ask("POST", "/api/apply", body: #"{"jobs": []}"#)
                await ask(
                    "POST", "/api/apply",
                    body: #"{"jobs": [{"id": "b", "func": "app.g", "queue": "q", "interval": 1}]}"#)
                await ask("POST", "/api/apply", body: "x")
                await ask("GET", "/api/openapi.json")
                try server.command("HSET", "rq:cron_job:broken", "id", "broken")
                await ask("GET", job, id: "broken")
                try await web.isComplete()
                await ask("GET", "/api/jobs")
                await ask("GET", "/api/jobs", query: "limit=1")
                await ask("GET", "/api/jobs", query: "cursor=x")
                await ask("GET", "/api/health")
                await ask("DELETE", job, .bearer.with("If-Match", "\"x\""))
                await ask("DELETE", job)
                await ask("DELETE", job)
                check(await web.ask("GET", "/api/events", .bearer), "GET", "/api/events")
            }
            await server.stop()
            await ask("GET", job)
            await ask("PUT", job, body: full)
        }
    }
}
