import RedisCron
import RedisCronWeb

/// The page of schedulers, or of a Redis alone: what `--http` and the options that go with it say.
struct PageServer: Sendable {
    private let address: ListenAddress
    private let options: CronWeb.Options
    private let log: LogWriter

    /// Parses the options.
    ///
    /// - Throws: ``UsageError`` for the first wrong one; also when this program has no HTTP.
    /// - Returns: `nil` if no page is asked for.
    init?(_ arguments: ParsedArguments, of prefixes: KeyPrefixes, log: LogWriter) throws(UsageError) {
        guard let text = arguments.text(.http) else {
            let dependent = OptionRule.page.flatMap(\.options)
            if let option = dependent.first(where: arguments.has) { throw UsageError("--\(option.name) needs --http") }
            return nil
        }
        guard HTTPListener.isBuilt else {
            throw UsageError(
                "this rqrcron was built without HTTP: build it with the trait HTTP, which needs libmicrohttpd")
        }
        address = try ListenAddress(parsing: text)
        do throws(RedisCronError) {
            try CronWeb.check(keyPrefixes: prefixes.all)
        } catch {
            throw UsageError("--http \(error.message)")
        }
        var options = CronWeb.Options()
        options.hosts = arguments.texts(.httpHost)
        options.showsArguments = arguments.has(.httpShowArguments)
        options.hasMetricsPerJob = arguments.has(.httpMetricsPerJob)
        options.token = try arguments.text(.httpTokenFile).map(TokenFile.token)
        options.allowsActions = arguments.has(.httpActions)
        guard !options.allowsActions || options.token != nil else {
            throw UsageError("--http-actions needs --http-token-file, so that not everybody may change definitions")
        }
        options.logger = log.logger
        self.options = options
        self.log = log
    }

    /// Begins to listen; clients wait until the page runs.
    ///
    /// - Throws: ``CommandFailure`` when the address is taken, or reaches beyond this machine and there is no token.
    func open(_ environment: ProcessEnvironment) throws -> OpenPage {
        let socket = try ListeningSocket(address, environment: environment)
        guard socket.isLocal || options.token != nil else {
            throw CommandFailure(
                "--http: other machines reach \(socket.description), which needs --http-token-file then")
        }
        var options = options
        if let authority = socket.authority { options.hosts.append(authority) }
        let page = OpenPage(listener: try HTTPListener(socket), options: options, log: log)
        log.write(.info, "the page is at \(socket.description)")
        return page
    }
}

/// A page that listens.
struct OpenPage: Sendable {
    fileprivate let listener: HTTPListener
    fileprivate let options: CronWeb.Options
    fileprivate let log: LogWriter

    /// Serves until the task is cancelled.
    ///
    /// - Throws: `RedisError` where there is no memory.
    ///
    /// - Parameters:
    ///   - connections: One for each key prefix, all on one loop.
    ///   - schedulers: Those of the same prefixes, in the same order; none where they run elsewhere.
    func run(on connections: [RedisCronConnection], schedulers: [RedisCronScheduler] = []) async throws {
        let schedules = connections.enumerated().map { place, connection in
            CronWeb.Schedule(connection: connection, scheduler: schedulers.isEmpty ? nil : schedulers[place])
        }
        let web = try CronWeb(schedules: schedules, options: options)
        try await withThrowingTaskGroup(of: Void.self) { group in
            // The catalogue is followed no longer than the page is served.
            defer { group.cancelAll() }
            group.addTask {
                // It ends when it is cancelled, and says so.
                try? await web.run()
            }
            // On the thread where Redis answers: a short request needs no other. What takes long goes to others by itself.
            try await listener.serve(on: connections[0].eventLoop) { await web.respond(to: $0) }
        }
    }

    /// Serves for as long as the schedulers run, their end included.
    ///
    /// - Parameter withConnections: Opens connections for the page: the schedulers' own are never kept waiting.
    func besides(
        _ schedulers: [RedisCronScheduler],
        withConnections: @escaping @Sendable (([RedisCronConnection]) async throws -> Void) async throws -> Void,
        _ body: () async throws -> Void
    ) async throws {
        // Unstructured: it goes on after this task is cancelled, while the schedulers finish their batches.
        let serving = Task {
            do {
                try await withConnections { try await run(on: $0, schedulers: schedulers) }
            } catch {
                log.write(.error, "the page ended: \(FailureText.line(for: error))")
            }
        }
        do {
            try await body()
        } catch {
            serving.cancel()
            await serving.value
            throw error
        }
        serving.cancel()
        await serving.value
    }
}

extension CommandOption {
    static let http = CommandOption(
        "http", value: .required("ADDRESS"),
        summary: """
            Serve the page, the API, metrics and health at ADDRESS: 127.0.0.1:8600, [::1]:8600, unix:/run/rqrcron.sock, \
            or systemd for a socket that it hands over.
            """)
    static let httpHost = CommandOption(
        "http-host", value: .required("HOST"),
        summary: """
            A name under which the page may be asked for, besides its address and localhost: page.example.org, with a \
            port if it is not that of the scheme. May be given several times.
            """,
        isRepeatable: true)
    static let httpTokenFile = CommandOption(
        "http-token-file", value: .required("FILE"),
        summary: """
            A file with the token that everybody needs who asks for more than a word of health, at least 22 characters \
            drawn at random, and that nobody but its owner and its group may read. Needed where other machines reach ADDRESS.
            """,
        completion: .files)
    static let httpActions = CommandOption(
        "http-actions", summary: "Allow definitions to be changed through the page and the API. Needs a token.")
    static let httpShowArguments = CommandOption(
        "http-show-arguments", summary: "Show arguments and metadata of jobs on the page. They may hold secrets.")
    static let httpMetricsPerJob = CommandOption(
        "http-metrics-per-job", summary: "Add metrics of each definition, of at most 1000 under all key prefixes.")
}

extension OptionRule {
    /// The options of every command that serves the page.
    static let page: [OptionRule] = [
        .optional(.httpHost), .optional(.httpTokenFile), .optional(.httpActions), .optional(.httpShowArguments),
        .optional(.httpMetricsPerJob),
    ]
}
