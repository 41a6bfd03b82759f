import Foundation
import RQWire
import RedisCron
import TestSupport
import Testing

/// Definitions with every field of ours, read, edited and led by rq-rediscron.
@Suite(.timeLimit(.minutes(5)))
struct PolicyInteropTests {
    /// A call, a schedule and a policy in which every field says something.
    private static let call = CallSpec(
        "app.tasks.rebuild", queue: "q", args: [1], jobDescription: "nightly",
        retry: JobRetry(max: 2, intervals: [.seconds(1)]), onSuccess: "app.tasks.succeeded",
        onFailure: "app.tasks.failed", onStopped: "app.tasks.stopped",
        webhooks: [JobWebhook(url: "http://127.0.0.1:9/", event: .failed, method: .post)], atFront: true,
        plannedTimeArgument: "planned_at")

    private static let policy = RunPolicy(
        overlap: .wait, catchUp: .all, catchUpWindow: .seconds(3600), maxRuns: 1_000, pauseAfterFailures: 5,
        deleteAfter: .seconds(86_400))

    private static func schedule(isCron: Bool) -> ScheduleSpec {
        let (start, end) = (Timestamp.now - .seconds(3600), Timestamp.now + .seconds(1_000_000))
        return isCron
            ? .cron(
                "0 7 * * *", timeZone: "Europe/Berlin", from: start, through: end, excluding: ["2031-12-25"],
                jitter: .seconds(600))
            : .every(.seconds(7200), from: start, through: end, excluding: ["* * 25 12 *"], jitter: .seconds(600))
    }

    /// State fields as ticks and people leave them.
    private static let state: [String] = [
        "run_count", "3", "failure_count", "1", "open_runs", #"[["j1","q"],["j2","q","stop:1"]]"#, "paused_at",
        "2026-01-01T00:00:00.000000Z", "pause_note", "database move",
    ]

    @Test func `rq-rediscron reads, edits and switches definitions with all of our fields, and leaves these alone`()
        async throws
    {
        try await withRedis { server in
            let peer = try Peer(on: server)
            try await withScheduler(on: server) { scheduler in
                for (id, isCron) in [("cron", true), ("interval", false)] {
                    try await scheduler.connection.register(
                        id: id, call: Self.call, schedule: Self.schedule(isCron: isCron), policy: Self.policy)
                    try server.command(["HSET", "rq:cron_job:\(id)"] + Self.state)
                    let before = RawHash(try server.command("HGETALL", "rq:cron_job:\(id)"))
                    #expect(before.names.count >= 40, "\(before.names)")
                    // What Python knows; it writes these anew.
                    let read = try await peer.ask(["do": "rewrite", "id": .string(id)])
                    let known = Set(read.object?.entries.map { $0.key.text ?? "" } ?? [])
                    #expect(known.contains("next_enqueue_time") && !known.contains("overlap"))
                    try await peer.ask([
                        ["do": "edit", "id": .string(id), "args": ["new"]],
                        ["do": "disable", "id": .string(id)], ["do": "enable", "id": .string(id)],
                    ])
                    let after = RawHash(try server.command("HGETALL", "rq:cron_job:\(id)"))
                    for name in before.names where !["args", "updated_at"].contains(name) {
                        #expect(after[name] == before[name], "\(id): \(name)")
                    }
                    #expect(after.text("args") == #"["new"]"#)
                    // And we read what it left.
                    let job = try await scheduler.connection.job(id: id)
                    #expect(job.policy == Self.policy && job.args == ["new"] && job.runCount == 3)
                }
            }
            let code = "import sys; sys.argv[0] = 'rqrcron'; from rediscron.cli import main; main()"
            let info = try await peer.python.run(["-c", code, "info", "-u", server.url], environment: ["TZ": "UTC"])
            #expect(info.contains("cron") && info.contains("interval"))
        }
    }

