import RQWire
import RedisCronTesting

@testable import RedisCron

extension RedisModel {
    /// All keys with their values as text, in the form of `ServerKeyspace`.
    var keyspace: [String: String] {
        let keys = RQKeys()
        var space: [String: String] = [:]
        if let lock { space[keys.lock] = "string \(lock.token)" }
        if let marker { space[keys.lastUpdate] = "string \(String(decoding: marker, as: UTF8.self))" }
        if let timeZone { space[keys.timeZone] = "string \(timeZone)" }
        if !index.isEmpty {
            space[keys.cronJobs] = Self.text(of: index.map { ($0.key.display, $0.value) })
        }
        if !schedulers.isEmpty {
            space[keys.cronSchedulers] = Self.text(of: schedulers.map { ($0.key, $0.value.score) })
        }
        for (name, hash) in schedulerHashes {
            let registration = SchedulerRegistration(
                name: name, hostname: "host", pid: 1, createdAt: hash.createdAt, timeZone: "")
            space[keys.cronScheduler(name)] = Self.text(of: registration.hashFields.map { ($0.field, $0.value) })
        }
        for (id, definition) in definitions {
            let fields = definition.hash.encode().map { ($0.field.name, String(decoding: $0.value, as: UTF8.self)) }
            space[keys.cronJob(id.display)] = Self.text(of: fields)
        }
        if !deletions.isEmpty {
            space[keys.deletions] = Self.text(of: deletions.map { ($0.key.display, $0.value.score) })
        }
        for (id, job) in jobs where job.phase == .running {
            space[keys.executions(id)] = Self.text(of: [("run", Job.executionEnd.score)])
        }
        for name in histories { space[keys.cronJob("\(name.display):jobs")] = "zset run=1.0" }
        for queue in spoiledQueues { space[Self.key(ofQueue: queue)] = "string spoiled" }
        for (queue, jobs) in queues {
            space[Self.key(ofQueue: queue)] = "list " + jobs.map(\.description).joined(separator: " ")
        }
        if !registeredQueues.isEmpty {
            space[keys.queues] = "set " + registeredQueues.map(Self.key(ofQueue:)).sorted().joined(separator: " ")
        }
        addRuns(to: &space, keys)
        for (id, job) in jobs { space[keys.job(id)] = Self.text(of: job.fields) }
        return space
    }

    /// The keys of what is kept of runs.
    private func addRuns(to space: inout [String: String], _ keys: RQKeys) {
        func list(_ elements: [[UInt8]]) -> String {
            "list " + elements.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
        }
        if !runLog.isEmpty { space[keys.runLog] = list(runLog) }
        if !recentRuns.isEmpty { space[keys.recentRuns] = list(recentRuns.map(\.bytes)) }
        for (place, key) in [(RunPlace.open, keys.openRuns), (.watched, keys.watchedRuns)] {
            guard let runs = tracked[place], !runs.isEmpty else { continue }
            space[key] = Self.text(of: runs.map { (String(decoding: $0.member, as: UTF8.self), 0) })
        }
        for (id, runs) in endedRuns { space[keys.runs(of: id.display)] = list(runs.map(\.bytes)) }
        for (id, times) in refusals { space[keys.refusals(of: id.display)] = list(times.map(\.bytes)) }
        if !runIndex.isEmpty { space[keys.runIndex] = Self.text(of: runIndex.map { ($0.key.display, $0.value) }) }
        if runTotal != 0 { space[keys.runTotal] = "string \(runTotal)" }
    }

    /// Keys that expire, with the seconds after which they do.
    var timesToLive: [String: Int64] {
        let keys = RQKeys()
        var times: [String: Int64] = [:]
        func note(_ key: String, _ expiresAt: Timestamp) {
            times[key] = (expiresAt - time).components.seconds
        }
        if let lock { note(keys.lock, lock.expiresAt) }
        for (name, hash) in schedulerHashes { note(keys.cronScheduler(name), hash.expiresAt) }
        for (id, job) in jobs {
            if let expiresAt = job.expiresAt { note(keys.job(id), expiresAt) }
        }
        return times
    }

    static func text(of entries: [(String, Double)]) -> String {
        "zset " + entries.map { "\($0.0)=\($0.1)" }.sorted().joined(separator: " ")
    }

    static func text(of fields: [(String, String)]) -> String {
        // An empty zone is none.
        let known = fields.filter { $0.0 != "timezone" || !$0.1.isEmpty }
        return "hash " + known.map { "\($0.0)=\($0.1.debugDescription)" }.sorted().joined(separator: " ")
    }

    private static func key(ofQueue queue: [UInt8]) -> String {
        RQKeys().queue(String(decoding: queue, as: UTF8.self))
    }
}

extension RedisModel.Job {
    /// When workers of the tests start their jobs: so long ago that one without a heartbeat counts as dead.
    static let startedAt = Timestamp(microseconds: World.epoch - 10_000_000_000)
    /// Until when their executions count as alive.
    static let executionEnd = Timestamp(microseconds: World.epoch + 1_000_000_000)

    /// The fields of the hash as text.
    fileprivate var fields: [(String, String)] {
        var fields = RQJobHash.emptyFields.map { ($0, "") }
        fields += [
            ("status", phase.status), ("created_at", createdAt.wireFormat), ("enqueued_at", createdAt.wireFormat),
            ("data", String(decoding: data, as: UTF8.self)),
            ("description", String(decoding: description, as: UTF8.self)),
            ("origin", String(decoding: template.settings.queue, as: UTF8.self)),
            ("timeout", String(template.settings.timeout)),
            ("result_ttl", String(template.settings.resultTTL)),
        ]
        if phase != .queued {
            fields.removeAll { $0.0 == "started_at" }
            fields.append(("started_at", Self.startedAt.wireFormat))
        }
        if let failureTTL = template.settings.failureTTL { fields.append(("failure_ttl", String(failureTTL))) }
        if let ttl = template.settings.ttl { fields.append(("ttl", String(ttl))) }
        if let meta = template.settings.meta { fields.append(("meta", String(decoding: meta, as: UTF8.self))) }
        return fields
    }
}

extension RedisModel.Phase {
    /// The status in the job's hash.
    var status: String {
        switch self {
        case .queued: RQJobHash.status
        case .running, .dead: "started"
        case .finished: "finished"
        case .failed: "failed"
        case .stopped: "stopped"
        case .canceled: "canceled"
        }
    }
}
