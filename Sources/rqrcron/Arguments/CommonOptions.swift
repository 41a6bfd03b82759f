/// Options that several commands share.
extension CommandOption {
    static let help = CommandOption("help", short: "h", summary: "Show this help and exit.")

    static let version = CommandOption("version", short: "V", summary: "Show the version and exit.")

    static let url = CommandOption(
        "url", short: "u", value: .required("URL"),
        summary: """
            The Redis to use: redis://user:password@host:port/db, rediss://… with TLS, or unix://path?db=N. \
            Default: redis://localhost:6379/0.
            """,
        environment: "RQ_REDIS_URL")

    static let keyPrefix = CommandOption(
        "key-prefix", value: .required("PREFIX"),
        summary: "What every key starts with. Default: rq.",
        environment: "RQ_KEY_PREFIX")

    static let timeZone = CommandOption(
        "timezone", value: .required("ZONE"),
        summary: """
            The time zone of cron expressions that have none, such as Europe/Berlin. Default: the scheduler's, else the \
            local one.
            """,
        completion: .timeZones)

    static let json = CommandOption("json", summary: "Write JSON, for scripts.")
}

extension OptionRule {
    /// How a command that talks to Redis is told where it is.
    static let connection: [OptionRule] = [.optional(.url), .optional(.keyPrefix)]
}

extension CommandArgument {
    static let id = CommandArgument("ID", summary: "The id of a definition.", completion: .ids)
    static let ids = CommandArgument("ID", .oneOrMore, summary: "The ids of definitions.", completion: .ids)
}