    @Test func `what is finished or paused stays so while rq-rediscron edits and leads`() async throws {
        try await withRedis { server in
            let peer = try Peer(on: server)
            try await withScheduler(on: server) { scheduler in
                let connection = scheduler.connection
                for id in ["finished", "paused", "until", "later"] {
                    let start = id == "later" ? Timestamp.now + .seconds(3600) : nil
                    try await connection.register(
                        id: id, call: CallSpec("app.tasks.rebuild", queue: "q"),
                        schedule: .every(.seconds(1), from: start),
                        policy: RunPolicy(maxRuns: id == "finished" ? 1 : nil))
                }
                var paused = try await connection.job(id: "paused")
                try await paused.pause(note: "database move")
                var until = try await connection.job(id: "until")
                try await until.pause(until: Timestamp.now + .seconds(3600))
                try await whileRunning(scheduler) {
                    try await eventually("the only run") {
                        try await connection.job(id: "finished").isFinished
                    }
                }
                try await peer.ask(
                    ["finished", "paused", "until", "later"].map { ["do": "edit", "id": .string($0), "args": [2]] })
                let python = try await peer.startLeadingScheduler()
                defer { python.kill() }
                // A definition of its own shows that it looks.
                try await peer.ask([
                    "do": "register", "id": "theirs", "func": "app.tasks.rebuild", "queue": "theirs", "interval": 1,
                ])
                try await eventually("Python's runs", within: .seconds(60)) {
                    try server.command("LLEN", "rq:queue:theirs").integer ?? 0 >= 2
                }
                try await peer.stop(python)
                try await connection.deleteJob(id: "theirs")
                try await withScheduler(on: server) { again in
                    try await whileRunning(again) {
                        try await eventually("a tick") { await again.health.lastTick != nil }
                    }
                }
                #expect(try server.command("LLEN", "rq:queue:q").integer == 1)
                let finished = try await connection.job(id: "finished")
                #expect(finished.isFinished && finished.args == [2])
                #expect(try await connection.job(id: "paused").isPaused(at: .now))
                #expect(try await connection.job(id: "until").isPaused(at: .now))
            }
        }
    }

    private static let endScript = "\(PackageRoot.path)/scripts/migrate/end-rediscron.py"

