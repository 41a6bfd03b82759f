import RQWire
import RedisCron
import TestSupport
import Testing

@testable import RedisCronWeb

/// `PUT` where the catalogue does not know yet what somebody else did: it creates what the catalogue lacks without a look.
@Suite(.timeLimit(.minutes(2)))
struct StaleCatalogueTests {
    private static let job = #"{"func": "app.f", "queue": "q", "interval": 300}"#
    private static let other = #"{"func": "app.other", "queue": "q", "interval": 60}"#
    private static let key = "rq:cron_job:a"

    /// A page that follows, in whose Redis stands a definition that the catalogue lacks.
    private func withUnknownDefinition(
        _ body: @escaping @Sendable (WebHarness, RedisServer, _ tag: String) async throws -> Void
    ) async throws {
        try await withRedis { server async throws in
            let web = try WebHarness.acting(url: server.url)
            try await web.following { web in
                let created = await web.ask("PUT", "/api/jobs/a", .json, body: Self.job)
                #expect(created.status == 201)
                let dump = try server.command("DUMP", Self.key)
                #expect(await web.ask("DELETE", "/api/jobs/a", .bearer).status == 204)
                try await eventually("the catalogue lacks it") { await lacks("a", web) }
                // Nobody announces it, as where the announcement is on its way.
                _ = try server.command("RESTORE", Self.key, "0", try #require(dump.bytes))
                #expect(await lacks("a", web))
                try await body(web, server, try #require(created["ETag"]))
            }
        }
    }

    private func lacks(_ id: String, _ web: WebHarness) async -> Bool {
        await web.web.catalogue.lacks(DefinitionID(id))
    }

    @Test func `a definition that somebody else has created is replaced, and is not written where it is the same`()
        async throws
    {
        try await withUnknownDefinition { web, server, tag in
            let before = try server.command("HGETALL", Self.key).strings
            let same = await web.ask("PUT", "/api/jobs/a", .json, body: Self.job)
            #expect(same.status == 200)
            #expect(same["ETag"] == tag)
            #expect(try server.command("HGETALL", Self.key).strings == before)
            let changed = await web.ask("PUT", "/api/jobs/a", .json, body: Self.other)
            #expect(changed.status == 200)
            #expect(try server.command("HGET", Self.key, "func_name").string == "app.other")
        }
    }

    @Test func `If-Match and If-None-Match mean what stands there`() async throws {
        try await withUnknownDefinition { web, server, tag in
            let before = try server.command("HGETALL", Self.key).strings
            func put(_ field: String, _ value: String) async -> Int {
                await web.ask("PUT", "/api/jobs/a", .json.with(field, value), body: Self.other).status
            }
            #expect(await put("If-None-Match", "*") == 412)
            #expect(await put("If-Match", "\"1\"") == 412)
            #expect(try server.command("HGETALL", Self.key).strings == before)
            #expect(await put("If-Match", tag) == 200)
        }
    }

    @Test func `a definition that somebody else has deleted is created`() async throws {
        try await withRedis { server async throws in
            let web = try WebHarness.acting(url: server.url)
            try await web.following { web in
                #expect(await web.ask("PUT", "/api/jobs/a", .json, body: Self.job).status == 201)
                try await eventually("the catalogue has it") { await !lacks("a", web) }
                _ = try server.command("DEL", Self.key)
                let gone = await web.ask("PUT", "/api/jobs/a", .json.with("If-Match", "*"), body: Self.job)
                #expect(gone.status == 412)
                #expect(await web.ask("PUT", "/api/jobs/a", .json, body: Self.job).status == 201)
            }
        }
    }

    @Test func `a key that holds something else is refused, as with a look`() async throws {
        try await withRedis { server async throws in
            let web = try WebHarness.acting(url: server.url)
            try await web.following { web in
                _ = try server.command("SET", Self.key, "text")
                let looked = try await WebHarness.acting(url: server.url).ask(
                    "PUT", "/api/jobs/a", .json, body: Self.job)
                #expect(await lacks("a", web))
                let guessed = await web.ask("PUT", "/api/jobs/a", .json, body: Self.job)
                #expect(guessed.status == looked.status && guessed.text == looked.text)
                #expect(guessed.status >= 400)
            }
            #expect(try server.command("GET", Self.key).string == "text")
        }
    }

    @Test func `what is new takes one round trip, and what is not is looked at`() async throws {
        try await withRedis { server async throws in
            let connection = try RedisCronConnection(url: server.url, defaultTimeZone: "UTC")
            let declaration = CronJobDeclaration(
                id: "a", call: CallSpec("app.f", queue: "q"), schedule: .every(.seconds(300)))
            func put() async throws -> String {
                switch try await connection.put(declaration, isProbablyNew: true, where: { _ in true }) {
                case .created: "created"
                case .changed: "changed"
                case .unchanged: "unchanged"
                case .refused: "refused"
                }
            }
            func looks() throws -> Bool {
                try server.command("INFO", "commandstats").string?.contains("cmdstat_hgetall:") == true
            }
            #expect(try await put() == "created")
            #expect(try !looks())
            #expect(try await put() == "unchanged")
            #expect(try looks())
            await connection.close()
        }
    }
}
