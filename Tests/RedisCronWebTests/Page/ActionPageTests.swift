import Cron
import RQWire
import RedisCron
import TestSupport
import Testing

@testable import RedisCronWeb

/// What can be done on the pages, as a browser does it: a page asks, and the form on it is sent back.
@Suite(.timeLimit(.minutes(5)))
struct ActionPageTests {
    private static let headers: CronWebHeaders = [
        // `x` and the token.
        "Authorization":
            "Basic eDo5Zjg2ZDA4MTg4NGM3ZDY1OWEyZmVhYTBjNTVhZDAxNWEzYmY0ZjFiMmIwYjgyMmNkMTVkNmMxNWIwZjAwYTA4",
        "Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded",
    ]

    private func withActions(_ body: (PageUnderTest) async throws -> Void) async throws {
        var options = CronWeb.Options()
        options.token = try CronWebToken(Array(WebHarness.secret.utf8))
        options.allowsActions = true
        try await withPage(options) { page in
            for id in ["a", "b", "c<i>"] {
                try await page.connection.register(
                    id: id, call: CallSpec("app.f", queue: id == "a" ? "one" : "two"), schedule: .every(.seconds(3600)))
            }
            try await page.known(3)
            try await body(page)
        }
    }

    /// Asks for the page of an action and sends its form.
    private func act(_ page: PageUnderTest, _ address: String, _ fields: [String: String] = [:]) async -> (
        CronWebResponse, String
    ) {
        let asked = await page.respond(address, headers: Self.headers)
        let question = Self.text(asked)
        guard asked.status == 200, let start = question.firstRange(of: "name=\"form_token\" value=\"") else {
            return (asked, question)
        }
        let token = question[start.upperBound...].prefix { $0 != "\"" }
        var items = QueryItems().setting("form_token", to: String(token))
        for (name, value) in fields { items = items.setting(name, to: value) }
        let answer = await page.respond(address, method: "POST", headers: Self.headers, body: items.encoded)
        return (answer, Self.text(answer))
    }

    private static func text(_ response: CronWebResponse) -> String { Answer(response).text }

    @Test func `a definition is paused with note and end, resumed, run and deleted`() async throws {
        try await withActions { page in
            let (paused, _) = await act(page, "/jobs/a/pause", ["note": "a move", "until": "2037-06-03T07:40"])
            #expect(paused.status == 303)
            #expect(paused.headers["Location"] == "/jobs/a?done=pause&count=1")
            var job = try await page.connection.job(id: "a")
            #expect(job.pauseNote == "a move")
            // The wall clock of Berlin, where the scheduler is said to be.
            #expect(job.pausedUntil?.wireFormat == "2037-06-03T05:40:00.000000Z")
            let told = Self.text(await page.respond("/jobs/a?done=pause&count=1", headers: Self.headers))
            #expect(told.contains("Paused 1 definition."))
            #expect(await act(page, "/jobs/a/resume").0.status == 303)
            job = try await page.connection.job(id: "a")
            #expect(!job.isPaused(at: .now))
            #expect(await act(page, "/jobs/a/trigger").0.status == 303)
            let queued = try page.server.command("LLEN", "rq:queue:one").integer
            #expect(queued == 1)
            let (refused, text) = await act(page, "/jobs/a/delete", ["typed": "b"])
            #expect(refused.status == 422)
            #expect(text.contains("that is not the id"))
            let (deleted, _) = await act(page, "/jobs/a/delete", ["typed": "a"])
            #expect(deleted.headers["Location"] == "/?done=delete&count=1")
            let left = try await page.connection.allJobs()
            #expect(left.map(\.id) == ["b", "c<i>"])
            #expect(await act(page, "/jobs/a/pause").0.status == 404)
        }
    }

    @Test func `what cannot be is told on the same page, and what was typed stays`() async throws {
        try await withActions { page in
            let (past, text) = await act(page, "/jobs/b/pause", ["note": "x\"y", "until": "2020-01-01T00:00"])
            #expect(past.status == 422)
            #expect(text.contains("role=\"alert\""))
            #expect(text.contains("value=\"x&quot;y\""))
            #expect(await act(page, "/jobs/b/pause", ["until": "soon"]).0.status == 422)
            let job = try await page.connection.job(id: "b")
            #expect(!job.isPaused(at: .now))
        }
    }

    @Test func `all that a filter shows is paused, resumed, run and deleted`() async throws {
        try await withActions { page in
            let (paused, _) = await act(page, "/all/pause?queue=two", ["note": "all of two"])
            #expect(paused.headers["Location"] == "/?queue=two&done=pause&count=2")
            for (id, note) in [("a", nil), ("b", "all of two"), ("c<i>", "all of two")] {
                let job = try await page.connection.job(id: id)
                #expect(job.pauseNote == note)
            }
            #expect(await act(page, "/all/trigger?text=c").0.status == 303)
            let queued = try page.server.command("LLEN", "rq:queue:two").integer
            #expect(queued == 1)
            #expect(await act(page, "/all/resume").0.headers["Location"] == "/?done=resume&count=3")
            #expect(await act(page, "/all/delete?queue=two", ["typed": "3"]).0.status == 422)
            #expect(
                await act(page, "/all/delete?queue=two", ["typed": "2"]).0.headers["Location"]
                    == "/?done=delete&count=2")
            let left = try await page.connection.allJobs()
            #expect(left.map(\.id) == ["a"])
        }
    }

    @Test func `without the right to write there are neither buttons nor forms, and a post does nothing`() async throws
    {
        try await withPage { page in
            try await page.connection.register(
                id: "a", call: CallSpec("app.f", queue: "q"), schedule: .every(.seconds(60)))
            try await page.known(1)
            for address in ["/", "/jobs/a"] {
                let (_, body) = await page.get(address)
                #expect(!body.contains("/pause"))
                #expect(!body.contains("method=\"post\""))
            }
            #expect(await page.get("/jobs/a/pause").status == 403)
            let posted = await page.respond("/jobs/a/delete", method: "POST", headers: Self.headers, body: "typed=a")
            #expect(posted.status == 403)
            let left = try await page.connection.allJobs()
            #expect(left.count == 1)
        }
    }

    @Test func `a form that is not ours, or is sent by another site, does nothing`() async throws {
        try await withActions { page in
            for (name, value) in [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-origin")] {
                var headers = Self.headers
                headers[name] = value
                let answer = await page.respond(
                    "/jobs/a/delete", method: "POST", headers: headers, body: "typed=a&form_token=1.2")
                #expect(answer.status == 403)
            }
            let left = try await page.connection.allJobs()
            #expect(left.count == 3)
        }
    }

    @Test(arguments: [
        ("2026-06-03T07:40", "2026-06-03T05:40:00.000000Z"), ("2026-12-03T07:40:30", "2026-12-03T06:40:30.000000Z"),
        // Twice, and not at all.
        ("2026-10-25T02:30", "2026-10-25T00:30:00.000000Z"), ("2026-03-29T02:30", "2026-03-29T01:30:00.000000Z"),
    ])
    func `a wall clock is read in its zone`(_ text: String, _ time: String) throws {
        let zone = try ZoneRules(identifier: "Europe/Berlin")
        #expect(WallClock.time(text, in: zone)?.wireFormat == time)
        #expect(WallClock.time("07:40", in: zone) == nil)
    }
}
