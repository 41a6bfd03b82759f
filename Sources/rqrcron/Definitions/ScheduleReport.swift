import Crontab
import RQWire
import RedisBridge
import RedisCron

/// What `show` tells about a definition beyond its fields: its times, its last job, and what deserves attention.
struct ScheduleReport: Sendable {
    let job: RedisCronJob
    let now: Timestamp
    let defaultZone: ZoneRules
    /// The status that RQ has of the last job, with the job's id.
    var lastJob: String?
    /// Whether a scheduler holds the lock.
    var isLed = true

    /// Fetches what stands beside the definition in Redis.
    init(_ job: RedisCronJob, on connection: RedisCronConnection, client: RedisClient) async throws {
        self.job = job
        now = SystemClock.now()
        defaultZone = connection.defaultTimeZone
        isLed = try await client.send(RedisCommand("EXISTS", connection.keys.lock)).integer == 1
        lastJob = try await Self.lastJob(of: job, times: times, keys: connection.keys, client: client)
    }

    private var times: ScheduleTimes? { try? ScheduleTimes(job, defaultZone: defaultZone) }

    /// Lines under the fields, without the warnings.
    var text: String {
        var text = ""
        if let times {
            let last = times.previous(5, before: job.nextEnqueueTime ?? now).reversed().map { time in
                line(time, times.zone)
            }
            let next = ([job.nextEnqueueTime].compactMap { $0 } + times.next(5, after: job.nextEnqueueTime ?? now))
                .prefix(5).map { line($0, times.zone) }
            text +=
                block("last times", last) + block("next times", job.enabled ? Array(next) : ["none, it is disabled"])
        }
        text += block("last job", [lastJob ?? "none that RQ still has"])
        for warning in warnings { text += block("warning", [warning]) }
        return text
    }

    /// What deserves attention.
    var warnings: [String] {
        var warnings: [String] = []
        if job.enabled, let next = job.nextEnqueueTime, next + .seconds(5) < now {
            warnings.append("it was due \(TimeText.distance(to: next, from: now)) and has not been enqueued")
        }
        if !isLed { warnings.append("no scheduler runs: start one with rqrcron run") }
        do {
            if try ScheduleTimes(job, defaultZone: defaultZone).next(after: now) == nil {
                warnings.append("its schedule has no further time")
            }
        } catch {
            warnings.append("\(error)")
        }
        if let ttl = job.ttl, let interval = job.interval, ttl > interval {
            warnings.append("several of its jobs may wait at once: ttl is longer than interval")
        }
        return warnings
    }

    /// The newest job of the definition that RQ still has, found by the ids that its planned times give.
    private static func lastJob(
        of job: RedisCronJob, times: ScheduleTimes?, keys: RQKeys, client: RedisClient
    ) async throws -> String? {
        guard let times, job.latestEnqueueTime != nil else { return nil }
        let planned = times.previous(20, before: job.nextEnqueueTime ?? SystemClock.now())
        for time in planned {
            let id = RQJobID.planned(definition: job.id, at: time)
            guard let status = try await client.send(RedisCommand("HGET", keys.job(id), "status")).string else {
                continue
            }
            return "\(id) \(status), planned for \(time.wireFormat)"
        }
        return nil
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
