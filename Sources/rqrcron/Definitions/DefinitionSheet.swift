import RQWire
import RedisCron

/// All fields of one definition.
struct DefinitionSheet: Sendable {
    private let job: RedisCronJob
    /// What it was applied from; nil for what was made in another way.
    private let source: String?
    /// The zone where it names none.
    private let zone: DefaultTimeZone

    init(_ job: RedisCronJob, source: String?, zone: DefaultTimeZone) {
        self.job = job
        self.source = source
        self.zone = zone
    }

    /// One JSON object on one line.
    var json: String { "\(JSONValue.object(Self.object(of: job, source: source)))\n" }

    /// The definition under the names of the hash's fields.
    ///
    /// What is empty in the hash is null.
    static func object(of job: RedisCronJob, source: String?) -> JSONObject {
        [
            "id": .string(job.id), "func_name": .string(job.functionName), "queue_name": .string(job.queueName),
            "args": .array(job.args), "kwargs": .object(job.kwargs), "interval": number(job.schedule.interval),
            "cron": text(job.schedule.cron), "timezone": text(job.timeZone),
            "latest_enqueue_time": text(job.latestEnqueueTime?.wireFormat),
            "next_enqueue_time": text(job.nextEnqueueTime?.wireFormat),
            "created_at": text(job.createdAt?.wireFormat),
            "updated_at": text(job.updatedAt?.wireFormat),
            "enabled": .bool(job.enabled), "job_timeout": number(job.jobTimeout),
            "result_ttl": number(job.resultTTL), "ttl": number(job.ttl),
            "failure_ttl": number(job.failureTTL), "meta": .object(job.meta),
            "source": text(source),
        ]
    }

    /// One line for each field, for people.
    var text: String {
        let row = InfoRow(job, zone: zone)
        let rows: [(String, String)] = [
            ("id", job.id), ("function", job.functionName), ("queue", job.queueName), ("schedule", row.schedule),
            ("time zone", timeZoneText), ("state", row.state),
            ("latest", job.latestEnqueueTime?.wireFormat ?? "never"), ("next", row.nextRun),
            ("args", JSONValue.array(job.args).description), ("kwargs", JSONValue.object(job.kwargs).description),
            ("meta", JSONValue.object(job.meta).description),
            ("job timeout", Self.seconds(job.jobTimeout, absent: "180 s, RQ's default", never: "none")),
            ("result ttl", Self.seconds(job.resultTTL, absent: "500 s, RQ's default", never: "for ever")),
            ("ttl", Self.seconds(job.ttl, absent: "for ever", never: "for ever")),
            ("failure ttl", Self.seconds(job.failureTTL, absent: "the worker's, a year by default", never: "for ever")),
            ("source", source ?? "none, it was not applied from one"),
            ("created", job.createdAt?.wireFormat ?? "unknown"), ("updated", job.updatedAt?.wireFormat ?? "unknown"),
        ]
        let text = rows.map { name, value in
            name + String(repeating: " ", count: 13 - name.count) + value + "\n"
        }.joined()
        return EscapeSequences.stripped(text)
    }

    private var timeZoneText: String {
        if let own = job.timeZone, !own.isEmpty { return own }
        guard job.definition.usesDefaultTimeZone else { return "none, it has no expression" }
        return zone.isPublished ? "\(zone.rules), as the scheduler's" : zone.note
    }

    private static func seconds(_ value: Int?, absent: String, never: String) -> String {
        guard let value else { return absent }
        return value < 0 ? never : "\(value) s"
    }

    private static func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
    private static func number(_ value: Int?) -> JSONValue { value.map { .int($0) } ?? .null }
}
