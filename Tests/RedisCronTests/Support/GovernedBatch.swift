import RedisBridge
import TestSupport
import Testing

@testable import RedisCron

/// A batch of governed jobs for `enqueue_batch.lua`, with keys and arguments written out by hand.
struct GovernedBatch {
    /// One job with what governs it; see the script's header.
    struct Job {
        var id = "a"
        var job = "job-1"
        var score = "100"
        var next = "2026-01-01T00:05:00.000000Z"
        var nextScore = "400"
        var version = "v1"
        var mode = "run"
        /// The field as it was read; the entries of `runs` if nothing else is said.
        var read: String?
        var overlap = "skip"
        var waitScore = "105"
        var limit = ""
        var deletion = ""
        var mostFailures = ""
        /// Whether the run is recorded.
        var isRecorded = true
        var runs: [OpenRun] = []

        /// Whether it is sent as one that follows a single run: the same, in fewer arguments.
        var isBrief = true
        fileprivate var follows: Bool {
            isBrief && mode == "run" && runs.count == 1 && runs[0].queue == "metrics" && runs[0].mark.isEmpty
        }

        var openRuns: String { read ?? (runs.isEmpty ? "" : Self.list(runs)) }

        static func list(_ runs: [OpenRun]) -> String { "[\(runs.map(\.entry).joined(separator: ","))]" }
    }

    /// What the script answers.
    struct Answer: Equatable {
        var codes: String?
        /// Number, kind and job id of what `replace` did.
        var told: [String] = []
    }

    var jobs: [Job]
    var flags = "g"
    /// What RESTORE is given for each job; field by field without.
    var dump: ServerReply?
    var token = "t"
    /// What the log of runs says behind the outcomes; empty to note nothing.
    var logged = ""

    init(_ jobs: [Job], flags: String = "g", dump: ServerReply? = nil) {
        self.jobs = jobs
        self.flags = flags
        self.dump = dump
    }

    static let never = "9999-12-31T23:59:59.999999Z"

    @discardableResult
    func send(to server: some Scriptable) throws -> Answer {
        var keys: [any CommandPart] = [
            "rq:cron_jobs:lock", "rq:cron_jobs", "rq:queues", "rq:cron_jobs:deletions", "rq:cron_runs_log",
        ]
        keys.append("rq:queue:metrics")
        for job in jobs { keys.append("rq:cron_job:\(job.id)") }
        for job in jobs { keys.append("rq:job:\(job.job)") }
        let runs = jobs.flatMap { $0.mode == "run" ? $0.runs : [] }
        let queues = OpenRun.queues(of: runs)
        keys += queues.flatMap(OpenRun.keys(ofQueue:))
        let replaces = jobs.contains { $0.overlap == "replace" }
        keys += runs.flatMap { replaces ? $0.keys : Array($0.keys.dropLast()) }
        var arguments: [any CommandPart] = [
            token, OpenRun.nowText, "rq:cron_job:", "rq:job:", 1, jobs.count, jobs.count, OpenRun.now,
            OpenRun.minuteAgo,
            OpenRun.limitAgo, "rq:cron_jobs:events", "rq:pubsub:", logged,
        ]
        // A shape for each job, as a template.
        arguments.append(jobs.indices.flatMap { number -> [UInt8] in [UInt8(number), 0] })
        arguments.append(jobs.count)
        for (number, job) in jobs.enumerated() {
            arguments += [number + 1, job.score, job.next, job.nextScore] as [any CommandPart]
        }
        arguments.append(queues.count)
        arguments += queues as [any CommandPart]
        // A template for each job, since each may have a policy of its own.
        for job in jobs {
            arguments += ["1", "", job.follows ? flags + "o" : flags] as [any CommandPart]
            if flags.contains("g") {
                arguments += [job.overlap, job.limit, job.deletion, job.mostFailures, "note of \(job.id)"]
                arguments.append(job.isRecorded ? #""metrics""# : "")
                if job.follows { arguments += job.runs[0].arguments(among: queues) }
            }
            arguments += dump == nil ? [4, "status", "queued", "origin", "metrics"] : [0]
        }
        for job in jobs {
            arguments.append(job.version)
            arguments.append(job.openRuns)
            if !job.follows { arguments.append(job.mode == "run" ? "\(job.runs.count)" : "move") }
            if ["wait", "replace"].contains(job.overlap) { arguments.append(job.waitScore) }
            if !job.mostFailures.isEmpty { arguments.append("event of \(job.id)") }
            guard job.mode == "run" else { continue }
            if !job.follows { arguments += job.runs.flatMap { $0.arguments(among: queues) } }
            if let dump { arguments.append(dump.bytes ?? []) } else { arguments += ["data", "f()"] }
        }
        let reply = try server.run(CronScript.enqueueBatch, keys: keys, arguments)
        if let codes = reply.string { return Answer(codes: codes) }
        let parts = reply.array.map { $0.string ?? $0.integer.map(String.init) ?? "" }
        return Answer(codes: parts.first, told: Array(parts.dropFirst()))
    }

    /// The lock under token `t`, and the definitions of these jobs with version `v1`, due at 100.
    static func prepare(_ server: RedisServer, _ jobs: [Job], fields: [String] = []) throws {
        try server.command("SET", "rq:cron_jobs:lock", "t")
        for job in jobs {
            try server.command(
                ["HSET", "rq:cron_job:\(job.id)", "updated_at", "v1", "next_enqueue_time", "this"] + fields)
            if !job.openRuns.isEmpty { try server.command("HSET", "rq:cron_job:\(job.id)", "open_runs", job.openRuns) }
            try server.command("ZADD", "rq:cron_jobs", 100, job.id)
        }
    }

    /// Prepares one job and sends it.
    static func send(_ job: Job, to server: RedisServer, fields: [String] = []) throws -> Answer {
        try prepare(server, [job], fields: fields)
        return try GovernedBatch([job]).send(to: server)
    }
}

extension GovernedBatch.Answer: ExpressibleByStringLiteral {
    init(stringLiteral codes: String) {
        self.init(codes: codes)
    }
}

extension RedisServer {
    /// A field of definition `a`.
    func field(_ name: String, of id: String = "a") throws -> String? {
        try command("HGET", "rq:cron_job:\(id)", name).string
    }

    func indexScore(of id: String = "a") throws -> String? {
        try command("ZSCORE", "rq:cron_jobs", id).string
    }

    func deletionScore(of id: String = "a") throws -> String? {
        try command("ZSCORE", "rq:cron_jobs:deletions", id).string
    }

    func waiting(in queue: String = "metrics") throws -> [String] {
        try command("LRANGE", "rq:queue:\(queue)", 0, -1).strings
    }
}
