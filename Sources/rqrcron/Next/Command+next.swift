extension CommandOption {
    static let count = CommandOption(
        "count", short: "n", value: .required("N"), summary: "How many times. Default: 1.")
    static let from = CommandOption(
        "from", value: .required("TIME"),
        summary: """
            The times after this one: 2026-06-03T05:40:00Z, 2026-06-03T07:40:00+02:00, or Unix seconds. Default: now.
            """)
    static let idOption = CommandOption(
        "id", value: .required("ID"), summary: "The times of a definition in Redis.", completion: .ids)
    static let calendar = CommandOption(
        "calendar", summary: "Draw the month of --from with the number of runs of each day.")
    static let standardInput = CommandOption(
        "stdin", summary: "Read lines of an expression, a time zone and a time, with a tab between them.")
}

extension Command {
    /// `rqrcron next`.
    static let next: Command = Command(
        name: "next", summary: "Print the next times of a cron expression or a definition.",
        discussion: [
            """
            Prints one time in UTC a line. A time that clocks skip or repeat is treated as RQ treats it, save that an \
            expression for every hour has each instant whose local time matches. An R is drawn, as registering would.
            """,
            """
            With --stdin each line gives a line: its times with blanks between them, or 'error:' and the reason. An empty \
            zone is that of --timezone, an empty time is that of --from.
            """,
        ],
        arguments: [CommandArgument("EXPR", .optional, summary: "A cron expression, such as '*/5 * * * *'.")],
        rules: [
            .atMostOne([.idOption, .standardInput]), .atMostOne([.count, .calendar]), .optional(.from),
            .optional(.timeZone),
        ] + OptionRule.connection,
        synopsis: [
            "(EXPR | --id ID) [-n N | --calendar] [--from TIME] [--timezone ZONE] [-u URL] [--key-prefix PREFIX]",
            "--stdin [-n N] [--from TIME] [--timezone ZONE]",
        ],
        examples: [
            Example(line: "rqrcron next '0 7 * * mon-fri' -n 3 --timezone Europe/Berlin", purpose: "Three mornings:"),
            Example(
                line: "printf '*/5 * * * *\\tUTC\\t2026-06-03T05:40:00Z\\n' | rqrcron next --stdin -n 2",
                purpose: "Many expressions at once:"),
        ]
    ) { try await NextCommand($0).run() }
}
