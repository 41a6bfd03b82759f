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
    private let options: RedisCronScheduler.Options
    private let log: LogWriter
    private let definitions: DefinitionFiles?
    private let notifier: ServiceNotifier?
    /// The zone in effect, what says so, and what is wrong with another setting.
    private let zone: (rules: ZoneRules, source: String, warning: String?)
    /// The directory of the embedded Redis: nil for none, empty for the user's own.
    private let embedded: String?

    /// Understands the options.
    ///
    /// - Throws: ``UsageError`` for the first one that is wrong, before anything was started.
    init(_ invocation: Invocation) throws {
        self.invocation = invocation
        let arguments = invocation.arguments
        embedded = try Self.embeddedDirectory(arguments)
        log = try LogWriter(arguments: arguments)
        var options = RedisCronScheduler.Options()
        options.name = arguments.text(.schedulerName)
        if let seconds = try arguments.wholeNumber(.lockTTL) { options.lockTTL = .seconds(seconds) }
        if let duration = try arguments.duration(.maxSleep) { options.maxSleepInterval = duration }
        if let count = try arguments.wholeNumber(.waitReplicas) { options.waitForReplicas = count }
        if let duration = try arguments.duration(.replicaTimeout) { options.replicaTimeout = duration }
        if arguments.has(.standby) { options.whenLockHeld = .standBy }
        zone = try arguments.timeZone().map { (rules: $0, source: "--timezone", warning: nil) } ?? Self.localZone
        options.timeZone = arguments.text(.timeZone)
        if let serializer = try arguments.serializer() { options.serializer = serializer }
        options.logger = log.logger
        try Self.namingOptions { () throws(RedisCronError) in try options.check() }
        self.options = options
        let files = arguments.texts(.applyFile)
        definitions = files.isEmpty ? nil : try DefinitionFiles(paths: files)
        for caution in definitions?.cautions ?? [] { log.write(.warning, caution) }
        let soundness = Soundness(maxSleepInterval: options.maxSleepInterval, lockTTL: options.lockTTL)
        notifier = try ServiceNotifier(
            environment: invocation.environment, soundness: soundness, log: log,
            unapplied: definitions?.declarations.count ?? 0)
    }

    /// Runs until the first signal, or until something makes going on impossible.
    func run() async throws {
        do {
            let signal = try await TerminationSignals.shared.cancelling { try await work() }
            if signal != nil { log.write(.info, "stopped") }
            _ = await log.flush()
        } catch {
            // Where nobody reads standard error, saying why would wait for a reader that never comes.
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
        guard let embedded else {
            return try await schedule(at: RedisAddress(invocation: invocation))
        }
        let redis = try await EmbeddedRedis.start(
            directory: embedded.isEmpty ? nil : embedded, environment: invocation.environment)
        do {
            try await releaseStaleLock(of: redis)
        } catch {
            await redis.stop()
            throw error
        }
        try await schedule(besides: redis)
    }

    /// Removes the lock of a scheduler that was killed together with its Redis.
    ///
    /// Whoever held it had its Redis taken away before this one was started, on another port. Waiting for the lock to
    /// expire would protect nobody.
    private func releaseStaleLock(of redis: EmbeddedRedis) async throws {
        let client = try RedisAddress(embedded: redis).client(on: RedisEventLoop())
        let lock = try RQKeys(prefix: invocation.keyPrefix).lock
        _ = try await client.send(RedisCommand("DEL", lock))
        await client.close()
    }

    /// Runs the scheduler as long as its own Redis lives, and stops that afterwards.
    private func schedule(besides redis: EmbeddedRedis) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try StandardOutput.write("\(redis.url)\n")
                log.write(.info, "embedded Redis in \(redis.directory.path); workers: rq worker -u \(redis.url) QUEUE")
                try await schedule(at: RedisAddress(embedded: redis))
                return true
            }
            group.addTask {
                await redis.untilGone()
                return false
            }
            let first = await group.nextResult()
            group.cancelAll()
            // Lets the task that waits for its end return, which cannot be cancelled.
            await redis.stop()
            guard try first?.get() == true else {
                throw CommandFailure("the embedded redis-server ended by itself; see \(redis.directory.logPath)")
            }
        }
    }

    /// Lets the scheduler judge its options, which alone knows their bounds, and says what it says of them as the command
    /// line calls them.
    private static func namingOptions<Result>(_ body: () throws(RedisCronError) -> Result) throws -> Result {
        let options: [String: CommandOption] = [
            "name": .schedulerName, "lockTTL": .lockTTL, "maxSleepInterval": .maxSleep,
            "waitForReplicas": .waitReplicas, "replicaTimeout": .replicaTimeout,
        ]
        do {
            return try body()
        } catch {
            guard error.code == .invalidOption, let option = error.field.flatMap({ options[$0] }) else { throw error }
            throw UsageError("--\(option.name) \(error.message)")
        }
    }

    /// The directory after `--embedded`, attached or as a word of its own.
    private static func embeddedDirectory(_ arguments: ParsedArguments) throws(UsageError) -> String? {
        let word = arguments.operands.first
        guard let attached = arguments.text(.embedded) else {
            if let word { throw UsageError("unexpected argument '\(word)'; a directory belongs to --embedded") }
            return nil
        }
        if arguments.has(.url) { throw UsageError("give only one of --embedded and --url") }
        if let word, !attached.isEmpty {
            throw UsageError("unexpected argument '\(word)': there is --embedded=\(attached)")
        }
        return word ?? attached
    }

    private func schedule(at address: RedisAddress) async throws {
        try await address.withConnection(invocation, zone: zone.rules) { connection in
            let scheduler: RedisCronScheduler
            do {
                scheduler = try Self.namingOptions { () throws(RedisCronError) in
                    try RedisCronScheduler(
                        connection: connection, options: options, files: definitions?.declarations ?? [])
                }
            } catch let error as RedisCronError {
                throw definitions?.failure(about: error) ?? error
            }
            try await SchedulerService(
                scheduler: scheduler, notifier: notifier, log: log, zone: "\(zone.rules) (\(zone.source))"
            ).run()
        }
    }
}
