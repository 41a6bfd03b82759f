/// Every command of the tool.
///
/// Parsing, help, completions and the manual page are made from this table.
struct CommandTable: Sendable {
    let commands: [Command]
    let globalOptions: [CommandOption]
    let summary: String
    /// Paragraphs for the manual page.
    let discussion: [String]

    static let rqrcron: CommandTable = CommandTable(
        commands: [
            .run, .info, .register, .show, .enable, .disable, .delete, .trigger, .next, .watch, .apply, .export,
            .doctor, .completion, .manual, .help,
            .complete, .embeddedRedisGuard, .embeddedRedisServer,
        ],
        globalOptions: [.url, .keyPrefix, .help, .version],
        summary: "Cron for RQ: enqueues Redis-backed job definitions that Python's rq workers run.",
        discussion: [
            """
            A definition says which Python function is to be run, on which queue, and when: every so many seconds, or at \
            the times of a cron expression. Definitions stand in Redis, in the form of rq-rediscron, and may be edited \
            there while the scheduler runs, from here or from Python.
            """,
            """
            One scheduler leads at a time. It enqueues each definition when it is due, as a job that any worker of rq \
            takes.
            """,
        ])

    /// What the exit status of every command means.
    static let exitStatuses = [
        (0, "The command did what was asked; a scheduler was asked to stop, and stopped."),
        (1, "It could not; one line on standard error says why, and what to do."),
        (2, "The command line is wrong; standard error has the usage of the command."),
    ]

    /// The environment variables that are read, an empty one counting as absent.
    static let environment = [
        ("RQ_REDIS_URL", "The Redis to use when there is no --url."),
        ("REDIS_URL", "The Redis to use when there is no RQ_REDIS_URL either."),
        (
            "REDIS_HOST, REDIS_PORT, REDIS_DB, REDIS_PASSWORD, REDIS_SSL",
            "The parts of the URL, as rq reads them, when there is none of the above."
        ),
        ("RQ_KEY_PREFIX", "What every key starts with when there is no --key-prefix. Default: rq."),
        (
            "TZ",
            """
            The local time zone: the one of rqrcron run, and elsewhere the one that counts until a scheduler has published \
            its own.
            """
        ),
        ("TZDIR", "Where time zone data is, instead of the system's directories."),
        (
            "NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID",
            "Where rqrcron run says how it does, and how often its supervisor wants a sign of life."
        ),
        ("NO_COLOR", "When set, nothing is coloured."),
        ("XDG_DATA_HOME", "Where the embedded Redis keeps its data, in a directory rqrcron. Default: ~/.local/share."),
    ]

    func command(named name: String) -> Command? {
        commands.first { $0.name == name }
    }

    /// The command that was probably meant.
    func suggestion(for name: String) -> String? {
        let names = commands.filter { !$0.isHidden }.map(\.name)
        let longer = names.filter { $0.hasPrefix(name) }
        return longer.count == 1 ? longer[0] : Spelling.closest(to: name, among: names)
    }
}
