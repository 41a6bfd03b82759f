import RQWire
import RedisCron

/// `rqrcron register`.
struct RegisterCommand: Sendable {
    private let invocation: Invocation
    private let definition: CronJobHash

    init(_ invocation: Invocation) throws {
        self.invocation = invocation
        var definition = CronJobHash(id: invocation.arguments.operands[0], CallSpec("", queue: ""))
        for field in CronJobHash.Field.all {
            for option in field.options {
                let texts = invocation.arguments.texts(CommandOption(option, of: field))
                guard !texts.isEmpty else { continue }
                do {
                    try field.take(option, texts, into: &definition)
                } catch {
                    throw UsageError("--\(option.name) \(error.message)")
                }
            }
        }
        // Not from the table of fields, because other commands have this option too.
        definition.timeZone = invocation.arguments.text(.timeZone)
        self.definition = definition
    }

    func run() async throws {
        let (job, zone) = try await invocation.withConnection { connection in
            let isCountReset = invocation.arguments.has(.resetCount)
            let job = try await connection.register(definition, enabled: enabled, isCountReset: isCountReset)
            try await connection.tellOfRetriesThatNobodyBrings(back: [job].compactMap { RetriedDefinition($0) })
            return (job, try await connection.timeZoneOfDefinitions(unlessUnneededBy: [job]))
        }
        zone?.tellIfAssumed(for: [job])
        let row = InfoRow(job, zone: zone)
        let next = job.isFinished ? "" : ", next \(row.rangeOfNextRun(of: job, zone: zone))"
        let line = "registered \(job.id): \(row.schedule), \(job.stateText(at: .now))\(next)"
        try StandardOutput.write("\(line.onOneLine)\n")
        for caution in DefinitionCaution.all(id: job.id, definition.schedule, definition.policy) {
            StandardError.warn("--\(caution.field.options[0].name): \(caution.message)")
        }
    }

    private var enabled: Bool? {
        if invocation.arguments.has(.enabled) { return true }
        return invocation.arguments.has(.disabled) ? false : nil
    }
}

extension Command {
    /// `rqrcron register`.
    static let register: Command = Command(
        name: "register", summary: "Create a definition, or replace the one with that id.",
        discussion: [
            """
            If the schedule is unchanged, the definition keeps its next run, provided that it is a time of the schedule. \
            A new schedule counts from now. Without --timezone, the zone that the scheduler has published applies. Options \
            that are not given get their defaults, except that an existing definition stays enabled, disabled or paused.
            """
        ],
        arguments: [.id],
        rules: OptionRule.definition + OptionRule.connection,
        examples: [
            Example(
                line:
                    "rqrcron register metric:pm25 --func app.tasks.rebuild --queue metrics --interval 300 --args '[\"pm25\"]'",
                purpose: "Every five minutes:"),
            Example(
                line:
                    "rqrcron register report --func app.tasks.report --queue mail --cron '0 7 * * mon-fri' --timezone Europe/Berlin",
                purpose: "At seven on weekdays in Berlin:"),
        ]
    ) { try await RegisterCommand($0).run() }
}

extension CommandOption {
    /// An option for a field of the definition, from the table of fields.
    init(_ option: CronJobHash.Field.Option, of field: CronJobHash.Field) {
        self.init(
            option.name, value: option.placeholder.map { .required($0) } ?? .none, summary: option.summary,
            completion: field == .queueName ? .queues : option.words.isEmpty ? .nothing : .choices(option.words),
            isRepeatable: option.isRepeatable)
    }

    /// The options for a field of the definition.
    static func options(for field: CronJobHash.Field) -> [CommandOption] {
        field.options.map { CommandOption($0, of: field) }
    }

    static let enabled = CommandOption("enabled", summary: "Enable it if it is disabled.")
    static let disabled = CommandOption("disabled", summary: "Create it disabled, or disable it.")
    static let resetCount = CommandOption(
        "reset-count", summary: "Begin to count the runs for --max-runs anew; it goes on if that is why it is finished."
    )
}

extension OptionRule {
    /// The options of `register`, made from the table of fields.
    static let definition: [OptionRule] = {
        let (required, alternatives) = (
            [CronJobHash.Field.functionName, .queueName], [CronJobHash.Field.interval, .cron]
        )
        let others = CronJobHash.Field.all.filter { !required.contains($0) && !alternatives.contains($0) }
        return required.flatMap(CommandOption.options).map { .required($0) } + [
            .exactlyOne(alternatives.flatMap(CommandOption.options)), .optional(.timeZone),
        ] + others.flatMap(CommandOption.options).map { .optional($0) } + [
            .optional(.resetCount), .atMostOne([.enabled, .disabled]),
        ]
    }()
}
