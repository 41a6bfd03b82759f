import Cron
import RQWire
import RedisBridge
import RedisCron

/// What `show` tells about a definition beyond its fields: its times, its last job, and what deserves attention.
struct ScheduleReport: Sendable {
    let job: RedisCronJob
    let now: Timestamp
    let defaultZone: ZoneRules
    /// The last job that RQ still has.
    var lastJob: LastJob?
    /// Whether a scheduler holds the lock.
    var isLed = true

    /// Fetches what stands beside the definition in Redis.
    init(_ job: RedisCronJob, zone: ZoneRules, on connection: RedisCronConnection, client: RedisClient) async throws {
        self.job = job
        now = SystemClock.now()
        defaultZone = zone
        isLed = try await client.send(RedisCommand("EXISTS", connection.keys.lock)).integer == 1
        lastJob = try await LastJob.find(of: job, times: times, keys: connection.keys, client: client)
    }

    private var times: ScheduleTimes? { try? ScheduleTimes(job, defaultZone: defaultZone) }

    /// Lines under the fields, without the warnings.
    var text: String {
        var text = ""
        if let times {
            let last = lastTimes(times).map { line($0, times.zone) }
            let next = ([pending].compactMap { $0 } + times.next(5, after: pending ?? now))
                .prefix(5).map { line($0, times.zone) }
            text +=
                block("last times", last.isEmpty ? [noLastTimes] : last)
                + block("next times", job.enabled ? Array(next) : ["none, it is disabled"])
        }
        text += block("last job", [lastJob?.text ?? "none that RQ still has"])
        for warning in warnings { text += block("warning", [warning]) }
        return text
    }

    /// The time that is to be enqueued next; an interval that never ran is due since it was made.
    private var pending: Timestamp? {
        if let next = job.nextEnqueueTime { return next }
        return job.interval != nil && job.latestEnqueueTime == nil ? job.createdAt : nil
    }

    /// The last five times of the schedule for which it can have run, in order: since it was made, up to its last run.
    ///
    /// What lies behind the last run, or ahead, is a plan and no history.
    private func lastTimes(_ times: ScheduleTimes) -> [Timestamp] {
        guard let latest = job.latestEnqueueTime else { return [] }
        // A time counts to the second, and a run is queued within the second for which it is planned.
        let end = min(latest, now) + .microseconds(1)
        let last = times.previous(5, before: min(end, pending ?? end)).reversed()
        guard let created = job.createdAt else { return Array(last) }
        return last.filter { $0 >= created }
    }

    private var noLastTimes: String {
        job.latestEnqueueTime == nil ? "none, it never ran" : "none since it was created"
    }

    /// What deserves attention.
    var warnings: [String] {
        var warnings: [String] = []
        if job.enabled, let next = job.nextEnqueueTime, next + .seconds(5) < now {
            warnings.append("it was due \(TimeText.distance(to: next, from: now)) and has not been enqueued")
        }
        if job.enabled, let skipped = job.skippedTime(now: now, defaultZone: defaultZone) {
            warnings.append(
                "it leaves out times of its schedule, the first one \(skipped); rqrcron doctor says what to do")
        }
        if !isLed { warnings.append("no scheduler runs: start one with rqrcron run") }
        do {
            if try ScheduleTimes(job, defaultZone: defaultZone).next(after: now) == nil {
                warnings.append("its schedule has no further time")
            }
        } catch {
            warnings.append("\(error)")
        }
        if lastJob?.failure?.isOtherSerializer == true {
            warnings.append(
                """
                its worker reads another serializer than it was queued with: start both with \
                -S rq.serializers.JSONSerializer, or both without
                """)
        }
        if let ttl = job.ttl, let interval = job.interval, ttl > interval {
            warnings.append("several of its jobs may wait at once: ttl is longer than interval")
        }
        return warnings
    }

    private func line(_ time: Timestamp, _ zone: ZoneRules) -> String {
        "\(TimeText.local(time, in: zone))  \(time.wireFormat)  \(TimeText.distance(to: time, from: now))"
    }

    private func block(_ name: String, _ lines: [String]) -> String {
        lines.enumerated().map { index, line in
            TextWidth.pad(index == 0 ? name : "", to: 13) + line.onOneLine + "\n"
        }.joined()
    }
}