    @Test func `no run is lost or doubled when rq-rediscron leads in between`() async throws {
        try await withRedis(WriteLog.kept) { server in
            let peer = try Peer(on: server)
            let definitions: [(id: String, ScheduleSpec, RunPolicy)] = [
                ("jitter", .every(.seconds(3), jitter: .seconds(2)), RunPolicy()),
                ("cron jitter", .cron("* * * * * */3", jitter: .seconds(2)), RunPolicy()),
                ("all", .every(.seconds(1)), RunPolicy(catchUp: .all)),
                ("cron all", .cron("* * * * * *"), RunPolicy(catchUp: .all, catchUpWindow: .seconds(3600))),
                ("window", .every(.seconds(1)), RunPolicy(catchUpWindow: .seconds(3600))),
                ("skip", .every(.seconds(1)), RunPolicy(catchUp: .skip)),
                ("limit", .every(.seconds(1)), RunPolicy(maxRuns: 1_000)),
                ("ends", .every(.seconds(1), through: Timestamp.now + .seconds(3600)), RunPolicy()),
                ("failures", .every(.seconds(1)), RunPolicy(pauseAfterFailures: 3)),
            ]
            func runs() throws -> Int {
                try server.pipeline(definitions.map { ["LLEN", "rq:queue:\($0.id)"] }).reduce(0) {
                    $0 + ($1.integer ?? 0)
                }
            }
            func wait(for count: Int) async throws {
                let before = try runs()
                try await eventually("\(count) more runs", within: .seconds(60)) { try runs() >= before + count }
            }
            let ids = definitions.map(\.id)
            var before: [RawHash] = []
            try await withScheduler(on: server) { scheduler in
                for (id, schedule, policy) in definitions {
                    try await scheduler.connection.register(
                        id: id, call: CallSpec("app.tasks.nap", queue: id), schedule: schedule, policy: policy)
                }
                before = try ids.map { RawHash(try server.command("HGETALL", "rq:cron_job:\($0)")) }
            }
            for round in 0..<3 {
                try await withScheduler(on: server) { scheduler in
                    try await whileRunning(scheduler) { try await wait(for: 20) }
                }
                guard round < 2 else { break }
                let python = try await peer.startLeadingScheduler()
                defer { python.kill() }
                try await wait(for: 20)
                // A signal in the middle of its work would double the run at hand.
                try await peer.python.run([Self.endScript, "-u", server.socketURL])
                #expect(try await python.waitUntilExit() == .exited(0))
            }
            let ledgers = try RunLedger.read(WriteLog(of: server))
            for (index, id) in ids.enumerated() {
                let ledger = try #require(ledgers[id])
                #expect(ledger.lost.isEmpty, "\(id)")
                #expect(ledger.doubled.isEmpty, "\(id)")
                let after = RawHash(try server.command("HGETALL", "rq:cron_job:\(id)"))
                // Python saves with each tick.
                let moving: Set = [
                    "updated_at", "next_enqueue_time", "latest_enqueue_time", "run_count", "open_runs", "failure_count",
                ]
                for name in before[index].names where !moving.contains(name) {
                    #expect(after[name] == before[index][name], "\(id): \(name)")
                }
            }
            let jobs = ledgers.values.flatMap { $0.runs.flatMap(\.jobs) }
            #expect(Set(jobs).count == jobs.count)
            for version in ["4", "5"] as [Character] { #expect(jobs.contains { $0.dropFirst(14).first == version }) }
        }
    }

    // MARK: Export and apply

    @Test func `applying what was exported changes nothing, with every field and every state set`() async throws {
        try await withRedis { server in
            try await withScheduler(on: server) { scheduler in
                for (id, isCron) in [("cron", true), ("interval", false)] {
                    try await scheduler.connection.register(
                        id: id, call: Self.call, schedule: Self.schedule(isCron: isCron), policy: Self.policy)
                    try server.command(["HSET", "rq:cron_job:\(id)"] + Self.state)
                }
                // Paused by hand, paused until a time, waiting, finished, and disabled.
                let ids = ["paused", "until", "waiting", "finished", "disabled"]
                for id in ids {
                    try await scheduler.connection.register(
                        id: id, call: CallSpec("app.tasks.rebuild", queue: "q"), schedule: .every(.seconds(3600)),
                        policy: RunPolicy(overlap: .wait, maxRuns: 3))
                }
                var paused = try await scheduler.connection.job(id: "paused")
                try await paused.pause(note: "database move")
                var until = try await scheduler.connection.job(id: "until")
                try await until.pause(until: Timestamp.now + .seconds(3600), note: "for an hour")
                try server.command("HSET", "rq:cron_job:waiting", "waiting_since", Timestamp.now.wireFormat)
                try server.command("HSET", "rq:cron_job:finished", "run_count", 3)
                var finished = try await scheduler.connection.job(id: "finished")
                try await finished.save()
                #expect(finished.isFinished)
                var disabled = try await scheduler.connection.job(id: "disabled")
                try await disabled.disable()

                func everything() throws -> [String] {
                    let hashes = try (ids + ["cron", "interval"]).flatMap { id in
                        try server.command("HGETALL", "rq:cron_job:\(id)").strings
                    }
                    return try hashes + server.command("ZRANGE", "rq:cron_jobs", 0, -1, "WITHSCORES").strings
                }
                let before = try everything()
                for form in ["json", "crontab"] {
                    let export = try await Rqrcron.run(["export", "--format", form], on: server)
                    #expect(export.status == 0, "\(export.errors)")
                    for name in ["jitter", "catchup_window", "exclude", "planned_time_arg", "delete_after", "webhooks"]
                    {
                        #expect(export.output.contains(name), "\(name)")
                    }
                    for name in ["run_count", "open_runs", "waiting_since", "failure_count", "paused_at", "database"] {
                        #expect(!export.output.contains(name), "\(name)")
                    }
                    let directory = try TemporaryDirectory()
                    defer { directory.remove() }
                    let file = "\(directory.path)/definitions"
                    try export.output.write(toFile: file, atomically: true, encoding: .utf8)
                    for words in [["apply", "--dry-run", file], ["apply", file]] {
                        let applied = try await Rqrcron.run(words, on: server)
                        #expect(applied.status == 0, "\(applied.errors)")
                        #expect(applied.output.contains("7 unchanged"), "\(applied.output)")
                    }
                    #expect(try everything() == before, "\(form)")
                }
                // Every field is shown.
                for id in ids + ["cron", "interval"] {
                    for words in [["show", id], ["show", "--json", id]] {
                        let shown = try await Rqrcron.run(words, on: server)
                        #expect(shown.status == 0, "\(shown.errors)")
                        if id == "cron", words.count == 3 {
                            for name in ["overlap", "catchup", "jitter", "exclude", "max_runs", "start_time"] {
                                #expect(shown.output.contains(name), "\(words): \(shown.output)")
                            }
                        }
                    }
                }
                let info = try await Rqrcron.run(["info", "--json"], on: server)
                #expect(info.status == 0)
                #expect(info.output.contains("database move"))
            }
        }
    }
}
