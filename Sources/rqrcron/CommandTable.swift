/// Every command of the tool: the source of parsing, help, completions and the manual page.
struct CommandTable: Sendable {
    let commands: [Command]
    let globalOptions: [CommandOption]
    let summary: String
    /// Paragraphs for the manual page.
    let discussion: [String]

    static let rqrcron: CommandTable = CommandTable(
        commands: [
            .run, .serve, .info, .register, .show, .runs, .enable, .disable, .pause, .resume, .delete, .trigger,
            .backfill, .next, .watch, .apply, .export, .doctor, .completion, .manual, .help,
            .complete, .embeddedRedisGuard, .embeddedRedisServer,
        ],
        globalOptions: [.url, .keyPrefix, .help, .version],
        summary: "Cron for RQ: enqueues Redis-backed job definitions that Python's rq workers run.",
        discussion: [
            """
            A definition says which Python function to run, on which queue, and when: at an interval, or at the times of \
            a cron expression. Definitions are stored in Redis, in the format of rq-rediscron. You can edit them from \
            here or from Python while the scheduler runs.
            """,
            """
            One scheduler leads at a time. It enqueues each definition when it is due, as a job for any rq worker.
            """,
        ])

    /// The exit statuses of every command.
    static let exitStatuses = [
        (0, "Done. For a scheduler: it was asked to stop, and stopped."),
        (1, "The command failed. One line on standard error says why and what to do."),
        (2, "The command line is wrong. Standard error has the usage of the command."),
    ]

    /// The environment variables that are read, where an empty one counts as absent.
    static let environment = [
        ("RQ_REDIS_URL", "The Redis to use when there is no --url."),
        ("REDIS_URL", "The Redis to use when there is no RQ_REDIS_URL either."),
        (
            "REDIS_HOST, REDIS_PORT, REDIS_DB, REDIS_PASSWORD, REDIS_SSL",
            "The parts of the URL, as rq reads them, when none of the above is set."
        ),
        ("RQ_KEY_PREFIX", "The prefix of every key when there is no --key-prefix. Default: rq."),
        (
            "TZ",
            """
            The local time zone. rqrcron run uses it. Other commands use it until a scheduler has published its own.
            """
        ),
        ("TZDIR", "Where time zone data is, instead of the system's directories."),
        (
            "NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID",
            "Where rqrcron run reports its state, and how often its supervisor wants a sign of life."
        ),
        ("NO_COLOR", "When set, nothing is coloured."),
        ("SOURCE_DATE_EPOCH", "The date of the manual page, in seconds since 1970. Default: today."),
        (
            "XDG_DATA_HOME",
            "The embedded Redis keeps its data in the directory rqrcron of this one. Default: ~/.local/share."
        ),
    ]

    func command(named name: String) -> Command? {
        commands.first { $0.name == name }
    }

    /// The complaint about a command that does not exist, with the one that was probably meant.
    func unknownCommand(_ name: String) -> UsageError {
        let names = commands.filter { !$0.isHidden }.map(\.name)
        let longer = names.filter { $0.hasPrefix(name) }
        let meant = longer.count == 1 ? longer[0] : Spelling.closest(to: name, among: names)
        return UsageError("unknown command '\(name)'\(meant.map { ". Did you mean '\($0)'?" } ?? "")")
    }
}

/// Corrects misspelt words.
struct Spelling {
    /// The candidate that is closest to `word`: at most two letters away.
    static func closest(to word: String, among candidates: [String]) -> String? {
        let close = candidates.map { ($0, distance($0, word)) }.min { $0.1 < $1.1 }
        guard let close, close.1 <= 2 else { return nil }
        return close.0
    }

    /// Levenshtein's distance.
    private static func distance(_ one: String, _ other: String) -> Int {
        let letters = Array(other)
        var row = Array(0...letters.count)
        for (index, letter) in one.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, candidate) in letters.enumerated() {
                let substituted = diagonal + (letter == candidate ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(substituted, diagonal + 1, row[column] + 1)
            }
        }
        return row[letters.count]
    }
}
