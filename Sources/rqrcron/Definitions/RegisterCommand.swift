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
        // An option of other commands too.
        definition.timeZone = invocation.arguments.text(.timeZone)
        self.definition = definition
    }

    func run() async throws {
        let (job, zone) = try await invocation.withConnection { connection in
            let job = try await connection.register(
                id: definition.id, definition.call, definition.schedule, enabled: enabled)
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

extension CommandOption {
    /// The option of a definition's field; the table of fields says which has one.
    init(_ field: CronJobHash.Field) {
        self.init(
            field.option?.name ?? field.name, value: .required(field.option?.placeholder ?? ""),
            summary: field.option?.summary ?? "", completion: field == .queueName ? .queues : .nothing)
    }

    static let enabled = CommandOption("enabled", summary: "Enable it, if it was disabled.")
    static let disabled = CommandOption("disabled", summary: "Register it disabled, or disable it.")
}

extension OptionRule {
    /// The options of `register`, from the table of fields.
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
