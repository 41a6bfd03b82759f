import Foundation
import RQWire
import RedisCron
import TestSupport
import Testing

@testable import RedisCronWeb

/// Several key prefixes behind one page.
@Suite(.timeLimit(.minutes(2)))
struct SiteTests {
    private static let job = #"{"func": "app.f", "queue": "q", "interval": 86400}"#

    @Test(arguments: [
        ([], "must have at least one"), (["a", "b", "a"], "has the key prefix 'a' twice"),
        (["a", String(repeating: "x", count: 1_025)], "has a key prefix of 1025 bytes in an address"),
    ])
    func `what cannot have addresses is refused`(prefixes: [String], reason: String) throws {
        let error = try #require(throws: RedisCronError.self) { _ = try siteWithoutRedis(prefixes) }
        #expect(error.code == .invalidOption)
        #expect(error.field == "schedules")
        #expect(error.message.hasPrefix(reason), "\(error.message)")
    }

    @Test func `one prefix is at the root, however long it is`() async throws {
        let web = try siteWithoutRedis([String(repeating: "x", count: 1_025)])
        #expect(web.mounts[0].path == "")
        #expect(web.mounts[0].sitePath == nil)
        #expect(await web.get("/prefixes/\(String(repeating: "x", count: 1_025))").status == 404)
        #expect(await web.get("/api/prefixes").status == 404)
        #expect(await !web.get("/").text.contains("Prefixes"))
    }

    /// Names that collide with addresses, with each other but for their case, and such as browsers and proxies change.
    private static let weird = [
        "rq", "api", "metrics", "prefixes", "assets", "jobs", "livez", "RQ", ".", "..", "...", "a.b", "a:b", "{a}:b",
        "-", ":",
        "a{", "_",
    ]

    /// As a shell must have them, with the apostrophes escaped.
    private static let quoted = ["{a}:b": "&#39;{a}:b&#39;", "-": "&#39;-&#39;", "a{": "&#39;a{&#39;"]

