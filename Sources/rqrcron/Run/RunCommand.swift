import Cron
import RQWire
import RedisBridge
import RedisCron

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `rqrcron run`: the scheduler as a process.
struct RunCommand: Sendable {
    private let invocation: Invocation
    private let prefixes: KeyPrefixes
    private let options: RedisCronScheduler.Options
    private let log: LogWriter
    private let definitions: DefinitionFiles?
    private let declarations: [CronJobDeclarations]
    private let notifier: ServiceNotifier?
    private let page: PageServer?
    /// The zone in effect, the setting that names it, and what is wrong with a setting that was passed over.
    private let zone: (rules: ZoneRules, source: String, warning: String?)
    /// The directory of the embedded Redis: nil for no embedded Redis, empty for the default directory.
    private let embedded: String?

    /// Parses the options.
    ///
    /// - Throws: ``UsageError`` for the first wrong option, before anything is started.
    init(_ invocation: Invocation) async throws {
        self.invocation = invocation
        let arguments = invocation.arguments
        embedded = try Self.embeddedDirectory(arguments)
        prefixes = try KeyPrefixes(invocation)
        log = try LogWriter(arguments: arguments)
        var options = RedisCronScheduler.Options()
        options.name = arguments.text(.schedulerName)
        if let seconds = try arguments.wholeNumber(.lockTTL) { options.lockTTL = .seconds(seconds) }
        if let duration = try arguments.duration(.maxSleep) { options.maxSleepInterval = duration }
        if let count = try arguments.wholeNumber(.waitReplicas) { options.waitForReplicas = count }
        if let duration = try arguments.duration(.replicaTimeout) { options.replicaTimeout = duration }
        options.maxRate = try arguments.wholeNumber(.maxRate)
        options.writesRQHistory = arguments.has(.rqHistory)
        if let count = try arguments.wholeNumber(.history) { options.history = count }
        if let count = try arguments.wholeNumber(.historyTotal) { options.historyTotal = count }
        if arguments.has(.standby) { options.whenLockHeld = .standBy }
        zone = try arguments.timeZone().map { (rules: $0, source: "--timezone", warning: nil) } ?? Self.localZone
        options.timeZone = arguments.text(.timeZone)
        if let serializer = try arguments.serializer() { options.serializer = serializer }
        page = try PageServer(arguments, of: prefixes, log: log)
        if prefixes.areSeveral, arguments.has(.applyFile) {
            throw UsageError(
                """
                --apply does not say to which of several prefixes the definitions belong: apply the file to each with \
                rqrcron apply --key-prefix PREFIX FILE
                """)
        }
        options.logger = log.logger
        try Self.namingOptions { () throws(RedisCronError) in try options.check() }
        self.options = options
        let files = arguments.texts(.applyFile)
        definitions = files.isEmpty ? nil : try await DefinitionFiles(paths: files)
        declarations = try definitions?.declarations() ?? []
        for caution in definitions?.cautions ?? [] { log.write(.warning, caution) }
        let soundness = Soundness(maxSleepInterval: options.maxSleepInterval, lockTTL: options.lockTTL)
        notifier = try ServiceNotifier(
            environment: invocation.environment, soundness: soundness, log: log,
            unapplied: declarations.count, schedulers: prefixes.all.count)
    }

    /// Runs until the first signal or a fatal error.
    func run() async throws {
        do {
            let signal = try await TerminationSignals.shared.cancelling { try await work() }
            if signal != nil { log.write(.info, "stopped") }
            _ = await log.flush()
        } catch {
            // If nobody reads standard error, writing the reason would never return.
            guard await log.flush(), StandardError.takesALine() else { throw ExitStatus(code: 1) }
            throw error
        }
    }

    private static var localZone: (rules: ZoneRules, source: String, warning: String?) {
        let local = LocalZone.current()
        return (local.rules, local.source, local.warning)
    }

    private func work() async throws {
        if let warning = zone.warning { log.write(.warning, warning) }
        let page = try page?.open(invocation.environment)
        guard let embedded else {
            return try await schedule(at: RedisAddress(invocation: invocation), page)
        }
        let redis = try await EmbeddedRedis.start(
            directory: embedded.isEmpty ? nil : embedded, environment: invocation.environment)
        do {
            try await releaseStaleLock(of: redis)
        } catch {
            await redis.stop()
            throw error
        }
        try await schedule(besides: redis, page)
    }

    /// Removes the lock of a scheduler that was killed together with its Redis.
    ///
    /// The directory's former server is gone, so no scheduler can lead with that lock. Waiting for it to expire would
    /// protect nobody.
    private func releaseStaleLock(of redis: EmbeddedRedis) async throws {
        let client = try RedisAddress(embedded: redis).client(on: RedisEventLoop())
        let locks = try prefixes.all.map { try RQKeys(prefix: $0).lock }
        _ = try await client.pipeline(locks.map { RedisCommand("DEL", $0) })
        await client.close()
    }

