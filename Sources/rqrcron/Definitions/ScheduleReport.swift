import Cron
import RQWire
import RedisBridge
import RedisCron

/// What `show` prints below the fields of a definition: its last runs, its next times, and warnings.
struct ScheduleReport: Sendable {
    let job: RedisCronJob
    let now: Timestamp
    let defaultZone: ZoneRules
    /// Its last runs, the newest first.
    var runs: [RunRecord] = []
    /// The last job that RQ still has, where no run is recorded or no scheduler says what became of it.
    var lastJob: LastJob?
    /// Whether a scheduler holds the lock.
    var isLed = true

    /// Fetches what belongs to the definition and is not in its hash.
    init(_ job: RedisCronJob, zone: ZoneRules, on connection: RedisCronConnection, client: RedisClient) async throws {
        self.job = job
        now = Timestamp.now
        defaultZone = zone
        isLed = try await client.send(RedisCommand("EXISTS", connection.keys.lock)).integer == 1
        do throws(RedisCronError) {
            runs = try await job.runs(limit: Self.shown)
        } catch {
            // A user who may not read records is shown what the hashes of jobs say.
            guard error.redisError?.isDenial == true else { throw error }
        }
        guard !isLed || !runs.contains(where: { $0.result == .queued }) else { return }
        lastJob = try await LastJob.find(of: job, times: times, keys: connection.keys, client: client)
    }

    /// How many runs and how many times are shown.
    private static let shown = 5

    private var times: ScheduleTimes? { try? ScheduleTimes(job, defaultZone: defaultZone) }

    var text: String {
        var text = block("last runs", runs.isEmpty ? [noRuns] : runs.map(line))
        if let lastJob { text += block("last job", [lastJob.text]) }
        if let times {
            text += block("next times", job.reasonForNoRun(at: now).map { ["none, \($0)"] } ?? nextLines(times))
        }
        for warning in warnings { text += block("warning", [warning]) }
        return text
    }

    /// The next times, the pending run among them.
    private func nextLines(_ times: ScheduleTimes) -> [String] {
        let pending = [times.pending].compactMap(\.self)
        return (pending + times.times(after: times.pending ?? now).prefix(Self.shown)).prefix(Self.shown)
            .map { line($0, times.text(of: $0), times.zone) }
    }

    private var noRuns: String {
        if job.policy.history == 0 { return "none recorded, its history is 0" }
        return job.latestEnqueueTime == nil ? "none, it has never run" : "none recorded"
    }

    /// What became of a run, behind its time in the zone of the definition.
    private func line(_ run: RunRecord) -> String {
        let time = run.planned ?? run.at
        let local = times.map { TimeText.local(time, in: $0.zone) } ?? time.wireFormat
        return "\(local)  \(RunText(run, now: now).sentence())"
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
        if isOtherSerializer {
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

    /// Whether the last run failed because its worker could not read it.
    private var isOtherSerializer: Bool {
        if let lastJob { return lastJob.failure?.isOtherSerializer ?? false }
        let last = runs.first { $0.result == .queued && !$0.isOpen }
        return last?.error.map(RQJobFailure.init(reason:))?.isOtherSerializer ?? false
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
