import RQWire
import RedisCron
import TestSupport
import Testing

/// Each side edits what the other wrote, while our scheduler runs.
@Suite(.timeLimit(.minutes(3)))
struct EditInteropTests {
    @Test func `Python edits, switches and deletes our definitions, and the scheduler follows`() async throws {
        try await withRedis { server in
            let peer = try Peer(on: server)
            try await withScheduler(on: server) { scheduler in
                try await whileRunning(scheduler) {
                    // Each runs at once and then in an hour: whatever runs again was made to by Python.
                    for id in ["edited", "disabled", "deleted", "registered", "untouched"] {
                        try await scheduler.register(
                            functionName: "app.tasks.rebuild", queueName: id, id: id, args: ["old"],
                            interval: .seconds(3600))
                        try await Self.waitForRuns(1, of: id, on: server)
                    }
                    try await peer.ask([
                        ["do": "edit", "id": "edited", "args": ["new", 1.0], "queue_name": "moved"],
                        ["do": "disable", "id": "disabled"],
                        ["do": "delete", "id": "deleted"],
                        [
                            "do": "register", "id": "registered", "func": "app.tasks.nap", "queue": "registered",
                            "args": [0], "interval": 7200,
                        ],
                    ])
                    // What Python left in the index, made due: the scheduler must take the edited definition, not
                    // the one that it has in memory.
                    for id in ["edited", "registered", "untouched"] { try Self.makeDue(id, on: server) }
                    try await Self.waitForRuns(1, of: "moved", on: server)
                    try await Self.waitForRuns(2, of: "registered", on: server)
                    try await Self.waitForRuns(2, of: "untouched", on: server)
                    // And back: what was disabled and is enabled is due by its old schedule, an hour from now.
                    #expect(try server.command("ZSCORE", "rq:cron_jobs", "disabled") == .null)
                    try await peer.ask(["do": "enable", "id": "disabled"])
                    try Self.makeDue("disabled", on: server)
                    try await Self.waitForRuns(2, of: "disabled", on: server)
                }
                let jobs = try await scheduler.connection.allJobs()
                #expect(jobs.map(\.id) == ["disabled", "edited", "registered", "untouched"])
                #expect(jobs.map(\.args) == [["old"], ["new", 1.0], [0], ["old"]])
                #expect(jobs.map(\.interval) == [3600, 3600, 7200, 3600].map { .seconds($0) })
            }
            for (queue, count) in [("edited", 1), ("deleted", 1), ("moved", 1), ("untouched", 2)] {
                #expect(try server.command("LLEN", "rq:queue:\(queue)").integer == count, "\(queue)")
            }
            let last = try server.command("LRANGE", "rq:queue:moved", 0, 0).strings.first ?? ""
            let job = try await peer.ask(DefinitionRequest.job(last, .pickle))
            #expect(job["args"]?.text == "('new', 1.0)")
        }
    }

    @Test func `we edit, switch and delete Python's definitions, and Python sees it`() async throws {
        try await withRedis { server in
            let peer = try Peer(on: server)
            let ids = ["edited", "disabled", "enabled", "deleted", "registered"]
            try await peer.ask(
                ids.map { id -> JSONObject in
                    [
                        "do": "register", "id": .string(id), "func": "app.tasks.rebuild", "queue": .string(id),
                        "args": ["old"], "interval": 3600, "meta": ["a": 1.0], "enabled": .bool(id != "enabled"),
                    ]
                })
            try await withScheduler(on: server) { scheduler in
                try await whileRunning(scheduler) {
                    for id in ids where id != "enabled" { try await Self.waitForRuns(1, of: id, on: server) }
                    func job(_ id: String) async throws -> RedisCronJob {
                        try await RedisCronJob.fetch(id: id, on: scheduler.connection)
                    }
                    var edited = try await job("edited")
                    edited.queueName = "moved"
                    edited.kwargs = ["deep": true]
                    try await edited.save()
                    var disabled = try await job("disabled")
                    try await disabled.disable()
                    var enabled = try await job("enabled")
                    try await enabled.enable()
                    try await job("deleted").delete()
                    try await scheduler.register(
                        functionName: "app.tasks.nap", queueName: "q", id: "registered", cron: "0 0 1 1 *")
                    try await Self.waitForRuns(1, of: "enabled", on: server)
                }
            }
            let all = try await peer.ask(["do": "all_jobs"])
            #expect(all.texts == ["disabled", "edited", "enabled", "registered"])
            let indexed = try await peer.ask(["do": "jobs"])
            #expect(Set(indexed.texts ?? []) == ["edited", "enabled", "registered"])
            let seen = try await peer.ask(
                ["edited", "disabled", "registered"].map { id -> JSONObject in ["do": "fetch", "id": .string(id)] })
            #expect(seen[0]["queue_name"]?.text == "'moved'")
            #expect(seen[0]["args"]?.text == "('old',)")
            #expect(seen[0]["kwargs"]?.text == "{'deep': True}")
            #expect(seen[0]["job_options"]?.text == "{'result_ttl': 500, 'meta': {'a': 1.0}}")
            #expect(seen[1]["enabled"]?.text == "False")
            #expect(seen[2]["cron"]?.text == "'0 0 1 1 *'")
            #expect(seen[2]["interval"]?.text == "None")
        }
    }

