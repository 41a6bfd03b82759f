import CronFiles
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
        var writer = DeclarationWriter(source: source, isCrontab: format == "crontab")
        var output = OutputBuffer()
        var unreadable: (count: Int, first: [String]) = (0, [])
        // What is written to a terminal shows by itself how far it is.
        let progress = ProgressLine(isTerminal: ProgressLine.isPossible && !StandardOutput.isTerminal)
        defer { progress.clear() }
        try await invocation.withConnection { connection in
            try await connection.eachDefinition(progress: { progress.update("Reading", $0, of: $1) }) { page in
                for definition in page {
                    switch definition {
                    case .found(let stored, let origin):
                        guard source == nil || origin == source else { continue }
                        writer.append(CronJobDeclaration(stored.definition), to: &output.bytes)
                        try output.writeIfFull()
                    case .unreadable(let definition):
                        unreadable.count += 1
                        if unreadable.first.count < 5 { unreadable.first.append(definition.id) }
                    }
                }
            }
        }
        progress.clear()
        while writer.appendRest(to: &output.bytes) { try output.writeIfFull() }
        try output.flush()
        guard unreadable.count == 0 else {
            let ids = unreadable.first.joined(separator: ", ")
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
