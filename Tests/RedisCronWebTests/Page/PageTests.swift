import RQWire
import RedisCron
import TestSupport
import Testing

@testable import RedisCronWeb

/// The pages against a real Redis, with ids from strangers.
@Suite(.timeLimit(.minutes(5)))
struct PageTests {
    private static let strange = [
        #"<script>alert(1)</script>"#, #"" onmouseover="alert(1)"#, "'><img src=x onerror=alert(1)>", "a/b?c#d%41&amp;",
        "\u{1b}[31mred", "\u{202e}gnp.exe", "ünï©ødé 🎉", "line\nbreak\ttab", "..", "../..", ".", "a\u{0}b", " ",
        "</title><script>",
        String(repeating: "x<", count: 32_768),
    ]

    @Test func `ids of any kind are text on each page, and lead to their definition`() async throws {
        try await withPage { page in
            for id in Self.strange {
                try await page.connection.register(
                    id: id, call: CallSpec("app.tasks.f", queue: "q<\(id.prefix(20))>", jobDescription: id),
                    schedule: .every(.seconds(3600)))
            }
            try await page.known(Self.strange.count)
            for target in ["/", "/timeline"] {
                let (status, body) = await page.get(target)
                #expect(status == 200)
                Self.expectHarmless(body)
            }
            for id in Self.strange {
                guard let link = PageLinks(mountPath: "").definition(DefinitionID(id)) else {
                    #expect(id.utf8.count > 6_000 || [".", ".."].contains(id))
                    continue
                }
                let (status, body) = await page.get(link)
                #expect(status == 200, "\(id.prefix(40))")
                Self.expectHarmless(body)
                #expect(body.contains("<h1>"))
            }
        }
    }

    /// Nothing of an id became an element or an attribute.
    private static func expectHarmless(_ body: String) {
        let lowered = body.lowercased()
        #expect(!lowered.contains("<script>"))
        #expect(!lowered.contains("<img src=x"))
        #expect(!lowered.contains("\" onmouseover=\""))
        #expect(!body.contains("\u{1b}"))
        #expect(!body.contains("\u{0}"))
        // No inline style nor script: the policy forbids both.
        #expect(!lowered.contains(" style="))
        #expect(!lowered.contains("javascript:"))
    }

    @Test func `a run that is open stands beneath the outcome of the one before`() async throws {
        try await withPage { page in
            try await page.connection.register(
                id: "nightly", call: CallSpec("app.f", queue: "default"), schedule: .every(.seconds(3600)))
            try await page.known(1)
            try page.server.command(
                "LPUSH", "rq:cron_runs:nightly", #"["failed",1780000000000000,0,"schedule",1000,21000,null,"","job-1"]"#
            )
            try page.server.command(
                "ZADD", "rq:cron_runs_open", 0,
                #"["nightly",1780000360000000,0,"schedule","","default",500,null,null,0,180,20]"#)
            #expect(await page.get("/").body.contains(#"bad">✗ failed</span><span class="sub">… queued "#))
        }
    }

    @Test func `the list says how each definition is doing`() async throws {
        try await withPage { page in
            let connection = page.connection
            func add(_ id: String, _ schedule: ScheduleSpec, _ policy: RunPolicy = RunPolicy()) async throws
                -> RedisCronJob
            {
                try await connection.register(
                    id: id, call: CallSpec("app.f", queue: "default"), schedule: schedule, policy: policy)
                return try await connection.job(id: id)
            }
            _ = try await add("goes", .cron("0 7 * * 1-5", timeZone: "Europe/Berlin"))
            var paused = try await add("paused", .every(.seconds(60)))
            try await paused.pause(note: "a <b>move</b>")
            var snoozed = try await add("snoozed", .every(.seconds(60)))
            try await snoozed.pause(until: .now + .seconds(3600))
            var disabled = try await add("disabled", .every(.seconds(60)))
            try await disabled.disable()
            _ = try page.server.command("HSET", "rq:cron_job:broken", "id", "broken")
            _ = try page.server.command("PUBLISH", "rq:cron_jobs:events", #"{"event":"created","job_id":"broken"}"#)
            try await page.known(5)
            let (_, list) = await page.get("/")
            for word in ["running", "paused", "snoozed", "disabled", "invalid"] {
                #expect(list.contains("</svg>\(word)</span>"), "\(word)")
            }
            #expect(list.contains("every weekday at 07:00"))
            #expect(list.contains("<code>0 7 * * 1-5</code>"))
            #expect(list.contains("1 to 5 of 5"))
            let (_, one) = await page.get("/?state=paused")
            #expect(one.contains("1 to 1 of 1"))
            #expect(one.contains(">paused</a>") || one.contains("<bdi>paused</bdi>"))
            let (_, definition) = await page.get("/jobs/paused")
            #expect(definition.contains("paused: a &lt;b&gt;move&lt;/b&gt;"))
            let (status, _) = await page.get("/jobs/none")
            #expect(status == 404)
        }
    }

    @Test func `arguments are hidden unless they are asked for`() async throws {
        for isShown in [false, true] {
            var options = CronWeb.Options()
            options.showsArguments = isShown
            try await withPage(options) { page in
                try await page.connection.register(
                    id: "secret",
                    call: CallSpec("app.f", queue: "default", args: ["hunter2"], kwargs: ["key": "hunter3"]),
                    schedule: .every(.seconds(60)))
                let (_, body) = await page.get("/jobs/secret")
                #expect(body.contains("hunter2") == isShown)
                #expect(body.contains("hunter3") == isShown)
            }
        }
    }

    @Test func `style and script have addresses that change with them, below the mount path`() async throws {
        var options = CronWeb.Options()
        options.mountPath = "/cron"
        try await withPage(options) { page in
            let (_, body) = await page.get("/cron/")
            for name in ["page.css", "page.js", "icon.svg"] {
                let path = PageAssets.path(name, mountPath: "/cron")
                #expect(body.contains("\"\(path)\""))
                let response = await page.respond(path)
                #expect(response.status == 200)
                #expect(response.headers["Cache-Control"]?.contains("immutable") == true)
            }
            #expect(await page.respond("/cron/assets/old/page.css").headers["Cache-Control"] == "no-store")
            #expect(await page.respond("/cron/assets/x/none.css").status == 404)
        }
    }

    @Test func `a thousand viewers cost Redis what one does`() async throws {
        try await withPage { page in
            for number in 0..<150 {
                try await page.connection.register(
                    id: "job\(number)", call: CallSpec("app.f", queue: "q"), schedule: .every(.seconds(86_400)))
            }
            try await page.known(150)
            for target in ["/", "/timeline", "/?sort=-next&page=2"] { _ = await page.get(target) }
            func commands() throws -> Int {
                let stats = try page.server.command("INFO", "stats").string ?? ""
                let line = stats.split(whereSeparator: \.isNewline).first { $0.hasPrefix("total_commands_processed:") }
                return line.flatMap { Int($0.drop { $0 != ":" }.dropFirst()) } ?? -1
            }
            let before = try commands()
            for _ in 0..<100 {
                for target in ["/", "/timeline", "/?sort=-next&page=2"] {
                    #expect(await page.get(target).status == 200)
                }
            }
            // What follows Redis goes on meanwhile, and strips are read again after five seconds: 5 commands for each definition.
            let spent = try commands() - before
            #expect(spent < 40_000, "\(spent)")
        }
    }
}
