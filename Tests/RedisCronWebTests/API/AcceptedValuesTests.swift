import RQWire
import RedisCron
import TestSupport
import Testing

@testable import RedisCronWeb

/// What the API takes, held against `/api/openapi.json`: it takes nothing that the description refuses.
///
/// Requests made at random find such a value by luck. Here each key and each parameter gets every kind of value, with both sides of
/// each bound.
@Suite(.timeLimit(.minutes(3)))
struct AcceptedValuesTests {
    private let schema: DescribedSchema
    private let keys: [JSONString]

    init() throws {
        schema = DescribedSchema(
            document: .object(try APIDescription.document(mountPath: "", needsToken: false)))
        keys = schema.referred("#/components/schemas/JobToPut")["properties"]?.object?.keys ?? []
    }

    private static let numbers: [JSONValue] =
        [
            -2, -1, 0, 1, 2, 9, 10, 11, 100, 101, 1_000, 1_001, 86_400, 86_401, 2_147_483_647, 2_147_483_648,
            250_000_000_000, 250_000_000_001, 31_536_000_000, 31_536_000_001, .int(.max), .int(.min), 0.0, 1.0, 1.5,
            -1.0,
        ] + ["18446744073709551616", "-18446744073709551616"].compactMap { JSONValue(integer: $0) }

    private static let texts: [JSONValue] = [
        "", " ", "a", "a.", "app.f", "app.f ", "ä.ß", "1", "true", "null", "nobody:jobs", "\0", "a\u{0}b", "\u{1F600}",
        "0 7 * * *",
        "@daily", "* * * * *", "0 0 30 2 *", "61 * * * *", "every 5m", "UTC", "Europe/Berlin", "europe/berlin",
        "Mars/Olympus", "../UTC",
        "allow", "Allow", "skip", "wait", "replace", "one", "all", "GET", "post", "pickle", "json", "finished", "for",
        "when",
        "2999-01-01T00:00:00Z", "2999-01-01T00:00:00.5+02:00", "2999-01-01", "1999-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59", "2026-02-30T00:00:00Z", "https://example.com/h",
        "http://u:p@example.com/", "ftp://example.com/",
    ]

    private static let groups: [JSONValue] = [
        [], [.null], [1], ["a"], ["2026-12-25"], ["2026-12-24/2027-01-02"], ["0 7 * * *"], [[]], [[:]],
        [1.5, ["deep": [.null]]],
        [:], ["a": 1], ["a": "b"], ["": .null], ["max": 1], ["max": 0], ["max": .null], ["max": 1.0], ["max": "1"],
        ["max": 1, "other": 1], ["intervals": [1]], ["max": 1, "intervals": .null], ["max": 1, "intervals": []],
        ["max": 1, "intervals": [0, 250_000_000_000]], ["max": 1, "intervals": [250_000_000_001]],
        ["max": 1, "intervals": [-1]], ["max": 1, "intervals": ["1"]], ["max": 1, "intervals": 1],
        [["url": "https://example.com/h", "job_status": "failed"]],
        [
            [
                "url": "https://example.com/h", "job_status": "finished", "method": "POST", "headers": ["X-A": "b"],
                "timeout": 1,
            ]
        ],
        [
            [
                "url": "https://example.com/h", "job_status": "failed", "method": .null, "headers": .null,
                "timeout": .null,
            ]
        ],
        [["url": "https://example.com/h"]], [["job_status": "failed"]], [["url": .null, "job_status": "failed"]],
        [["url": 1, "job_status": "failed"]], [["url": "https://example.com/h", "job_status": "started"]],
        [["url": "https://example.com/h", "job_status": "failed", "method": "PUT"]],
        [["url": "https://example.com/h", "job_status": "failed", "headers": ["a": 1]]],
        [["url": "https://example.com/h", "job_status": "failed", "headers": []]],
        [["url": "https://example.com/h", "job_status": "failed", "timeout": 0]],
        [["url": "https://example.com/h", "job_status": "failed", "timeout": 2_147_483_648]],
        [["url": "https://example.com/h", "job_status": "failed", "other": 1]],
    ]

    private static let values = [.null, true, false] + numbers + texts + groups

    /// A definition that is right.
    private static let definition: JSONObject = ["func": "app.f", "queue": "q", "interval": 60]
    /// Others, for keys that go with another kind of schedule or spelling.
    private static let others: [(definition: JSONObject, keys: [JSONString])] = [
        (["func": "app.f", "queue": "q", "cron": "0 7 * * *"], ["cron", "interval", "first_run"]),
        (
            ["func_name": "app.f", "queue_name": "q", "interval": 60, "start_time": "2998-01-01T00:00:00Z"],
            ["func", "func_name", "queue", "queue_name", "first_run"]
        ),
    ]

    /// - Returns: Whether it was taken.
    private func check(
        _ answer: Answer, to value: JSONValue, as schema: JSONValue, _ place: String
    ) -> Bool {
        let complaints = self.schema.complaints(of: value, schema, place)
        if answer.status < 300 {
            #expect(complaints == [], "it took \(value)")
            return true
        }
        #expect([400, 409, 422].contains(answer.status), "\(place) \(value): \(answer.text)")
        // What is as described makes no sense for a reason that names its place.
        if complaints.isEmpty, answer.status == 422 {
            #expect(answer.json["field"] != nil, "\(place) \(value): \(answer.text)")
        }
        return false
    }

