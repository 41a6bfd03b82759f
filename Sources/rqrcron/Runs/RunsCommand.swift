import RQWire
import RedisCron

/// `rqrcron runs`.
struct RunsCommand: Sendable {
    private let invocation: Invocation
    private let id: String?
    private let limit: Int
    private let since: Timestamp?

    init(_ invocation: Invocation) throws {
        self.invocation = invocation
        id = invocation.arguments.operands.first
        limit = try invocation.arguments.wholeNumber(.runCount, in: 1...10_000) ?? 20
        since = try invocation.arguments.time(.since)
    }

    func run() async throws {
        let outcomes = invocation.arguments.has(.failedRuns) ? RunOutcome.unsuccessful : nil
        let records = try await invocation.withConnection { connection in
            try await connection.runs(of: id, limit: limit, outcomes: outcomes, since: since)
        }
        guard !invocation.arguments.has(.json) else {
            let object: JSONObject = ["runs": .array(try records.map { try JSONValue(encoding: $0) })]
            return try StandardOutput.write("\(JSONValue.object(object))\n")
        }
        guard !records.isEmpty else { return try StandardOutput.write("No runs are recorded\n") }
        let table = RunTable(
            records, hasIDs: id == nil, now: .now, style: TextStyle(environment: invocation.environment),
            columns: StandardOutput.isTerminal ? Screen.size.columns : nil)
        try StandardOutput.write(table.text)
    }
}

extension CommandOption {
    static let runCount = CommandOption(
        "count", short: "n", value: .required("N"), summary: "The most runs to show, up to 10000. Default: 20.")
    static let failedRuns = CommandOption(
        "failed", summary: "Only runs that did not succeed: failed, stopped, canceled, expired, deleted or lost.")
    static let since = CommandOption(
        "since", value: .required("TIME"),
        summary: "Only what was queued or refused at this time or later, such as 2026-06-03T05:40:00Z.")
}

extension Command {
    /// `rqrcron runs`.
    static let runs: Command = Command(
        name: "runs", summary: "Show what became of the last runs, the newest first.",
        discussion: [
            """
            Shows for each run when it was planned, or for a trigger when it was queued, how much later it was queued, what \
            became of it, how long its last attempt took, how many attempts it had, its worker, why it was queued, and \
            the last line of its exception. Times are in UTC. Planned times that were not run are one line until \
            another reason or a run follows.
            """,
            """
            A scheduler that leads records them, the last 20 of each definition by default, beyond what RQ keeps. An outcome is \
            marked as inferred where RQ no longer knew it. What another scheduler queued has no record; only that it was, \
            and when, is shown.
            """,
        ],
        arguments: [
            CommandArgument("ID", .optional, summary: "A definition. Default: all of them.", completion: .ids)
        ],
        rules: [.optional(.runCount), .optional(.failedRuns), .optional(.since), .optional(.json)]
            + OptionRule.connection,
        examples: [
            Example(line: "rqrcron runs --failed -n 5", purpose: "What went wrong last:"),
            Example(line: "rqrcron runs report --json", purpose: "For a script:"),
        ]
    ) { try await RunsCommand($0).run() }
}
