import RQWire
import Testing

@testable import RedisCronWeb

struct RequestShapeTests {
    private let plain: WebHarness

    init() throws {
        plain = try WebHarness()
    }

    @Test func `a head of 8 KiB is read, and a longer one is refused`() async {
        // "/nowhere", "Host: localhost" and "X: …" with four bytes more each.
        let rest = CronWeb.mostHeadBytes - 8 - 17 - 5
        #expect(await plain.ask("GET", "/nowhere", ["X": String(repeating: "a", count: rest)]).status == 404)
        #expect(await plain.ask("GET", "/nowhere", ["X": String(repeating: "a", count: rest + 1)]).status == 431)
        #expect(await plain.ask("GET", "/" + String(repeating: "a", count: 9_000)).status == 431)
        #expect(await plain.ask("GET", "/nowhere", ["X": String(repeating: "a", count: 9 * 1_024)]).status == 431)
    }

    @Test func `a body of 1 MiB is read, and a longer one is refused`() async throws {
        let acting = try WebHarness.acting()
        let most = String(repeating: " ", count: CronWeb.mostBodyBytes)
        #expect(await acting.ask("POST", "/nowhere", .bearer, body: most).status != 413)
        #expect(await acting.ask("POST", "/nowhere", .bearer, body: most + " ").status == 413)
        // Where the server did not read it.
        #expect(await acting.ask("POST", "/nowhere", .bearer.with("Content-Length", "2097152")).status == 413)
    }

    @Test(arguments: [
        "/a\0", "/a\r\nX: y", "/a\u{1B}", "/a b", "/a\u{7F}", "/ä", "/a#b", "/a\\b", "", "a", "*", "http://localhost/",
        "/../etc/passwd", "/jobs/..", "/jobs/./a", "/jobs/%2e%2E/a", "/.%2e",
    ])
    func `a target with what no target has is refused`(target: String) async {
        #expect(await plain.ask("GET", target).status == 400)
    }

    @Test(arguments: ["a\0", "a\r\nX: y", "a\u{1B}[31m", "a\u{7F}", "a\n"])
    func `a field with a control character is refused`(value: String) async {
        #expect(await plain.ask("GET", "/nowhere", ["X": value]).status == 400)
    }

    @Test func `tabs and bytes beyond ASCII may stand in a field, and not in its name`() async {
        #expect(await plain.ask("GET", "/nowhere", ["X": "a\tä"]).status == 404)
        for name in ["X Y", "X:", "", "Ä", "X\0"] {
            #expect(await plain.ask("GET", "/nowhere", [name: "a"]).status == 400)
        }
    }

    @Test(arguments: ["OPTIONS", "TRACE", "CONNECT", "PATCH", "get", "PROPFIND"])
    func `a method that nothing answers is refused with those that there are`(method: String) async {
        let answer = await plain.ask(method, "/nowhere")
        #expect(answer.status == 405)
        #expect(answer["Allow"] == "GET, HEAD, POST, PUT, DELETE")
    }

    @Test func `an address of the API tells its own methods`() async throws {
        let acting = try WebHarness.acting()
        for method in ["OPTIONS", "PATCH", "POST"] {
            #expect(await acting.ask(method, "/api/runs", .bearer)["Allow"] == "GET, HEAD")
        }
        #expect(await acting.ask("PATCH", "/api/jobs/a", .bearer)["Allow"] == "GET, HEAD, PUT, DELETE")
        #expect(await acting.ask("GET", "/api/apply", .bearer)["Allow"] == "POST")
    }

    @Test func `a method that is no token is refused`() async {
        for method in ["", "GET /", "G\0T"] { #expect(await plain.ask(method, "/nowhere").status == 400) }
    }

    @Test(
        arguments: [
            ["Content-Length": "0", "Transfer-Encoding": "chunked"], ["Content-Length": "0, 0"],
            ["Content-Length": "+0"],
            ["Content-Length": "0x0"], ["Content-Length": ""], ["Content-Length": "-1"], ["Content-Length": "5"],
            ["Transfer-Encoding": "gzip, chunked"], ["Transfer-Encoding": "identity"], ["Transfer-Encoding": "x"],
            ["Content-Length": "0", "content-length": "0"],
            ["Transfer-Encoding": "chunked", "transfer-encoding": "chunked"],
        ] as [CronWebHeaders])
    func `a length that two servers could read in two ways is refused`(headers: CronWebHeaders) async {
        #expect(await plain.ask("GET", "/nowhere", headers).status == 400)
    }

    @Test func `an honest length and chunks are read`() async {
        #expect(await plain.ask("GET", "/nowhere", ["Content-Length": "0"]).status == 404)
        #expect(await plain.ask("GET", "/nowhere", ["Transfer-Encoding": "chunked"]).status == 404)
    }

    @Test(arguments: ["/", "/nowhere", "/api/nowhere", "/livez", "/metrics", "/..", "/api/jobs?limit=x"])
    func `every answer says what a browser may do with it`(target: String) async {
        for host in ["localhost", "evil.example"] {
            let answer = await plain.ask("GET", target, ["Host": host])
            let policy = answer["Content-Security-Policy"] ?? ""
            #expect(policy.hasPrefix("default-src 'none';") && policy.contains("frame-ancestors 'none'"))
            #expect(!policy.contains("unsafe") && !policy.contains("*"))
            #expect(answer["X-Content-Type-Options"] == "nosniff")
            #expect(answer["Referrer-Policy"] == "no-referrer")
            #expect(answer["Cache-Control"] != nil)
            #expect(answer["Access-Control-Allow-Origin"] == nil)
        }
    }

    @Test func `HEAD answers as GET without a body`() async {
        let (get, head) = (await plain.ask("GET", "/api/nowhere"), await plain.ask("HEAD", "/api/nowhere"))
        #expect(head.status == get.status)
        #expect(head["Content-Length"] == String(get.text.utf8.count))
        var headers = head.response.headers
        headers["Content-Length"] = nil
        #expect(headers == get.response.headers)
        #expect(head.text.isEmpty && !get.text.isEmpty)
    }

    @Test func `what is wrong is told as a problem document below api, and as text elsewhere`() async {
        let problem = await plain.ask("GET", "/api/jobs", ["Host": "evil.example"])
        #expect(problem["Content-Type"] == "application/problem+json")
        #expect(problem.json["status"]?.int == 421)
        #expect(problem.json["title"]?.string == "Misdirected Request")
        #expect(problem.json["field"]?.string == "Host")
        #expect(
            await plain.ask("GET", "/jobs", ["Host": "evil.example"])["Content-Type"] == "text/plain; charset=utf-8")
    }

    @Test func `below a mount path only what is there is answered`() async throws {
        let mounted = try WebHarness { $0.mountPath = "/cron" }
        // Outside of it nothing belongs to the API: errors are text.
        #expect(await mounted.ask("GET", "/api/health").text == "there is nothing at this address\n")
        #expect(await mounted.ask("GET", "/cronies").status == 404)
        #expect(await mounted.ask("GET", "/cron/api/nowhere").json["status"]?.int == 404)
    }
}
