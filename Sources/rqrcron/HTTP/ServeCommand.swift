import RedisCron

/// `rqrcron serve`: the page without a scheduler.
struct ServeCommand: Sendable {
    private let invocation: Invocation
    private let log: LogWriter
    private let page: PageServer?
    private let prefixes: KeyPrefixes

    init(_ invocation: Invocation) throws {
        self.invocation = invocation
        prefixes = try KeyPrefixes(invocation)
        log = try LogWriter(arguments: invocation.arguments)
        page = try PageServer(invocation.arguments, of: prefixes, log: log)
    }

    /// Serves until the first signal.
    func run() async throws {
        // The options require it.
        guard let open = try page?.open(invocation.environment) else { return }
        let address = try RedisAddress(invocation: invocation)
        let signal = try await TerminationSignals.shared.cancelling {
            try await address.withConnections(prefixes.all, zone: invocation.zone()) { try await open.run(on: $0) }
        }
        if signal != nil { log.write(.info, "stopped") }
        _ = await log.flush()
    }
}

extension Command {
    /// `rqrcron serve`.
    static let serve: Command = Command(
        name: "serve", summary: "Serve the page without running a scheduler.",
        discussion: [
            """
            It shows what is in Redis, and leads nothing: on any machine, as many as you like. rqrcron run --http serves the same page \
            beside the scheduler.
            """,
            "With several key prefixes it serves the pages of all of them, each below /prefixes/PREFIX.",
        ],
        rules: [.required(.http)] + OptionRule.page + [
            .optional(.logLevel), .optional(.logFormat), .optional(.url), .optional(.keyPrefixes),
            .optional(.keyPrefixFile),
        ],
        synopsis: [
            """
            --http ADDRESS [--http-host HOST]... [--http-token-file FILE] [--http-actions] \
            [--http-show-arguments] [--http-metrics-per-job] [--log-level LEVEL] \
            [--log-format FORMAT] [-u URL] [--key-prefix PREFIX]... [--key-prefix-file FILE]...
            """
        ],
        examples: [
            Example(
                line: "rqrcron serve --http 127.0.0.1:8600 -u redis://redis.internal:6379/0",
                purpose: "The page of another machine's schedulers:")
        ]
    ) { try await ServeCommand($0).run() }
}
