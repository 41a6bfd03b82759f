import CronFiles
import RedisCron

/// `rqrcron apply`.
struct ApplyCommand: Sendable {
    private let invocation: Invocation
    private let prunes: Bool
    private let isDryRun: Bool

    init(_ invocation: Invocation) throws {
        self.invocation = invocation
        prunes = invocation.arguments.has(.prune)
        isDryRun = invocation.arguments.has(.dryRun)
        if invocation.arguments.text(.source) == "" { throw UsageError("--source is empty") }
    }

    func run() async throws {
        let progress = ProgressLine()
        defer { progress.clear() }
        let files = try await DefinitionFiles(
            paths: invocation.arguments.operands, source: invocation.arguments.text(.source)
        ) { progress.update("Reading", $0) }
        progress.clear()
        if prunes, let path = files.fileWithoutSource {
            throw UsageError("--prune needs a source: give --source, or name it in \(path)")
        }
        for caution in files.cautions { StandardError.warn(caution) }
        try await invocation.withConnection { connection in
            var plans: [SourcePlan] = []
            // The whole plan is known before any of it is shown, and all of it is shown before anything is written.
            let text = PlanText(style: TextStyle(environment: invocation.environment))
            let shown = PlanOutput()
            var done = 0
            for source in files.sources {
                let plan = SourcePlan(source, of: files)
                try await plan.make(on: connection, prunes: prunes, text: text, to: shown) { count in
                    progress.update("Comparing", done + count, of: files.count)
                }
                done += source.count
                plans.append(plan)
            }
            progress.clear()
            try shown.writeAll()
            try await tell(of: plans, on: connection)
            let changes = plans.reduce(0) { $0 + $1.changeCount }
            guard !isDryRun, changes > 0 else { return }
            var written = 0
            for plan in plans {
                try await plan.write(on: connection) { progress.update("Applying", written + $0, of: changes) }
                written += plan.changeCount
            }
            progress.clear()
            try StandardOutput.write("Applied.\n")
        }
    }

    /// Warns of what is assumed about the definitions that are written, and of retries that nobody brings back.
    private func tell(of plans: [SourcePlan], on connection: RedisCronConnection) async throws {
        if plans.contains(where: \.usesDefaultZone) { try await connection.timeZoneOfDefinitions().tellIfAssumed() }
        try await connection.tellOfRetriesThatNobodyBrings(back: plans.flatMap(\.retried))
    }
}

extension RedisCronConnection {
    /// Warns of definitions that are written and whose retries nobody brings back.
    func tellOfRetriesThatNobodyBrings(back retried: [RetriedDefinition]) async throws {
        let cautions = try await cautions(about: retried)
        for caution in cautions.prefix(5) {
            StandardError.warn("\(caution.subject.map { "job '\($0)': " } ?? "")\(caution.message)".onOneLine)
        }
        if cautions.count > 5 { StandardError.warn("and \(cautions.count - 5) more like these") }
    }
}

extension CommandOption {
    static let prune = CommandOption(
        "prune", summary: "Delete the definitions of the same source that are no longer in the files.")
    static let dryRun = CommandOption("dry-run", summary: "Show the plan and change nothing.")
    static let source = CommandOption(
        "source", value: .required("NAME"), summary: "The name of the source, instead of the one in the files.")
}

extension Command {
    /// `rqrcron apply`.
    static let apply: Command = Command(
        name: "apply", summary: "Make Redis match the definitions in files.",
        discussion: [
            """
            Creates and edits definitions. Those that already match are left alone. Prints the plan first: + is created, \
            ~ is changed, - is deleted. If any line of a file is wrong, nothing is applied.
            """,
            """
            A file is JSON, {"source": "metrics", "jobs": [{"id": "metric:pm25", "func": "app.tasks.rebuild", "queue": \
            "metrics", "interval": 300, "args": ["pm25"]}]}, or has one definition per line: a name, a schedule, a queue \
            and a call. See docs/command-line.md.
            """,
        ],
        arguments: [
            CommandArgument(
                "FILE", .oneOrMore, summary: "Files of definitions; - is standard input.", completion: .files)
        ],
        rules: [.optional(.prune), .optional(.dryRun), .optional(.source), .optional(.timeZone)]
            + OptionRule.connection,
        examples: [
            Example(line: "rqrcron apply --dry-run jobs.json", purpose: "What would change:"),
            Example(line: "rqrcron apply --prune --source metrics metrics.cron", purpose: "Apply and prune:"),
        ]
    ) { try await ApplyCommand($0).run() }
}