    /// Runs the scheduler as long as its embedded Redis lives, and stops that Redis afterwards.
    private func schedule(besides redis: EmbeddedRedis, _ page: OpenPage?) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try StandardOutput.write("\(redis.url)\n")
                log.write(.info, "embedded Redis in \(redis.directory.path); workers: rq worker -u \(redis.url) QUEUE")
                try await schedule(at: RedisAddress(embedded: redis), page)
                return true
            }
            group.addTask {
                await redis.untilGone()
                return false
            }
            let first = await group.nextResult()
            group.cancelAll()
            // The task that waits for the server's end cannot be cancelled. Stopping the server ends it.
            await redis.stop()
            guard try first?.get() == true else {
                throw CommandFailure("the embedded redis-server ended unexpectedly; see \(redis.directory.logPath)")
            }
        }
    }

    /// Replaces the scheduler's name of a wrong option by the one of the command line.
    ///
    /// Only the scheduler knows the bounds of its options.
    private static func namingOptions<Result>(_ body: () throws(RedisCronError) -> Result) throws -> Result {
        let options: [String: CommandOption] = [
            "name": .schedulerName, "lockTTL": .lockTTL, "maxSleepInterval": .maxSleep,
            "maxRate": .maxRate, "waitForReplicas": .waitReplicas, "replicaTimeout": .replicaTimeout,
            "history": .history, "historyTotal": .historyTotal,
        ]
        do {
            return try body()
        } catch {
            guard error.code == .invalidOption, let option = error.field.flatMap({ options[$0] }) else { throw error }
            throw UsageError("--\(option.name) \(error.message)")
        }
    }

    /// The directory after `--embedded`, attached or as a separate word.
    private static func embeddedDirectory(_ arguments: ParsedArguments) throws(UsageError) -> String? {
        let word = arguments.operands.first
        guard let attached = arguments.text(.embedded) else {
            if let word { throw UsageError("unexpected argument '\(word)'; a directory needs --embedded") }
            return nil
        }
        if arguments.has(.url) { throw UsageError("give only one of --embedded and --url") }
        if let word, !attached.isEmpty {
            throw UsageError("unexpected argument '\(word)' besides --embedded=\(attached)")
        }
        return word ?? attached
    }

    private func schedule(at address: RedisAddress, _ page: OpenPage?) async throws {
        try await address.withConnections(prefixes.all, zone: zone.rules) { connections in
            let schedulers = try connections.map(scheduler)
            let service = SchedulerService(
                schedulers: schedulers, notifier: notifier, log: log, zone: "\(zone.rules) (\(zone.source))")
            guard let page else { return try await service.run() }
            try await page.besides(schedulers) { body in
                try await address.withConnections(prefixes.all, zone: zone.rules, body)
            } _: {
                try await service.run()
            }
        }
    }

    private func scheduler(on connection: RedisCronConnection) throws -> RedisCronScheduler {
        var options = options
        if prefixes.areSeveral { options.logger = log.logger.naming(keyPrefix: connection.keyPrefix) }
        do {
            return try Self.namingOptions { () throws(RedisCronError) in
                try RedisCronScheduler(
                    connection: connection, options: options, files: declarations)
            }
        } catch let error as RedisCronError {
            throw definitions?.failure(about: error) ?? error
        }
    }
}

extension CommandOption {
    static let embedded = CommandOption(
        "embedded", value: .optional("DIR"),
        summary: """
            Start a private redis-server that stops with the scheduler, with its data in DIR. \
            Default: ~/.local/share/rqrcron.
            """,
        completion: .directories)
    static let standby = CommandOption(
        "standby", summary: "If another scheduler leads, wait to take over instead of ending.")
    static let lockTTL = CommandOption(
        "lock-ttl", value: .required("SECONDS"),
        summary: "How long the lock outlives a dead scheduler. Default: 120.")
    static let maxSleep = CommandOption(
        "max-sleep", value: .required("SECONDS"),
        summary: "The longest sleep when no change is announced. Default: 60.")
    static let serializer = CommandOption(
        "serializer", short: "S", value: .required("NAME"),
        summary: """
            The workers' serializer: pickle or json, or RQ's dotted name, such as rq.serializers.JSONSerializer. \
            Default: pickle.
            """,
        completion: .choices(["pickle", "json"]))
    static let applyFile = CommandOption(
        "apply", value: .required("FILE"),
        summary: """
            Apply a file, as rqrcron apply does, when the scheduler first leads or stands by, and again if Redis loses \
            all definitions. May be given several times.
            """,
        completion: .files)
    static let maxRate = CommandOption(
        "max-rate", value: .required("N"),
        summary: """
            Queue at most N jobs a second under each key prefix, to spare a Redis that others use too. Default: as many \
            as it takes.
            """)
    static let waitReplicas = CommandOption(
        "wait-replicas", value: .required("N"),
        summary: "Wait after each batch until N replicas have it. Fewer cause a warning. Default: 0.")
    static let replicaTimeout = CommandOption(
        "replica-timeout", value: .required("SECONDS"),
        summary: "How long to wait for the replicas. Default: 1.")
    static let rqHistory = CommandOption(
        "rq-history",
        summary: "Show definitions and runs in RQ's own listings and django-rq. rq-rediscron's info fails then.")
    static let history = CommandOption(
        "history", value: .required("N"),
        summary: "How many runs of each definition are recorded, 0 to 1000, unless it says so itself. Default: 20.")
    static let historyTotal = CommandOption(
        "history-total", value: .required("N"),
        summary: "How many runs are recorded in all, at least 1000: the oldest go first. Default: 1000000.")
    static let schedulerName = CommandOption(
        "name", value: .required("NAME"),
        summary: "The scheduler's name in RQ's registry. Default: host, process id and six random digits.")
    static let logLevel = CommandOption(
        "log-level", value: .required("LEVEL"),
        summary: "debug, info, warning or error. Default: info.", completion: .choices(LogWriter.levels))
    static let logFormat = CommandOption(
        "log-format", value: .required("FORMAT"),
        summary: "text, or json with one object per line. Default: text.", completion: .choices(LogWriter.formats))
}

