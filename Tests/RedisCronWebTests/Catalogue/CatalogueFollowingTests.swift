import RQWire
import RedisCron
import TestSupport
import Testing

@testable import RedisCronWeb

/// The catalogue against a real Redis, where editors, ticks and accidents change what it holds.
@Suite(.timeLimit(.minutes(5)))
struct CatalogueFollowingTests {
    private static func add(_ id: String, to page: PageUnderTest, queue: String = "default") async throws {
        // Not at once, or it would be overdue where the test takes more than five seconds.
        var schedule = ScheduleSpec.every(.seconds(3600))
        schedule.startTime = .now + .seconds(3600)
        try await page.connection.register(id: id, call: CallSpec("app.f", queue: queue), schedule: schedule)
    }

    private static func entry(_ id: String, in page: PageUnderTest) async -> CatalogueEntry? {
        // Asking for a page keeps the catalogue awake.
        _ = await page.web.catalogue.page(CatalogueQuery())
        return await page.web.catalogue.entry(DefinitionID(id))
    }

    @Test func `what is created, edited, paused and deleted is seen`() async throws {
        try await withPage { page in
            try await page.known(0)
            try await Self.add("a", to: page)
            try await eventually("a is known") { await Self.entry("a", in: page)?.queueName == "default" }
            try await Self.add("a", to: page, queue: "mail")
            try await eventually("a moved to mail") { await Self.entry("a", in: page)?.queueName == "mail" }
            #expect(await page.web.catalogue.page(CatalogueQuery()).queues == ["mail"])
            var job = try await page.connection.job(id: "a")
            try await job.pause(until: .now + .seconds(600))
            try await eventually("a is snoozed") { await Self.entry("a", in: page)?.state == .snoozed }
            try await job.resume()
            try await eventually("a goes on") { await Self.entry("a", in: page)?.state == .running }
            try await page.connection.deleteJob(id: "a")
            try await eventually("a is gone") { await Self.entry("a", in: page) == nil }
            #expect(await page.web.catalogue.page(CatalogueQuery()).queues == [])
        }
    }

