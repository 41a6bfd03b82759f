import Cron
import RQWire
import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

/// What rq-rediscron's own suite pins down, behaviour by behaviour, asked of this package.
@Suite(.timeLimit(.minutes(2)))
struct ReferenceBehaviourTests {
    func with(
        _ change: (inout RedisCronScheduler.Options) -> Void = { _ in },
        _ body: (RedisServer, RedisCronConnection, RedisCronScheduler) async throws -> Void
    ) async throws {
        try await withRedis { server in
            try await withConnection(to: server) { connection in
                try await body(
                    server, connection, RedisCronScheduler(connection: connection, options: .forTest(change)))
            }
        }
    }

    @discardableResult
    func register(
        _ scheduler: RedisCronScheduler, id: String? = "a", queue: String = "q", args: [JSONValue] = [],
        interval: Duration? = .seconds(60), cron: String? = nil, enabled: Bool? = nil
    ) async throws -> RedisCronJob {
        try await scheduler.register(
            functionName: "app.tasks.rebuild", queueName: queue, id: id, args: args, interval: interval, cron: cron,
            enabled: enabled)
    }

    // MARK: Ids

    @Test func `an omitted id is generated, another each time`() async throws {
        try await with { server, _, scheduler async throws in
            let first = try await register(scheduler, id: nil)
            let second = try await register(scheduler, id: nil)
            #expect(first.id.wholeMatch(of: /cron:[0-9a-f]{32}/) != nil)
            #expect(first.id != second.id)
            #expect(try server.command("EXISTS", "rq:cron_job:\(first.id)").integer == 1)
        }
    }

    @Test func `an id generator sees the definition`() async throws {
        try await with { _, _, scheduler async throws in
            let job = try await scheduler.register(
                functionName: "app.tasks.rebuild", queueName: "metrics", args: ["pm25"], interval: .seconds(60),
                idGenerator: { job in
                    let arg = job.args.first.map { "\($0)" } ?? ""
                    return "\(job.queueName):\(job.functionName):\(arg.contains("pm25"))"
                })
            #expect(job.id == "metrics:app.tasks.rebuild:true")
        }
    }

    @Test func `the generator of the options is used, one given with the call wins, an explicit id wins over both`()
        async throws
    {
        try await with({ $0.idGenerator = { _ in "from options" } }) { _, _, scheduler async throws in
            #expect(try await register(scheduler, id: nil).id == "from options")
            let called = try await scheduler.register(
                functionName: "m.f", queueName: "q", interval: .seconds(60), idGenerator: { _ in "from call" })
            #expect(called.id == "from call")
            let explicit = try await scheduler.register(
                functionName: "m.f", queueName: "q", id: "explicit", interval: .seconds(60),
                idGenerator: { _ in "from call" })
            #expect(explicit.id == "explicit")
        }
    }

