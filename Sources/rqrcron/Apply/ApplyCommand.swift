import RedisCron

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

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
        let files = try DefinitionFiles(
            paths: invocation.arguments.operands, source: invocation.arguments.text(.source))
        if prunes, let path = files.fileWithoutSource {
            throw UsageError("--prune needs a source: give --source, or name it in \(path)")
        }
        for caution in files.cautions { StandardError.warn(caution) }
        try await invocation.withConnection { connection in
            let plans = try await files.plans(on: connection, prune: prunes)
            let style = TextStyle(environment: invocation.environment)
            try StandardOutput.write(plans.map { PlanText(plan: $0, style: style).text }.joined())
            let written = plans.flatMap(\.changes).compactMap(\.wanted)
            try await connection.timeZoneOfDefinitions(unlessUnneededBy: written)?.tellIfAssumed(for: written)
            try await connection.tellOfRetriesThatNobodyBrings(back: written)
            guard !isDryRun else { return }
            for plan in plans where !plan.changes.isEmpty {
                try await connection.apply(plan, progress: ProgressLine.writer(of: "Applying"))
            }
            ProgressLine.clear()
            if plans.contains(where: { !$0.changes.isEmpty }) { try StandardOutput.write("Applied.\n") }
        }
    }
}

extension RedisCronConnection {
    /// Warns of definitions that are written and whose retries nobody brings back.
    func tellOfRetriesThatNobodyBrings(back jobs: [RedisCronJob]) async throws {
        let cautions = try await cautions(about: jobs)
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

/// A plan as text.
struct PlanText {
    let plan: ApplyPlan
    let style: TextStyle

    var text: String {
        var text = ""
        for change in plan.changes { text += lines(of: change) }
        for id in plan.paused { text += "  \(plain(id)) is paused: enabled is left alone until it is resumed\n" }
        for id in plan.finished { text += "  \(plain(id)) is finished: it has no run left\n" }
        return text + summary
    }

    private func lines(of change: ApplyPlan.Change) -> String {
        switch change.action {
        case .create:
            let declaration = change.declaration
            let schedule = declaration?.schedule.description ?? ""
            let what = "\(schedule)  \(declaration?.functionName ?? "")  \(declaration?.queueName ?? "")"
            return style.green("+ \(plain(change.id))") + "  \(plain(what))\n"
        case .edit(let fields):
            let lines = fields.map { field in
                "    \(field.field): \(quoted(field.old)) -> \(quoted(field.new))\n"
            }
            return style.yellow("~ \(plain(change.id))") + "\n" + lines.joined()
        case .replace(let reason):
            return style.yellow("~ \(plain(change.id))") + "\n    replaced; it cannot be read: \(plain(reason))\n"
        case .delete:
            return style.red("- \(plain(change.id))") + "\n"
        }
    }

    private var summary: String {
        let source = plan.source.map { " (source \(plain($0)))" } ?? ""
        let created = plan.changes.count { $0.action == .create }
        let deleted = plan.changes.count { $0.action == .delete }
        let changed = plan.changes.count - created - deleted
        return "Plan\(source): \(created) to create, \(changed) to change, \(deleted) to delete, "
            + "\(plan.unchanged) unchanged.\n"
    }

    private func quoted(_ text: String) -> String {
        text.isEmpty ? "none" : plain(text)
    }

    private func plain(_ text: String) -> String { text.onOneLine }
}

/// The progress of a long command, on standard error if that is a terminal.
struct ProgressLine {
    /// Writes the progress in place; nil if standard error is not a terminal.
    static func writer(of what: String) -> (@Sendable (Int, Int) -> Void)? {
        guard isatty(STDERR_FILENO) == 1 else { return nil }
        return { done, total in StandardError.write("\r\(what) \(done) of \(total)\u{1B}[K") }
    }

    /// Removes the line.
    static func clear() {
        if isatty(STDERR_FILENO) == 1 { StandardError.write("\r\u{1B}[K") }
    }
}
