extension CommandOption {
    static let embedded = CommandOption(
        "embedded", value: .optional("DIR"),
        summary: """
            Start a private redis-server that stops with us, with its data in DIR. \
            Default: ~/.local/share/rqrcron.
            """,
        completion: .directories)
    static let standby = CommandOption(
        "standby", summary: "When another scheduler leads, wait and take over instead of ending.")
    static let lockTTL = CommandOption(
        "lock-ttl", value: .required("SECONDS"),
        summary: "How long the lock outlives a scheduler that died. Default: 120.")
    static let maxSleep = CommandOption(
        "max-sleep", value: .required("SECONDS"),
        summary: "How long to sleep at most, should no message of a change arrive. Default: 60.")
    static let serializer = CommandOption(
        "serializer", short: "S", value: .required("NAME"),
        summary: """
            pickle or json, as the workers were started with; RQ's dotted names, such as rq.serializers.JSONSerializer, \
            will do. Default: pickle.
            """,
        completion: .choices(["pickle", "json"]))
    static let applyFile = CommandOption(
        "apply", value: .required("FILE"),
        summary: """
            Apply the definitions of a file, as rqrcron apply does, when the scheduler first leads or stands by, and \
            again when Redis has lost all definitions. May be given several times.
            """,
        completion: .files)
    static let waitReplicas = CommandOption(
        "wait-replicas", value: .required("N"),
        summary: "Wait after each batch until so many replicas have it; fewer are a warning. Default: 0.")
    static let replicaTimeout = CommandOption(
        "replica-timeout", value: .required("SECONDS"),
        summary: "How long to wait for the replicas. Default: 1.")
    static let schedulerName = CommandOption(
        "name", value: .required("NAME"),
        summary: "The name in RQ's registry. Default: host, process id and six random digits.")
    static let logLevel = CommandOption(
        "log-level", value: .required("LEVEL"),
        summary: "debug, info, warning or error. Default: info.", completion: .choices(LogWriter.levels))
    static let logFormat = CommandOption(
        "log-format", value: .required("FORMAT"),
        summary: "text, or json with one object a line. Default: text.", completion: .choices(LogWriter.formats))
}

extension Command {
    /// `rqrcron run`.
    static let run: Command = Command(
        name: "run", summary: "Run the scheduler until SIGINT, SIGTERM or SIGHUP.",
        discussion: [
            """
            One scheduler leads at a time, by a lock in Redis. The first signal stops it in order: the batch in flight is \
            finished, the lock is released. Another SIGINT or SIGTERM, half a second later or more, ends it at once. Under \
            nohup a closed terminal does not stop it.
            """,
            """
            With --embedded it starts a Redis of its own, on a Unix socket and a free port of 127.0.0.1, and prints its \
            URL. Whoever has a login on this machine can connect to that port.
            """,
            """
            Under systemd, or another supervisor that sets NOTIFY_SOCKET, it says when it leads or stands by (READY=1), \
            what it is at (STATUS=), that it is sound (WATCHDOG=1, where WATCHDOG_USEC is set) and that it stops (STOPPING=1).
            """,
        ],
        arguments: [
            CommandArgument(
                "DIR", .optional, summary: "Where the embedded Redis keeps its data.", completion: .directories)
        ],
        rules: [
            .optional(.embedded), .optional(.applyFile), .optional(.standby), .optional(.lockTTL), .optional(.maxSleep),
            .optional(.timeZone), .optional(.waitReplicas), .optional(.replicaTimeout),
            .optional(.serializer), .optional(.schedulerName), .optional(.logLevel), .optional(.logFormat),
        ] + OptionRule.connection,
        synopsis: [
            """
            [--embedded [DIR]] [--apply FILE] [--standby] [--lock-ttl SECONDS] [--max-sleep SECONDS] [--timezone ZONE] \
            [--wait-replicas N] [--replica-timeout SECONDS] [-S NAME] [--name NAME] [--log-level LEVEL] [--log-format FORMAT] [-u URL] [--key-prefix PREFIX]
            """
        ],
        examples: [
            Example(line: "rqrcron run --standby -u redis://redis.internal:6379/0", purpose: "One of several:"),
            Example(
                line: "rqrcron run --embedded ./data --apply jobs.cron", purpose: "A first look, without a Redis:"),
        ]
    ) { try await RunCommand($0).run() }
}
