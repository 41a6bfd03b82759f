import Cron
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
            guard let option = field.option, let text = invocation.arguments.text(CommandOption(field)) else {
                continue
            }
            do {
                try field.take(option: text, into: &definition)
            } catch {
                throw UsageError("--\(option.name) \(error.message)")
            }
        }
        // Not from the table of fields, because other commands have this option too.
        definition.timeZone = invocation.arguments.text(.timeZone)
        self.definition = definition
    }

    func run() async throws {
        let (job, zone) = try await invocation.withConnection { connection in
            let job = try await connection.register(
                id: definition.id, call: definition.call, schedule: definition.schedule, enabled: enabled)
            return (job, try await connection.timeZoneOfDefinitions(unlessUnneededBy: [job]))
        }
        zone?.tellIfAssumed(for: [job])
        let row = InfoRow(job, zone: zone)
        try StandardOutput.write("registered \(job.id.onOneLine): \(row.schedule), \(row.state), next \(row.nextRun)\n")
        if let caution = definition.cron.flatMap({ CronExpression.caution(about: $0, id: job.id) }) {
            StandardError.warn("--cron: \(caution)")
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
            that are not given get their defaults, except that an existing definition stays enabled or disabled.
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
    /// The option for a field of the definition, from the table of fields.
    init(_ field: CronJobHash.Field) {
        self.init(
            field.option?.name ?? field.name, value: .required(field.option?.placeholder ?? ""),
            summary: field.option?.summary ?? "", completion: field == .queueName ? .queues : .nothing)
    }

    static let enabled = CommandOption("enabled", summary: "Enable it if it is disabled.")
    static let disabled = CommandOption("disabled", summary: "Create it disabled, or disable it.")
}

extension OptionRule {
    /// The options of `register`, made from the table of fields.
    static let definition: [OptionRule] = {
        let (required, alternatives) = (
            [CronJobHash.Field.functionName, .queueName], [CronJobHash.Field.interval, .cron]
        )
        let others = CronJobHash.Field.all.filter {
            $0.option != nil && !required.contains($0) && !alternatives.contains($0)
        }
        return required.map { .required(CommandOption($0)) } + [
            .exactlyOne(alternatives.map { CommandOption($0) }), .optional(.timeZone),
        ] + others.map { .optional(CommandOption($0)) } + [.atMostOne([.enabled, .disabled])]
    }()
}
