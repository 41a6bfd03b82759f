import RQWire
import RedisCron
import TestSupport
import Testing

@testable import rqrcron

@Suite(.timeLimit(.minutes(1))) struct RunsCommandTests {
    private static let at = Timestamp(unixSeconds: 1_780_272_000)  // 2026-06-01T00:00:00Z

    private func run(
        _ seconds: Int64, of id: String = "a", reason: RunReason = .schedule
    ) -> TrackedRun {
        let at = Self.at + .seconds(seconds) + .milliseconds(20)
        let planned = reason == .trigger ? nil : at - .milliseconds(20)
        return TrackedRun(
            definition: DefinitionID(id), jobID: planned.map { .planned(definition: id, at: $0) } ?? .random(),
            planned: planned, at: at, reason: reason,
            terms: RunTerms(queue: "q", resultTTL: 500, failureTTL: nil, ttl: nil, retries: 0), history: nil)
    }

    private func end(
        _ server: RedisServer, _ run: TrackedRun, _ outcome: RunOutcome, isInferred: Bool = false, error: String? = nil
    ) throws {
        var ending = RunEnding(outcome, isInferred: isInferred)
        if !isInferred {
            (ending.started, ending.ended) = (run.at + .seconds(1), run.at + .seconds(13.3))
            (ending.worker, ending.error, ending.attempts) = ("w1", error, 2)
        }
        try server.command("LPUSH", "rq:cron_runs:\(run.definition.display)", EndedRun(run, ending).bytes)
        try server.command("ZADD", "rq:cron_runs_index", run.at.score + 14.3, run.definition.display)
    }

    private func withRuns(_ body: (RedisServer) async throws -> Void) async throws {
        try await withRedis { server in
            for id in ["a", "b"] {
                let made = try await Rqrcron.run(
                    ["register", id, "--func", "m.f", "--queue", "q", "--interval", "100"], on: server)
                #expect(made.status == 0, "\(made.errors)")
            }
            try end(server, run(0), .finished)
            try end(server, run(100), .failed, error: "ValueError: no\u{1B}[31m")
            try end(server, run(150, of: "b", reason: .trigger), .deleted, isInferred: true)
            let times = RefusedTimes(
                .overlap, first: Self.at + .seconds(200), last: Self.at + .seconds(1300), count: 12,
                at: Self.at + .seconds(1300))
            try server.command("LPUSH", "rq:cron_runs_refused:a", times.bytes)
            let open = run(1400)
            try server.command("ZADD", "rq:cron_runs_open", 0, open.member)
            let started = Timestamp.now - .seconds(125)
            try server.command(
                "HSET", "rq:job:\(open.jobID)", "status", "started", "started_at", started.wireFormat, "worker_name",
                "w2")
            try await body(server)
        }
    }

    @Test func `runs shows what became of each, the newest first`() async throws {
        try await withRuns { server in
            let ending = try await Rqrcron.run(["runs"], on: server)
            #expect(ending.status == 0, "\(ending.errors)")
            let lines = ending.output.split(separator: "\n").map { $0.replacing(#/ {2,}/#, with: "|") }
            #expect(lines[0] == "ID|PLANNED|LAG|OUTCOME|TOOK|TRIES|WORKER|REASON|ERROR", "\(ending.output)")
            #expect(
                lines[1].contains(/^a\|2026-06-01T00:23:20Z\|0\.02s\|▶ running for 2m \ds\|w2\|schedule$/),
                "\(lines[1])")
            let refused = "– 12 times skipped: an earlier run was open, the last time 2026-06-01T00:21:40Z"
            #expect(lines[2] == "a|2026-06-01T00:03:20Z|\(refused)")
            #expect(lines[3] == "b|2026-06-01T00:02:30.020Z|✗ deleted (inferred)|trigger")
            #expect(
                lines[4] == #"a|2026-06-01T00:01:40Z|0.02s|✗ failed|12.3s|2|w1|schedule|ValueError: no\u{1B}[31m"#)
            #expect(lines[5] == "a|2026-06-01T00:00:00Z|0.02s|✓ finished|12.3s|2|w1|schedule")
            #expect(lines.count == 6)
            // What was not run stands under the outcomes.
            let whole = ending.output.split(separator: "\n")
            let places = [(1, "▶"), (2, "–"), (3, "✗")].map { line, sign in
                whole[line].firstIndex(of: Character(sign)).map {
                    whole[line].distance(from: whole[line].startIndex, to: $0)
                }
            }
            #expect(Set(places).count == 1, "\(ending.output)")
        }
    }

    @Test func `runs of one definition, failed ones, since a time, and at most so many`() async throws {
        try await withRuns { server in
            let one = try await Rqrcron.run(["runs", "a", "-n", "2"], on: server).output.split(separator: "\n")
            #expect(one.count == 3 && one[0].hasPrefix("PLANNED  ") && one[2].contains("– 12 times skipped"))
            let failed = try await Rqrcron.run(["runs", "--failed"], on: server).output.split(separator: "\n")
            #expect(failed.count == 3 && failed[1].contains("✗ deleted") && failed[2].contains("✗ failed"))
            let since = try await Rqrcron.run(["runs", "--since", "2026-06-01T02:02:00+02:00"], on: server)
            #expect(since.output.split(separator: "\n").count == 4)
            let none = try await Rqrcron.run(["runs", "--since", "2027-06-01T02:02:00Z"], on: server)
            #expect(none.output == "No runs are recorded\n" && none.status == 0)
        }
    }

    @Test func `runs --json has one object with all fields`() async throws {
        try await withRuns { server in
            let ending = try await Rqrcron.run(["runs", "a", "--json"], on: server)
            let runs = try #require(try JSONValue(parsing: ending.output).object?["runs"]?.array)
            #expect(ending.output.hasSuffix("}\n") && ending.output.split(separator: "\n").count == 1)
            #expect(runs.count == 4)
            #expect(runs[0].object?["worker"] == "w2" && runs[0].object?["outcome"] == nil as JSONValue)
            #expect(runs[1].object?["count"] == 12 && runs[1].object?["why"] == "overlap")
            #expect(runs[2].object?["error"] == "ValueError: no\u{1B}[31m" && runs[2].object?["attempts"] == 2)
            let keys = runs[2].object?.keys.map(\.description) ?? []
            #expect(
                keys == [
                    "id", "planned", "at", "reason", "result", "why", "job_id", "outcome", "inferred", "started",
                    "ended",
                    "worker", "error", "attempts",
                ])
        }
    }

    @Test func `runs refuses what makes no sense`() async throws {
        try await withRuns { server in
            let gone = try await Rqrcron.run(["runs", "gone"], on: server)
            #expect(gone.status == 1)
            #expect(
                gone.errors.contains(#"job "gone": no such definition in Redis"#)
                    || gone.errors.contains("no such definition"))
            for words in [["-n", "0"], ["-n", "10001"], ["--since", "yesterday"], ["a", "b"]] {
                #expect(try await Rqrcron.run(["runs"] + words, on: server).status == 2, "\(words)")
            }
        }
    }

    @Test(arguments: [20, 40, 60, 80, 100, 140])
    func `the table is never wider than the terminal, and coloured only with a style`(columns: Int) {
        var failed = RunRecord(id: "a definition of a long name", planned: Self.at, at: Self.at, reason: .schedule)
        (failed.outcome, failed.worker, failed.error) = (
            .failed, String(repeating: "0f", count: 16), String(repeating: "e", count: 300)
        )
        (failed.started, failed.ended, failed.attempts) = (Self.at, Self.at + .seconds(5), 3)
        var skipped = RunRecord(id: "b", planned: Self.at, at: Self.at, result: .skipped)
        (skipped.why, skipped.last, skipped.count) = (.missed, Self.at, 1_000)
        let table = RunTable(
            [failed, skipped], hasIDs: true, now: Self.at, style: TextStyle(isColored: false), columns: columns)
        for line in table.text.split(separator: "\n") { #expect(TextWidth.of(String(line)) <= columns, "\(line)") }
        #expect(!table.text.contains("\u{1B}"))
        if columns >= 60 { #expect(table.text.contains("✗ failed")) }
        if columns >= 140 { #expect(table.text.contains("eee…")) }
        let colored = RunTable(
            [failed, skipped], hasIDs: true, now: Self.at, style: TextStyle(isColored: true), columns: 140)
        #expect(colored.text.contains("\u{1B}[31m✗ failed"))
    }
}
