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
        var object: JSONObject = [:]
        for field in CronJobHash.Field.all { object[JSONString(field.name)] = field.json(of: job.definition) }
        object["source"] = source.map { .string($0) } ?? .null
        return object
    }

    /// One line for each field, for people.
    var text: String {
        let row = InfoRow(job, zone: zone)
        var rows: [(String, String)] = [
            ("id", job.id), ("function", job.functionName), ("queue", job.queueName), ("schedule", row.schedule),
            ("time zone", timeZoneText), ("state", row.state),
            ("latest", job.latestEnqueueTime?.wireFormat ?? "never"), ("next", row.nextRun),
        ]
        for field in CronJobHash.Field.all {
            if let title = field.title { rows.append((title, field.description(in: job.definition))) }
        }
        rows += [
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
}
