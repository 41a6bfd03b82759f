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
            var output = OutputBuffer()
            try await invocation.withConnection { try await write($0, to: &output) }
            return try output.flush()
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
            let text = CollectedText()
            var output = OutputBuffer(to: isTerminal ? text.append : StandardOutput.write)
            try await write(connection, to: &output)
            try output.flush()
            if isTerminal {
                let lines = text.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
                // Without the last, empty line, so that the cursor stays at the end of the text.
                try StandardOutput.write(Screen.picture(lines.dropLast(), tail: 4, size: Screen.size))
            }
            try await Task.sleep(for: interval)
        }
    }

    // MARK: Listings

    /// Writes one complete listing.
    private func write(_ connection: RedisCronConnection, to output: inout OutputBuffer) async throws {
        // What is written to a terminal as it is read shows by itself how far it is.
        let isShown = interval == nil && !(form == .json && StandardOutput.isTerminal)
        let progress = ProgressLine(isTerminal: isShown && ProgressLine.isPossible)
        defer { progress.clear() }
        switch form {
        case .json: try await writeJSON(connection, to: &output, progress)
        case .wide: try await writeWideTable(connection, to: &output, progress)
        case .list, .byQueue: try await writeTable(connection, to: &output, progress)
        }
    }

    private func writeTable(
        _ connection: RedisCronConnection, to output: inout OutputBuffer, _ progress: ProgressLine
    ) async throws {
        let isForTerminal = StandardOutput.isTerminal
        var table = InfoTable(queues: invocation.arguments.operands, isForTerminal: isForTerminal)
        var zone = ListedZone()
        let unreadable = try await eachJob(of: connection, progress) { jobs in
            // Redis has next times in UTC. The zone matters only where one is computed.
            if jobs.contains(where: { $0.definition.nextEnqueueTime == nil && $0.definition.usesDefaultTimeZone }) {
                try await zone.read(from: connection)
            }
            for stored in jobs {
                table.add(
                    InfoRow(stored.definition, zone: zone.value) { RedisCronJob(stored, connection: connection) })
            }
        }
        progress.clear()
        if form == .byQueue { try table.writeListByQueue(to: &output) } else { try table.writeList(to: &output) }
        let rest = Self.complaints(unreadable) + "\nUpdated: \(LocalClock.now())\n"
        try output.write(isForTerminal ? rest : EscapeSequences.stripped(rest))
    }

    private func writeWideTable(
        _ connection: RedisCronConnection, to output: inout OutputBuffer, _ progress: ProgressLine
    ) async throws {
        let columns = StandardOutput.isTerminal ? Screen.size.columns : nil
        var table = WideTable(
            now: Timestamp.now, style: TextStyle(environment: invocation.environment), columns: columns)
        var zone = await ListedZone(publishedTo: connection)
        // Many at a time, since with each question for runs the log of runs is read.
        var waiting: [RedisCronJob] = []
        func takeIn() async throws {
            for (job, run) in zip(waiting, try await connection.lastRuns(of: waiting)) {
                table.add(job, lastRun: run, zone: zone.value)
            }
            waiting.removeAll(keepingCapacity: true)
        }
        let unreadable = try await eachJob(of: connection, progress) { jobs in
            if jobs.contains(where: { $0.definition.usesDefaultTimeZone }) {
                try await zone.read(from: connection)
            }
            waiting += jobs.map { RedisCronJob($0, connection: connection) }
            if waiting.count >= 10_000 { try await takeIn() }
        }
        try await takeIn()
        progress.clear()
        try table.write(to: &output)
        try output.write(Self.complaints(unreadable) + "\nUpdated: \(LocalClock.now())\n")
    }

    /// One JSON object on one line: the definitions with the fields of `show --json`, and the unreadable ones.
    private func writeJSON(
        _ connection: RedisCronConnection, to output: inout OutputBuffer, _ progress: ProgressLine
    ) async throws {
        let wanted = QueueFilter(invocation.arguments.operands)
        var unreadable: [JSONValue] = []
        var isFirst = true
        try output.write("{\"jobs\": [")
        try await connection.eachDefinition(progress: { progress.update("Reading", $0, of: $1) }) { page in
            for definition in page {
                switch definition {
                case .unreadable(let definition):
                    let field: JSONValue = definition.field.map { .string($0) } ?? .null
                    unreadable.append(
                        .object([
                            "id": .string(definition.id), "field": field, "reason": .string(definition.reason),
                        ]))
                case .found(let stored, let source):
                    let job = RedisCronJob(stored, connection: connection)
                    guard wanted.takes(stored.definition) else { continue }
                    if !isFirst { output.bytes += [UInt8(ascii: ","), 0x20] }
                    isFirst = false
                    JSONValue.object(DefinitionSheet.object(of: job, source: source))
                        .appendPythonJSON(to: &output.bytes, style: .spaced)
                    try output.writeIfFull()
                }
            }
        }
        progress.clear()
        try output.write("], \"unreadable\": \(JSONValue.array(unreadable))}\n")
    }

    /// Reads all definitions of the wanted queues, in the order of their ids.
    ///
    /// - Returns: Those of any queue that cannot be read.
    private func eachJob(
        of connection: RedisCronConnection, _ progress: ProgressLine, _ take: ([StoredDefinition]) async throws -> Void
    ) async throws -> [UnreadableDefinition] {
        let wanted = QueueFilter(invocation.arguments.operands)
        var unreadable: [UnreadableDefinition] = []
        try await connection.eachDefinition(progress: { progress.update("Reading", $0, of: $1) }) { page in
            var jobs: [StoredDefinition] = []
            for definition in page {
                switch definition {
                case .unreadable(let definition): unreadable.append(definition)
                case .found(let stored, _): if wanted.takes(stored.definition) { jobs.append(stored) }
                }
            }
            try await take(jobs)
        }
        return unreadable
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
}

/// The queues that were asked for, compared by bytes: to Swift, canonically equivalent names are equal.
private struct QueueFilter {
    private let wanted: Set<[UInt8]>

    init(_ queues: [String]) {
        wanted = Set(queues.map { Array($0.utf8) })
    }

    func takes(_ definition: CronJobHash) -> Bool {
        wanted.isEmpty || wanted.contains(Array(definition.call.queueName.utf8))
    }
}

/// The zone of definitions that name none, asked for once and only if one needs it.
private struct ListedZone {
    private(set) var value: DefaultTimeZone?

    init() {}

    /// Begins with the zone that a scheduler has published, in which times are shown even if no definition needs it.
    ///
    /// Where that cannot be known here, it fails only once a definition needs it.
    init(publishedTo connection: RedisCronConnection) async {
        let zone = try? await connection.timeZoneOfDefinitions()
        value = zone?.isPublished == true ? zone : nil
    }

    mutating func read(from connection: RedisCronConnection) async throws {
        guard value == nil else { return }
        value = try await connection.timeZoneOfDefinitions()
        value?.tellIfAssumed()
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