    @Test func `what a tick moves is seen without an announcement`() async throws {
        try await withPage { page in
            try await Self.add("a", to: page)
            try await page.known(1)
            let key = "rq:cron_job:a"
            // It becomes due, and nobody takes it.
            let due = Timestamp.now - .seconds(30)
            _ = try page.server.command("HSET", key, "next_enqueue_time", due.wireFormat)
            _ = try page.server.command("ZADD", "rq:cron_jobs", "\(due.unixSeconds)", "a")
            _ = try page.server.command("PUBLISH", "rq:cron_jobs:events", #"{"event":"updated","job_id":"a"}"#)
            try await eventually("a is overdue") { await Self.entry("a", in: page)?.state == .overdue }
            // A tick takes it.
            let (next, now) = (Timestamp.now + .seconds(3570), Timestamp.now)
            _ = try page.server.command(
                "HSET", key, "next_enqueue_time", next.wireFormat, "latest_enqueue_time", now.wireFormat)
            _ = try page.server.command("ZADD", "rq:cron_jobs", "\(next.unixSeconds)", "a")
            try await eventually("a was run") { await Self.entry("a", in: page)?.last == now }
            let entry = await Self.entry("a", in: page)
            #expect(entry?.next == next)
            #expect(entry?.state == .running)
        }
    }

    @Test func `ends of runs are seen, and what they were`() async throws {
        try await withPage { page in
            try await Self.add("a", to: page)
            try await page.known(1)
            func end(_ outcome: String) throws {
                let at = Timestamp.now.microseconds
                _ = try page.server.command(
                    "LPUSH", "rq:cron_runs:a", #"["\#(outcome)",\#(at),0,"schedule",1000,2501000]"#)
                _ = try page.server.command("ZADD", "rq:cron_runs_index", "\(Timestamp.now.score)", "a")
            }
            try end("failed")
            try await eventually("the failure is known") { await Self.entry("a", in: page)?.state == .failing }
            #expect(await Self.entry("a", in: page)?.duration == .milliseconds(2500))
            try end("finished")
            try await eventually("the success is known") { await Self.entry("a", in: page)?.state == .running }
            #expect(await Self.entry("a", in: page)?.outcome == .finished)
            let (_, list) = await page.get("/")
            #expect(list.contains("Last 2 runs: 1 finished, 1 failed"))
        }
    }

    @Test func `after a cut of the channel everything is read again`() async throws {
        try await withPage { page in
            try await Self.add("a", to: page)
            try await Self.add("b", to: page)
            try await page.known(2)
            // Behind its back, and then the cut.
            _ = try page.server.command("DEL", "rq:cron_job:a")
            _ = try page.server.command("ZREM", "rq:cron_jobs", "a")
            _ = try page.server.command("HSET", "rq:cron_job:b", "queue_name", "other")
            _ = try page.server.command("CLIENT", "KILL", "TYPE", "pubsub")
            try await eventually("a is gone") { await Self.entry("a", in: page) == nil }
            try await eventually("b moved") { await Self.entry("b", in: page)?.queueName == "other" }
            try await page.known(1)
        }
    }

    @Test func `while Redis is away the page says so, and shows what it knew`() async throws {
        try await withPage { page in
            try await Self.add("a", to: page)
            try await page.known(1)
            await page.server.kill()
            try await eventually("the page says that Redis is away") {
                await page.get("/").body.contains("Redis has been away since")
            }
            let (status, body) = await page.get("/")
            #expect(status == 200)
            #expect(body.contains(">a</bdi>"))
            try await page.server.restart()
            try await Self.add("b", to: page)
            try await eventually("b is known, and a is not") {
                let (a, b) = (await Self.entry("a", in: page), await Self.entry("b", in: page))
                return a == nil && b != nil
            }
            try await page.known(1)
        }
    }

    @Test func `viewers are told what changes, and one that does not read holds nobody up`() async throws {
        try await withPage { page in
            try await page.known(0)
            let slow = await page.respond("/api/events")
            let response = await page.respond("/api/events")
            #expect(response.headers["Content-Type"] == "text/event-stream; charset=utf-8")
            guard case .stream(let stream) = response.body, case .stream = slow.body else {
                Issue.record("no stream")
                return
            }
            var messages = stream.makeAsyncIterator()
            _ = await messages.next()
            for round in 0..<3 {
                try await Self.add("job\(round)", to: page)
                var text = ""
                while !text.contains("\"job\(round)\""), let message = await messages.next() {
                    text = String(decoding: message, as: UTF8.self)
                }
                #expect(text.hasPrefix("event: change\ndata: {"))
                #expect(text.hasSuffix("}\n\n"))
            }
        }
    }

    @Test func `a window counts each record once, whatever the order of the scores`() {
        let now = Timestamp(unixSeconds: 1_780_000_000)
        var window = RecordedWindow(newest: now.score, now: now)
        func entry(_ id: String, _ score: Double) -> DueEntry {
            DueEntry(id: DefinitionID(id), rawScore: [], score: score)
        }
        let (a, b) = (entry("a", now.score + 1), entry("b", now.score + 2))
        #expect(window.take([a, b], now: now + .seconds(2), isAll: true) == [a.id, b.id])
        // One that comes late has an older score.
        let c = entry("c", now.score)
        #expect(window.take([c, a, b], now: now + .seconds(3), isAll: true) == [c.id])
        let again = entry("a", now.score + 4)
        #expect(window.take([c, b, again], now: now + .seconds(4), isAll: true) == [a.id])
        #expect(window.take([], now: now + .seconds(60), isAll: true) == [])
        #expect(window.start == now.score + 50)
        // More than one look can take, all with one score.
        let many = (0..<3).map { entry("m\($0)", now.score + 55) }
        #expect(window.take(many, now: now + .seconds(60), isAll: false).count == 3)
        #expect(window.start == now.score + 55)
        #expect(window.take(many, now: now + .seconds(60), isAll: false) == [])
        #expect(window.start > now.score + 55)
    }

    @Test(arguments: [-3600.0, -15, 0, 15, 3600])
    func `a window follows the clock of the leader, however that differs from ours`(skew: Double) {
        let now = Timestamp(unixSeconds: 1_780_000_000)
        for newest in [nil, now.score + skew - 100] {
            var window = RecordedWindow(newest: newest, now: now)
            for second in 0..<60 {
                let entry = DueEntry(
                    id: DefinitionID("d\(second)"), rawScore: [], score: now.score + skew + Double(second))
                #expect(entry.score >= window.start, "second \(second)")
                #expect(window.take([entry], now: now + .seconds(Double(second) + 0.5), isAll: true) == [entry.id])
            }
            #expect(window.start > now.score + skew + 48, "it does not go back for ever")
        }
    }
}
