import RQWire
import RedisBridge
import RedisCron

/// `rqrcron show`.
struct ShowCommand: Sendable {
    let invocation: Invocation

    func run() async throws {
        let id = invocation.arguments.operands[0]
        try await invocation.withConnection { connection in
            let job = try await RedisCronJob.fetch(id: id, on: connection)
            let zone = try await invocation.zoneToShow(connection)
            let sheet = DefinitionSheet(job, source: try await connection.sources(of: [id]).first ?? nil, zone: zone)
            guard !invocation.arguments.has(.json) else { return try StandardOutput.write(sheet.json) }
            let client = try RedisAddress(invocation: invocation).client(on: connection.eventLoop)
            let report = try await ScheduleReport(job, zone: zone.rules, on: connection, client: client)
            await client.close()
            try StandardOutput.write(sheet.text + report.text)
        }
    }
}

extension Command {
    /// `rqrcron show`.
    static let show: Command = Command(
        name: "show", summary: "Show all fields of a definition, and when it runs.",
        discussion: [
            """
            Shows what became of the last five runs, in the definition's zone, and the next five times, there and in UTC; with \
            jitter, the range in which each may run. Where nobody records runs, it shows RQ's status of the last job. Also shows \
            warnings. If the definition names no zone, the one of --timezone applies, else the one that the scheduler has \
            published.
            """
        ],
        arguments: [.id],
        rules: [.optional(.json), .optional(.timeZone)] + OptionRule.connection,
        examples: [Example(line: "rqrcron show metric:pm25 --json", purpose: "For a script:")]
    ) { try await ShowCommand(invocation: $0).run() }
}

/// All fields of one definition.
struct DefinitionSheet: Sendable {
    private let job: RedisCronJob
    /// The source from which it was applied; nil if it was not applied.
    private let source: String?
    /// The zone that applies if it names none.
    private let zone: DefaultTimeZone
    private let now: Timestamp

    init(_ job: RedisCronJob, source: String?, zone: DefaultTimeZone, now: Timestamp = .now) {
        self.now = now
        self.job = job
        self.source = source
        self.zone = zone
    }

    /// One JSON object on one line.
    var json: String { "\(JSONValue.object(Self.object(of: job, source: source)))\n" }

    /// The fields under their names in the hash, empty ones as null.
    static func object(of job: RedisCronJob, source: String?) -> JSONObject {
        var object: JSONObject = [:]
        for field in CronJobHash.Field.all { object[JSONString(field.name)] = field.json(of: job.definition) }
        object["source"] = source.map { .string($0) } ?? .null
        return object
    }

    /// One line per field.
    var text: String {
        let row = InfoRow(job, zone: zone)
        var rows: [(String, String)] = [
            ("id", job.id), ("function", job.functionName), ("queue", job.queueName), ("schedule", row.schedule),
            ("time zone", timeZoneText), ("state", job.stateText(at: now)),
            ("latest", job.latestEnqueueTime?.wireFormat ?? "never"),
            ("next", job.isFinished ? "none" : row.rangeOfNextRun(of: job, zone: zone)),
        ]
        for field in CronJobHash.Field.all {
            guard let title = field.title else { continue }
            if field.isHiddenWhenEmpty, field.bytes(of: job.definition).isEmpty { continue }
            rows.append((title, field.description(in: job.definition)))
        }
        rows += [
            ("source", source ?? "none, not applied from a source"),
            ("created", job.createdAt?.wireFormat ?? "unknown"), ("updated", job.updatedAt?.wireFormat ?? "unknown"),
        ]
        let text = rows.map { name, value in
            name + String(repeating: " ", count: 13 - name.count) + value + "\n"
        }.joined()
        return EscapeSequences.stripped(text)
    }

    private var timeZoneText: String {
        if let own = job.timeZone, !own.isEmpty { return own }
        guard job.definition.usesDefaultTimeZone else { return "none, it has no cron expression" }
        return zone.isPublished ? "\(zone.rules), published by the scheduler" : zone.note
    }
}
