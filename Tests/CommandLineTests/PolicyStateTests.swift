import RQWire
import RedisCron
import TestSupport
import Testing

@testable import rqrcron

/// Definitions in all the states that ticks, triggers and pauses leave behind.
@Suite(.timeLimit(.minutes(2))) struct PolicyStateTests {
    private func succeed(_ words: [String], on server: RedisServer, input: String = "") async throws -> String {
        let ending = try await Rqrcron.run(words, on: server, input: input)
        try #require(ending.status == 0, "\(words): \(ending.errors)")
        return ending.output
    }

    /// Definitions by their ids, with interval 1 where nothing else is said.
    private static let definitions: [(id: String, options: [String])] = [
        ("plain", ["--interval", "1"]), ("limited", ["--interval", "1", "--max-runs", "2"]),
        ("deleted", ["--interval", "1", "--max-runs", "1", "--delete-after", "3600"]),
        ("skips", ["--interval", "1", "--overlap", "skip"]), ("waits", ["--interval", "1", "--overlap", "wait"]),
        ("replaces", ["--interval", "1", "--overlap", "replace"]),
        ("jitters", ["--interval", "3", "--jitter", "2"]),
        ("first", ["--interval", "86400", "--jitter", "86000"]),
        ("starts", ["--interval", "60", "--start", "9000-01-01T00:00:00Z"]),
        ("excludes", ["--interval", "1", "--exclude", "* * * * * 0-29"]),
        ("cron", ["--cron", "* * * * * */2", "--timezone", "UTC", "--catchup", "all"]),
        ("fails", ["--interval", "1", "--pause-after-failures", "3"]),
        ("paused", ["--interval", "1"]), ("until", ["--cron", "0 7 * * *", "--jitter", "600"]),
        ("interval until", ["--interval", "60"]), ("windowed", ["--interval", "1", "--catchup-window", "10"]),
    ]

    private func registerAll(on server: RedisServer) async throws {
        for (id, options) in Self.definitions {
            _ = try await succeed(["register", id, "--func", "m.f", "--queue", "q \(id)"] + options, on: server)
        }
        _ = try await succeed(["pause", "paused", "--note", "why"], on: server)
        _ = try await succeed(["pause", "until", "interval until", "--until", "9000-01-01T00:00:00Z"], on: server)
    }

    private func expectExportToChangeNothing(_ server: RedisServer) async throws {
        for format in ["json", "crontab"] {
            let file = try await succeed(["export", "--format", format], on: server)
            let applied = try await succeed(["apply", "--dry-run", "-"], on: server, input: file)
            #expect(
                applied == "Plan: 0 to create, 0 to change, 0 to delete, \(Self.definitions.count) unchanged.\n",
                "\(format)")
        }
    }

    /// Findings that say that something is wrong with the data.
    private func complaints(_ server: RedisServer) async throws -> [String] {
        let output = try await Rqrcron.run(["doctor"], on: server).output
        return output.split(separator: "\n").map(String.init).filter { line in
            (line.hasPrefix("error") || line.hasPrefix("warning")) && !line.contains("  lock: no scheduler leads")
                && !line.hasSuffix(": no scheduler runs")
        }
    }

    @Test func `whatever ticks left behind, export changes nothing and the doctor finds nothing wrong`() async throws {
        try await withRedis(RedisServer.Configuration(appendOnly: true)) { server in
            try await registerAll(on: server)
            try await expectExportToChangeNothing(server)
            var complaints = try await complaints(server)
            #expect(complaints == [])

            let scheduler = try Rqrcron.start(["run"], on: server)
            try await eventually("the limit and three waits", within: .seconds(20)) {
                let limited = try server.command("HGET", "rq:cron_job:limited", "run_count").string
                let waiting = try server.command("HGET", "rq:cron_job:waits", "waiting_since").string
                return try limited == "2" && waiting != nil
                    && server.command("LLEN", "rq:queue:q plain").integer ?? 0 >= 6
            }
            for _ in 0..<5 {
                complaints = try await self.complaints(server)
                #expect(complaints == [])
                try await Task.sleep(for: .milliseconds(300))
            }
            try await expectExportToChangeNothing(server)
            let wide = try await succeed(["info", "--wide"], on: server)
            let states = [
                "finished: 2 of 2 runs", "finished: 1 of 1 run ", "waits since 2", " for earlier runs ", "paused: why ",
                "paused until 9000-01-01T00:00:00.000000Z ",
            ]
            for state in states { #expect(wide.contains(state), "\(state) is not in \(wide)") }
            #expect(wide.hasSuffix(", 3 paused, 2 finished\n\n\(wide.split(separator: "\n").last ?? "")\n"), "\(wide)")
            #expect(try await scheduler.terminate() == .exited(0))
            for (id, _) in Self.definitions {
                _ = try await succeed(["show", id], on: server)
                let next = try await Rqrcron.run(["next", "--id", id], on: server)
                let isOver = ["limited", "deleted", "paused"].contains(id)
                #expect(next.status == (isOver ? 1 : 0), "\(id): \(next)")
            }
        }
    }
}
