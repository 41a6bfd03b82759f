import RQWire
import RedisCron

/// `rqrcron info`.
struct InfoCommand: Sendable {
    private let invocation: Invocation
    private enum Form {
        case list, byQueue, wide, json
    }

    private let form: Form
    /// Seconds between two pictures; nil to show one and end.
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
        // Python's rqrcron ends the line on which the terminal shows ^C.
        if signal != nil, !isTerminal { try StandardOutput.write("\n") }
    }

    private func refresh(_ connection: RedisCronConnection, every interval: Duration, isTerminal: Bool) async throws {
        while true {
            let text = try await listing(connection)
            if isTerminal {
                let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
                // The last one is empty: the cursor stays at the end of the text.
                try StandardOutput.write(Screen.picture(lines.dropLast(), tail: 4, size: Screen.size))
            } else {
                try StandardOutput.write(text)
            }
            try await Task.sleep(for: interval)
        }
    }

    /// One whole listing.
    private func listing(_ connection: RedisCronConnection) async throws -> String {
        let inventory = try await connection.inventory()
        let queues = invocation.arguments.operands
        let shown = queues.isEmpty ? inventory.jobs : inventory.jobs.filter { queues.contains($0.queueName) }
        // Next times stand in Redis in UTC: only where one is computed, or shown by a clock, it depends on the zone.
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
            let table = WideTable(
                jobs: inventory.jobs, queues: queues, now: SystemClock.now(), style: style, columns: columns, zone: zone
            )
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

    /// What cannot be read, and why; nothing where all can.
    private static func complaints(_ unreadable: [UnreadableDefinition]) -> String {
        guard !unreadable.isEmpty else { return "" }
        var text = "\n\(unreadable.count) definition\(unreadable.count == 1 ? "" : "s") cannot be read:\n"
        for definition in unreadable {
            let field = definition.field.map { "\($0): " } ?? ""
            text += "  \(definition.id): \(field)\(definition.reason)".onOneLine + "\n"
        }
        return text
    }

    /// One object on one line: the definitions with the fields of `show --json`, and those that cannot be read.
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
