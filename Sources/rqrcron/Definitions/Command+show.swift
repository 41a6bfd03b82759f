import RedisBridge
import RedisCron

extension Command {
    /// `rqrcron show`.
    static let show: Command = Command(
        name: "show", summary: "Show all fields of a definition, and when it runs.",
        discussion: [
            """
            Shows the last and the next five times of its schedule, by the clock of its zone and in UTC, the status of its \
            last job as RQ has it, and what deserves attention.
            """
        ],
        arguments: [.id],
        rules: [.optional(.json), .optional(.timeZone)] + OptionRule.connection,
        examples: [Example(line: "rqrcron show metric:pm25 --json", purpose: "For a script:")]
    ) { invocation in
        let id = invocation.arguments.operands[0]
        try await invocation.withConnection { connection in
            let job = try await RedisCronJob.fetch(id: id, on: connection)
            let sheet = DefinitionSheet(job, source: try await connection.sources(of: [id]).first ?? nil)
            guard !invocation.arguments.has(.json) else { return try StandardOutput.write(sheet.json) }
            let client = try RedisAddress(invocation: invocation).client(on: connection.eventLoop)
            let report = try await ScheduleReport(job, on: connection, client: client)
            await client.close()
            try StandardOutput.write(sheet.text + report.text)
        }
    }
}
