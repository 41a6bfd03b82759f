import RedisBridge
import RedisCron

extension Command {
    /// `rqrcron show`.
    static let show: Command = Command(
        name: "show", summary: "Show all fields of a definition, and when it runs.",
        discussion: [
            """
            Shows the last five times of its schedule up to its last run and the next five, by the clock of its zone and in \
            UTC, the status of its last job as RQ has it, and what deserves attention. A definition that names no zone is \
            read in the one that the scheduler has published, or in that of --timezone.
            """
        ],
        arguments: [.id],
        rules: [.optional(.json), .optional(.timeZone)] + OptionRule.connection,
        examples: [Example(line: "rqrcron show metric:pm25 --json", purpose: "For a script:")]
    ) { invocation in
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