    @Test func `edits of Python and ticks of ours do not undo each other`() async throws {
        try await withRedis { server in
            let (peer, edits) = (try Peer(on: server), 400)
            try await withScheduler(on: server) { scheduler in
                try await scheduler.register(
                    functionName: "app.tasks.rebuild", queueName: "q", id: "a", args: [0], interval: .seconds(1))
                try await whileRunning(scheduler) {
                    try await peer.ask(["do": "edit_again_and_again", "id": "a", "count": .int(edits)])
                    // Python writes old times back with each edit; the schedule goes on from where it was.
                    let runs = try server.command("LLEN", "rq:queue:q").integer ?? 0
                    try await Self.waitForRuns(runs + 2, of: "q", on: server)
                }
                let job = try await RedisCronJob.fetch(id: "a", on: scheduler.connection)
                #expect(job.args == [.int(edits)])
                let planned = try #require(job.nextEnqueueTime), created = try #require(job.createdAt)
                #expect((planned.microseconds - created.microseconds) % 1_000_000 == 0, "it is on its grid")
            }
            let last = try server.command("LRANGE", "rq:queue:q", -1, -1).strings.first ?? ""
            let run = try await peer.ask(DefinitionRequest.job(last, .pickle))
            #expect(run["args"]?.text == "(\(edits),)")
            // One run for each second of the grid at most, although old times came back.
            let ids = try server.command("LRANGE", "rq:queue:q", 0, -1).strings
            #expect(Set(ids).count == ids.count)
        }
    }

    @Test func `fields that a side does not know survive its edits`() async throws {
        try await withRedis { server in
            let peer = try Peer(on: server)
            try await withScheduler(on: server) { scheduler in
                try await scheduler.register(
                    functionName: "app.tasks.rebuild", queueName: "q", id: "a", cron: "0 7 * * *",
                    timeZone: "Europe/Berlin")
                // A byte that is no UTF-8 in it: what is foreign is kept as it is.
                let foreign: [UInt8] = [0xFF, 0x00, 0x61]
                try server.command("HSET", "rq:cron_job:a", "owner", "ops", "x\u{e9}", foreign)
                func check(_ what: Comment) throws {
                    let hash = RawHash(try server.command("HGETALL", "rq:cron_job:a"))
                    #expect(hash.text("owner") == "ops", what)
                    #expect(hash["x\u{e9}"] == foreign, what)
                    #expect(hash.text("timezone") == "Europe/Berlin", what)
                }
                // rq-rediscron cannot read bytes that are no UTF-8, so it gets the hash without them.
                try server.command("HDEL", "rq:cron_job:a", "x\u{e9}")
                try await peer.ask([
                    ["do": "edit", "id": "a", "args": [1]], ["do": "disable", "id": "a"], ["do": "enable", "id": "a"],
                    [
                        "do": "register", "id": "a", "func": "app.tasks.nap", "queue": "q", "cron": "0 7 * * *",
                        "args": [0],
                    ],
                ])
                try server.command("HSET", "rq:cron_job:a", "x\u{e9}", foreign)
                try check("Python's edits")
                var job = try await RedisCronJob.fetch(id: "a", on: scheduler.connection)
                #expect(job.args == [0])
                #expect(job.timeZone == "Europe/Berlin")
                job.args = [2]
                try await job.save()
                try await job.disable()
                try await job.enable()
                try await scheduler.register(
                    functionName: "app.tasks.nap", queueName: "q", id: "a", cron: "0 7 * * *", timeZone: "Europe/Berlin"
                )
                try check("our edits")
                try await whileRunning(scheduler) {
                    try Self.makeDue("a", on: server)
                    try await Self.waitForRuns(1, of: "q", on: server)
                }
                try check("a tick")
            }
        }
    }

    @Test func `Python records an enqueue time as its scheduler does, and we go on from there`() async throws {
        try await withRedis { server in
            let peer = try Peer(on: server)
            try await withScheduler(on: server) { scheduler in
                for (id, interval, cron) in [("i", 3600, nil), ("c", nil, "*/10 * * * *")] as [(String, Int?, String?)]
                {
                    try await scheduler.register(
                        functionName: "app.tasks.rebuild", queueName: "q", id: id,
                        interval: interval.map { .seconds($0) }, cron: cron)
                }
                let time = 1_780_000_000.25
                try await peer.ask([
                    ["do": "set_enqueue_time", "id": "i", "time": .double(time)],
                    ["do": "set_enqueue_time", "id": "c", "time": .double(time)],
                ])
                let jobs = try await scheduler.connection.jobs()
                #expect(jobs.map(\.id) == ["c", "i"])
                #expect(jobs.map { $0.latestEnqueueTime?.unixSeconds } == [1_780_000_000, 1_780_000_000])
                #expect(
                    jobs.map { $0.nextEnqueueTime?.description } == [
                        "2026-05-28T20:30:00.000000Z", "2026-05-28T21:26:40.250000Z",
                    ])
            }
        }
    }

    /// Plans the next run for the present, as an hour of waiting would, and tells the schedulers.
    private static func makeDue(_ id: String, on server: RedisServer) throws {
        let time = try server.command("TIME").strings.compactMap { Int64($0) }
        let now = Timestamp(microseconds: time[0] * 1_000_000 + time[1])
        try server.command("HSET", "rq:cron_job:\(id)", "next_enqueue_time", now.description)
        try server.command("ZADD", "rq:cron_jobs", "\(now.score)", id)
        try server.command("SET", "rq:cron_jobs:last_update", "\(now.score)")
        try server.command("PUBLISH", "rq:cron_jobs:events", #"{"event":"updated","job_id":"\#(id)"}"#)
    }

    private static func waitForRuns(_ count: Int, of queue: String, on server: RedisServer) async throws {
        func runs() throws -> Int { try server.command("LLEN", "rq:queue:\(queue)").integer ?? 0 }
        do {
            try await eventually("\(count) runs in \(queue)", within: .seconds(30)) { try runs() >= count }
        } catch let error as TimedOut {
            let index = try server.command("ZRANGE", "rq:cron_jobs", 0, -1, "WITHSCORES").strings
            throw SupportError("\(error); there were \(try runs()), and the index has \(index)")
        }
    }
}
