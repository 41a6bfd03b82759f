import Cron
import RQWire
import RedisBridge
import RedisCron

/// What `show` prints below the fields of a definition: its times, its last job, and warnings.
struct ScheduleReport: Sendable {
    let job: RedisCronJob
    let now: Timestamp
    let defaultZone: ZoneRules
    /// The last job that RQ still has.
    var lastJob: LastJob?
    /// Whether a scheduler holds the lock.
    var isLed = true

    /// Fetches what belongs to the definition and is not in its hash.
    init(_ job: RedisCronJob, zone: ZoneRules, on connection: RedisCronConnection, client: RedisClient) async throws {
        self.job = job
        now = Timestamp.now
        defaultZone = zone
        isLed = try await client.send(RedisCommand("EXISTS", connection.keys.lock)).integer == 1
        lastJob = try await LastJob.find(of: job, times: times, keys: connection.keys, client: client)
    }

    private var times: ScheduleTimes? { try? ScheduleTimes(job, defaultZone: defaultZone) }

    var text: String {
        var text = ""
        if let times {
            let last = lastTimes(times).map { line($0, $0.wireFormat, times.zone) }
            text += block("last times", last.isEmpty ? [noLastTimes] : last)
            text += block("next times", job.reasonForNoRun(at: now).map { ["none, \($0)"] } ?? nextLines(times))
        }
        text += block("last job", [lastJob?.text ?? "none left in RQ"])
        for warning in warnings { text += block("warning", [warning]) }
        return text
    }

    /// The next five times, the pending run among them.
    private func nextLines(_ times: ScheduleTimes) -> [String] {
        let pending = [times.pending].compactMap(\.self)
        return (pending + times.times(after: times.pending ?? now).prefix(5)).prefix(5)
            .map { line($0, times.text(of: $0), times.zone) }
    }

    /// The last five times of the schedule, in order: not before the definition was created, and up to its last run.
    ///
    /// Times after the last run are plans, not history.
    private func lastTimes(_ times: ScheduleTimes) -> [Timestamp] {
        guard let latest = job.latestEnqueueTime else { return [] }
        // Times are whole seconds, and a run is enqueued within the second of its planned time.
        let end = min(latest, now) + .microseconds(1)
        return times.previous(5, before: min(end, times.pending ?? end), from: job.createdAt).reversed()
    }

    private var noLastTimes: String {
        job.latestEnqueueTime == nil ? "none, it has never run" : "none since it was created"
    }

    var warnings: [String] {
        var warnings: [String] = []
        if job.isOverdue(at: now, defaultZone: defaultZone), let due = job.nextDueTime(defaultZone: defaultZone) {
            warnings.append("it was due \(TimeText.distance(to: due, from: now)) and has not been enqueued")
        }
        if job.enabled, let skipped = job.skippedTime(now: now, defaultZone: defaultZone) {
            warnings.append(
                "it skips times of its schedule, beginning with \(skipped); rqrcron doctor says what to do")
        }
        if !isLed { warnings.append("no scheduler is running; start one with: rqrcron run") }
        do {
            let times = try ScheduleTimes(job, defaultZone: defaultZone)
            // A definition with an end or a limit is meant to finish.
            if job.endTime == nil, !job.isFinished, times.next(after: now) == nil {
                warnings.append("its schedule has no further time")
            }
        } catch {
            warnings.append("\(error)")
        }
        if lastJob?.failure?.isOtherSerializer == true {
            warnings.append(
                """
                its worker uses another serializer than the scheduler; start both with -S rq.serializers.JSONSerializer, \
                or both without
                """)
        }
        if let ttl = job.ttl, let interval = job.interval, ttl > interval {
            warnings.append("several of its jobs may wait at once, because ttl is longer than interval")
        }
        return warnings
    }

    private func line(_ time: Timestamp, _ text: String, _ zone: ZoneRules) -> String {
        "\(TimeText.local(time, in: zone))  \(text)  \(TimeText.distance(to: time, from: now))"
    }

    private func block(_ name: String, _ lines: [String]) -> String {
        lines.enumerated().map { index, line in
            TextWidth.pad(index == 0 ? name : "", to: 13) + line.onOneLine + "\n"
        }.joined()
    }
}
