import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

/// The batch script with keys and arguments written out by hand, so that its header is held to its word.
@Suite(.timeLimit(.minutes(1)))
struct EnqueueBatchScriptTests {
    private struct Job {
        var id = "a"
        var job = "job-1"
        var score = "100"
        var next = "2026-01-01T00:05:00.000000Z"
        var nextScore = "400"
        var template = 1
        var version = "v1"
    }

    private struct Template {
        var queue = "metrics"
        var ttl = ""
        var flags = ""
        /// Further fields and their values.
        var extras: [String] = []
        /// What RESTORE is given for each job; field by field without.
        var dump: ServerReply?

        var fields: [String] { ["status", "queued", "origin", queue, "worker_name", ""] + extras }
    }

    private func enqueue(
        _ server: some Scriptable, _ jobs: [Job], _ templates: [Template] = [Template()], token: String = "t",
        logged: String = ""
    ) throws -> String? {
        let queues = templates.map(\.queue).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        let keys: [any CommandPart] =
            ["rq:cron_jobs:lock", "rq:cron_jobs", "rq:queues", "rq:cron_jobs:deletions", "rq:cron_runs_log"]
            + queues.map { "rq:queue:\($0)" }
            + jobs.map { "rq:cron_job:\($0.id)" } + jobs.map { "rq:job:\($0.job)" }
        let shapesOfJobs = jobs.map { [String($0.template), $0.score, $0.next, $0.nextScore] }
        let shapes = shapesOfJobs.reduce(into: [[String]]()) { if !$0.contains($1) { $0.append($1) } }
        let numbers = shapesOfJobs.flatMap { shape -> [UInt8] in [UInt8(shapes.firstIndex(of: shape) ?? 0), 0] }
        var arguments: [any CommandPart] = [
            token, "2026-01-01T00:00:00.000001Z", "rq:cron_job:", "rq:job:", queues.count, templates.count,
            jobs.count, 1_767_225_600, "2025-12-31T23:59:00.000001Z", "2025-12-31T23:43:20.000001Z",
            "rq:cron_jobs:events",
            "rq:pubsub:", logged, numbers, shapes.count,
        ]
        arguments += shapes.joined().map { $0 as any CommandPart } + [0]
        for template in templates {
            let queue = (queues.firstIndex(of: template.queue) ?? 0) + 1
            arguments += [queue, template.ttl, template.flags] as [any CommandPart]
            if template.dump == nil {
                arguments.append(template.fields.count)
                arguments += template.fields as [any CommandPart]
            } else {
                arguments.append(0)
            }
        }
        for job in jobs {
            arguments.append(job.version)
            guard job.template > 0 else { continue }
            if let dump = templates[job.template - 1].dump {
                arguments.append(dump.bytes ?? [])
            } else {
                arguments += ["data", "f('\(job.id)')"] as [any CommandPart]
            }
        }
        return try server.run(CronScript.enqueueBatch, keys: keys, arguments).string
    }

    /// The lock under token `t`, and definitions with version `v1` due at 100.
    private func prepare(_ server: RedisServer, _ ids: [String] = ["a"]) throws {
        try server.command("SET", "rq:cron_jobs:lock", "t")
        for id in ids {
            try server.command("HSET", "rq:cron_job:\(id)", "id", id, "updated_at", "v1", "note", "kept")
            try server.command("ZADD", "rq:cron_jobs", 100, id)
        }
    }

    /// A hash as the server itself dumps it.
    private func dump(_ fields: [String], by server: RedisServer) throws -> ServerReply {
        try server.command(["HSET", "sample"] + fields)
        defer { _ = try? server.command("DEL", "sample") }
        return try server.command("DUMP", "sample")
    }

