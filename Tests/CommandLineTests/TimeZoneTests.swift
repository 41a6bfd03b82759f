import Foundation
import RQWire
import RedisCron
import TestSupport
import Testing

@testable import rqrcron

/// Which time zone applies, and what the tool says if one cannot be used.
@Suite(.timeLimit(.minutes(2))) struct TimeZoneTests {
    private static let losAngeles = ["TZ": "America/Los_Angeles"]
    private static let tokyo = ["TZ": "Asia/Tokyo"]
    private static let daily = ["register", "daily", "--func", "m.f", "--queue", "q", "--cron", "0 7 * * *"]

    @Test func `a definition registered in Los Angeles, run in UTC and shown in Tokyo has the same times`() async throws
    {
        try await withRedis { server in
            // Before a scheduler has led, the machine's zone applies, with a note.
            let early = try await Rqrcron.run(Self.daily, on: server, environment: Self.losAngeles)
            #expect(early.errors.contains("no scheduler has published its time zone yet"), "\(early.errors)")
            #expect(early.errors.contains("America/Los_Angeles"))
            let shown = try await Rqrcron.run(["show", "daily"], on: server, environment: Self.tokyo)
            #expect(shown.output.contains("\ntime zone    no scheduler has published its time zone yet: "))

            let scheduler = try Rqrcron.start(["run"], on: server, environment: ["TZ": "UTC"])
            try await scheduler.waitForOutput(containing: "planned anew in 'UTC': 1 definition")
            try await scheduler.waitForOutput(containing: "time zone of definitions that name none: UTC (TZ)")
            // The run that was planned in Los Angeles does not run at its own time and then again at seven.
            let next = try await Rqrcron.run(["next", "--id", "daily"], on: server, environment: Self.tokyo)
            #expect(next.errors == "")
            #expect(next.output.hasSuffix("T07:00:00.000000Z\n"), "\(next.output)")
            let planned = try #require(try server.command("HGET", "rq:cron_job:daily", "next_enqueue_time").string)
            #expect(next.output == "\(planned)\n")
            let again = try await Rqrcron.run(Self.daily, on: server, environment: Self.losAngeles)
            #expect(again.errors == "")
            #expect(again.output.contains("next \(planned)"))
            #expect(try await scheduler.terminate() == .exited(0))

            // The scheduler is gone, but its zone is still published.
            let later = try await Rqrcron.run(["show", "daily"], on: server, environment: Self.tokyo)
            #expect(later.output.contains("\ntime zone    UTC, published by the scheduler\n"), "\(later.output)")
            #expect(later.output.contains("07:00:00 +00:00"))
            let wide = try await Rqrcron.run(["info", "--wide"], on: server, environment: Self.tokyo)
            #expect(wide.output.contains("07:00:00 +00:00"))
            #expect(wide.errors == "")
            // --timezone overrides it.
            let asked = try await Rqrcron.run(["show", "daily", "--timezone", "Asia/Tokyo"], on: server)
            #expect(asked.output.contains("22:00:00.000000Z"))
        }
    }

    @Test(arguments: ["\"Europe/Berlin\"", "Europe/Belin", "europe/berlin"])
    func `an unusable TZ causes a warning on standard error, and in the log of run`(value: String) async throws {
        try await withRedis { server in
            let quoted = value.replacing("\"", with: "\\\"")
            for words in [["info"], ["next", "0 7 * * *"], ["doctor"], Self.daily] {
                let ending = try await Rqrcron.run(words, on: server, environment: ["TZ": value])
                #expect(ending.errors.contains("rqrcron: warning: TZ is \"\(quoted)\", "), "\(ending.errors)")
                #expect(ending.errors.contains("using UTC instead\n"))
            }
            let scheduler = try Rqrcron.start(["run"], on: server, environment: ["TZ": value])
            try await scheduler.waitForOutput(containing: "time zone of definitions")
            let errors = scheduler.errors
            #expect(errors.contains("warning TZ is \"\(quoted)\", "), "\(errors)")
            #expect(errors.contains("info    time zone of definitions that name none: UTC (TZ cannot be used)"))
            #expect(try await scheduler.terminate() == .exited(0))
            // A zone that an option names is not the local one.
            let asked = try await Rqrcron.run(
                ["next", "0 7 * * *", "--timezone", "UTC"], environment: ["TZ": value])
            #expect(asked.errors == "")
        }
    }

    @Test func `without time zone data, the message names the package to install and blames no definition`()
        async throws
    {
        try await withTemporaryDirectory { empty in
            let bare = ["TZDIR": empty.path, "TZ": "UTC"]
            for zone in ["UTC", "GMT", "Etc/GMT-2"] {
                let fixed = try await Rqrcron.run(["next", "0 7 * * *", "--timezone", zone], environment: bare)
                #expect(fixed.status == 0, "\(fixed.errors)")
            }
            try await withRedis(RedisServer.Configuration(appendOnly: true)) { server in
                let berlin = Self.daily + ["--timezone", "Europe/Berlin"]
                let refused = try await Rqrcron.run(berlin, on: server, environment: bare)
                #expect(refused.status == 1)
                #expect(refused.errors.contains("no time zone data"), "\(refused.errors)")
                #expect(refused.errors.contains("install the package tzdata"))
                #expect(!refused.errors.contains("Did you mean"))

                let registered = try await Rqrcron.run(berlin, on: server)
                #expect(registered.status == 0)
                for id in ["daily", "second"] {
                    var hash = try server.command("HGETALL", "rq:cron_job:daily").textFields
                    hash["id"] = id
                    hash["next_enqueue_time"] = "2026-01-01T06:00:00.000000Z"
                    try server.command(
                        ["HSET", "rq:cron_job:\(id)"] + hash.flatMap { [$0.key, $0.value] as [any CommandPart] })
                    try server.command("ZADD", "rq:cron_jobs", "1767247200", id)
                }
                let shown = try await Rqrcron.run(["show", "daily"], on: server, environment: bare)
                #expect(shown.status == 0)
                #expect(shown.output.contains("\nwarning      this machine has no time zone data"), "\(shown.output)")
                #expect(!shown.errors.contains("delete"))
                let doctor = try await Rqrcron.run(["doctor"], on: server, environment: bare)
                #expect(doctor.output.contains("error    time-zone: this machine has no time zone data"))
                #expect(doctor.output.contains("needed by 'daily' and 1 more\n"))
                #expect(!doctor.output.contains("cannot be used"))

                let scheduler = try Rqrcron.start(["run", "--max-sleep", "0.1"], on: server, environment: bare)
                try await scheduler.waitForOutput(containing: "took the lock")
                try await scheduler.waitForOutput(containing: "this machine has no time zone data")
                // Zones that exist need none.
                let fixed = try await Rqrcron.run(
                    ["register", "fixed", "--func", "m.f", "--queue", "q", "--interval", "1"], on: server)
                #expect(fixed.status == 0)
                try await scheduler.waitForOutput(containing: "enqueued 'fixed'")
                #expect(try await scheduler.terminate() == .exited(0))
                let log = scheduler.errors
                #expect(log.split(separator: "\n").count { $0.contains("no time zone data") } == 1, "\(log)")
                #expect(!log.contains("cannot use"), "\(log)")
            }
        }
    }

    @Test func `an old zone name that the machine lacks is reported with the package that has it`() async throws {
        try await withTemporaryDirectory { some in
            // As on Debian 13: today's name of the zone and none of the old ones.
            try link("Europe", from: "/usr/share/zoneinfo", in: some.path)
            let environment = ["TZDIR": some.path, "TZ": "UTC"]
            let old = try await Rqrcron.run(
                ["next", "0 7 * * *", "--timezone", "US/Eastern"], environment: environment)
            #expect(old.status == 1)
            #expect(old.errors.contains("install the package tzdata-legacy"), "\(old.errors)")
            let wrong = try await Rqrcron.run(
                ["next", "0 7 * * *", "--timezone", "US/Easter"], environment: environment)
            #expect(wrong.status == 2)
            #expect(wrong.errors.contains("unknown time zone"))
        }
    }

    private func link(_ name: String, from directory: String, in target: String) throws {
        try FileManager.default.createSymbolicLink(
            atPath: "\(target)/\(name)", withDestinationPath: "\(directory)/\(name)")
    }

    @Test func `last runs are those that are recorded, in the zone of the definition`() async throws {
        try await withRedis { server in
            let made = try await Rqrcron.run(
                [
                    "register", "a", "--func", "m.f", "--queue", "q", "--cron", "0 * * * *", "--timezone",
                    "Asia/Kolkata",
                ],
                on: server)
            #expect(made.status == 0)
            func lastRuns() async throws -> [Substring] {
                let shown = try await Rqrcron.run(["show", "a"], on: server)
                let lines = shown.output.split(separator: "\n")
                let start = try #require(lines.firstIndex { $0.hasPrefix("last runs") })
                let end = try #require(lines.firstIndex { $0.hasPrefix("next times") })
                return lines[start..<end].map { $0.dropFirst(13) }
            }
            #expect(try await lastRuns() == ["none, it has never run"])
            try server.command("HSET", "rq:cron_job:a", "latest_enqueue_time", "2026-01-01T10:00:00.250000Z")
            #expect(try await lastRuns() == ["none recorded"])
            let at = Timestamp(unixSeconds: 1_767_261_600)  // 2026-01-01T10:00:00Z
            for outcome in [RunOutcome.finished, .failed] {
                let planned = outcome == .finished ? at - .seconds(3_600) : at
                let run = TrackedRun(
                    definition: DefinitionID("a"), jobID: .planned(definition: "a", at: planned), planned: planned,
                    at: planned + .milliseconds(250), reason: .schedule,
                    terms: RunTerms(queue: "q", resultTTL: 500, failureTTL: nil, ttl: nil, retries: 0), history: nil)
                try server.command("LPUSH", "rq:cron_runs:a", EndedRun(run, RunEnding(outcome)).bytes)
            }
            #expect(
                try await lastRuns() == [
                    "2026-01-01 15:30:00 +05:30  ✗ failed", "2026-01-01 14:30:00 +05:30  ✓ finished",
                ])
        }
    }
}
