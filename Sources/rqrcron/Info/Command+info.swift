extension CommandOption {
    static let byQueue = CommandOption("by-queue", short: "R", summary: "List the definitions under their queues.")
    static let refresh = CommandOption(
        "interval", short: "i", value: .required("SECONDS"), summary: "Show it again every so many seconds.")
    static let wide = CommandOption(
        "wide", summary: "Show more columns, with a countdown, and with colours on a terminal.")
}

extension Command {
    /// `rqrcron info`.
    static let info: Command = Command(
        name: "info", summary: "List the definitions and when each runs next.",
        discussion: [
            """
            Writes what rqrcron of rq-rediscron writes: id, schedule, state, next run in UTC, and queue. Definitions that \
            cannot be read follow with the reason.
            """
        ],
        arguments: [
            CommandArgument("QUEUE", .any, summary: "Only definitions of these queues.", completion: .queues)
        ],
        rules: [.atMostOne([.byQueue, .wide, .json]), .optional(.refresh)] + OptionRule.connection,
        examples: [Example(line: "rqrcron info -R -i 1 metrics", purpose: "Watch one queue:")]
    ) { try await InfoCommand($0).run() }
}
