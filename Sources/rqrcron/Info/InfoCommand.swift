import RQWire
import RedisCron

/// `rqrcron info`.
struct InfoCommand: Sendable {
    private enum Form {
        case list, byQueue, wide, json
    }

    private let invocation: Invocation
    private let form: Form
    /// Seconds between two listings; nil for a single one.
    private let interval: Double?

    init(_ invocation: Invocation) throws {
        self.invocation = invocation
        let arguments = invocation.arguments
        form = arguments.has(.byQueue) ? .byQueue : arguments.has(.wide) ? .wide : arguments.has(.json) ? .json : .list
        let seconds = try invocation.arguments.seconds(.refresh, atLeast: 0)
        interval = seconds == 0 ? nil : seconds
    }

    func run() async throws {
        guard let interval else {
            let text = try await invocation.withConnection { try await listing($0) }
            return try StandardOutput.write(text)
        }
        let isTerminal = StandardOutput.isTerminal
        if isTerminal { try StandardOutput.write(Screen.opening) }
        defer { if isTerminal { try? StandardOutput.write(Screen.closing) } }
        let signal = try await TerminationSignals.shared.cancelling {
            try await invocation.withConnection { connection in
                try await refresh(connection, every: .seconds(interval), isTerminal: isTerminal)
            }
        }
        // As Python's rqrcron does after ^C.
        if signal != nil, !isTerminal { try StandardOutput.write("\n") }
    }

    private func refresh(_ connection: RedisCronConnection, every interval: Duration, isTerminal: Bool) async throws {
        while true {
            let text = try await listing(connection)
            if isTerminal {
                let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
                // Without the last, empty line, so that the cursor stays at the end of the text.
                try StandardOutput.write(Screen.picture(lines.dropLast(), tail: 4, size: Screen.size))
            } else {
                try StandardOutput.write(text)
            }
            try await Task.sleep(for: interval)
        }
    }

    /// One complete listing.
    private func listing(_ connection: RedisCronConnection) async throws -> String {
        let inventory = try await connection.inventory()
        let queues = invocation.arguments.operands
        let shown = queues.isEmpty ? inventory.jobs : inventory.jobs.filter { queues.contains($0.queueName) }
        // Redis has next times in UTC. The zone matters only where one is computed or shown in local time.
        let zoned = shown.filter { form == .wide || $0.nextEnqueueTime == nil && form != .json }
        let zone = try await connection.timeZoneOfDefinitions(unlessUnneededBy: zoned)
        zone?.tellIfAssumed(for: zoned)
        switch form {
        case .json:
            let sources = try await connection.sources(of: shown.map(\.id))
            return Self.json(
                zip(shown, sources).map { DefinitionSheet.object(of: $0, source: $1) }, inventory.unreadable)
        case .wide:
            let columns = StandardOutput.isTerminal ? Screen.size.columns : nil
            let style = TextStyle(environment: invocation.environment)
            let runs = zip(shown, try await connection.lastRuns(of: shown)).compactMap { job, run in
                run.map { (job.id, $0) }
            }
            let table = WideTable(
                jobs: inventory.jobs, queues: queues, now: Timestamp.now, style: style, columns: columns, zone: zone,
                lastRuns: Dictionary(runs) { first, _ in first })
            return table.text + Self.complaints(inventory.unreadable) + "\nUpdated: \(LocalClock.now())\n"
        case .list, .byQueue:
            let isForTerminal = StandardOutput.isTerminal
            let table = InfoTable(
                rows: inventory.jobs.map { InfoRow($0, zone: zone) }, queues: queues, isForTerminal: isForTerminal)
            let text = form == .byQueue ? table.listByQueue : table.list
            let whole = text + Self.complaints(inventory.unreadable) + "\nUpdated: \(LocalClock.now())\n"
            return isForTerminal ? whole : EscapeSequences.stripped(whole)
        }
    }

    /// A list of the unreadable definitions, with the reasons; empty if there are none.
    private static func complaints(_ unreadable: [UnreadableDefinition]) -> String {
        guard !unreadable.isEmpty else { return "" }
        var text = "\n\(unreadable.count) definition\(unreadable.count == 1 ? "" : "s") cannot be read:\n"
        for definition in unreadable {
            let field = definition.field.map { "\($0): " } ?? ""
            text += "  \(definition.id): \(field)\(definition.reason)".onOneLine + "\n"
        }
        return text
    }

    /// One JSON object on one line: the definitions with the fields of `show --json`, and the unreadable ones.
    private static func json(_ sheets: [JSONObject], _ unreadable: [UnreadableDefinition]) -> String {
        let object: JSONObject = [
            "jobs": .array(sheets.map { .object($0) }),
            "unreadable": .array(
                unreadable.map { definition in
                    let field: JSONValue = definition.field.map { .string($0) } ?? .null
                    return .object([
                        "id": .string(definition.id), "field": field, "reason": .string(definition.reason),
                    ])
                }),
        ]
        return "\(JSONValue.object(object))\n"
    }
}

extension CommandOption {
    static let byQueue = CommandOption("by-queue", short: "R", summary: "List the definitions under their queues.")
    static let refresh = CommandOption(
        "interval", short: "i", value: .required("SECONDS"), summary: "Repeat the listing at this interval.")
    static let wide = CommandOption(
        "wide", summary: "Show more columns and a countdown, in colour on a terminal.")
}

extension Command {
    /// `rqrcron info`.
    static let info: Command = Command(
        name: "info", summary: "List the definitions and when each runs next.",
        discussion: [
            """
            Prints the same as rqrcron of rq-rediscron: id, schedule, state, next run in UTC, and queue. Definitions that \
            cannot be read follow, with the reason.
            """
        ],
        arguments: [
            CommandArgument("QUEUE", .any, summary: "Only definitions of these queues.", completion: .queues)
        ],
        rules: [.atMostOne([.byQueue, .wide, .json]), .optional(.refresh)] + OptionRule.connection,
        examples: [Example(line: "rqrcron info -R -i 1 metrics", purpose: "Watch one queue:")]
    ) { try await InfoCommand($0).run() }
}