    @Test func `each prefix has an address, whatever it is called`() async throws {
        try await withRedis { server async throws in
            let site = try SiteHarness(server, Self.weird) { options in
                options.mountPath = "/cron"
                options.token = try CronWebToken(Array(WebHarness.secret.utf8))
                options.allowsActions = true
            }
            try await site.whileRunning { () async throws in
                let listed = await site.ask("/cron/api/prefixes", "GET", .bearer).json["prefixes"]?.array ?? []
                #expect(listed.map { $0["prefix"]?.string } == Self.weird)
                let paths = listed.compactMap { $0["path"]?.string }
                #expect(Set(paths).count == Self.weird.count)
                for (prefix, path) in zip(Self.weird, paths) {
                    let made = await site.ask("\(path)/api/jobs/of", "PUT", .json, body: Self.job)
                    #expect(made.status == 201, "\(prefix): \(made.text)")
                    #expect(made["Location"] == "\(path)/api/jobs/of")
                    #expect(try server.command("EXISTS", "\(prefix):cron_job:of").integer == 1)
                    // What a browser does with an address: nothing.
                    #expect(!path.split(separator: "/").contains { ["", ".", ".."].contains($0) }, "\(path)")
                    // Not percent-encoded it is the same, as some clients and proxies send it.
                    let plain = PercentEncoding.decoded(Array(path.utf8))
                    let again = await site.ask(
                        "\(String(decoding: plain, as: UTF8.self))/api/jobs/of", "GET", .bearer)
                    #expect(again.status == 200, "\(prefix)")
                    for page in [
                        "", "/", "/timeline", "/jobs/of", "/jobs/of/pause", "/metrics", "/readyz", "/api/health",
                    ] {
                        #expect(await site.ask(path + page, "GET", .bearer).status == 200, "\(prefix) \(page)")
                    }
                    // Every address that a page names leads somewhere.
                    let html = await site.ask("\(path)/jobs/of", "GET", .bearer).text
                    let option = prefix == "rq" ? "" : " --key-prefix=\(Self.quoted[prefix] ?? prefix)"
                    #expect(html.contains("rqrcron\(option) show of\n"), "\(prefix)")
                    let links = html.matches(of: /(?:href|src|data-events)="([^"#]+)"/).map { String($0.output.1) }
                    #expect(links.count > 10)
                    for link in Set(links) {
                        #expect(link.hasPrefix("\(path)/") || link == "/cron/", "\(link)")
                        let target = link.replacing("&amp;", with: "&")
                        #expect(await site.ask(target, "GET", .bearer).status == 200, "\(prefix): \(link)")
                    }
                }
                let first = await site.ask("/cron/", "GET", .bearer).text
                for path in paths { #expect(first.contains("href=\"\(path)/\"")) }
                #expect(await site.ask("/cron/prefixes", "GET", .bearer).status == 200)
            }
        }
    }

    @Test(arguments: [
        "/prefixes/c", "/prefixes/A/", "/prefixes//", "/prefixes/a%00/metrics", "/prefixes/%FF", "/prefixes/~a/livez",
    ])
    func `a prefix that is not served is not there`(target: String) async throws {
        let web = try siteWithoutRedis(["a", "b"])
        let answer = await web.get(target)
        #expect(answer.status == 404)
        #expect(answer.text.contains("No such key prefix is served here."))
        #expect(answer.text.contains(#"<a href="/">All prefixes</a>"#))
        // With a token nobody else learns which ones there are.
        let closed = try siteWithoutRedis(["a", "b"]) { $0.token = try CronWebToken(Array(WebHarness.secret.utf8)) }
        #expect(await closed.get(target).status == 401)
    }

    @Test func `nobody is let in at any prefix without the token, and each has its one word of health`() async throws {
        let web = try siteWithoutRedis(["a", "b"]) { options in
            options.token = try CronWebToken(Array(WebHarness.secret.utf8))
            options.allowsActions = true
        }
        for path in ["", "/prefixes/a", "/prefixes/b"] {
            for target in [
                "/", "/api/prefixes", "/api/jobs", "/api/events", "/api/openapi.json", "/metrics", "/timeline",
                "/readyz?verbose",
                "/assets/x/page.css",
            ] {
                #expect(await web.get(path + target).status == 401, "\(path + target)")
            }
            #expect(await web.get("\(path)/livez") == (200, "text/plain; charset=utf-8", "ok\n"))
            #expect(await web.get("\(path)/readyz").text == "disconnected\n")
        }
    }

    @Test func `a form of one prefix changes that one, and none without its token`() async throws {
        try await withRedis { server async throws in
            let site = try SiteHarness(server, ["a", "b"]) { options in
                options.token = try CronWebToken(Array(WebHarness.secret.utf8))
                options.allowsActions = true
            }
            let basic: CronWebHeaders = [
                "Authorization": "Basic \(Data("ann:\(WebHarness.secret)".utf8).base64EncodedString())",
                "Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded",
            ]
            try await site.whileRunning { () async throws in
                for prefix in ["a", "b"] {
                    _ = await site.ask("/prefixes/\(prefix)/api/jobs/of", "PUT", .json, body: Self.job)
                }
                let asked = await site.ask("/prefixes/b/jobs/of/pause", "GET", basic).text
                let token = try #require(asked.firstMatch(of: /name="form_token" value="([^"]+)"/)?.output.1)
                let address = try #require(asked.firstMatch(of: /<form[^>]*action="([^"]+)"/)?.output.1)
                #expect(address == "/prefixes/b/jobs/of/pause")
                let stranger = basic.with("X", "y")
                let refused = await site.ask("/prefixes/b/jobs/of/pause", "POST", stranger, body: "note=x")
                #expect(refused.status == 403)
                let done = await site.ask(
                    "/prefixes/b/jobs/of/pause", "POST", basic, body: "note=x&form_token=\(token)")
                #expect(done.status == 303, "\(done.text)")
                #expect(done["Location"]?.hasPrefix("/prefixes/b/jobs/of?") == true)
                #expect(try server.command("HGET", "b:cron_job:of", "enabled").string == "0")
                #expect(try server.command("HGET", "a:cron_job:of", "enabled").string == "1")
            }
        }
    }

    @Test func `the list tells how each prefix is doing`() async throws {
        try await withRedis { server async throws in
            try server.command("SET", "b:cron_jobs:lock", "other:0123456789abcdef0123456789abcdef", "EX", 600)
            let site = try SiteHarness(server, ["a", "b"])
            try await site.whileRunning { () async throws in
                let page = try RedisCronConnection(url: server.socketURL, keyPrefix: "a")
                for id in ["one", "two"] {
                    try await page.register(
                        functionName: "app.f", queueName: "q", id: id, interval: .seconds(86_400))
                }
                try await eventually("all is known") {
                    let listed = await site.ask("/api/prefixes").json["prefixes"]
                    return listed?[0]?["definitions"]?["running"]?.int == 2 && listed?[1]?["leader"]?.string == "other"
                        && listed?[0]?["next_due"]?.string?.isEmpty == false
                }
                let listed = await site.ask("/api/prefixes").json["prefixes"]
                #expect(listed?[0]?["state"]?.string == "leading")
                #expect(listed?[0]?["leader"]?.string == "me")
                #expect(listed?[1]?["state"]?.string == "standby")
                #expect(listed?[1]?["ready"]?.bool == true)
                #expect(listed?[1]?["definitions"]?["running"]?.int == 0)
                let html = await site.ask("/").text
                #expect(html.contains(#"<tr data-id="a">"#))
                #expect(html.contains("leading") && html.contains("standby"))
                #expect(html.contains(#"data-events="/api/events""#))
                #expect(!html.contains("Not ready"))
                #expect(await site.ask("/")["Content-Security-Policy"]?.contains("default-src 'none'") == true)
                await page.close()
            }
        }
    }

    @Test func `an event names the prefix that has changed`() async throws {
        try await withRedis { server async throws in
            let site = try SiteHarness(server, ["a", "b"])
            try await site.whileRunning { () async throws in
                guard case .stream(let stream) = await site.ask("/api/events").response.body else {
                    Issue.record("no stream")
                    return
                }
                let connection = try RedisCronConnection(url: server.socketURL, keyPrefix: "b")
                let making = Task {
                    for number in 0..<50 where !Task.isCancelled {
                        try await connection.register(
                            functionName: "app.f", queueName: "q", id: "job \(number)", interval: .seconds(86_400))
                        try await Task.sleep(for: .seconds(1))
                    }
                }
                for await piece in stream {
                    let text = String(decoding: piece, as: UTF8.self)
                    // The first look has nothing to compare with, and names none.
                    guard text.hasPrefix("event: change\n"), !text.contains(#""ids": null"#) else { continue }
                    #expect(text.contains(#""ids": ["b"]"#), "\(text)")
                    break
                }
                making.cancel()
                _ = await making.result
                await connection.close()
            }
        }
    }

    @Test func `the description has a server for each prefix, and the list`() async throws {
        let web = try siteWithoutRedis(["a", ".."]) { $0.mountPath = "/cron" }
        let site = try JSONValue(parsing: await web.get("/cron/api/openapi.json").text)
        #expect(site["servers"]?[0]?["url"]?.string == "/cron/prefixes/{prefix}")
        #expect(site["servers"]?[0]?["variables"]?["prefix"]?["enum"] == ["a", "~.."])
        #expect(site["paths"]?["/api/prefixes"]?["servers"]?[0]?["url"]?.string == "/cron")
        let own = try JSONValue(parsing: await web.get("/cron/prefixes/a/api/openapi.json").text)
        #expect(own["servers"]?[0]?["url"]?.string == "/cron/prefixes/a")
        #expect(own["paths"]?["/api/prefixes"] == nil)
        let schema = try #require(site["components"]?["schemas"]?["PrefixList"])
        let listed = try JSONValue(parsing: await web.get("/cron/api/prefixes").text)
        #expect(DescribedSchema(document: site).complaints(of: listed, schema, "prefixes") == [])
        #expect(await web.get("/cron/api/prefixes?x=1").status == 400)
        #expect(await web.get("/cron/api/jobs").status == 404)
        let posted = await web.respond(
            to: CronWebRequest(method: "DELETE", target: "/cron/api/prefixes", headers: ["Host": "localhost"]))
        #expect(posted.status == 403)
    }

    @Test func `what was done names the prefix in the log`() async throws {
        try await withRedis { server async throws in
            let lines = Observed<[String]>([])
            let site = try SiteHarness(server, ["a", "b"]) { options in
                options.token = try CronWebToken(Array(WebHarness.secret.utf8))
                options.allowsActions = true
                options.logger = SchedulerLogger { _, line in lines.update { $0.append(line) } }
            }
            try await site.whileRunning { () async throws in
                _ = await site.ask("/prefixes/b/api/jobs/of", "PUT", .json, body: Self.job)
                _ = try await lines.wait(for: "the line") { lines in
                    lines.first { $0.hasPrefix("[b] page: ") && $0.contains("'of'") }
                }
            }
        }
    }
}