    @Test func `no key of a definition takes more than is described`() async throws {
        try await withRedis { server async throws in
            let web = try WebHarness.acting(url: server.url)
            var taken: Set<String> = []
            for key in keys + ["other"] {
                let others = Self.others.filter { $0.keys.contains(key) }.map(\.definition)
                for definition in [Self.definition] + others {
                    for value in Self.values {
                        var body = definition
                        body[key] = value
                        let put = await web.ask("PUT", "/api/jobs/a", .json, body: "\(body)")
                        if check(put, to: .object(body), as: ["$ref": "#/components/schemas/JobToPut"], "\(key)"),
                            value != .null
                        {
                            taken.insert(key.description)
                        }
                    }
                }
            }
            #expect(taken == Set(keys.map(\.description)))
        }
    }

    @Test func `no key of a file takes more than is described`() async throws {
        try await withRedis { server async throws in
            let web = try WebHarness.acting(url: server.url)
            func apply(_ file: JSONObject, _ place: String) async -> Bool {
                let answer = await web.ask("POST", "/api/apply?dry_run=1", .json, body: "\(file)")
                return check(answer, to: .object(file), as: ["$ref": "#/components/schemas/File"], place)
            }
            // All other keys are read as those of a definition that is put.
            for key: JSONString in ["id", "func", "queue", "interval", "cron", "args", "other"] {
                var taken = 0
                for value in Self.values {
                    var job = Self.definition
                    job["id"] = "a"
                    job[key] = value
                    if await apply(["jobs": [.object(job)]], "jobs.\(key)") { taken += 1 }
                }
                #expect(key == "other" ? taken == 0 : taken > 0, "\(key)")
            }
            for key: JSONString in ["source", "jobs", "other"] {
                for value in Self.values {
                    var file: JSONObject = ["jobs": []]
                    file[key] = value
                    _ = await apply(file, key.description)
                }
            }
            for value in Self.values {
                let answer = await web.ask("POST", "/api/apply?dry_run=1", .json, body: "\(value)")
                _ = check(answer, to: value, as: ["$ref": "#/components/schemas/File"], "the file")
            }
        }
    }

    @Test(arguments: ["trigger", "pause", "resume"])
    func `no key of an action takes more than is described`(action: String) async throws {
        try await withRedis { server async throws in
            let web = try WebHarness.acting(url: server.url)
            let body = Self.definition
            #expect(await web.ask("PUT", "/api/jobs/a", .json, body: "\(body)").status == 201)
            let path = "/api/jobs/{id}/\(action)"
            let operation = schema.document["paths"]?[path]?["post"]
            let described = try #require(operation?["requestBody"]?["content"]?["application/json"]?["schema"])
            func post(_ value: JSONValue) async -> Bool {
                let answer = await web.ask("POST", "/api/jobs/a/\(action)", .json, body: "\(value)")
                return check(answer, to: value, as: described, action)
            }
            for key in (described["properties"]?.object?.keys ?? []) + ["other"] {
                var taken = 0
                for value in Self.values where await post([key: value]) { taken += 1 }
                // Null, and something besides.
                #expect(key == "other" ? taken == 0 : taken > 1, "\(key)")
            }
            for value in Self.values { _ = await post(value) }
        }
    }

    @Test func `no parameter takes more than is described`() async throws {
        try await withRedis { server async throws in
            let web = try WebHarness.acting(url: server.url)
            #expect(await web.ask("PUT", "/api/jobs/a", .json, body: "\(Self.definition)").status == 201)
            try await web.following { web async throws in
                for endpoint in Endpoint.all where endpoint.path != "/events" {
                    let method = endpoint.method.lowercased()
                    let operation = schema.document["paths"]?["/api\(endpoint.path)"]?[method]
                    let parameters = (operation?["parameters"]?.array ?? []).map { parameter in
                        parameter["$ref"]?.string.map(schema.referred) ?? parameter
                    }
                    for parameter in parameters where parameter["in"] == "query" {
                        try await check(parameter, of: endpoint, on: web)
                    }
                    let target = "/api\(endpoint.path)".replacing("{id}", with: "a") + "?other=1"
                    let body = endpoint.method == "POST" || endpoint.method == "PUT" ? "{}" : ""
                    #expect(await web.ask(endpoint.method, target, .json, body: body).status == 400, "\(target)")
                }
            }
        }
    }

    private func check(_ parameter: JSONValue, of endpoint: Endpoint, on web: WebHarness) async throws {
        let name = try #require(parameter["name"]?.string)
        let described = try #require(parameter["schema"])
        let isNumber = described["type"] == "integer"
        var taken = 0
        for value in Self.values {
            let text = value.string ?? "\(value)"
            let target = "/api\(endpoint.path)".replacing("{id}", with: "a")
            let body = endpoint.method == "POST" ? #"{"source": "s", "jobs": []}"# : ""
            let answer = await web.ask(
                endpoint.method, "\(target)?\(name)=\(PercentEncoding.encoded(text))", .json, body: body)
            // Every value is a text in an address; of a number it is its digits.
            let meant = isNumber ? Int(text).map { .int($0) } ?? .string(text) : JSONValue.string(text)
            if check(answer, to: meant, as: described, "\(endpoint.path) \(name)") { taken += 1 }
        }
        #expect(taken > 0, "\(endpoint.path) \(name)")
    }
}
