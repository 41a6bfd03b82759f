import RQWire
import RedisCron
import TestSupport
import Testing

/// A backfill beside real workers: what it finds of the runs that they left behind.
@Suite(.timeLimit(.minutes(3))) struct BackfillInteropTests {
    private static let range = ["2026-06-01T00:00:00Z", "2026-06-03T12:00:00Z", "--rate", "100"]

    private func succeed(_ words: [String], on server: RedisServer) async throws -> String {
        let ending = try await Rqrcron.run(words, on: server)
        try #require(ending.status == 0, "\(words): \(ending.errors)")
        return ending.output
    }

    private func register(_ function: String, _ options: [String], on server: RedisServer) async throws {
        let words = ["register", "a", "--func", function, "--queue", "q", "--cron", "0 7 * * *", "--timezone", "UTC"]
        _ = try await succeed(words + options, on: server)
    }

    private func backfill(_ options: [String] = [], on server: RedisServer) async throws -> String {
        try await succeed(["backfill", "a"] + Self.range + options, on: server)
    }

    private func calls(_ server: RedisServer) throws -> [String] {
        try server.command("LRANGE", "calls", 0, -1).strings
    }

    @Test(arguments: PythonEnvironment.Edition.allCases)
    func `finished runs are left alone, failed ones run again when asked for, and each gets its planned time`(
        edition: PythonEnvironment.Edition
    ) async throws {
        try await withRedis { server in
            let python = try PythonEnvironment(edition)
            let work = ["-m", "rq.cli", "worker", "-u", server.url, "--burst", "q"]
            try await register("app.tasks.fail", [], on: server)
            #expect(try await backfill(on: server) == "3 queued, 0 left alone\n")
            try await python.run(work)
            try await register("app.tasks.rebuild", ["--planned-time-arg", "at"], on: server)
            #expect(try await backfill(on: server) == "0 queued, 3 left alone\n")
            #expect(try await backfill(["--failed"], on: server) == "3 queued, 0 left alone\n")
            try await python.run(work)
            let calls = try calls(server)
            #expect(calls.count == 3)
            for (day, call) in zip(1...3, calls) {
                let id = RQJobID.named(definition: "a", "2026-06-0\(day)T07:00:00.000000Z|2")
                #expect(
                    call.contains("\"job\": \"\(id)\"") && call.contains("'at': '2026-06-0\(day)T07:00:00.000000Z'"))
            }
            #expect(try await backfill(["--failed"], on: server) == "0 queued, 3 left alone\n")
        }
    }

    @Test func `with an overlap policy no two runs are open at once`() async throws {
        try await withRedis { server in
            let python = try PythonEnvironment()
            try await register("app.tasks.nap", ["--args", "[0.3]", "--overlap", "skip"], on: server)
            let backfill = try Rqrcron.start(["backfill", "a"] + Self.range, on: server)
            try await eventually("the first run") { try server.command("LLEN", "rq:queue:q").integer == 1 }
            let workers = try (1...2).map { _ in
                try python.start(["-m", "rq.cli", "worker", "-u", server.url, "q"])
            }
            defer { for worker in workers { worker.kill() } }
            var most = 0
            while backfill.outcome == nil {
                // In one step, so that a run that ends meanwhile is not counted beside the next one.
                let count = "return redis.call('ZCARD', 'rq:wip:q') + redis.call('LLEN', 'rq:queue:q')"
                most = max(most, try server.command("EVAL", count, 0).integer ?? 0)
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(most == 1)
            #expect(try await backfill.waitUntilExit() == .exited(0))
            #expect(backfill.output == "3 queued, 0 left alone\n")
            try await eventually("the last run") {
                try server.command("ZCARD", "rq:finished:q").integer == 3
            }
            for worker in workers { _ = try await worker.terminate() }
        }
    }
}
