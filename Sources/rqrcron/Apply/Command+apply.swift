extension CommandOption {
    static let prune = CommandOption(
        "prune", summary: "Delete what an earlier apply of the same source made and the files do not have any more.")
    static let dryRun = CommandOption("dry-run", summary: "Show the plan and change nothing.")
    static let source = CommandOption(
        "source", value: .required("NAME"), summary: "The source's name, instead of the one in the files.")
    static let exportSource = CommandOption(
        "source", value: .required("NAME"), summary: "Only what was applied from this source.")
    static let exportFormat = CommandOption(
        "format", value: .required("FORMAT"), summary: "json or crontab. Default: json.",
        completion: .choices(ExportCommand.formats))
}

extension Command {
    /// `rqrcron apply`.
    static let apply: Command = Command(
        name: "apply", summary: "Make Redis hold what files say.",
        discussion: [
            """
            Creates and edits definitions, and leaves those alone that stand there as the file says. Prints the plan: + \
            is made, ~ is changed, - is deleted. If a line of a file is wrong, nothing is applied.
            """,
            """
            A file is JSON, {"source": "metrics", "jobs": [{"id": "metric:pm25", "func": "app.tasks.rebuild", "queue": \
            "metrics", "interval": 300, "args": ["pm25"]}]}, or has a line for each definition: a name, a schedule, a \
            queue and a call. See docs/command-line.md.
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
            Example(line: "rqrcron apply --prune --source metrics metrics.cron", purpose: "Make it so:"),
        ]
    ) { try await ApplyCommand($0).run() }

    /// `rqrcron export`.
    static let export: Command = Command(
        name: "export", summary: "Write the definitions in Redis as a file for apply.",
        discussion: ["Applying that file again changes nothing."],
        rules: [.optional(.exportSource), .optional(.exportFormat)] + OptionRule.connection,
        examples: [Example(line: "rqrcron export --format crontab > jobs.cron", purpose: "A backup to read:")]
    ) { try await ExportCommand($0).run() }
}
