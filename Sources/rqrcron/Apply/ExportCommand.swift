import RedisCron

/// `rqrcron export`.
struct ExportCommand: Sendable {
    static let formats = ["json", "crontab"]

    private let invocation: Invocation
    private let format: String

    init(_ invocation: Invocation) throws {
        self.invocation = invocation
        format = try invocation.arguments.choice(.exportFormat, of: Self.formats) ?? "json"
    }

    func run() async throws {
        let source = invocation.arguments.text(.exportSource)
        let (declarations, unreadable) = try await invocation.withConnection { connection in
            let inventory = try await connection.inventory()
            let declarations =
                if let source {
                    try await connection.declarations(source: source)
                } else {
                    CronJobDeclarations(jobs: inventory.jobs.map(CronJobDeclaration.init))
                }
            return (declarations, inventory.unreadable)
        }
        try StandardOutput.write(format == "json" ? declarations.json() : declarations.crontab())
        guard unreadable.isEmpty else {
            let ids = unreadable.prefix(5).map(\.id).joined(separator: ", ")
            throw CommandFailure("\(unreadable.count) definitions cannot be read and were left out: \(ids)")
        }
    }
}

extension CommandOption {
    static let exportSource = CommandOption(
        "source", value: .required("NAME"), summary: "Only the definitions that were applied from this source.")
    static let exportFormat = CommandOption(
        "format", value: .required("FORMAT"), summary: "json or crontab. Default: json.",
        completion: .choices(ExportCommand.formats))
}

extension Command {
    /// `rqrcron export`.
    static let export: Command = Command(
        name: "export", summary: "Print the definitions in Redis as a file for apply.",
        discussion: ["Applying that file again changes nothing."],
        rules: [.optional(.exportSource), .optional(.exportFormat)] + OptionRule.connection,
        examples: [Example(line: "rqrcron export --format crontab > jobs.cron", purpose: "A readable backup:")]
    ) { try await ExportCommand($0).run() }
}
