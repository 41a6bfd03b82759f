import RQWire
import RedisCron

/// `rqrcron pause`.
struct PauseCommand: Sendable {
    private let invocation: Invocation
    private let end: Timestamp?
    private let note: String?

    init(_ invocation: Invocation) throws {
        self.invocation = invocation
        end = try invocation.arguments.time(.until)
        note = invocation.arguments.text(.note)
    }

    func run() async throws {
        try await EachDefinition(invocation).report { id, connection in
            var job = try await RedisCronJob.fetch(id: id, on: connection)
            try await job.pause(until: end, note: note)
            return "paused \(id)" + (end.map { " until \($0)" } ?? "") + EachDefinition.finish(of: job)
        }
    }
}

extension ParsedArguments {
    /// The option's value as a time.
    ///
    /// - Throws: ``UsageError`` when the text is none.
    func time(_ option: CommandOption) throws(UsageError) -> Timestamp? {
        guard let text = text(option) else { return nil }
        return try Self.time(text, of: "--\(option.name)")
    }

    /// Reads a time in UTC or with an offset.
    ///
    /// - Parameter name: The option or argument, for the error.
    static func time(_ text: String, of name: String) throws(UsageError) -> Timestamp {
        guard let time = Timestamp(parsingWithOffset: Array(text.utf8)) else {
            throw UsageError(
                "\(name) takes a time such as 2026-06-03T05:40:00Z or 2026-06-03T07:40:00+02:00, not '\(text)'")
        }
        return time
    }
}

extension CommandOption {
    static let until = CommandOption(
        "until", value: .required("TIME"),
        summary: "When the definition goes on by itself, such as 2026-06-03T07:40:00+02:00. Default: not at all.")
    static let note = CommandOption("note", value: .required("TEXT"), summary: "Why it is paused, for people.")
}

extension Command {
    /// `rqrcron pause`.
    static let pause: Command = Command(
        name: "pause", summary: "Pause definitions until somebody resumes them, or until a time.",
        discussion: [
            """
            A paused definition queues no runs, and what it misses is not made up for. With --until its next run moves to \
            the first planned time from then on, so nothing has to wake it up. While the pause stands, apply leaves it \
            alone. trigger and backfill still work.
            """
        ],
        arguments: [.ids], rules: [.optional(.until), .optional(.note)] + OptionRule.connection,
        examples: [
            Example(
                line: "rqrcron pause report --until 2026-06-03T18:00:00+02:00 --note 'database move'",
                purpose: "For an afternoon:")
        ]
    ) { try await PauseCommand($0).run() }

    /// `rqrcron resume`.
    static let resume: Command = Command(
        name: "resume", summary: "End the pause of definitions.",
        discussion: [
            """
            The next run is planned from now. A definition that was disabled without being paused is enabled in the same \
            way; enable makes up for one missed run of it.
            """
        ],
        arguments: [.ids], rules: OptionRule.connection
    ) { invocation in
        try await EachDefinition(invocation).change("resumed") { job in try await job.resume() }
    }
}
