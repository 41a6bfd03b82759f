import RQWire
import RedisCron
import TestSupport
import Testing

/// What `--rq-history` writes, as RQ's own cron and rq-rediscron read it.
@Suite(.timeLimit(.minutes(5)))
struct RQHistoryInteropTests {
    @Test(.seeded, arguments: PythonEnvironment.Edition.allCases)
    func `RQ restores exactly the jobs that are meant, whatever the definitions`(
        edition: PythonEnvironment.Edition
    ) async throws {
        var generator = ListedDefinitionGenerator(generator: .ofTest())
        let now = Timestamp.now
        let drawn = try (0..<400).map { _ in try generator.draw(now: now) }
        let entries = drawn.map { RQCronEntry($0.definition, due: 1, now: now) }
        let omitted = zip(drawn, entries).filter { $0.1 == nil }.map(\.0.definition)
        #expect(omitted.count < 300, "nearly nothing is listed")
        try await withRedis { server in
            let peer = try Peer(edition, on: server)
            try server.command(
                "HSET", "rq:cron_scheduler:s", "hostname", "h", "pid", 1, "name", "s", "created_at", now.description,
                "config_file", "", "cron_jobs", RQCronEntry.list(entries.compactMap { $0 }))
            try server.command("ZADD", "rq:cron_schedulers", Int(now.unixSeconds), "s")
            let answer = try await peer.ask([
                "do": "listing", "name": "s", "now": .int(Int(now.unixSeconds)),
                "definitions": .array(drawn.map { .object($0.meant) }),
            ])
            #expect(answer["differences"]?.texts == [])
            let expected = zip(drawn, entries).filter { $0.1 != nil }.map(\.0.definition.id)
            #expect(answer["listed"]?.texts == expected)
            // Nothing is left out that RQ could have taken: what has times cannot be listed for another reason.
            for definition in omitted where !Self.isBeyondRQ(definition) {
                let times = answer["missing"]?[JSONString(definition.id)]
                let far = times?.texts?.contains { $0 >= "2075" } == true
                #expect(times?.text != nil || far, "\(definition.cron ?? "") \(String(describing: times))")
            }
        }
    }

    /// Whether a definition is one that RQ or django-rq could not take, apart from the times of its expression.
    private static func isBeyondRQ(_ definition: CronJobHash) -> Bool {
        // The last time of a year that is nearly over may come too soon.
        if definition.cron?.contains("2026") == true { return true }
        let odd = ["[1::2::3]", "[x]", "a[b]", "[:1]", "%25eth0", "[v1.x]", "1.2.3.4"]
        return definition.id.contains("\n") || definition.cron?.contains(/\d+W|W\d+/) == true
            || definition.call.webhooks.contains { webhook in odd.contains { webhook.url.contains($0) } }
    }

    @Test func `RQ's pages show definitions and runs, and rq-rediscron fails until the histories are gone`()
        async throws
    {
        try await withRedis { server in
            let peer = try Peer(on: server)
            try await withScheduler(on: server, options: { $0.writesRQHistory = true }) { scheduler in
                for (id, cron) in [("hourly", "H * * * *"), ("daily", "@daily")] {
                    try await scheduler.register(
                        functionName: "app.tasks.rebuild", queueName: "q", id: id, cron: cron)
                }
                try await whileRunning(scheduler) {
                    try await eventually("RQ lists our definitions", within: .seconds(30)) {
                        let listed = try await peer.ask(["do": "scheduler", "name": .string(scheduler.name)])
                        return Set(listed["jobs"]?.texts ?? []) == ["hourly", "daily"]
                    }
                }
                let writer = RQHistoryWriter(scheduler.connection)
                let runs = (1...1_005).map { number in
                    let time = Timestamp(unixSeconds: 1_800_000_000 + Int64(number)) + .microseconds(250_000)
                    return (
                        definition: DefinitionID("hourly"),
                        jobID: RQJobID.planned(definition: "hourly", at: time).description, enqueuedAt: time
                    )
                }
                let random = RQJobID.random().description
                let gone = (definition: DefinitionID("gone"), jobID: runs[0].jobID, enqueuedAt: Timestamp.now)
                let triggered = (definition: DefinitionID("hourly"), jobID: random, enqueuedAt: Timestamp.now)
                #expect(try await writer.append(runs + [gone, triggered]) == 1_006)
                let history = try await peer.ask(["do": "cron_history", "name": "hourly"])
                #expect(history.texts == runs.suffix(1_000).reversed().map(\.jobID))
                let key = "rq:cron_job:hourly:jobs"
                #expect(try server.command("ZSCORE", key, runs[1_004].jobID).double == 1_800_001_005.25)
                #expect(try server.command("TTL", key).integer.map { (31_535_900...31_536_000).contains($0) } == true)
                #expect(try server.command("EXISTS", "rq:cron_job:gone:jobs").integer == 0)

                // What it breaks: rq-rediscron takes every such key for a definition.
                await #expect(throws: SupportError.self) { try await peer.ask(["do": "all_jobs"]) }
                #expect(try await scheduler.connection.allJobs().map(\.id) == ["daily", "hourly"])

                try await scheduler.connection.deleteJob(id: "hourly")
                #expect(try server.command("EXISTS", key).integer == 0)
                let jobs = try await peer.ask(["do": "all_jobs"])
                #expect(jobs.texts == ["daily"])
            }
        }
    }

    @Test func `what RQ wrote under the name of a definition outlives it`() async throws {
        try await withRedis { server in
            let peer = try Peer(on: server)
            try await withScheduler(on: server) { scheduler in
                try await scheduler.register(
                    functionName: "app.tasks.nap", queueName: "q", id: "app.tasks.rebuild", interval: .seconds(60))
                let theirs = try await peer.ask(["do": "enqueue_configuration", "config": "app.cron_config"])
                let history = try await peer.ask(["do": "cron_history", "name": "app.tasks.rebuild"])
                #expect(history.texts?.isEmpty == false)
                let planned = RQJobID.planned(definition: "app.tasks.rebuild", at: .now).description
                try await RQHistoryWriter(scheduler.connection).append([
                    (definition: DefinitionID("app.tasks.rebuild"), jobID: planned, enqueuedAt: .now)
                ])
                let both = try await peer.ask(["do": "cron_history", "name": "app.tasks.rebuild"])
                #expect(both.texts?.first == planned)
                try await scheduler.connection.deleteJob(id: "app.tasks.rebuild")
                let left = try await peer.ask(["do": "cron_history", "name": "app.tasks.rebuild"])
                #expect(left == history)
                #expect(theirs.texts?.contains { left.texts?.contains($0) == true } == true)
            }
        }
    }
}