    @Test func `a generator that returns an empty id is refused, and so is an empty id`() async throws {
        try await with { server, _, scheduler async throws in
            for id in [nil, ""] {
                let error = await #expect(throws: RedisCronError.self) {
                    try await scheduler.register(
                        functionName: "m.f", queueName: "q", id: id, interval: .seconds(60), idGenerator: { _ in "" })
                }
                #expect(error?.field == "id")
            }
            #expect(try server.command("DBSIZE").integer == 0)
        }
    }

    // MARK: One job

    @Test func `a job comes back as it was saved`() async throws {
        try await with { _, connection, scheduler in
            let saved = try await scheduler.register(
                functionName: "app.tasks.rebuild", queueName: "metrics", id: "a",
                args: ["pm25", 1, 1.0, nil, ["x": []]],
                kwargs: ["deep": true, "meta": "mine"], cron: "*/5 * * * *", timeZone: "Europe/Berlin",
                jobTimeout: .seconds(30),
                resultTTL: .seconds(0), ttl: .seconds(60), failureTTL: .seconds(0), meta: ["team": "air"],
                enabled: false)
            let fetched = try await RedisCronJob.fetch(id: "a", on: connection)
            #expect(fetched.definition == saved.definition)
            #expect(fetched.resultTTL == .zero)
            #expect(fetched.key == "rq:cron_job:a")
        }
    }

    @Test func `a job is made with its times, and what is left out follows from the others`() async throws {
        try await with { server, connection, _ in
            let created = try Timestamp(parsing: "2026-06-03T05:40:00.000001Z")
            let latest = try Timestamp(parsing: "2026-06-04T00:00:00Z")
            let next = try Timestamp(parsing: "2099-01-01T00:00:00.5Z")
            var job = try RedisCronJob(
                id: "a", call: CallSpec("m.f", queue: "q"), schedule: ScheduleSpec(interval: .seconds(60)),
                latestEnqueueTime: latest,
                nextEnqueueTime: next, createdAt: created, connection: connection)
            #expect(job.updatedAt == created)
            try await job.save(event: .created)
            let read = try await RedisCronJob.fetch(id: "a", on: connection)
            #expect(read.latestEnqueueTime == latest && read.nextEnqueueTime == next && read.createdAt == created)
            #expect(try server.command("ZSCORE", "rq:cron_jobs", "a").double == next.score)

            let ran = try RedisCronJob(
                call: CallSpec("m.f", queue: "q"), schedule: .every(.seconds(60)), latestEnqueueTime: latest)
            #expect(ran.nextEnqueueTime == latest + .seconds(60))
            let neverRan = try RedisCronJob(
                call: CallSpec("m.f", queue: "q"), schedule: .every(.seconds(60)), updatedAt: latest)
            #expect(neverRan.nextEnqueueTime == nil && neverRan.updatedAt == latest)
        }
    }

    @Test(arguments: [0, -1, 500])
    func `result_ttl is kept as it is`(resultTTL: Int) async throws {
        try await with { server, _, scheduler async throws in
            try await scheduler.register(
                functionName: "m.f", queueName: "q", id: "a", interval: .seconds(60), resultTTL: .seconds(resultTTL))
            #expect(try server.command("HGET", "rq:cron_job:a", "result_ttl").integer == resultTTL)
            try await scheduler.registerBirth()
            try await scheduler.enqueueJobs()
            let job = try server.command("LINDEX", "rq:queue:q", 0).string ?? ""
            #expect(try server.command("HGET", "rq:job:\(job)", "result_ttl").integer == resultTTL)
        }
    }

    @Test func `delete removes hash and entry, and deleting again is no error`() async throws {
        try await with { server, connection, scheduler in
            let job = try await register(scheduler)
            try await job.delete()
            #expect(try server.command("EXISTS", "rq:cron_job:a", "rq:cron_jobs").integer == 0)
            try await job.delete()
            let error = await #expect(throws: RedisCronError.self) {
                try await RedisCronJob.fetch(id: "a", on: connection)
            }
            #expect(error?.code == .noSuchJob)
        }
    }

    @Test func `a disabled job is not indexed, enabled again it is`() async throws {
        try await with { server, _, scheduler async throws in
            var job = try await register(scheduler, enabled: false)
            #expect(try server.command("ZSCORE", "rq:cron_jobs", "a") == .null)
            try await job.enable()
            #expect(try server.command("ZSCORE", "rq:cron_jobs", "a").double.map { $0 > 1_000_000_000 } == true)
            try await job.disable()
            #expect(try server.command("ZSCORE", "rq:cron_jobs", "a") == .null)
            #expect(try server.command("HGET", "rq:cron_job:a", "enabled").string == "0")
        }
    }

    @Test func `each write announces itself with its event and moves the marker`() async throws {
        try await with { server, _, scheduler async throws in
            let listener = try server.connect()
            try listener.command("SUBSCRIBE", "rq:cron_jobs:events")
            var job = try await register(scheduler)
            let firstMarker = try server.command("GET", "rq:cron_jobs:last_update").double ?? 0
            try await register(scheduler, args: [1])
            job = try await RedisCronJob.fetch(id: "a", on: scheduler.connection)
            try await job.disable()
            try await job.enable()
            try await job.save()
            try await job.delete()
            var seen: [String] = []
            for _ in 0..<6 { seen.append(try listener.readReply().strings.last ?? "") }
            #expect(
                seen
                    == ["created", "updated", "disabled", "enabled", "updated", "deleted"].map {
                        #"{"event":"\#($0)","job_id":"a"}"#
                    })
            #expect(try server.command("GET", "rq:cron_jobs:last_update").double.map { $0 > firstMarker } == true)
        }
    }

    @Test func `refresh reads what others wrote, and forgets what was not saved`() async throws {
        try await with { _, connection, scheduler in
            var mine = try await register(scheduler)
            var theirs = try await RedisCronJob.fetch(id: "a", on: connection)
            theirs.queueName = "other"
            try await theirs.save()
            mine.args = [1]
            try await mine.refresh()
            #expect(mine.queueName == "other")
            #expect(mine.args.isEmpty)
        }
    }

    @Test func `enqueue queues one run at once and leaves the schedule alone`() async throws {
        try await with { server, _, scheduler async throws in
            let job = try await register(scheduler, args: ["pm25"])
            let before = try server.command("HGETALL", "rq:cron_job:a").textFields
            let (first, second) = (try await job.enqueue(), try await job.enqueue())
            #expect(first != second)
            #expect(try server.command("LRANGE", "rq:queue:q", 0, -1).strings == [first, second].map(\.description))
            let description = try server.command("HGET", "rq:job:\(first)", "description").string
            #expect(description == "app.tasks.rebuild('pm25')")
            var after = try server.command("HGETALL", "rq:cron_job:a").textFields
            #expect(after.removeValue(forKey: "triggered_job") != nil && after == before)
        }
    }

    @Test func `setEnqueueTime records the time and what follows from it`() async throws {
        try await with { server, _, scheduler async throws in
            var job = try await register(scheduler)
            let time = Timestamp(unixSeconds: 1_900_000_000)
            try await job.setEnqueueTime(time)
            let stored = try server.command("HGETALL", "rq:cron_job:a").textFields
            #expect(stored["latest_enqueue_time"] == time.description)
            #expect(stored["next_enqueue_time"] == (time + .seconds(60)).description)
            #expect(try server.command("ZSCORE", "rq:cron_jobs", "a").double == 1_900_000_060)
        }
    }

    // MARK: register

    @Test func `the same id edits the job instead of adding another`() async throws {
        try await with { _, _, scheduler async throws in
            let first = try await register(scheduler)
            let second = try await register(scheduler, queue: "other", args: [1])
            let all = try await scheduler.connection.allJobs()
            #expect(all.map(\.id) == ["a"])
            #expect(all.first?.queueName == "other")
            #expect(second.createdAt == first.createdAt)
            #expect(second.updatedAt.map { $0 > first.updatedAt ?? .latest } == true)
        }
    }

    @Test(arguments: [ScheduleSpec.every(.seconds(60)), .cron("*/5 * * * *")])
    func `an unchanged schedule keeps latest and next`(schedule: ScheduleSpec) async throws {
        try await with { server, _, scheduler async throws in
            var job = try await register(scheduler, interval: schedule.interval, cron: schedule.cron)
            let now = Timestamp.now
            job.latestEnqueueTime = now - .seconds(27)
            if schedule.interval != nil { job.nextEnqueueTime = now + .seconds(33) }
            let score = try #require(job.nextEnqueueTime).score
            try await job.save()
            let again = try await register(
                scheduler, args: [1], interval: schedule.interval, cron: schedule.cron)
            #expect(again.latestEnqueueTime == job.latestEnqueueTime)
            #expect(again.nextEnqueueTime == job.nextEnqueueTime)
            #expect(try server.command("ZSCORE", "rq:cron_jobs", "a").double == score)
        }
    }

    @Test func `a changed interval is counted from the last run, a changed expression from now`() async throws {
        try await with { server, _, scheduler async throws in
            var job = try await register(scheduler)
            job.latestEnqueueTime = Timestamp(unixSeconds: 1_767_225_600)
            job.nextEnqueueTime = Timestamp(unixSeconds: 1_767_225_660)
            try await job.save()
            let slower = try await register(scheduler, interval: .seconds(600))
            #expect(slower.nextEnqueueTime == Timestamp(unixSeconds: 1_767_226_200))
            #expect(try server.command("ZSCORE", "rq:cron_jobs", "a").double == 1_767_226_200)

            job = try await RedisCronJob.fetch(id: "a", on: scheduler.connection)
            job.latestEnqueueTime = nil
            try await job.save()
            let cron = try await register(scheduler, interval: nil, cron: "0 0 1 1 *")
            let next = try #require(cron.nextEnqueueTime)
            #expect(next > Timestamp.now)
            #expect(next.description.hasSuffix("-01-01T00:00:00.000000Z"))
            #expect(try server.command("HGET", "rq:cron_job:a", "interval").string == "")
        }
    }

    @Test func `a disabled job that is registered again stays disabled unless told otherwise`() async throws {
        try await with { server, _, scheduler async throws in
            try await register(scheduler, enabled: false)
            #expect(try await register(scheduler, args: [1]).enabled == false)
            #expect(try server.command("ZSCORE", "rq:cron_jobs", "a") == .null)
            #expect(try await register(scheduler, enabled: true).enabled == true)
            #expect(try server.command("ZSCORE", "rq:cron_jobs", "a") != .null)
        }
    }

    @Test func `an interval that never ran is indexed at the present, never at 0`() async throws {
        try await with { server, _, scheduler async throws in
            let before = Timestamp(score: Double(try server.command("TIME").strings.first ?? "") ?? 0)
            let job = try await register(scheduler)
            let score = try server.command("ZSCORE", "rq:cron_jobs", "a").double ?? 0
            #expect(score >= before.score)
            #expect(job.nextEnqueueTime == nil)
            #expect(try server.command("HGET", "rq:cron_job:a", "next_enqueue_time").string == "")
        }
    }

    // MARK: The scheduler

    @Test func `without the lock nothing is queued, with it what is due`() async throws {
        try await with { server, _, scheduler async throws in
            let job = try await register(scheduler)
            try await register(scheduler, id: "later", interval: nil, cron: "0 0 1 1 *")
            #expect(try await scheduler.enqueueJobs().isEmpty)
            #expect(try server.command("EXISTS", "rq:queue:q").integer == 0)
            try await scheduler.registerBirth()
            let queued = try await scheduler.enqueueJobs()
            #expect(queued.map(\.id) == ["a"])
            #expect(queued.first?.nextEnqueueTime == job.createdAt.map { $0 + .seconds(60) })
            #expect(try server.command("LLEN", "rq:queue:q").integer == 1)
            #expect(try await scheduler.enqueueJobs().isEmpty)
        }
    }

    @Test func `a lock that was lost queues nothing`() async throws {
        try await with { server, _, scheduler async throws in
            try await register(scheduler)
            try await scheduler.registerBirth()
            try server.command("SET", "rq:cron_jobs:lock", "thief:1")
            #expect(try await scheduler.enqueueJobs().isEmpty)
            #expect(try server.command("EXISTS", "rq:queue:q").integer == 0)
        }
    }

    @Test func `birth takes the lock and enters the registry, death undoes both`() async throws {
        try await with({ $0.name = "s" }) { server, _, scheduler async throws in
            try await scheduler.registerBirth()
            #expect(
                try server.command("GET", "rq:cron_jobs:lock").string?.wholeMatch(of: /s:[0-9a-f]{32}/) != nil)
            #expect(try server.command("TTL", "rq:cron_jobs:lock").integer.map { (110...120).contains($0) } == true)
            #expect(try server.command("ZRANGE", "rq:cron_schedulers", 0, -1).strings == ["s"])
            let fields = try server.command("HGETALL", "rq:cron_scheduler:s").textFields
            #expect(fields["name"] == "s")
            #expect(fields["cron_jobs"] == "[]")
            #expect(Set(fields.keys) == ["hostname", "pid", "name", "created_at", "config_file", "cron_jobs"])
            try await scheduler.registerDeath()
            #expect(try server.command("EXISTS", "rq:cron_jobs:lock", "rq:cron_schedulers").integer == 0)
        }
    }

    @Test func `a second scheduler fails before it registers anything`() async throws {
        try await with { server, connection, scheduler in
            try await scheduler.registerBirth()
            let second = try RedisCronScheduler(
                connection: connection, options: .forTest { $0.whenLockHeld = .standBy })
            let error = await #expect(throws: RedisCronError.self) { try await second.registerBirth() }
            #expect(error?.code == .lockHeld)
            #expect(try server.command("ZRANGE", "rq:cron_schedulers", 0, -1).strings == [scheduler.name])
        }
    }

    @Test func `death does not release another's lock`() async throws {
        try await with { server, _, scheduler async throws in
            try await scheduler.registerBirth()
            try server.command("SET", "rq:cron_jobs:lock", "other:1")
            try await scheduler.registerDeath()
            #expect(try server.command("GET", "rq:cron_jobs:lock").string == "other:1")
            #expect(try server.command("EXISTS", "rq:cron_schedulers").integer == 0)
        }
    }

    @Test func `a heartbeat extends the lock, and says when it is lost or was never held`() async throws {
        try await with { server, _, scheduler async throws in
            let never = await #expect(throws: RedisCronError.self) { try await scheduler.heartbeat() }
            #expect(never?.code == .notRegistered)
            try await scheduler.registerBirth()
            try server.command("PEXPIRE", "rq:cron_jobs:lock", 5000)
            try await scheduler.heartbeat()
            #expect(try server.command("TTL", "rq:cron_jobs:lock").integer.map { $0 > 100 } == true)
            try server.command("SET", "rq:cron_jobs:lock", "other:1")
            let lost = await #expect(throws: RedisCronError.self) { try await scheduler.heartbeat() }
            #expect(lost?.code == .lockLost)
        }
    }

    @Test func `the sleep interval is the time until the next job, at most the longest sleep, 0 when one is due`()
        async throws
    {
        try await with({ $0.maxSleepInterval = .seconds(30) }) { server, _, scheduler async throws in
            #expect(try await scheduler.sleepInterval() == .seconds(30))
            let now = try server.command("TIME").strings.first.flatMap(Double.init) ?? 0
            try server.command("ZADD", "rq:cron_jobs", now + 20, "soon")
            let interval = try await scheduler.sleepInterval()
            #expect(interval > .seconds(10) && interval <= .seconds(20))
            try server.command("ZADD", "rq:cron_jobs", now + 4000, "soon")
            #expect(try await scheduler.sleepInterval() == .seconds(30))
            try server.command("ZADD", "rq:cron_jobs", now - 1, "due")
            #expect(try await scheduler.sleepInterval() == .zero)
        }
    }
}