extension ParsedArguments {
    /// `--serializer`: the short name, or one of the dotted names that workers take.
    ///
    /// RQ before 3 only knows the dotted names.
    func serializer() throws(UsageError) -> JobSerializer? {
        let names: [String: JobSerializer] = [
            "pickle": .pickle, "rq.serializers.DefaultSerializer": .pickle, "rq.serializers.PickleSerializer": .pickle,
            "json": .json, "rq.serializers.JSONSerializer": .json,
        ]
        guard let text = text(.serializer) else { return nil }
        guard let serializer = names[text] else {
            throw UsageError(
                """
                --serializer is pickle or json, or RQ's name of one, rq.serializers.DefaultSerializer or \
                rq.serializers.JSONSerializer, not '\(text)'
                """)
        }
        return serializer
    }
}

extension Command {
    /// `rqrcron run`.
    static let run: Command = Command(
        name: "run", summary: "Run the scheduler until SIGINT, SIGTERM or SIGHUP.",
        discussion: [
            """
            One scheduler leads at a time: the one that holds a lock in Redis. The first signal stops it in order: it finishes the batch \
            in flight and releases the lock. Another SIGINT or SIGTERM, at least half a second later, ends it at once. \
            Under nohup a closed terminal does not stop it.
            """,
            """
            With several key prefixes it runs a scheduler for each, and each leads or stands by for itself. They share \
            their connections to Redis. Processes with the same prefixes and --standby share them among each other. With \
            --http one address has the pages of all of them, each below /prefixes/PREFIX.
            """,
            """
            With --embedded it starts its own Redis, on a Unix socket and a free port of 127.0.0.1, and prints the URL. \
            Anyone with a login on this machine can connect to that port.
            """,
            """
            Under systemd, or another supervisor that sets NOTIFY_SOCKET, it reports that it leads or stands by (READY=1), \
            its state (STATUS=), that it is healthy (WATCHDOG=1, if WATCHDOG_USEC is set) and that it stops (STOPPING=1).
            """,
        ],
        arguments: [
            CommandArgument(
                "DIR", .optional, summary: "Where the embedded Redis keeps its data.", completion: .directories)
        ],
        rules: [
            .optional(.embedded), .optional(.applyFile), .optional(.standby), .optional(.lockTTL), .optional(.maxSleep),
            .optional(.timeZone), .optional(.maxRate), .optional(.waitReplicas), .optional(.replicaTimeout),
            .optional(.history), .optional(.historyTotal), .optional(.rqHistory), .optional(.serializer),
            .optional(.schedulerName), .optional(.http),
        ] + OptionRule.page + [
            .optional(.logLevel), .optional(.logFormat), .optional(.url), .optional(.keyPrefixes),
            .optional(.keyPrefixFile),
        ],
        synopsis: [
            """
            [--embedded [DIR]] [--apply FILE] [--standby] [--lock-ttl SECONDS] [--max-sleep SECONDS] [--timezone ZONE] \
            [--max-rate N] [--wait-replicas N] [--replica-timeout SECONDS] [--history N] [--history-total N] [--rq-history] [-S NAME] [--name NAME] \
            [--http ADDRESS] [--http-host HOST]... [--http-token-file FILE] [--http-actions] \
            [--http-show-arguments] [--http-metrics-per-job] [--log-level LEVEL] [--log-format FORMAT] [-u URL] [--key-prefix PREFIX]... \
            [--key-prefix-file FILE]...
            """
        ],
        examples: [
            Example(
                line: "rqrcron run --standby -u redis://redis.internal:6379/0", purpose: "One of several schedulers:"),
            Example(
                line: "rqrcron run --embedded ./data --apply jobs.cron", purpose: "A first look, without a Redis:"),
        ]
    ) { try await RunCommand($0).run() }
}