    @Test func `a job is written, pushed and its schedule moved in one step`() async throws {
        try await withRedis { server async throws in
            try prepare(server)
            #expect(try enqueue(server, [Job()]) == "+")
            #expect(
                try server.command("HGETALL", "rq:job:job-1").textFields == [
                    "status": "queued", "created_at": "2026-01-01T00:00:00.000001Z",
                    "enqueued_at": "2026-01-01T00:00:00.000001Z", "data": "data", "origin": "metrics",
                    "description": "f('a')", "worker_name": "",
                ])
            #expect(try server.command("LRANGE", "rq:queue:metrics", 0, -1).strings == ["job-1"])
            #expect(try server.command("SMEMBERS", "rq:queues").strings == ["rq:queue:metrics"])
            #expect(try server.command("ZSCORE", "rq:cron_jobs", "a").string == "400")
            #expect(
                try server.command("HGETALL", "rq:cron_job:a").textFields == [
                    "id": "a", "updated_at": "v1", "note": "kept",
                    "latest_enqueue_time": "2026-01-01T00:00:00.000001Z",
                    "next_enqueue_time": "2026-01-01T00:05:00.000000Z",
                ])
            #expect(try server.command("TTL", "rq:job:job-1").integer == -1)
        }
    }

    @Test func `all fields of a template are written, and with a ttl the job expires`() async throws {
        try await withRedis { server async throws in
            try prepare(server)
            let template = Template(ttl: "60", extras: ["failure_ttl", "7", "ttl", "60", "meta", "m"])
            #expect(try enqueue(server, [Job()], [template]) == "+")
            let fields = try server.command("HMGET", "rq:job:job-1", "failure_ttl", "ttl", "meta").strings
            #expect(fields == ["7", "60", "m"])
            #expect(try server.command("TTL", "rq:job:job-1").integer.map { (1...60).contains($0) } == true)
        }
    }

    @Test func `jobs that come whole, in fields and not at all are one batch`() async throws {
        try await withRedis { server async throws in
            try prepare(server, ["a", "b", "c", "d"])
            let whole = try dump(["status", "queued", "data", "whole"], by: server)
            let jobs = [
                Job(id: "a", job: "1", template: 1), Job(id: "b", job: "2", template: 0),
                Job(id: "c", job: "3", template: 2), Job(id: "d", job: "4", template: 1),
            ]
            #expect(try enqueue(server, jobs, [Template(ttl: "60", dump: whole), Template(queue: "y")]) == "+a++")
            for job in ["1", "4"] {
                let hash = try server.command("HGETALL", "rq:job:\(job)").textFields
                #expect(hash == ["status": "queued", "data": "whole"])
                #expect(try server.command("TTL", "rq:job:\(job)").integer.map { (1...60).contains($0) } == true)
            }
            #expect(try server.command("HGET", "rq:job:3", "data").string == "data")
            #expect(try server.command("LRANGE", "rq:queue:metrics", 0, -1).strings == ["1", "4"])
            #expect(try server.command("LRANGE", "rq:queue:y", 0, -1).strings == ["3"])
            #expect(try server.command("EXISTS", "rq:job:2").integer == 0)
            for id in ["a", "b", "c", "d"] {
                #expect(try server.command("ZSCORE", "rq:cron_jobs", id).string == "400")
            }
        }
    }

    @Test func `a dump that the server does not take is named, nothing is done for it, the others are queued`()
        async throws
    {
        try await withRedis { server async throws in
            try prepare(server, ["a", "b"])
            let whole = try dump(["status", "queued"], by: server)
            let spoiled = ServerReply.bulk(Array((whole.bytes ?? []).dropLast()) + [0])
            let jobs = [Job(id: "a", job: "1", template: 1), Job(id: "b", job: "2", template: 2)]
            #expect(try enqueue(server, jobs, [Template(dump: spoiled), Template(queue: "y", dump: whole)]) == "r+")
            #expect(try server.command("EXISTS", "rq:job:1", "rq:queue:metrics").integer == 0)
            #expect(try server.command("ZSCORE", "rq:cron_jobs", "a").string == "100")
            #expect(try server.command("HGET", "rq:cron_job:a", "latest_enqueue_time") == .null)
            #expect(try server.command("LRANGE", "rq:queue:y", 0, -1).strings == ["2"])
        }
    }

    @Test func `a user who may not restore is told so before anything is written`() async throws {
        try await withRedis { server async throws in
            try prepare(server)
            let whole = try dump(["status", "queued"], by: server)
            try server.command("ACL", "SETUSER", "default", "-restore")
            let before = try server.dump()
            #expect(try enqueue(server, [Job()], [Template(dump: whole)]) == "r")
            #expect(try server.dump() == before)
            #expect(try enqueue(server, [Job()]) == "+")
        }
    }

    @Test func `templates of a batch go to their own queues in order`() async throws {
        try await withRedis { server async throws in
            try prepare(server, ["a", "b", "c"])
            let jobs = [
                Job(id: "a", job: "1", template: 1), Job(id: "b", job: "2", template: 2),
                Job(id: "c", job: "3", template: 1),
            ]
            #expect(try enqueue(server, jobs, [Template(queue: "x"), Template(queue: "y")]) == "+++")
            #expect(try server.command("LRANGE", "rq:queue:x", 0, -1).strings == ["1", "3"])
            #expect(try server.command("LRANGE", "rq:queue:y", 0, -1).strings == ["2"])
        }
    }

    @Test(arguments: ["other", nil])
    func `lock: without our lock nothing happens`(holder: String?) async throws {
        try await withRedis { server async throws in
            try prepare(server)
            if let holder {
                try server.command("SET", "rq:cron_jobs:lock", holder)
            } else {
                try server.command("DEL", "rq:cron_jobs:lock")
            }
            let before = try server.dump()
            #expect(try enqueue(server, [Job()]) == "L")
            #expect(try server.dump() == before)
        }
    }

    @Test func `once: an entry whose score moved or that is gone is left alone, the others are queued`() async throws {
        try await withRedis { server async throws in
            try prepare(server, ["a", "b", "c"])
            try server.command("ZADD", "rq:cron_jobs", 101, "a")
            try server.command("ZREM", "rq:cron_jobs", "b")
            let jobs = [Job(id: "a", job: "1"), Job(id: "b", job: "2"), Job(id: "c", job: "3")]
            #expect(try enqueue(server, jobs) == "mm+")
            #expect(try server.command("EXISTS", "rq:job:1", "rq:job:2").integer == 0)
            #expect(try server.command("ZSCORE", "rq:cron_jobs", "a").string == "101")
            #expect(try server.command("ZSCORE", "rq:cron_jobs", "b") == .null)
        }
    }

    /// Where all are due at the same time, only the first and the last score are read, and the places of the others.
    @Test(
        arguments: [
            (move: ("b", 200), more: nil, codes: "+m++"), (move: ("b", 99), more: nil, codes: "+m++"),
            (move: ("a", 99), more: nil, codes: "m+++"), (move: ("d", 200), more: nil, codes: "+++m"),
            (move: nil, more: "bb", codes: "++++"), (move: ("c", 100), more: "zz", codes: "++++"),
        ] as [(move: (String, Int)?, more: String?, codes: String)])
    func `once: of jobs that are due together one whose score moved is found`(
        move: (String, Int)?, more: String?, codes: String
    ) async throws {
        let ids = ["a", "b", "c", "d"]
        for rights in ["+@all", "-zrank", "-zrange"] {
            try await withRedis { server async throws in
                try prepare(server, ids + [more].compactMap(\.self))
                if let (id, score) = move { try server.command("ZADD", "rq:cron_jobs", score, id) }
                try server.command("ACL", "SETUSER", "default", rights)
                #expect(try enqueue(server, ids.map { Job(id: $0, job: "job-\($0)") }) == codes, "\(rights)")
                let left = move.map { codes.contains("m") ? [$0.0] : [] } ?? []
                for id in ids {
                    let score = left.contains(id) ? move.map { "\($0.1)" } : "400"
                    #expect(try server.command("ZSCORE", "rq:cron_jobs", id).string == score, "\(id) with \(rights)")
                }
            }
        }
    }

    @Test func `once: a batch that is sent twice queues once`() async throws {
        try await withRedis { server async throws in
            try prepare(server)
            #expect(try enqueue(server, [Job()]) == "+")
            #expect(try enqueue(server, [Job()]) == "m")
            #expect(try server.command("LLEN", "rq:queue:metrics").integer == 1)
        }
    }

    @Test(arguments: [false, true])
    func `once: a planned time whose job exists is named, and nothing is done`(isWhole: Bool) async throws {
        try await withRedis { server async throws in
            try prepare(server)
            let template = Template(dump: isWhole ? try dump(["status", "queued"], by: server) : nil)
            try server.command("HSET", "rq:job:job-1", "status", "finished")
            #expect(try enqueue(server, [Job()], [template]) == "d")
            #expect(try server.command("EXISTS", "rq:queue:metrics").integer == 0)
            #expect(try server.command("HGET", "rq:job:job-1", "status").string == "finished")
            #expect(try server.command("ZSCORE", "rq:cron_jobs", "a").string == "100")
            #expect(try server.command("HGET", "rq:cron_job:a", "latest_enqueue_time") == .null)
        }
    }

    @Test func `fresh: an edited, deleted or foreign definition is handed back`() async throws {
        try await withRedis { server async throws in
            try prepare(server, ["edited", "deleted", "string", "good"])
            try server.command("HSET", "rq:cron_job:edited", "updated_at", "v2")
            try server.command("DEL", "rq:cron_job:deleted")
            try server.command("SET", "rq:cron_job:string", "x")
            let jobs = ["edited", "deleted", "string", "good"].map { Job(id: $0, job: "job-\($0)") }
            #expect(try enqueue(server, jobs) == "sss+")
            #expect(try server.command("LRANGE", "rq:queue:metrics", 0, -1).strings == ["job-good"])
            #expect(try server.command("HGET", "rq:cron_job:edited", "next_enqueue_time") == .null)
            #expect(try server.command("EXISTS", "rq:cron_job:deleted").integer == 0)
        }
    }

    @Test func `fresh: old data without updated_at is fresh while it stays so`() async throws {
        try await withRedis { server async throws in
            try prepare(server, ["a", "b"])
            try server.command("HDEL", "rq:cron_job:a", "updated_at")
            let jobs = [Job(id: "a", job: "1", version: ""), Job(id: "b", job: "2", version: "")]
            #expect(try enqueue(server, jobs) == "+s")
        }
    }

    @Test func `a schedule can be moved without a job`() async throws {
        try await withRedis { server async throws in
            try prepare(server)
            #expect(try enqueue(server, [Job(template: 0)]) == "a")
            #expect(try server.command("EXISTS", "rq:job:job-1", "rq:queue:metrics").integer == 0)
            #expect(try server.command("ZSCORE", "rq:cron_jobs", "a").string == "400")
        }
    }

    @Test func `a last run leaves the index`() async throws {
        try await withRedis { server async throws in
            try prepare(server)
            #expect(try enqueue(server, [Job(next: "", nextScore: "")]) == "+")
            #expect(try server.command("ZSCORE", "rq:cron_jobs", "a") == .null)
            #expect(try server.command("HGET", "rq:cron_job:a", "next_enqueue_time").string == "")
        }
    }

    @Test func `a queue whose key holds no list stops only its own jobs`() async throws {
        try await withRedis { server async throws in
            try prepare(server, ["a", "b"])
            try server.command("SET", "rq:queue:x", "no list")
            let jobs = [Job(id: "a", job: "1", template: 1), Job(id: "b", job: "2", template: 2)]
            #expect(try enqueue(server, jobs, [Template(queue: "x"), Template(queue: "y")]) == "q+")
            #expect(try server.command("EXISTS", "rq:job:1").integer == 0)
            #expect(try server.command("ZSCORE", "rq:cron_jobs", "a").string == "100")
            #expect(try server.command("LRANGE", "rq:queue:y", 0, -1).strings == ["2"])
        }
    }

    @Test func `a set of queues of another type is an error that names it, and nothing is written`() async throws {
        try await withRedis { server async throws in
            try prepare(server)
            try server.command("SET", "rq:queues", "x")
            let before = try server.dump()
            let error = #expect(throws: SupportError.self) { try enqueue(server, [Job()]) }
            #expect(error?.description.contains("rq:queues holds a string, not a set") == true)
            #expect(try server.dump() == before)
        }
    }

    @Test func `an index of another type is an error, and nothing is written`() async throws {
        try await withRedis { server async throws in
            try prepare(server)
            try server.command("DEL", "rq:cron_jobs")
            try server.command("SET", "rq:cron_jobs", "x")
            let before = try server.dump()
            #expect(throws: SupportError.self) { try enqueue(server, [Job()]) }
            #expect(try server.dump() == before)
        }
    }

    @Test func `a thousand jobs of one batch are queued, moved and taken out`() async throws {
        try await withRedis { server async throws in
            let ids = (0..<1000).map { "id:\($0)" }
            try prepare(server, ids)
            let jobs = ids.enumerated().map { number, id in
                number.isMultiple(of: 2) ? Job(id: id, job: id) : Job(id: id, job: id, next: "", nextScore: "")
            }
            #expect(try enqueue(server, jobs) == String(repeating: "+", count: 1000))
            #expect(try server.command("LLEN", "rq:queue:metrics").integer == 1000)
            #expect(try server.command("ZCARD", "rq:cron_jobs").integer == 500)
        }
    }

    @Test(arguments: ["hget", "hset", "rpush", "sadd", "zadd", "zrem", "expire"])
    func `a right that is missing stops a batch before it writes anything`(command: String) async throws {
        try await withRedis { server async throws in
            try prepare(server)
            try server.command("ACL", "SETUSER", "default", "-\(command)")
            let before = try server.dump()
            let error = #expect(throws: SupportError.self) { try enqueue(server, [Job()]) }
            #expect(error?.description.contains(command.uppercased()) == true)
            #expect(try server.dump() == before)
        }
    }

    @Test func `keys that are out of bounds stop a batch before it writes anything`() async throws {
        try await withRedis { server async throws in
            try prepare(server)
            let narrow = [
                "resetkeys", "~rq:cron_job*", "~rq:queues", "~rq:job:*", "~rq:queue:allowed", "~\(RunKeys.log)",
            ]
            let user = try server.connect()
            try server.command(["ACL", "SETUSER", "narrow", "on", "nopass", "+@all"] + narrow)
            try user.command("AUTH", "narrow", "any")
            let before = try server.dump()
            let jobs = [Job(), Job(id: "b", job: "2", template: 2)]
            try server.command("HSET", "rq:cron_job:b", "updated_at", "v1")
            #expect(throws: SupportError.self) {
                try enqueue(user, jobs, [Template(queue: "allowed"), Template(queue: "forbidden")])
            }
            try server.command("DEL", "rq:cron_job:b")
            #expect(try server.dump() == before)
            #expect(try enqueue(user, [Job()], [Template(queue: "allowed")]) == "+")
        }
    }

    @Test func `a server that is out of memory refuses a batch whole`() async throws {
        try await withRedis { server async throws in
            try prepare(server, ["a", "b"])
            try server.command("CONFIG", "SET", "maxmemory", "1")
            let before = try server.dump()
            #expect(throws: SupportError.self) { try enqueue(server, [Job(), Job(id: "b", job: "2")]) }
            #expect(try server.dump() == before)
            try server.command("CONFIG", "SET", "maxmemory", "0")
            #expect(try enqueue(server, [Job(), Job(id: "b", job: "2")]) == "++")
        }
    }
}
